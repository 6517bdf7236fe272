"""A run that is judged while it trains is the same run, and keeps its best checkpoint through whatever comes."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from cases import one_fast

import fgan
from fgan.training.judging import Judge
from fgan.training.run_directory import RunDirectory
from fgan.training.summary import Summary


def train(*arguments, build_judge, **keywords) -> Summary:
    """Train as `fgan.train` does, with another judge."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fgan.experiments.train.judge_of", build_judge)
        return fgan.train(*arguments, **keywords)


def quiet(line: str) -> None:
    pass


def judged_by(measure, metric="wave", higher_is_better=True):
    return lambda config, dataset, say: Judge(measure, metric, higher_is_better)


def wave(samples: torch.Tensor) -> dict[str, float | None]:
    """A value that jumps up and down with the weights; it leaves the world's randomness elsewhere."""
    torch.manual_seed(0)
    torch.randn(5)
    return {"wave": (1e4 * samples.mean()).sin().item(), "spread": samples.std().item()}


def script(*values: float | None):
    """Values that come whatever the samples are."""
    left = list(values)
    return lambda samples: {"wave": left.pop(0)}


def files(run: Path, *leave_out: str) -> dict[str, bytes]:
    """Every file of a run but its speed and what lies under the names to leave out."""
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in run.rglob("*")
        if path.is_file() and path.relative_to(run).parts[0] not in ("speed.jsonl", *leave_out)
    }


def assert_best_is_what_the_log_says(run: RunDirectory, judge: Judge) -> None:
    best = judge.best(run.evaluations())
    assert run.best_checkpoints().steps()[-1:] == ([best["step"]] if best else [])


def test_judging_changes_no_bit_of_the_run(tmp_path, small_config):
    train(small_config(), tmp_path / "plain", say=quiet, build_judge=judged_by(wave))
    train(small_config(evaluate_every=10), tmp_path / "judged", say=quiet, build_judge=judged_by(wave))
    judged, plain = tmp_path / "judged", tmp_path / "plain"
    one, other = files(judged, "config.json", "evaluations.jsonl", "best"), files(plain, "config.json")
    assert one.keys() == other.keys()
    assert {Path(name).name for name in one if one[name] != other[name]} == {
        "state.json",
        "SHA256SUMS",
    }  # recipe
    assert not (plain / "evaluations.jsonl").exists() and not (plain / "best").exists()
    train(small_config(evaluate_every=10), tmp_path / "again", say=quiet, build_judge=judged_by(wave))
    assert files(tmp_path / "again") == files(judged)
    assert [set(line) for line in RunDirectory(judged).evaluations()] == [{"step", "wave", "spread"}] * 4


