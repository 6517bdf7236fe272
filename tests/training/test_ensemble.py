"""A member of an ensemble trains as it would alone, and feels no other."""

import dataclasses

import pytest
import torch
from cases import one_fast
from stepping import take_steps

import fgan
from fgan.errors import FganError
from fgan.objectives import BASELINES, OBJECTIVES
from fgan.training.ensemble import Ensemble, together
from fgan.training.trainer import Trainer

IMAGES = {"data": "digits", "width": 4, "batch_size": 8, "latent": 6}
STEPS, STEPS_OF_IMAGES = 60, 20
"""All of these hold for 200 steps too, which would take minutes."""


def trainers(configs):
    data = fgan.load_data(configs[0].data)
    return [Trainer(config, data) for config in configs]


def state(trainer):
    return {f"{group}.{k}": v for group, tensors in trainer.state().items() for k, v in tensors.items()}


def assert_same_training(configs, steps, rtol):
    members, alone = trainers(configs), trainers(configs)
    ensembles = [Ensemble(members), *(Ensemble([trainer]) for trainer in alone)]
    for _ in range(steps):
        for ensemble in ensembles:
            ensemble.step()
    for one, other in zip(members, alone, strict=True):
        assert one.metrics() == pytest.approx(other.metrics(), rel=rtol), one.config
        theirs = state(other)
        for name, value in state(one).items():
            torch.testing.assert_close(value, theirs[name], rtol=1e3 * rtol, atol=1e3 * rtol, msg=name)


def variants(base, divergences=("gan", "kl"), seeds=2):
    """Return configs of several games and seeds, each with a learning rate of its own."""
    return [
        dataclasses.replace(base, divergence=name, seed=seed, lr=base.lr * (1 + seed / 2))
        for seed in range(seeds)
        for name in divergences
    ]


@pytest.mark.usefixtures("float64")
def test_critics_with_rates_of_their_own(small_config):
    base = small_config(critic_lr=2e-3, lr=1e-3, n_critic=2)
    configs = [
        dataclasses.replace(one, critic_lr=rate)
        for one, rate in zip(variants(base), (None, 1e-2, 3e-3, 1e-3), strict=True)
    ]
    assert_same_training(configs, 20, 1e-9)


def test_a_critic_rate_moves_only_the_critic(small_config):
    slow, fast = trainers([small_config(critic_lr=rate) for rate in (1e-6, 1e-2)])
    begun = {name: value.clone() for name, value in state(slow).items()}
    for trainer in (slow, fast):
        Ensemble([trainer]).step()
    moved = {
        (who, trainer is fast): max(
            float((value - begun[name]).abs().max())
            for name, value in state(trainer).items()
            if name.startswith(f"{who}.")
        )
        for who in ("generator", "critic")
        for trainer in (slow, fast)
    }
    assert moved["critic", False] < 1e-5 < 1e-3 < moved["critic", True], (
        "a first step of Adam is about the rate"
    )
    assert moved["generator", False] == pytest.approx(moved["generator", True], rel=0.1)


@pytest.mark.parametrize(("player", "other"), [("critic", "generator"), ("generator", "critic")])
def test_a_step_of_one_player_alone(small_config, player, other):
    members = trainers(variants(small_config()))
    ensemble = Ensemble(members)
    before = [{name: value.clone() for name, value in state(trainer).items()} for trainer in members]
    ensemble.step_alone(player)
    for trainer, begun in zip(members, before, strict=True):
        now = state(trainer)
        assert all(torch.equal(now[name], begun[name]) for name in now if name.startswith(f"{other}."))
        assert any(not torch.equal(now[name], begun[name]) for name in now if name.startswith(f"{player}."))
        assert trainer.steps_done == 0


