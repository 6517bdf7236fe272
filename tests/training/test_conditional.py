import json

import numpy as np
import pytest
import torch
from stepping import take_steps

import fgan
from fgan.data import Dataset, TensorSource
from fgan.frame import Frame
from fgan.training.trainer import Trainer


def quiet(line: str) -> None:
    pass


@pytest.fixture(scope="module")
def line_of_classes() -> Dataset:
    """Three classes far apart on a line."""
    random = torch.Generator().manual_seed(0)
    labels = torch.randint(3, (600,), generator=random)
    values = torch.stack([4.0 * labels, torch.zeros(600)], 1) + 0.1 * torch.randn(600, 2, generator=random)
    source = TensorSource(values, labels)
    return Dataset(
        "line",
        Frame((2,), None, tuple(values.mean(0).tolist()), tuple(values.std(0).tolist())),
        source,
        source,
        classes=("left", "middle", "right"),
    )


@pytest.mark.slow
def test_samples_are_of_the_class_asked_for(tmp_path, small_config, line_of_classes):
    config = small_config(data="line", conditional=True, steps=600, width=64, batch_size=64, depth=2)
    fgan.train(config, tmp_path / "run", dataset=line_of_classes, say=quiet)
    run = fgan.RunDirectory(tmp_path / "run")
    assert run.classes() == ["left", "middle", "right"]
    for number, name in enumerate(run.classes()):
        samples = run.sample(200, label=name)
        assert ((samples[:, 0] - 4 * number).abs() < 1.5).float().mean() > 0.9, name
    turns = run.sample(6)
    assert torch.equal(turns[:, 0].div(4).round(), torch.tensor([0.0, 1, 2, 0, 1, 2]))
    with pytest.raises(fgan.FganError, match='got "top", but its classes are left, middle, right'):
        run.sample(3, label="top")


@pytest.mark.parametrize("penalties", ["r1:1,gp:1,dragan:1", "none"])
@pytest.mark.parametrize("single_step", [True, False])
def test_every_part_of_a_step_sees_labels(small_config, line_of_classes, penalties, single_step):
    for objective in ("plain", "relativistic"):
        config = small_config(
            data="line",
            conditional=True,
            penalties=penalties,
            single_step=single_step,
            objective=objective,
            n_critic=2,
        )
        trainer = Trainer(config, line_of_classes)
        before = [
            network.embedding.weight.clone()
            for network in (trainer.generator.network, trainer.critic.network)
        ]
        take_steps(trainer, 3)
        assert trainer.is_finite()
        for old, network in zip(before, (trainer.generator.network, trainer.critic.network), strict=True):
            assert not torch.equal(old, network.embedding.weight)


@pytest.mark.slow
def test_the_command_line_makes_one_class(tmp_path, fgan_command):
    out = tmp_path / "run"
    flags = "--conditional --steps 30 --batch-size 16 --width 16 --depth 1 --device cpu --sample-count 20"
    result = fgan_command("train", "digits", *flags.split(), "--out", out)
    assert result.returncode == 0, result.stderr
    state = json.loads(next(out.glob("checkpoints/*/state.json")).read_text())
    assert state["classes"] == [str(digit) for digit in range(10)]
    array = tmp_path / "sevens.npy"
    result = fgan_command("sample", out, "--label", 7, "--n", 5, "--out", array)
    assert result.returncode == 0, result.stderr
    assert np.load(array).shape == (5, 8, 8)
    result = fgan_command("sample", out, "--label", "x", "--n", 5, "--out", array)
    assert result.returncode == 2 and "its classes are 0, 1, 2" in result.stderr


def test_labels_that_are_not_there_are_said(tmp_path, small_config, fgan_command):
    with pytest.raises(fgan.FganError, match='--conditional needs labels; "paper-mixture" has none'):
        fgan.train(small_config(data="paper-mixture", conditional=True), tmp_path / "run", say=quiet)
    assert not (tmp_path / "run").exists()
    fgan.train(small_config(steps=5), tmp_path / "plain", say=quiet)
    with pytest.raises(fgan.FganError, match='got "7", but it was trained without --conditional'):
        fgan.RunDirectory(tmp_path / "plain").sample(3, label="7")


def test_labels_that_changed_are_not_resumed_on(tmp_path, small_config, line_of_classes):
    config = small_config(data="line", conditional=True)
    fgan.train(config, tmp_path / "run", dataset=line_of_classes, say=quiet)
    source = line_of_classes.train
    other = TensorSource(source.values, (source.labels + 1) % 3)
    changed = Dataset("line", line_of_classes.frame, other, other, classes=("a", "b", "c"))
    with pytest.raises(fgan.FganError, match="has changed since"):
        fgan.train(
            small_config(data="line", conditional=True, steps=50),
            tmp_path / "run",
            resume=True,
            dataset=changed,
            say=quiet,
        )
