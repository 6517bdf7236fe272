import pytest
import torch

import fgan
from fgan.divergences import EXAMPLES, divergence
from fgan.objectives import squared_gradient

TRAINABLE = [name for name in EXAMPLES if divergence(name).smooth or divergence(name).link == "paper"]
V_REAL, V_FAKE = torch.tensor([0.5, 1.0, 2.0]), torch.tensor([-1.0, 0.25])


@pytest.mark.parametrize("name", TRAINABLE)
def test_the_critic_minimises_the_negative_bound(name):
    loss = fgan.GANLoss(name)
    torch.testing.assert_close(loss.critic(V_REAL, V_FAKE), -fgan.divergence(name).bound(V_REAL, V_FAKE))


@pytest.mark.parametrize("name", TRAINABLE)
def test_the_saturating_generator_minimises_its_part_of_the_bound(name):
    d = fgan.divergence(name)
    loss = fgan.GANLoss(d, generator="saturating")
    torch.testing.assert_close(loss.generator(V_FAKE), -d.fake_term(V_FAKE).mean())


@pytest.mark.parametrize("name", TRAINABLE)
@pytest.mark.parametrize("generator", ["saturating", "non-saturating"])
def test_the_generator_is_paid_for_looking_real(name, generator):
    v = torch.tensor([-1.5, 0.0, 1.5], requires_grad=True)
    fgan.GANLoss(name, generator=generator).generator(v).backward()
    # Where only some ratios count, or T is clamped, an output may earn nothing, but never the wrong way.
    assert (v.grad <= 0).all() and (v.grad < 0).any()


def test_for_gan_they_are_goodfellows_losses():
    loss = fgan.GANLoss("gan")
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    expected = bce(V_REAL, torch.ones(3)) + bce(V_FAKE, torch.zeros(2))
    torch.testing.assert_close(loss.critic(V_REAL, V_FAKE), expected)
    torch.testing.assert_close(loss.generator(V_FAKE), bce(V_FAKE, torch.ones(2)))


@pytest.mark.parametrize("name", [name for name in EXAMPLES if divergence(name).identifies_ratio])
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
    with pytest.raises(fgan.FganError, match="has its link"):
        fgan.GANLoss(fgan.divergence("kl"), link="log-ratio")
    with pytest.raises(fgan.FganError, match=r'without a gradient\. Use link="paper"'):
        fgan.GANLoss("total-variation", link="log-ratio")
    with pytest.raises(fgan.FganError, match="Take a smooth f, or total-variation"):
        fgan.GANLoss("f(u)=abs(u - 1)")


def test_squared_gradient_is_per_sample_and_differentiable():
    weight = torch.tensor([3.0, 4.0], requires_grad=True)
    x = torch.tensor([[1.0, 2.0], [0.0, 1.0]], requires_grad=True)
    steepness = squared_gradient((x.square() @ weight) / 2, x)
    torch.testing.assert_close(steepness, torch.tensor([9.0 + 64.0, 16.0]))
    (slope,) = torch.autograd.grad(steepness.sum(), weight)
    torch.testing.assert_close(slope, torch.tensor([2 * 3 * 1.0, 2 * 4 * (4.0 + 1.0)]))