@pytest.mark.usefixtures("float64")
def test_both_players_alone_are_a_step_but_for_the_draws(small_config, monkeypatch):
    configs = variants(small_config(ema=0.0))
    (whole, halves) = (Ensemble(trainers(configs)) for _ in range(2))
    batch = halves._draw()
    whole._draw()
    for ensemble in (whole, halves):
        monkeypatch.setattr(ensemble, "_draw", lambda: batch)
    whole.step()
    halves.step_alone("critic")
    halves.step_alone("generator")
    for one, other in zip(whole.trainers, halves.trainers, strict=True):
        theirs = {name: value for name, value in state(other).items() if not name.startswith("progress")}
        torch.testing.assert_close({name: state(one)[name] for name in theirs}, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("objective", one_fast(OBJECTIVES))
@pytest.mark.parametrize("generator_loss", ["non-saturating", "saturating"])
def test_every_objective(small_config, objective, generator_loss):
    if objective in BASELINES and generator_loss == "saturating":
        pytest.skip("a baseline has one generator loss")
    base = small_config(objective=objective, generator_loss=generator_loss, lr=1e-3)
    # The shift of a tight bound is where Newton's steps end, a few last digits from where others of the same batch do.
    searched = objective in ("tight", "reweighted")
    assert_same_training(variants(base), STEPS, 1e-7 if searched else 1e-9)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    "penalties",
    one_fast(
        [
            "r1:1,r2:1",
            "none",
            "gp:1",
            "gp-one-sided:2:every=2",
            "dragan:1",
            "noise:1:fade=20",
            "lecam:0.1,r1:1",
            "r1-approx:1,r2-approx:1:every=2",
        ]
    ),
)
def test_every_penalty(small_config, penalties):
    assert_same_training(variants(small_config(penalties=penalties, lr=1e-3)), STEPS, 1e-9)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    "settings",
    one_fast(
        [
            {"conditional": True, "data": "digits"},
            {"network": "dcgan", **IMAGES},
            {"network": "upconv", "norm": "group", "conditional": True, **IMAGES},
            {"network": "dcgan", "norm": "group", "conditional": True, "spectral_norm": True, **IMAGES},
            {"network": "resnet", **IMAGES},
            {**IMAGES, "network": "r3gan", "width": 16},
            {"network": "resnet", "norm": "group", "conditional": True, "spectral_norm": True, **IMAGES},
            {"spectral_norm": True, "conditional": True, "data": "digits"},
            {"gradient_clip": 0.01, "n_critic": 2, "ema": 0.9},
            {"single_step": True, "generator_loss": "saturating", "ema": 0.0, "activation": "tanh"},
            {"critic_clamp": 5.0, "generator_divergence": "js"},
        ]
    ),
)
def test_every_network_and_setting(small_config, settings):
    assert_same_training(variants(small_config(lr=1e-3, **settings), ("js", "kl"), 2), STEPS_OF_IMAGES, 1e-9)


@pytest.mark.usefixtures("float64")
def test_games_of_all_kinds_side_by_side(small_config):
    """Objectives, penalties and fading weights that differ, in one program."""
    base = small_config(lr=1e-3)
    configs = [
        base,
        dataclasses.replace(base, objective="relativistic", divergence="js", penalties="r1:2:fade=10"),
        dataclasses.replace(base, objective="hinge", penalties="none", lr_fade=10.0),
        dataclasses.replace(base, objective="tight", divergence="pearson", penalties="lecam:0.1"),
        dataclasses.replace(base, generator_divergence="alpha:0.3", link="log-ratio"),
    ]
    assert_same_training(configs, 50, 1e-9)


@pytest.mark.usefixtures("float64")
def test_members_that_see_other_augmentations(small_config):
    """Or none, or see it with pairs, with points of penalties, or by one step of both players."""
    base = small_config("digits", lr=1e-3, penalties="gp:1,r1:1", conditional=True)
    configs = [
        base,
        *variants(dataclasses.replace(base, augment="color,cutout:1"), ("kl",), 2),
        dataclasses.replace(base, augment="flip,translation", objective="relativistic", divergence="js"),
    ]
    assert_same_training(configs, STEPS_OF_IMAGES, 1e-9)
    single = [dataclasses.replace(config, single_step=True) for config in configs[::2]]
    assert_same_training(single, 5, 1e-9)


