"""Loggers are told what the run directory is, and can neither change nor damage the run."""

from pathlib import Path

import pytest
import torch

import fgan
from fgan.errors import DivergedError, FganError
from fgan.training.loggers import Logger


def quiet(line: str) -> None:
    pass


class Notes:
    """Notes every call; fails in one of them if asked to."""

    def __init__(self, method: str = "", at: int = 0, kind: str = "metrics") -> None:
        self.calls, self._fails = [], (method, at, kind)

    def log(self, step, metrics, kind):
        self.calls.append(("log", step, dict(metrics), kind))
        self._fail("log", step, kind)

    def images(self, step, samples, picture):
        self.calls.append(("images", step, samples.clone(), picture.size))
        self._fail("images", step, "metrics")

    def close(self):
        self.calls.append(("close",))
        self._fail("close", 0, "metrics")

    def _fail(self, *where):
        if where == self._fails:
            raise ConnectionError("no route to the server")

    def lines(self, kind: str) -> list[dict]:
        return [{"step": call[1], **call[2]} for call in self.calls if call[0] == "log" and call[3] == kind]

    def steps(self, method: str) -> list[int]:
        return [call[1] for call in self.calls if call[0] == method]


def files(run: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in run.rglob("*")
        if path.is_file() and path.name != "speed.jsonl"
    }


@pytest.fixture
def judged(monkeypatch):
    """A judge that needs no features."""
    monkeypatch.setattr("fgan.evaluation.judge_for", lambda *rest: lambda x: {"fid": x.std().item()})


@pytest.mark.usefixtures("judged")
def test_loggers_are_told_what_the_run_directory_holds(tmp_path, small_config):
    notes, run = Notes(), fgan.RunDirectory(tmp_path / "run")
    fgan.train(small_config(evaluate_every=20), run.path, say=quiet, loggers=[notes])
    assert isinstance(notes, Logger)
    assert notes.lines("metrics") == run.metrics()
    assert notes.lines("evaluations") == run.evaluations() and len(run.evaluations()) == 2
    assert [line["step"] for line in notes.lines("speed")] == list(range(5, 45, 5))
    assert all(set(line) == {"step", "samples_per_second"} for line in notes.lines("speed"))
    assert notes.steps("images") == [0, 20, 40]
    assert notes.calls[-1] == ("close",) and sum(call == ("close",) for call in notes.calls) == 1
    samples = notes.calls[0][2]
    assert samples.shape == (2000, 2) and notes.calls[0][3] == (500, 500)
    of_step_20 = [call[0] + call[3] for call in notes.calls if call[1:2] == (20,) and call[0] == "log"]
    assert of_step_20 == ["logmetrics", "logspeed", "logevaluations"]


def test_images_are_a_grid(tmp_path, small_config):
    notes = Notes()
    fgan.train(small_config(data="digits", sample_count=4), tmp_path / "run", say=quiet, loggers=[notes])
    samples = notes.calls[0][2]
    assert samples.shape == (4, 1, 8, 8) and 0 <= samples.min() <= samples.max() <= 1


def test_whatever_a_logger_does_the_run_has_the_same_bits(tmp_path, small_config):
    class Vandal(Notes):
        def log(self, step, metrics, kind):
            torch.manual_seed(step)
            metrics.clear()

        def images(self, step, samples, picture):
            samples.zero_()

    fgan.train(small_config(), tmp_path / "plain", say=quiet)
    fgan.train(small_config(), tmp_path / "logged", say=quiet, loggers=[Vandal(), Notes()])
    assert files(tmp_path / "logged") == files(tmp_path / "plain")


