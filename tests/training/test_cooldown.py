"""The learning rate that falls to 0 at the end of a run."""

import pytest
import torch
from stepping import take_steps

import fgan
from fgan.training.trainer import Trainer


def quiet(line: str) -> None:
    pass


class StopAt:
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step(self, state) -> object:
        return fgan.STOP if state.step == self.step else None


def test_the_rate_of_both_players_falls_over_the_last_share_of_the_steps(small_config):
    trainer = Trainer(small_config(steps=20, cooldown=0.25, lr=1e-3, critic_lr=4e-3), fgan.load_data("ring8"))
    seen = []
    for _ in range(20):
        seen.append((trainer.learning_rate, trainer.critic_learning_rate))
        take_steps(trainer, 1)
    assert seen == [pytest.approx((1e-3 * k, 4e-3 * k)) for k in [1] * 16 + [0.8, 0.6, 0.4, 0.2]]


def test_the_last_steps_hardly_move_the_generator(small_config):
    """What the setting is for: samples no longer jump about."""
    moved = []
    for cooldown in (0.0, 0.5):
        trainer = Trainer(small_config(steps=100, cooldown=cooldown), fgan.load_data("ring8"))
        take_steps(trainer, 95)
        before = [p.detach().clone() for p in trainer.generator.parameters]
        take_steps(trainer, 5)
        moved.append(sum((a - b).norm() for a, b in zip(trainer.generator.parameters, before, strict=True)))
    assert moved[1] < moved[0] / 5


def test_a_run_that_was_stopped_cools_down_as_one_that_was_not(tmp_path, small_config):
    config = small_config(cooldown=0.7)
    whole, parts = (fgan.RunDirectory(tmp_path / name) for name in ("whole", "parts"))
    fgan.train(config, whole.path, say=quiet)
    fgan.train(config, parts.path, callbacks=[StopAt(23)], say=quiet)
    assert parts.checkpoints().steps()[-1] == 23
    fgan.train(config, parts.path, resume=True, say=quiet)
    assert whole.metrics_path.read_bytes() == parts.metrics_path.read_bytes()
    assert torch.equal(whole.sample(9), parts.sample(9))


FELL = "the learning rate was to fall to 0 by step "


@pytest.mark.parametrize(
    ("cooldown", "planned", "done", "steps"),
    [
        (0.5, 40, 40, 80),
        (0.5, 40, 22, 80),
        (0.5, 80, 30, 40),
        # These have the rates of a run that had its steps from the start:
        (0.5, 40, 21, 80),
        (0.5, 80, 21, 40),
        (0.0, 40, 40, 80),
    ],
)
def test_a_run_with_other_steps_says_whether_it_differs(
    tmp_path, small_config, cooldown, planned, done, steps
):
    """A run that had its steps from the start, and one that was stopped and resumed with another number."""
    whole, parts = (fgan.RunDirectory(tmp_path / name) for name in ("whole", "parts"))
    said = []
    fgan.train(small_config(steps=steps, cooldown=cooldown), whole.path, say=quiet)
    stopping = [StopAt(done)] if done < planned else []
    fgan.train(small_config(steps=planned, cooldown=cooldown), parts.path, callbacks=stopping, say=quiet)
    fgan.train(small_config(steps=steps, cooldown=cooldown), parts.path, resume=True, say=said.append)
    differs = whole.metrics_path.read_bytes() != parts.metrics_path.read_bytes()
    assert any(f"{FELL}{planned} and now falls to 0 by step {steps}" in line for line in said) == differs
    assert differs == ((cooldown, done) not in {(0.5, 21), (0.0, 40)})


def test_steps_that_were_edited_in_the_folder_are_said(tmp_path, small_config):
    run = fgan.RunDirectory(tmp_path / "run")
    fgan.train(small_config(cooldown=0.5), run.path, callbacks=[StopAt(30)], say=quiet)
    run.config_path.write_text(run.config_path.read_text().replace('"steps": 40', '"steps": 60'))
    said = []
    fgan.train(run.config(), run.path, resume=True, say=said.append)
    assert any(FELL + "40" in line for line in said)


def test_more_steps_cool_down_anew(tmp_path, small_config):
    for steps in (40, 80):
        fgan.train(
            small_config(steps=steps, lr=1e-3, cooldown=0.5), tmp_path / "run", resume=steps > 40, say=quiet
        )
    rates = {line["step"]: line["learning_rate"] for line in fgan.RunDirectory(tmp_path / "run").metrics()}
    assert [rates[step] for step in (30, 40, 45, 60)] == pytest.approx([5e-4, 0, 1e-3 * 35 / 40, 5e-4])


def test_a_share_is_between_none_and_all(small_config):
    for value in (-0.1, 1.1, float("nan")):
        with pytest.raises(fgan.FganError, match="--cooldown must be at "):
            small_config(cooldown=value)
