import pytest
import torch
from cases import together
from catalogue import EVERY, IDENTIFYING, TRAINABLE

import fgan
from fgan.divergences import divergence
from fgan.objectives import GANLoss
from fgan.objectives.tight import ReweightedLoss, TightLoss

IDENTITY = [name for name in EVERY if divergence(name).formulas.activation == "v"]
"""Those whose paper link is T = v, so that a constant added to v is one added to T."""
V_REAL = torch.tensor([0.5, 1.0, 2.0, -0.3], dtype=torch.float64)
V_FAKE = torch.tensor([-1.0, 0.25, 0.1], dtype=torch.float64)


@together("name", TRAINABLE)
def test_the_loss_is_never_above_the_plain_one(name):
    assert TightLoss(name).critic(V_REAL, V_FAKE) <= GANLoss(name).critic(V_REAL, V_FAKE) + 1e-12


@together("name", IDENTITY)
def test_a_constant_added_to_t_changes_no_loss_slope_or_evidence(name):
    for kind in ({"generator": "saturating"}, {"generator_divergence": "js"}):
        if "generator_divergence" in kind and not divergence(name).identifies_ratio:
            continue
        loss = TightLoss(name, link="paper", **kind)
        for constant in (-40.0, 3.0):
            here, there = (
                ((V_REAL + c).requires_grad_() for c in (0.0, constant)),
                ((V_FAKE + c).requires_grad_() for c in (0.0, constant)),
            )
            (real, real_moved), (fake, fake_moved) = map(tuple, (here, there))
            torch.testing.assert_close(loss.critic(real, fake), loss.critic(real_moved, fake_moved))
            before, after = loss.generator(fake), loss.generator(fake_moved)
            torch.testing.assert_close(
                torch.autograd.grad(before, fake)[0], torch.autograd.grad(after, fake_moved)[0]
            )
            for one, other in zip(
                loss.evidence(V_REAL, V_FAKE),
                loss.evidence(V_REAL + constant, V_FAKE + constant),
                strict=True,
            ):
                torch.testing.assert_close(one, other)


@together("name", IDENTIFYING)
def test_the_ratios_have_mean_one_over_the_samples(name):
    for link in divergence(name).links:
        _, fake = TightLoss(name, link=link).log_ratios(V_REAL, V_FAKE)
        assert fake.exp().mean().item() == pytest.approx(1.0, abs=1e-9)
        assert ReweightedLoss(name, link=link).ratios(V_FAKE).mean().item() == pytest.approx(1.0, abs=1e-9)


@together("name", TRAINABLE)
def test_evidence_is_positive_where_the_ratio_is_above_one(name):
    loss = TightLoss(name)
    real, fake = loss.evidence(V_REAL, V_FAKE)
    if ratios := loss.log_ratios(V_REAL, V_FAKE):
        for evidence, ratio in zip((real, fake), ratios, strict=True):
            far = ratio.abs() > 1e-6
            assert torch.equal(evidence[far] > 0, ratio[far] > 0)
    else:
        assert not divergence(name).identifies_ratio
        assert (real.diff() * V_REAL.diff() >= 0).all()


@pytest.mark.parametrize("name", ["total-variation", "chi:1", "hockey-stick:1"])
def test_a_kink_stays_with_the_papers_link_and_below_its_range(name):
    loss = TightLoss(name)
    assert loss.divergence.link == "paper"
    apart = -loss.critic(torch.full((5,), 40.0), torch.linspace(-30, -25, 7))
    assert apart <= divergence(name).range[1] + 1e-6
    with pytest.raises(fgan.FganError, match='does not work with the link "soft-hinge"'):
        TightLoss(name, link="soft-hinge")


def test_total_variation_has_evidence_although_it_knows_no_ratio():
    real, fake = TightLoss("total-variation").evidence(V_REAL, V_FAKE)
    assert real.unique().numel() == 4 and fake.unique().numel() == 3


@pytest.mark.parametrize("kind", [{"generator": "saturating"}, {"generator_divergence": "kl"}], ids=str)
def test_where_t_overflows_the_generator_minimises_the_plain_loss(kind):
    v = torch.tensor([-200.0, 0.0])
    plain, tight = (loss("reverse-kl", **kind).generator(v) for loss in (GANLoss, TightLoss))
    assert tight.isfinite() and torch.equal(plain, tight)


def test_for_kl_the_weights_are_a_softmax_and_the_losses_klwgans():
    loss = ReweightedLoss("kl")
    r = V_FAKE.softmax(0) * 3
    torch.testing.assert_close(loss.ratios(V_FAKE), r)
    torch.testing.assert_close(loss.generator(V_FAKE), -(r * V_FAKE).mean())
    expected = (1 - V_REAL).relu().mean() + (1 + r * V_FAKE).relu().mean()
    torch.testing.assert_close(loss.critic(V_REAL, V_FAKE), expected)


@together("name", IDENTIFYING)
def test_the_weights_are_given_numbers(name):
    v = V_FAKE.clone().requires_grad_()
    loss = ReweightedLoss(name)
    loss.generator(v).backward()
    torch.testing.assert_close(v.grad, -loss.ratios(V_FAKE) / 3)


def test_weights_of_outputs_that_overflow():
    v = torch.tensor([1e4, 0.0, 1e4])
    torch.testing.assert_close(
        ReweightedLoss("pearson", link="log-ratio").ratios(v), torch.tensor([1.5, 0.0, 1.5])
    )
