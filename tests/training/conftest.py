import dataclasses

import pytest
import torch

import fgan
from fgan.training.config import TrainConfig
from fgan.training.ensemble import Ensemble
from fgan.training.trainer import Trainer

SMALL = {"batch_size": 16, "width": 16, "depth": 1, "latent": 4, "log_every": 5, "sample_every": 20}


@pytest.fixture
def small_config():
    """A config that trains in milliseconds."""

    def make(data="ring8", **changes) -> TrainConfig:
        return fgan.preset(
            "default", data, device="cpu", **{**SMALL, "checkpoint_every": 10, "steps": 40, **changes}
        )

    return make


@pytest.fixture
def float64(monkeypatch):
    """Networks, data and random numbers in float64, where only a mistake makes two ways of adding up differ."""
    draw = Trainer.draw

    def drawn(self):
        batch = draw(self)
        return dataclasses.replace(batch, real=batch.real.double(), latent=batch.latent.double())

    monkeypatch.setattr(Trainer, "draw", drawn)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def breaking(monkeypatch):
    """Make training leave the finite numbers at a step unless the learning rate was halved so often."""

    def install(at: int, cured_by: int, seed: int = 0):
        step = Ensemble.step

        def broken(self):
            step(self)
            for trainer in self.trainers:
                if trainer.config.seed == seed and trainer.steps_done == at and trainer.backoff < cured_by:
                    with torch.no_grad():
                        trainer.critic.parameters[0][0, 0] = float("nan")

        monkeypatch.setattr(Ensemble, "step", broken)

    return install
