import pytest
import torch


@pytest.fixture
def pair():
    """Two sets of features that differ a little, float64: 600 and 500 of 12 numbers."""
    random = torch.Generator().manual_seed(0)
    x = torch.randn(600, 12, generator=random, dtype=torch.float64)
    y = torch.randn(500, 12, generator=random, dtype=torch.float64)
    return x * 1.2 + 0.1, y
