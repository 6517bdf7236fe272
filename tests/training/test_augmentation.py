"""Critics see augmented pictures, and nobody else does: not telemetry, not the user, not evaluation."""

from typing import ClassVar

import pytest
import torch
from stepping import take_steps

import fgan
from fgan.data import Dataset, Frame, TensorSource
from fgan.errors import FganError, RunError
from fgan.training.ensemble import Ensemble
from fgan.training.trainer import Trainer

ALL = "flip,color,translation,cutout"


class Watched(torch.nn.Module):
    """A critic that keeps what it was shown."""

    shown: ClassVar[list[torch.Tensor]] = []

    def __init__(self, shape):
        super().__init__()
        self.layer = torch.nn.Linear(shape.numel() if isinstance(shape, torch.Size) else 64, 1)

    def forward(self, x):
        Watched.shown.append(x.detach())
        return self.layer(x.flatten(1))


def trainer_of(data="digits", **settings):
    config = fgan.preset("default", data, batch_size=16, width=16, device="cpu", compile="off", **settings)
    return Trainer(config, fgan.load_data(data))


@pytest.mark.parametrize("objective", ["plain", "relativistic"])
def test_critics_see_holes_in_everything_and_generators_learn_through_them(objective):
    trainer = trainer_of(augment="cutout:1", critic=Watched, objective=objective, divergence="js", n_critic=2)
    Watched.shown.clear()
    before = [parameter.clone() for parameter in trainer.generator.parameters]
    take_steps(trainer)
    # Both steps of the critic see data and samples; then the generator's sees samples, and data where pairs count.
    assert [len(x) for x in Watched.shown] == [32, 32, 32 if objective == "relativistic" else 16]
    for x in Watched.shown:
        holes = (x == 0.5).flatten(1).sum(1)
        assert (holes >= 4).all() and (holes > 12).any(), "a quarter of the hole at least lies inside"
    assert all(not torch.equal(a, b) for a, b in zip(before, trainer.generator.parameters, strict=True)), (
        "gradients reach the generator"
    )
    fakes = Watched.shown[1][16:], Watched.shown[2][:16]
    assert torch.equal(*fakes), "the generator answers with what the critic saw"
    Watched.shown.clear()
    trainer.telemetry()
    samples = trainer.sample(torch.randn(50, trainer.latent))
    assert not (torch.cat([*Watched.shown, samples]) == 0.5).any(), "who only looks sees no holes"


def test_a_stopped_run_goes_on_to_the_same_bits_and_drawing_none_changes_nothing():
    whole, parts = (trainer_of(augment=ALL, penalties="gp:1") for _ in range(2))
    take_steps(whole, 4), take_steps(parts, 2)
    state = {group: {k: v.clone() for k, v in tensors.items()} for group, tensors in parts.state().items()}
    rest = trainer_of(augment=ALL, penalties="gp:1", seed=7)
    rest.load_state(state)
    take_steps(rest, 2)
    for group, tensors in whole.state().items():
        for name, value in tensors.items():
            assert torch.equal(value, rest.state()[group][name]), (group, name)
    # Without augmentation no number is drawn for it: the same batches as ever.
    with_, without = trainer_of(augment=ALL).draw(), trainer_of(augment="none").draw()
    assert torch.equal(with_.real, without.real) and torch.equal(with_.latent, without.latent)
    assert without.changes is None and with_.changes is not None


def test_a_run_records_it_and_goes_on_only_with_the_same(tmp_path):
    settings = {"steps": 2, "batch_size": 8, "width": 8, "sample_every": 0, "device": "cpu"}
    said = []
    fgan.train("digits", augment="flip, cutout:0.5", out=tmp_path / "run", say=said.append, **settings)
    assert fgan.RunDirectory(tmp_path / "run").config().augment == "flip, cutout:0.5"
    assert sum("mirror images" in line for line in said) == 1
    with pytest.raises(RunError, match="augment"):
        fgan.train(
            "digits",
            out=tmp_path / "run",
            resume=True,
            say=said.append,
            augment="none",
            **settings | {"steps": 4},
        )
    found = fgan.evaluate(tmp_path / "run", "digits", metrics="fid", n=100, say=said.append)
    again = fgan.evaluate(
        fgan.load(tmp_path / "run").sample(100, seed=0), "digits", metrics="fid", n=100, say=said.append
    )
    assert found["fid"].value == again["fid"].value