@pytest.mark.slow
def test_in_float32_losses_agree_to_four_digits(small_config):
    members, alone = (trainers(variants(small_config(), ("kl", "pearson"), 2)) for _ in range(2))
    ensembles = [Ensemble(members), *(Ensemble([trainer]) for trainer in alone)]
    for _ in range(200):
        for trainer in (*members, *alone):
            trainer.reset_metrics()
        for ensemble in ensembles:
            ensemble.step()
    for one, other in zip(members, alone, strict=True):
        assert one.metrics() == pytest.approx(other.metrics(), rel=1e-4, abs=1e-6)


def test_a_member_that_breaks_changes_no_other(small_config):
    configs = variants(small_config(), ("kl", "js"), 2)
    members, whole = trainers(configs), trainers(configs)
    ensembles = Ensemble(members), Ensemble(whole)
    for step in range(20):
        if step == 5:
            with torch.no_grad():
                members[1].critic.parameters[0].fill_(float("nan"))
        for ensemble in ensembles:
            ensemble.step()
    assert not members[1].is_finite()
    for k in (0, 2, 3):
        assert members[k].metrics() == whole[k].metrics()
        assert all(
            torch.equal(a, b)
            for a, b in zip(state(members[k]).values(), state(whole[k]).values(), strict=True)
        )
    rest = Ensemble([members[k] for k in (0, 2, 3)])
    rest.step(), ensembles[1].step()
    for k in (0, 2, 3):
        assert members[k].metrics() == pytest.approx(whole[k].metrics(), rel=1e-4)
    take_steps(members[0]), take_steps(whole[0])
    assert members[0].metrics() == pytest.approx(whole[0].metrics(), rel=1e-4)


def test_a_member_can_be_saved_restored_and_looked_at(small_config):
    configs = variants(small_config(penalties="lecam:0.1,r1:1"), ("kl", "js"), 2)
    members, again = trainers(configs), trainers(configs)
    ensemble, other = Ensemble(members), Ensemble(again)
    for _ in range(5):
        ensemble.step()
    for one, copy in zip(members, again, strict=True):
        copy.load_state({group: {k: v.clone() for k, v in t.items()} for group, t in one.state().items()})
    for _ in range(5):
        ensemble.step()
        other.step()
    latents = torch.randn(7, members[0].latent)
    for one, copy in zip(members, again, strict=True):
        assert one.metrics() == copy.metrics()
        assert one.telemetry() == copy.telemetry()
        assert torch.equal(one.sample(latents), copy.sample(latents))
    assert not torch.equal(members[0].sample(latents), members[1].sample(latents))


def test_runs_that_cannot_step_together_are_told_why(small_config):
    kl, wide = small_config(divergence="kl"), small_config(divergence="kl", width=8)
    with pytest.raises(FganError, match="these differ in width"):
        Ensemble(trainers([kl, wide]))
    with pytest.raises(FganError, match="penalties that use extra points"):
        Ensemble(trainers([kl, dataclasses.replace(kl, penalties="gp:1")]))
    one, other = trainers([kl, kl])
    take_steps(one)
    with pytest.raises(FganError, match="same step; got 1 and 0"):
        Ensemble([one, other])
    assert together(kl) != together(wide)


def test_a_trainer_steps_alone_before_and_after_an_ensemble(small_config):
    config = small_config(ema=0.9)
    (mixed, partner), (alone,) = trainers([config, config]), trainers([config])
    take_steps(partner), take_steps(mixed)
    Ensemble([mixed, partner]).step()
    take_steps(mixed)
    take_steps(alone, 3)
    assert mixed.metrics() == pytest.approx(alone.metrics(), rel=1e-4)
    for a, b in zip(mixed.average.network.parameters(), alone.average.network.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