@pytest.mark.usefixtures("judged")
@pytest.mark.parametrize(
    ("method", "at", "kind", "kept"),
    [
        ("log", 15, "metrics", 15),
        pytest.param("log", 30, "speed", 30, marks=pytest.mark.slow),
        pytest.param("log", 20, "evaluations", 20, marks=pytest.mark.slow),
        ("images", 0, "metrics", None),
        pytest.param("images", 20, "metrics", 20, marks=pytest.mark.slow),
        pytest.param("images", 43, "metrics", 43, marks=pytest.mark.slow),
    ],
)
def test_one_that_raises_stops_the_run_which_goes_on_as_if_it_had_not(
    tmp_path, small_config, method, at, kind, kept
):
    config = small_config(evaluate_every=20, steps=43)
    run, broken, other = fgan.RunDirectory(tmp_path / "run"), Notes(method, at, kind), Notes()
    words = rf"the logger Notes raised in {method}\(\) at step {at}: ConnectionError: no route to the server"
    with pytest.raises(FganError, match=words) as caught:
        fgan.train(config, run.path, say=quiet, loggers=[broken, other])
    assert isinstance(caught.value.__cause__, ConnectionError)
    assert run.checkpoints().steps()[-1:] == ([] if kept is None else [kept])
    assert broken.calls[-1] == other.calls[-1] == ("close",)
    assert broken.calls[-2][:2] == (method, at), "it is not called again"
    summary = fgan.train(config, run.path, resume=True, say=quiet)
    assert summary.step == 43
    fgan.train(config, tmp_path / "whole", say=quiet)
    assert files(run.path) == files(tmp_path / "whole")


def test_one_that_raises_leaves_no_broken_checkpoint(tmp_path, small_config, breaking):
    breaking(22, cured_by=9)
    run, broken = fgan.RunDirectory(tmp_path / "run"), Notes("images", 22)
    with pytest.raises(FganError, match="Notes raised"):
        fgan.train(small_config(sample_every=11), run.path, say=quiet, loggers=[broken])
    assert run.checkpoints().steps() == [10, 20]


def test_steps_that_are_taken_again_are_logged_again(tmp_path, small_config, breaking):
    breaking(17, cured_by=1)
    notes = Notes()
    fgan.train(small_config(), tmp_path / "run", say=quiet, loggers=[notes])
    assert [line["step"] for line in notes.lines("metrics")] == [5, 10, 15, 15, 20, 25, 30, 35, 40]
    assert notes.lines("metrics")[3:] == fgan.RunDirectory(tmp_path / "run").metrics()[2:]


def test_one_that_cannot_be_closed_is_said_and_the_run_is_there(tmp_path, small_config):
    run, broken, other = fgan.RunDirectory(tmp_path / "run"), Notes("close"), Notes()
    with pytest.raises(FganError, match=r"the logger Notes raised in close\(\)"):
        fgan.train(small_config(), run.path, say=quiet, loggers=[broken, other])
    assert run.checkpoints().newest() == 40 and other.calls[-1] == ("close",)


def test_why_a_run_failed_is_not_hidden_by_a_logger(tmp_path, small_config, breaking):
    breaking(17, cured_by=9)
    broken, other = Notes("close"), Notes()
    with pytest.raises(DivergedError, match="became NaN or infinite") as caught:
        fgan.train(small_config(), tmp_path / "run", say=quiet, loggers=[broken, other])
    assert any("Notes raised in close()" in note for note in caught.value.__notes__)
    assert other.calls[-1] == ("close",)


def test_a_mistake_in_the_arguments_leaves_loggers_open(tmp_path):
    notes = Notes()
    with pytest.raises(FganError, match='unknown preset "defualt"'):
        fgan.train("ring8", tmp_path / "run", preset="defualt", loggers=[notes])
    assert not notes.calls


@pytest.mark.parametrize("loggers", [["tensorboard"], [Notes], Notes()])
def test_what_is_no_logger_is_refused_before_anything_is_written(tmp_path, loggers):
    with pytest.raises(FganError, match=r"with the methods log, images and close|loggers must be a list"):
        fgan.train("ring8", tmp_path / "run", loggers=loggers)
    assert not (tmp_path / "run").exists()


def test_loggers_may_come_one_by_one(tmp_path, small_config):
    notes = Notes()
    fgan.train(small_config(steps=10), tmp_path / "run", say=quiet, loggers=(one for one in [notes]))
    assert notes.steps("log") and notes.calls[-1] == ("close",)
