"""Penalties in a loop of one's own are those of `--penalties`."""

import dataclasses

import pytest
import torch
from torch import nn

import fgan
from fgan.objectives import PENALTIES, Penalties
from fgan.training.ensemble import Ensemble
from fgan.training.step import critic_pass
from fgan.training.trainer import Trainer

A = 1.5
REAL, FAKE = torch.tensor([[1.0, 2.0], [0.0, 1.0]]).double(), torch.tensor([[0.5, 0.0], [0.1, -0.3]]).double()


def critic(x):
    """v = a|x|², whose slope is 2a|x|."""
    return A * x.square().sum(1)


def r(x):
    return (2 * A) ** 2 * x.square().sum(1).mean() / 2


def test_r1_and_r2_by_hand():
    torch.testing.assert_close(fgan.penalty("r1:0.2")(critic, REAL, FAKE).detach(), 0.2 * r(REAL))
    torch.testing.assert_close(
        fgan.penalty("r1:0.2,r2:3")(critic, REAL, FAKE).detach(), 0.2 * r(REAL) + 3 * r(FAKE)
    )
    scale = torch.tensor([2.0, 2.0]).double()
    torch.testing.assert_close(fgan.penalty("r1:1", scale=scale)(critic, REAL, FAKE).detach(), 4 * r(REAL))
    assert fgan.penalty("none")(critic, REAL, FAKE) == 0


def test_fading_and_lazy_terms_go_by_the_step():
    faded = fgan.penalty("r1:1:fade=10")
    torch.testing.assert_close(faded(critic, REAL, FAKE, step=10).detach(), r(REAL) / 2)
    lazy = fgan.penalty("r1:1:every=4")
    torch.testing.assert_close(lazy(critic, REAL, FAKE, step=8).detach(), 4 * r(REAL))
    assert lazy(critic, REAL, FAKE, step=9) == 0


@pytest.mark.parametrize("name", PENALTIES)
def test_every_penalty_of_training_is_what_training_adds(name, name_of=lambda one: f"{one}:0.7"):
    config = fgan.preset("default", "ring8", divergence="kl", penalties=name_of(name), device="cpu", width=8)
    trainer = Trainer(config, fgan.load_data("ring8"))
    whole = Ensemble([trainer]).whole
    network, game = trainer.critic.network, trainer.game
    fake = trainer.generator.network(torch.randn(128, trainer.latent)).detach()
    batch, random = Ensemble([trainer])._draw(), torch.Generator().manual_seed(3)
    ((_, one),) = due = game.penalties.due(0)
    noise = one.draws(batch.real[0], torch.Generator().manual_seed(3))
    noises = ((None if noise is None else noise[None],),)
    batch = dataclasses.replace(batch, labels=None, noise=noises)
    seen = critic_pass(whole.critic, whole.groups, batch, fake[None], [due])
    mine = fgan.penalty(name_of(name), fgan.GANLoss("kl"), scale=game.penalties.scale)
    value = mine(network, batch.real[0], fake, random=random)
    torch.testing.assert_close(value, (seen.total - seen.adversarial)[0], rtol=1e-4, atol=1e-6)


def test_gradients_reach_the_critic_and_not_the_generator():
    network, generator = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)), nn.Linear(3, 2)
    for text in ("r1:1,r2:1", "gp:1", "lecam:1", "r1-approx:1"):
        fgan.penalty(text)(network, torch.randn(8, 2), generator(torch.randn(8, 3))).backward()
        assert all(p.grad.abs().sum() > 0 for p in network[0].parameters()), text
        assert generator.weight.grad is None
    real = torch.randn(4, 2)
    fgan.penalty("r1:1")(network, real, real)
    assert not real.requires_grad


def test_what_lecam_remembers_can_be_saved():
    one, other = fgan.penalty("lecam:1"), fgan.penalty("lecam:1")
    one(critic, REAL, FAKE)
    other.load_state_dict(one.state_dict())
    assert one(critic, REAL, FAKE) == other(critic, REAL, FAKE)
    assert fgan.penalty("r1:1").state_dict() == {}


def test_labels_go_with_every_point():
    def conditional(x, y):
        assert len(x) == len(y) == 6 and y.tolist() == [3, 4, 3, 4, 3, 4]
        return critic(x)

    fgan.penalty("gp:1")(conditional, REAL, FAKE, labels=torch.tensor([3, 4]))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: fgan.penalty("r3:1"), 'got "r3"'),
        (lambda: fgan.penalty("r1"), "which has no weight"),
        (lambda: fgan.penalty("noise:1"), "an objective that uses the critic differently"),
        (
            lambda: fgan.penalty("r1:1")(critic, REAL, FAKE[:1]),
            "real and generated samples of the same shape",
        ),
        (lambda: fgan.penalty("r1:1")(lambda x: x, REAL, FAKE), "one raw output per sample, 4 here"),
    ],
)
def test_mistakes_are_said(call, said):
    with pytest.raises(fgan.FganError, match=said):
        call()


def test_it_is_written_as_it_was_made():
    assert repr(fgan.penalty("r1:1")) == 'fgan.penalty("r1:1")'
    assert isinstance(fgan.penalty("r1:1").penalties, Penalties)
