"""A run whose numbers leave the finite ones goes back, slows down, and in the end says why."""

import json

import pytest
import torch
from stepping import take_steps

import fgan
from fgan.errors import DivergedError
from fgan.training.diagnosis import what_broke
from fgan.training.loop import MOST_BACKOFFS
from fgan.training.trainer import Trainer


def quiet(line: str) -> None:
    pass


@pytest.mark.parametrize("at", [3, 17, 25])
def test_a_run_goes_back_and_on_with_half_the_learning_rate(tmp_path, small_config, breaking, at):
    breaking(at, cured_by=2)
    said = []
    summary = fgan.train(small_config(lr=1e-3), tmp_path / "run", say=said.append)
    assert summary.step == 40 and summary.backoffs == 2
    last = at // 10 * 10
    back_to = 10 if last == 20 else last  # where the newest fails twice, the one before it is taken
    returns = [line for line in said if "became NaN or infinite" in line]
    assert [
        f"back to step {step}, " in line for step, line in zip((last, back_to), returns, strict=True)
    ] == [
        True,
        True,
    ]
    assert "weights of the critic" in returns[0] and "0.0005 (rollback 1 of at most 3" in returns[0]
    assert "0.00025" in returns[1]
    lines = fgan.RunDirectory(tmp_path / "run").metrics()
    assert [line["step"] for line in lines] == list(range(5, 41, 5))
    rates = {line["step"]: line["learning_rate"] for line in lines}
    assert all(rate == (1e-3 if step <= back_to else 2.5e-4) for step, rate in rates.items())


def test_after_three_returns_it_stops_with_a_diagnosis_and_loses_nothing(tmp_path, small_config, breaking):
    breaking(17, cured_by=99)
    with pytest.raises(DivergedError) as caught:
        fgan.train(small_config(), tmp_path / "run", say=quiet)
    assert caught.value.exit_code == 3
    text = str(caught.value)
    assert f"halved {MOST_BACKOFFS} times" in text and "checkpoint of step 10 is saved" in text
    assert "weights of the critic" in text and "bound" in text and "What to try: " in text
    run = fgan.RunDirectory(tmp_path / "run")
    assert run.checkpoints().steps() == [10]
    assert run.sample(5).isfinite().all()
    assert [line["step"] for line in run.metrics()] == [5, 10, 15, 20]  # the last says where they were lost


def test_stopped_and_resumed_it_goes_back_to_the_same_place(tmp_path, small_config, breaking):
    """A checkpoint that a stop request wrote in between is no place to go back to."""
    breaking(17, cured_by=1)
    whole = fgan.RunDirectory(tmp_path / "whole")
    fgan.train(small_config(keep_checkpoints=1), whole.path, say=quiet)
    parts = fgan.RunDirectory(tmp_path / "parts")
    for steps in (13, 16, 40):
        config = small_config(keep_checkpoints=1, steps=steps)
        fgan.train(config, parts.path, resume=steps > 13, say=quiet)
    assert parts.metrics_path.read_bytes() == whole.metrics_path.read_bytes()
    assert parts.checkpoints().steps() == whole.checkpoints().steps() == [40]
    one, other = (run.checkpoints().read(40)[0] for run in (whole, parts))
    assert all(torch.equal(one[g][name], other[g][name]) for g in one for name in one[g])


def test_a_stop_request_never_leaves_a_broken_checkpoint(tmp_path, small_config, breaking):
    breaking(17, cured_by=1)
    summary = fgan.train(small_config(steps=17), tmp_path / "run", say=quiet)
    assert summary.step == 17 and summary.backoffs == 1
    assert fgan.RunDirectory(tmp_path / "run").sample(5).isfinite().all()


@pytest.mark.slow
def test_the_command_line_says_it_in_json_and_on_stderr(tmp_path, fgan_command):
    flags = (
        "--divergence pearson --generator-loss saturating --lr 1000 --penalties none --steps 300 --device cpu"
    )
    result = fgan_command("train", "ring8", *flags.split(), "--out", tmp_path / "run", "--json")
    assert result.returncode == 3
    assert result.stderr.count("back to step 0") == MOST_BACKOFFS and "Traceback" not in result.stderr
    assert result.stdout == ""
    assert json.loads((tmp_path / "run" / "config.json").read_text())["lr"] == 1000


def test_a_weight_that_adam_can_never_move_again_counts_as_broken(small_config):
    trainer = Trainer(small_config(), fgan.load_data("ring8"))
    take_steps(trainer)
    assert trainer.is_finite()
    trainer.critic.optimizer.state()["square.0"][0, 0] = float("inf")
    assert not trainer.is_finite()
    assert what_broke(trainer) == "Adam's moments of the critic"


def test_a_checkpoint_that_fails_twice_is_not_tried_a_third_time(tmp_path, small_config, breaking):
    breaking(27, cured_by=2)
    said = []
    fgan.train(small_config(), tmp_path / "run", say=said.append)
    returns = [line for line in said if "became NaN or infinite" in line]
    assert ["back to step 20, " in returns[0], "back to step 10, " in returns[1]] == [True, True]
