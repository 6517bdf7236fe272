"""Trackers hold what the run directory does, and none of them can stop a run."""

import importlib.util

import pytest

import fgan
from fgan import cli
from fgan.errors import FganError
from fgan.tracking import TRACKERS, checked_trackers


class Broken:
    """A tracker that fails in one of its methods."""

    def __init__(self, method: str) -> None:
        self._method, self.calls = method, []

    def open_run(self, run, config, step):
        self._do("open_run")
        return self

    def go_back(self, step):
        self._do("go_back")

    def numbers(self, step, values):
        self._do("numbers")

    def picture(self, step, picture):
        self._do("picture")

    def close(self, state):
        self._do("close")

    def _do(self, method):
        self.calls.append(method)
        if method == self._method:
            raise ConnectionError("no route to the server")


@pytest.fixture
def tracker(monkeypatch):
    """Puts a tracker in the place of TensorBoard."""

    def install(method: str) -> Broken:
        broken = Broken(method)
        monkeypatch.setattr("fgan.tracking.choose._opening", lambda name: broken.open_run)
        monkeypatch.setattr("fgan.tracking.choose.importlib.util.find_spec", lambda name: object())
        return broken

    return install


@pytest.mark.parametrize(
    "method",
    ["numbers", *(pytest.param(name, marks=pytest.mark.slow) for name in ("open_run", "picture", "close"))],
)
def test_one_that_fails_is_said_once_and_training_goes_on(tmp_path, train, tracker, method):
    broken, said = tracker(method), []
    run = train(tmp_path / "run", log_to=["tensorboard"], say=said.append)
    assert run.status().state == "finished" and len(run.metrics()) == 8
    (line,) = (line for line in said if "tensorboard" in line)
    assert "ConnectionError: no route to the server" in line and "Training continues" in line
    assert broken.calls[-1] == method and broken.calls.count(method) == 1, "it is not called again"


def test_trackers_are_no_part_of_what_makes_a_run(tmp_path, train, tracker):
    run = train(tmp_path / "run", steps=20)
    working = tracker("none of them")
    train(run.path, steps=40, log_to="tensorboard,wandb", resume=True)
    assert working.calls.count("open_run") == 2 and working.calls.count("close") == 2
    train(run.path, steps=50, resume=True)
    assert "log_to" not in run.config_path.read_text()


def test_a_missing_package_is_said_before_anything_is_written(tmp_path, monkeypatch, capsys):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name, *rest: None if name in TRACKERS else found(name, *rest)
    )
    out = tmp_path / "run"
    with pytest.raises(FganError, match=r'pip install "fgan\[wandb,trackio\]"'):
        fgan.train("ring8", out=out, log_to=["wandb", "trackio"])
    with pytest.raises(FganError, match=r'pip install "fgan\[wandb\]"'):
        fgan.compare("ring8", ["kl", "js"], out=out, log_to="wandb", say=lambda line: None)
    assert cli.main(["train", "ring8", "--out", str(out), "--log-to", "tensorboard"]) == 2
    assert 'pip install "fgan[tensorboard]"' in capsys.readouterr().err
    assert not out.exists()


def test_an_unknown_tracker_is_refused(tmp_path):
    with pytest.raises(FganError, match=r'unknown tracker "tensorbord"\. Did you mean "tensorboard"\?'):
        fgan.train("ring8", out=tmp_path / "run", log_to="tensorbord")
    with pytest.raises(FganError, match="unknown tracker"):
        checked_trackers(7)  # pyright: ignore[reportArgumentType]
    assert not (tmp_path / "run").exists()


def test_every_tracker_has_a_module_and_an_extra(root):
    text = (root / "pyproject.toml").read_text()
    for name in TRACKERS:
        assert (root / "src" / "fgan" / "tracking" / f"{name}.py").is_file()
        assert f"\n{name} = [" in text
