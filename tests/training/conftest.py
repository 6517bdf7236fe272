import pytest

import fgan
from fgan.training.config import TrainConfig

SMALL = {"batch_size": 16, "width": 16, "depth": 1, "latent": 4, "log_every": 5, "sample_every": 20}


@pytest.fixture
def small_config():
    """A config that trains in milliseconds."""

    def make(data="ring8", **changes) -> TrainConfig:
        return fgan.preset(
            "default", data, device="cpu", **{**SMALL, "checkpoint_every": 10, "steps": 40, **changes}
        )

    return make
