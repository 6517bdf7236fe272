import pytest
import torch
from cases import together
from catalogue import EVERY, IDENTIFYING, TRAINABLE

import fgan
from fgan.divergences import divergence
from fgan.objectives import squared_gradient

HINGED = [name for name in EVERY if "soft-hinge" in divergence(name).links]
V_REAL, V_FAKE = torch.tensor([0.5, 1.0, 2.0]), torch.tensor([-1.0, 0.25])


@together("name", TRAINABLE)
def test_the_critic_minimises_the_negative_bound(name):
    loss = fgan.GANLoss(name)
    d = fgan.divergence(name, loss.divergence.link)
    torch.testing.assert_close(loss.critic(V_REAL, V_FAKE), -d.bound(V_REAL, V_FAKE))


@together("name", TRAINABLE)
def test_the_saturating_generator_minimises_its_part_of_the_bound(name):
    d = fgan.divergence(name)
    loss = fgan.GANLoss(d, generator="saturating")
    torch.testing.assert_close(loss.generator(V_FAKE), -d.fake_term(V_FAKE).mean())


@together(
    "name, generator",
    [(name, generator) for name in TRAINABLE for generator in ("saturating", "non-saturating")],
)
def test_the_generator_is_paid_for_looking_real(name, generator):
    v = torch.tensor([-1.5, 0.0, 1.5], requires_grad=True)
    fgan.GANLoss(name, generator=generator).generator(v).backward()
    # Where only some ratios count, or T is clamped, an output may earn nothing, but never the wrong way.
    assert (v.grad <= 0).all() and (v.grad < 0).any()


@together("name", HINGED)
def test_a_kink_is_trained_by_the_soft_hinge_where_the_generator_climbs_t(name):
    assert fgan.GANLoss(name).divergence.link == "soft-hinge"
    assert fgan.GANLoss(name, generator="saturating").divergence.link == "paper"
    assert fgan.GANLoss(name, link="paper").divergence.link == "paper"
    assert fgan.GANLoss(fgan.divergence(name)).divergence.link == "paper"


@together("name", HINGED)
def test_the_soft_hinge_lets_go_of_nothing_that_is_rejected(name):
    """A sample far on the wrong side pulls the generator, and data there the critic, as hard as one at v = 0."""
    for link, keeps in (("soft-hinge", True), ("paper", False)):
        loss, v = fgan.GANLoss(name, link=link), torch.tensor([0.0, -40.0], requires_grad=True)
        for value in (loss.generator(v), loss.critic(v, torch.zeros(2))):
            near, far = torch.autograd.grad(value, v)[0].abs()
            assert near > 0 and (far >= near) == keeps


def test_for_gan_they_are_goodfellows_losses():
    loss = fgan.GANLoss("gan")
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    expected = bce(V_REAL, torch.ones(3)) + bce(V_FAKE, torch.zeros(2))
    torch.testing.assert_close(loss.critic(V_REAL, V_FAKE), expected)
    torch.testing.assert_close(loss.generator(V_FAKE), bce(V_FAKE, torch.ones(2)))


@together("name", IDENTIFYING)
def test_a_generator_divergence_gets_a_number_where_the_critic_says_the_ratio_is_zero(name):
    """Under Pearson's activation from v = -2 down; such a sample is not pulled, and spoils no other's slope."""
    for link in divergence(name).links:
        loss = fgan.GANLoss(name, link=link, generator_divergence="reverse-kl")
        v = torch.tensor([-20.0, -3.0, -2.0, -0.5, 0.1, 3.0], requires_grad=True)
        value = loss.generator(v)
        value.backward()
        assert value.isfinite() and v.grad.isfinite().all()
        ratios, _ = loss.log_ratios(v.detach(), v.detach())
        assert (v.grad[ratios.isinf()] == 0).all() and (v.grad[ratios.isfinite()] < 0).all()


def test_bad_choices_are_said():
    with pytest.raises(fgan.FganError, match='one of saturating, non-saturating; got "hinge"'):
        fgan.GANLoss("kl", generator="hinge")
    with pytest.raises(fgan.FganError, match=r"a name or an fgan\.Divergence; got None"):
        fgan.GANLoss(None)
    with pytest.raises(fgan.FganError, match="already has a link"):
        fgan.GANLoss(fgan.divergence("kl"), link="log-ratio")
    with pytest.raises(
        fgan.FganError, match=r"has no gradient\. Use one of its other links: paper, soft-hinge"
    ):
        fgan.GANLoss("total-variation", link="log-ratio")
    with pytest.raises(fgan.FganError, match="Use one of its other links: linear"):
        fgan.GANLoss("f(u)=abs(u - 1)", link="log-ratio")


def test_squared_gradient_is_per_sample_and_differentiable():
    weight = torch.tensor([3.0, 4.0], requires_grad=True)
    x = torch.tensor([[1.0, 2.0], [0.0, 1.0]], requires_grad=True)
    steepness = squared_gradient((x.square() @ weight) / 2, x)
    torch.testing.assert_close(steepness, torch.tensor([9.0 + 64.0, 16.0]))
    (slope,) = torch.autograd.grad(steepness.sum(), weight)
    torch.testing.assert_close(slope, torch.tensor([2 * 3 * 1.0, 2 * 4 * (4.0 + 1.0)]))
