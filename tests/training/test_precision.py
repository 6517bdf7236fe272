"""Networks may multiply bfloat16 numbers; everything else stays float32, and a run goes on as it began."""

import dataclasses
import json

import numpy as np
import pytest
import torch

import fgan
from fgan.training import precision
from fgan.training.config import TrainConfig
from fgan.training.ensemble import Ensemble
from fgan.training.trainer import Trainer

PICTURES = np.random.default_rng(0).integers(0, 256, (40, 16, 16), dtype=np.uint8)
IMAGES = {"data": "digits", "network": "dcgan", "norm": "group", "width": 8, "batch_size": 16, "latent": 6}


def ensembles(small_config, **changes):
    """Return an ensemble of one that multiplies float32, and one that multiplies bfloat16."""
    data = fgan.load_data("digits")
    return [
        Ensemble([Trainer(small_config(**IMAGES, **changes, precision=name), data)])
        for name in ("float32", "bfloat16")
    ]


def after(ensemble, steps):
    for _ in range(steps):
        ensemble.step()
    return ensemble.trainers[0]


@pytest.mark.parametrize("penalties", ["none", "r1:0.2,r2:0.2", "gp:1,noise:1"])
def test_a_step_is_the_same_up_to_rounding(small_config, penalties):
    exact, coarse = (after(one, 1) for one in ensembles(small_config, penalties=penalties))
    assert exact.metrics() != coarse.metrics(), "bfloat16 has three digits"
    assert exact.metrics() == pytest.approx(coarse.metrics(), rel=0.05, abs=0.02)


def test_only_products_are_coarse(small_config):
    _, coarse = ensembles(small_config)
    trainer = after(coarse, 3)
    held = [*coarse.whole.memory(), trainer.sums, trainer.sample(torch.zeros(2, 6))]
    assert {tensor.dtype for tensor in held} == {torch.float32}
    batch = trainer.draw()
    fake = trainer.generator(batch.latent.unsqueeze(0))
    assert fake.dtype == trainer.critic(fake).dtype == torch.float32
    rounded = fake.bfloat16().float()
    assert (fake != rounded).float().mean() > 0.9, "the last layer has all digits"


def test_members_of_an_ensemble_too(small_config):
    data = fgan.load_data("digits")
    configs = [small_config(**IMAGES, precision="bfloat16", seed=seed) for seed in range(3)]
    together, alone = ([Trainer(config, data) for config in configs] for _ in range(2))
    joined, single = Ensemble(together), [Ensemble([trainer]) for trainer in alone]
    for ensemble in (joined, *single):
        ensemble.step()
    for one, other in zip(together, alone, strict=True):
        assert one.metrics() == pytest.approx(other.metrics(), rel=0.05, abs=0.02)


def test_auto_is_for_pictures_on_processors_that_have_the_units(small_config, monkeypatch):
    pictures, digits, points = (
        fgan.data.as_dataset(PICTURES),
        fgan.load_data("digits"),
        fgan.load_data("ring8"),
    )
    config = small_config(precision="auto")
    own = dataclasses.replace(config, critic="torch.nn:Linear")
    for has, wanted in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr(precision, "multiplies_bfloat16", lambda device, has=has: has)
        assert precision.rounded(config, pictures).precision == wanted
        others = [(config, digits), (config, points), (own, pictures)]
        assert {precision.rounded(*one).precision for one in others} == {"float32"}
        assert precision.rounded(config, pictures, ranks=2).precision == "float32", (
            "as in the other processes"
        )
        for before in ("float32", "bfloat16"):
            begun = dataclasses.replace(config, precision=before)
            assert precision.rounded(config, pictures, begun).precision == before
            assert precision.rounded(begun, pictures).precision == before, "what is asked for is done"


def test_a_run_records_it_and_goes_on_as_it_began(tmp_path, monkeypatch):
    settings = {"device": "cpu", "width": 4, "batch_size": 8, "say": lambda line: None}
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda device: True)
    fgan.train(PICTURES, tmp_path / "run", steps=2, **settings)
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda device: False)
    fgan.train(PICTURES, tmp_path / "run", steps=4, resume=True, **settings)
    assert json.loads((tmp_path / "run" / "config.json").read_text())["precision"] == "bfloat16"


def test_older_runs_multiplied_float32():
    values = json.loads(TrainConfig(data="ring8").to_json())
    del values["precision"]
    assert TrainConfig.from_json(json.dumps(values), "here").precision == "float32"