@pytest.mark.parametrize("data", ["moons", "numbers"])
def test_what_is_no_picture_is_refused_before_anything_is_written(data, tmp_path):
    x = torch.randn(100, 3, 8, 8)
    given = (
        "moons" if data == "moons" else Dataset("mine", Frame((3, 8, 8)), TensorSource(x), TensorSource(x))
    )
    rule = "vectors of 2 numbers" if data == "moons" else "numbers without a range"
    with pytest.raises(FganError, match=rule):
        fgan.train(given, augment="color", steps=1, out=tmp_path / "run", say=lambda line: None)
    with pytest.raises(FganError, match="Did you mean"):
        fgan.train("digits", augment="colour", steps=1, out=tmp_path / "run", say=lambda line: None)
    assert not (tmp_path / "run").exists()


def test_a_comparison_says_what_a_flip_does_and_refuses_before_it_trains(tmp_path):
    said = []
    settings = {"steps": 1, "batch_size": 8, "width": 8, "device": "cpu"}
    planned = fgan.compare(
        "digits", "js", out=tmp_path / "a", plan_only=True, say=said.append, augment="flip", **settings
    )
    assert planned and any("mirror images" in line for line in said)
    with pytest.raises(FganError, match="vectors of 2 numbers"):
        fgan.compare("moons", "js", out=tmp_path / "b", plan_only=True, augment="flip", **settings)
    assert not (tmp_path / "b").exists()


def lamps(n, seed):
    """Bright rectangles of many shapes: all in the middle, all of the same mean brightness, none with a hole."""
    random = torch.Generator().manual_seed(seed)
    height, width = (torch.randint(2, 4, (n, 1, 1), generator=random) for _ in range(2))
    place = torch.arange(12) - 5.5
    shape = ((place.view(12, 1).abs() < height) & (place.abs() < width)).float()
    return (0.2 + 0.088 * shape / shape.mean((1, 2), keepdim=True)).unsqueeze(1)


def signs_of(x):
    """How pictures differ in brightness and in where their light is, and how many have a grey patch."""
    light, place = (x - 0.5).relu().squeeze(1), torch.arange(12) - 5.5
    lit = light.sum((1, 2)) > 0.1
    at = [(light[lit].sum(axis) * place).sum(1) / light[lit].sum((1, 2)) for axis in (1, 2)]
    patches = ((x - 0.5).abs() < 0.05).flatten(1).float().mean(1) > 0.15
    return {
        "brightness": x.mean((1, 2, 3)).std().item(),
        "place": torch.stack(at).std().item(),
        "patches": patches.float().mean().item(),
    }


@pytest.mark.slow
def test_samples_do_not_look_augmented():
    """Critics see lamps everywhere, of any brightness and with holes; samples are in the middle, alike and whole."""
    x, change = lamps(1000, 0), "color,translation,cutout"
    data = Dataset("lamps", Frame.of_images((1, 12, 12)), TensorSource(x), TensorSource(lamps(100, 1)))
    settings = {"width": 128, "batch_size": 64, "ema": 0.99, "device": "cpu", "compile": "off"}
    settings |= {"penalties": "r1:0.2:fade=500,r2:0.2:fade=500"}
    configs = [fgan.preset("default", "lamps", augment=text, **settings) for text in ("none", change)]
    trainers = [Trainer(config, data) for config in configs]
    ensemble = Ensemble(trainers)
    for _ in range(750):
        ensemble.step()
    seen = signs_of(fgan.augment(change, value_range=(0, 1))(x, torch.Generator().manual_seed(0)))
    plain, ours = (signs_of(one.sample_in_turn(1000, torch.Generator().manual_seed(0))) for one in trainers)
    assert seen["brightness"] > 0.08 and seen["place"] > 0.8 and seen["patches"] > 0.5, (
        "what a leak would show"
    )
    assert ours["brightness"] < min(seen["brightness"] / 2, 1.5 * plain["brightness"]), (seen, plain, ours)
    assert ours["place"] < 0.3 * seen["place"] and ours["patches"] < 0.02, (seen, plain, ours)
