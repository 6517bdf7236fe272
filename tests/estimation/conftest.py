import math

import pytest
import torch


@pytest.fixture
def gaussians():
    """Samples of N(μ, I) and N(0, I) with so many nats between them."""

    def draw(n: int, dimension: int = 1, kl: float = 0.5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
        random = torch.Generator().manual_seed(seed)
        shift = math.sqrt(2 * kl / dimension)
        return shift + torch.randn(n, dimension, generator=random), torch.randn(
            n, dimension, generator=random
        )

    return draw