@pytest.mark.parametrize(
    ("values", "higher_is_better", "best"),
    [
        ([1.0, 3.0, 2.0, 3.0], True, 20),
        ([1.0, 3.0, 2.0, 0.5], False, 40),
        ([float("nan"), 3.0, None, float("-inf")], False, 20),
        ([-1.0, float("inf"), -2.0, -3.0], True, 10),
        ([None, float("nan"), None, None], True, None),
    ],
)
def test_the_best_checkpoint_is_kept(tmp_path, small_config, values, higher_is_better, best):
    lines = []
    run = RunDirectory(tmp_path / "run")
    judge = judged_by(script(*values), "wave", higher_is_better)
    config = small_config(evaluate_every=10, keep_checkpoints=4)
    summary = train(config, run.path, say=lines.append, build_judge=judge)
    assert [line["step"] for line in run.evaluations()] == [10, 20, 30, 40]
    finite = [value if value is not None and abs(value) < 9 else None for value in values]
    assert [line["wave"] for line in run.evaluations()] == finite
    assert summary.best_step == best and (best is None or summary.best == values[best // 10 - 1])
    said = [line for line in lines if "wave" in line]
    assert len(said) == 4 and all(f"step {10 * (k + 1)}  wave " in line for k, line in enumerate(said))
    if best is None:
        assert run.best_checkpoints().steps() == []
        return
    assert run.best_checkpoints().newest() == best
    assert said[best // 10 - 1].endswith("best so far")
    folders = run.best_checkpoints().path(best), run.checkpoints().path(best)
    one, other = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert one == other


@pytest.mark.parametrize("changes", [{}, {"data": "digits", "conditional": True}, {"ema": 0.0}])
def test_the_judge_sees_what_anyone_can_sample(tmp_path, small_config, changes):
    """More samples than are made at once, of the same latents every time and each class in turn."""
    seen = []
    measure = lambda samples: seen.append(samples) or {"wave": [0.0, 2.0, 1.0, 0.5][len(seen) - 1]}  # noqa: E731
    config = small_config(evaluate_every=10, evaluate_n=1500, seed=7, **changes)
    train(config, tmp_path / "run", say=quiet, build_judge=judged_by(measure))
    run = RunDirectory(tmp_path / "run")
    assert torch.equal(seen[3], run.sample(1500, seed=7))
    assert torch.equal(seen[1], run.sample(1500, seed=7, best=True))
    best = run.load_generator(best=True).state_dict()
    assert any(
        not torch.equal(best[name], value) for name, value in run.load_generator().state_dict().items()
    )


def test_a_run_without_a_best_checkpoint_says_how_to_get_one(tmp_path, small_config):
    fgan.train(small_config(), tmp_path / "run", say=quiet)
    run = RunDirectory(tmp_path / "run")
    assert run.evaluations() == []
    for ask in (lambda: run.sample(3, best=True), lambda: run.load_generator(best=True)):
        with pytest.raises(fgan.FganError, match=r"has no best checkpoint.*--evaluate-every"):
            ask()


@pytest.mark.parametrize(
    "error", one_fast([MemoryError("too large"), RuntimeError("no room"), ZeroDivisionError("0")])
)
def test_an_evaluation_that_fails_is_recorded_and_training_goes_on(tmp_path, small_config, error):
    lines, calls = [], []

    def measure(samples):
        calls.append(1)
        if len(calls) in (1, 3):
            raise error
        return {"wave": float(len(calls))}

    run = RunDirectory(tmp_path / "run")
    summary = train(
        small_config(evaluate_every=10), run.path, say=lines.append, build_judge=judged_by(measure)
    )
    assert summary.step == 40 and summary.best_step == 40
    text = f"{type(error).__name__}: {error}"
    failed = {"wave": None, "evaluation_error": text}
    assert run.evaluations() == [
        {"step": 10, **failed},
        {"step": 20, "wave": 2.0},
        {"step": 30, **failed},
        {"step": 40, "wave": 4.0},
    ]
    assert sum(text in line for line in lines) == 1
    fgan.report(run.path, out=tmp_path / "report.html")
    assert text in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_pixels_without_memory_for_their_distance_are_recorded(tmp_path, small_config, monkeypatch):
    monkeypatch.setattr("fgan.memory.free_memory", lambda device="cpu": 10**4)
    run = RunDirectory(tmp_path / "run")
    config = small_config(data="moons", evaluate_every=20, evaluate_metrics="fid")
    fgan.train(config, run.path, say=quiet)
    assert [line["fid"] for line in run.evaluations()] == [None, None]
    assert "GB are free" in run.evaluations()[0]["evaluation_error"]
    with pytest.raises(fgan.FganError, match='Did you mean "fid"'):
        fgan.train(small_config(evaluate_every=20, evaluate_metrics="fidd"), tmp_path / "typo", say=quiet)


@pytest.mark.parametrize(
    ("data", "n", "number"),
    [("ring8", 60, "modes-kl"), ("moons", 60, "js"), ("moons", 40, "fid"), ("digits", 60, "fid")],
)
def test_the_data_say_which_number_chooses_the_best_checkpoint(tmp_path, small_config, data, n, number):
    config = small_config(
        data=data, evaluate_every=40, evaluate_n=n, checkpoint_every=40, evaluate_metrics="auto"
    )
    run = fgan.train(config, tmp_path / "run", say=quiet)
    assert [set(line) - {"step"} for line in run.evaluations()] == [{number}]
    assert run.summary.best_step == 40


def test_a_judge_that_cannot_be_leaves_nothing_behind(tmp_path, small_config):
    def none(config, dataset, say):
        raise fgan.FganError("no such metric")

    with pytest.raises(fgan.FganError, match="no such metric"):
        train(small_config(evaluate_every=10), tmp_path / "run", say=quiet, build_judge=none)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_stopped_between_evaluations_and_made_longer_it_is_the_same_run(tmp_path, small_config):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    summary = train(small_config(steps=60, evaluate_every=20), whole, say=quiet, build_judge=judged_by(wave))
    for steps in (13, 20, 35, 60, 60):
        config = small_config(steps=steps, evaluate_every=20)
        last = train(config, parts, say=quiet, resume=steps > 13, build_judge=judged_by(wave))
    assert files(parts, "samples") == files(whole, "samples")
    assert (last.best_step, last.best) == (summary.best_step, summary.best)


MORTAL = """
import os, signal, sys
from fgan.training.checkpoint import Checkpoints
from fgan.training.config import TrainConfig
from fgan.experiments import train
from fgan.training.judging import Judge
from fgan.training.loggers import RunLogger
from fgan.training.run_directory import RunDirectory
from fgan.training.summary import Summary

config, out, dies_in, dies_at = TrainConfig.from_json(sys.argv[1], "here"), sys.argv[2], sys.argv[3], sys.argv[4]

def die(here, step):
    if (here, str(step)) == (dies_in, dies_at):
        os.kill(os.getpid(), signal.SIGKILL)

def measure(samples):
    step = RunDirectory(out).checkpoints().newest()
    die("judge", step)
    return {"height": {10: 1.0, 20: 3.0, 30: 2.0, 40: 5.0}.get(step, 4.0) + samples.mean().tanh().item() / 10}

def mortal(function, where):
    def wrapped(self, step, *rest):
        function(self, step, *rest)
        die(where(self, *rest), step)
    return wrapped

Checkpoints.write = mortal(Checkpoints.write, lambda checkpoints, *rest: checkpoints.folder.name)
RunLogger.log = mortal(RunLogger.log, lambda logger, metrics, kind: "line" if kind == "evaluations" else kind)
train.judge_of = lambda config, data, say: Judge(measure, "height", True)
train.train(config, out, resume=os.path.exists(out), say=lambda line: None)
"""


@pytest.mark.slow
def test_killed_in_the_middle_of_an_evaluation_a_run_still_ends_bit_identical(python, tmp_path, small_config):
    """Real processes, SIGKILL, and every place where an evaluation could be torn apart."""
    config = small_config(evaluate_every=10, steps=60, sample_count=0).to_json()

    def start(run: Path, where: str = "nowhere", at: int = 0) -> int:
        return python("-c", MORTAL, config, run, where, at).returncode

    for where, at in [("best", 20), ("line", 20), ("judge", 30), ("best", 40), ("line", 50)]:
        assert start(tmp_path / "run", where, at) == -signal.SIGKILL, (where, at)
    assert start(tmp_path / "run") == 0
    whole = [sys.executable, "-c", MORTAL, config, tmp_path / "whole", "nowhere", "0"]
    subprocess.run(whole, check=True)  # by an interpreter with other hashes than those of the others
    assert files(tmp_path / "run") == files(tmp_path / "whole")
    assert RunDirectory(tmp_path / "run").best_checkpoints().steps() == [20, 40]


@pytest.mark.parametrize("keep", one_fast([2, 1, 4]))
@pytest.mark.parametrize("at", one_fast([27, 13, 35]))
def test_going_back_takes_the_best_back_with_it(tmp_path, small_config, breaking, at, keep):
    """Wherever the run goes back to, the best checkpoint is the one that the remaining evaluations name."""
    breaking(at, cured_by=3)
    run = RunDirectory(tmp_path / "run")
    values = iter([1.0, 2.0, 3.0, 4.0, 5.0, *[0.0] * 20])  # the first to come are the best

    def rising(samples):
        assert_best_is_what_the_log_says(run, Judge(rising, "wave", True))
        return {"wave": next(values)}

    config = small_config(evaluate_every=10, keep_checkpoints=keep)
    summary = train(config, run.path, say=quiet, build_judge=judged_by(rising))
    assert summary.backoffs == 3
    assert [line["step"] for line in run.evaluations()] == [10, 20, 30, 40]
    assert not any("evaluation_error" in line for line in run.evaluations())  # what `rising` asserts held
    assert_best_is_what_the_log_says(run, Judge(rising, "wave", True))


def test_behind_a_best_checkpoint_that_was_gone_back_on_the_one_before_is_best_again(
    tmp_path, small_config, breaking
):
    breaking(27, cured_by=2)  # back to step 20, then to step 10
    run = RunDirectory(tmp_path / "run")
    judge = judged_by(script(1.0, 2.0, 0.5, 0.4, 0.3))
    summary = train(small_config(evaluate_every=10), run.path, say=quiet, build_judge=judge)
    assert [line["wave"] for line in run.evaluations()] == [1.0, 0.5, 0.4, 0.3]
    assert (summary.best_step, summary.best) == (10, 1.0)
    assert run.best_checkpoints().steps() == [10]


def test_an_evaluation_whose_line_was_cut_short_is_made_again(tmp_path, small_config):
    config = small_config(evaluate_every=10)
    train(config, tmp_path / "run", say=quiet, build_judge=judged_by(wave))
    run = RunDirectory(tmp_path / "run")
    whole = run.evaluations_path.read_bytes()
    for missing in (1, 9):
        run.evaluations_path.write_bytes(whole[:-missing])
        assert len(run.evaluations()) == 3
        train(config, run.path, resume=True, say=quiet, build_judge=judged_by(wave))
        assert run.evaluations_path.read_bytes() == whole
