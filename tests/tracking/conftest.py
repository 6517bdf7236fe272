import pytest

import fgan


@pytest.fixture
def train():
    """Train for milliseconds; returns the run directory."""

    def call(out, **changes) -> fgan.RunDirectory:
        settings = {
            "batch_size": 16, "width": 16, "depth": 1, "latent": 4, "log_every": 5, "sample_every": 20,
            "checkpoint_every": 10, "steps": 40, "device": "cpu", "say": lambda line: None,
        }  # fmt: skip
        fgan.train("ring8", out=out, **(settings | changes))
        return fgan.RunDirectory(out)

    return call
