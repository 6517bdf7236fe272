"""The learning rate that falls to 0 at the end of a run."""

import pytest
import torch
from stepping import take_steps

import fgan
from fgan.training.trainer import Trainer


def quiet(line: str) -> None:
    pass


class StopAt23:
    def on_step(self, state) -> object:
        return fgan.STOP if state.step == 23 else None


def rates(run: fgan.RunDirectory) -> dict[int, float]:
    return {line["step"]: line["learning_rate"] for line in run.metrics()}


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
    fgan.train(config, parts.path, callbacks=[StopAt23()], say=quiet)
    assert parts.checkpoints().steps()[-1] == 23
    fgan.train(config, parts.path, resume=True, say=quiet)
    assert whole.metrics_path.read_bytes() == parts.metrics_path.read_bytes()
    assert torch.equal(whole.sample(9), parts.sample(9))


@pytest.mark.parametrize(("first", "changes"), [(40, {"cooldown": 0.5}), (30, {"cooldown": 0.5}), (40, {})])
def test_more_steps_start_a_new_cooldown_and_say_so(tmp_path, small_config, first, changes):
    said = []
    fgan.train(small_config(steps=first, lr=1e-3, **changes), tmp_path / "run", say=quiet)
    fgan.train(small_config(steps=80, lr=1e-3, **changes), tmp_path / "run", resume=True, say=said.append)
    seen = rates(fgan.RunDirectory(tmp_path / "run"))
    warned = any(
        f"the learning rate was falling to 0 by step {first}; it now falls to 0 by step 80" in line
        for line in said
    )
    assert warned == bool(changes)
    assert seen[45] == pytest.approx(1e-3 * ((80 - 45) / 40 if changes else 1))


def test_a_share_is_between_none_and_all(small_config):
    for value in (-0.1, 1.1, float("nan")):
        with pytest.raises(fgan.FganError, match="--cooldown must be at "):
            small_config(cooldown=value)
