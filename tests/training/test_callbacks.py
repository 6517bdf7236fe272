"""Callbacks are called where they say, may stop a run, and cost nothing where there are none."""

from pathlib import Path

import pytest
import torch

import fgan
from fgan.errors import FganError


def quiet(line: str) -> None:
    pass


def metrics_of(run: Path) -> bytes:
    return (run / "metrics.jsonl").read_bytes()


class Notes:
    """Notes every call; answers one of them."""

    def __init__(self, method: str = "", at: int = 0, answer: object = None) -> None:
        self.calls, self._answers = [], (method, at, answer)

    def on_step(self, state):
        assert state.run.is_dir() and state.steps == 40
        return self._note("on_step", state.step, state)

    def on_log(self, step, metrics):
        return self._note("on_log", step, metrics)

    def on_evaluation(self, step, metrics):
        return self._note("on_evaluation", step, metrics)

    def on_checkpoint(self, step, path):
        assert (path / "generator.safetensors").is_file()
        return self._note("on_checkpoint", step, path)

    def steps(self, method: str) -> list[int]:
        return [call[1] for call in self.calls if call[0] == method]

    def _note(self, method, step, what):
        self.calls.append((method, step, what))
        if (method, step) == self._answers[:2]:
            answer = self._answers[2]
            if isinstance(answer, Exception):
                raise answer
            return answer
        return None


def test_they_are_told_of_steps_metrics_evaluations_and_checkpoints(tmp_path, small_config, monkeypatch):
    monkeypatch.setattr("fgan.evaluation.judge_for", lambda *rest: lambda x: {"fid": x.std().item()})
    notes, run = Notes(), fgan.RunDirectory(tmp_path / "run")
    fgan.train(small_config(evaluate_every=20), run.path, say=quiet, callbacks=[notes])
    assert notes.steps("on_step") == list(range(1, 41))
    assert notes.steps("on_checkpoint") == [10, 20, 30, 40]
    assert [{"step": step, **what} for name, step, what in notes.calls if name == "on_log"] == run.metrics()
    assert [
        {"step": step, **what} for name, step, what in notes.calls if name == "on_evaluation"
    ] == run.evaluations()


class Curious:
    """Looks at everything, and draws from torch's own generator."""

    def on_step(self, state):
        torch.manual_seed(state.step)
        assert set(state.metrics()) == {"critic_loss", "generator_loss", "bound"}
        assert state.sample(3).shape == (3, 2) and torch.equal(state.sample(3), state.sample(3))

    def on_log(self, step, metrics):
        metrics.clear()


def test_whatever_they_look_at_the_run_has_the_same_bits(tmp_path, small_config):
    fgan.train(small_config(), tmp_path / "plain", say=quiet)
    fgan.train(small_config(), tmp_path / "looked", say=quiet, callbacks=[Curious()])
    assert metrics_of(tmp_path / "looked") == metrics_of(tmp_path / "plain")


@pytest.mark.parametrize("method", ["on_step", "on_log", "on_checkpoint"])
def test_one_that_stops_a_run_leaves_one_that_goes_on_as_if_it_had_not(tmp_path, small_config, method):
    run, said = fgan.RunDirectory(tmp_path / "run"), []
    summary = fgan.train(small_config(), run.path, say=said.append, callbacks=[Notes(method, 20, fgan.STOP)])
    assert (summary.step, summary.stopped_by) == (20, "Notes")
    assert run.status().state == "stopped" and run.checkpoints().newest() == 20
    assert "stopped by Notes at step 20; continue with --resume" in said
    assert fgan.train(small_config(), run.path, resume=True, say=quiet).stopped_by is None
    fgan.train(small_config(), tmp_path / "whole", say=quiet)
    assert metrics_of(run.path) == metrics_of(tmp_path / "whole")


def test_one_that_stops_a_run_with_its_last_step_stops_nothing(tmp_path, small_config):
    summary = fgan.train(
        small_config(), tmp_path / "run", say=quiet, callbacks=[Notes("on_step", 40, fgan.STOP)]
    )
    assert summary.step == 40 and summary.stopped_by is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            ValueError("no such trial"),
            r"the callback Notes raised in on_step\(\) at step 13: ValueError: no such",
        ),
        (True, r"must return None, or fgan.STOP .* Notes.on_step\(\) returned True at step 13"),
    ],
)
def test_one_that_raises_or_answers_amiss_stops_the_run_with_a_checkpoint(
    tmp_path, small_config, answer, words
):
    run, broken, other = fgan.RunDirectory(tmp_path / "run"), Notes("on_step", 13, answer), Notes()
    with pytest.raises(FganError, match=words):
        fgan.train(small_config(), run.path, say=quiet, callbacks=[broken, other])
    assert run.checkpoints().newest() == 13 and run.status().state == "failed"
    assert broken.steps("on_step")[-1] == 13 and other.steps("on_step")[-1] == 12, "none is called any more"
    assert fgan.train(small_config(), run.path, resume=True, say=quiet).step == 40


@pytest.mark.parametrize("callbacks", [[print], [Notes], Notes(), 3])
def test_what_is_no_callback_is_refused_before_anything_is_written(tmp_path, callbacks):
    with pytest.raises(
        FganError, match=r"on_step, on_log, on_evaluation, on_checkpoint|callbacks must be a list"
    ):
        fgan.train("ring8", tmp_path / "run", callbacks=callbacks)
    assert not (tmp_path / "run").exists()


def test_a_method_that_is_never_called_is_said_where_another_was_meant(tmp_path, small_config):
    class Mistaken:
        def on_steps(self, state): ...
        def on_log(self, step, metrics): ...

    class OfAnotherLibrary:
        def on_epoch_end(self): ...
        def on_log(self, step, metrics): ...

    with pytest.raises(
        FganError, match=r'Mistaken.on_steps\(\) would never be called. Did you mean "on_step"'
    ):
        fgan.train("ring8", tmp_path / "run", callbacks=[Mistaken()])
    assert not (tmp_path / "run").exists()
    fgan.train(small_config(steps=1), tmp_path / "run", callbacks=[OfAnotherLibrary()], say=quiet)
