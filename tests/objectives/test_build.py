import pytest
import torch
from cases import together
from catalogue import EVERY, with_links

import fgan
from fgan.divergences import divergence
from fgan.objectives import BASELINES, OBJECTIVES, build_objective

MILD = (torch.tensor([0.5, -0.2]), torch.tensor([0.3, -1.0]))
EXTREMES = (-1e4, -80.0, 80.0, 1e4)
KINDS = ("saturating", "non-saturating")
GAMES = [
    (objective, name, link)
    for objective in OBJECTIVES
    for name, link in with_links(EVERY if objective not in BASELINES else ["gan"])
    if (divergence(name).smooth or link != "log-ratio")
    and (divergence(name).identifies_ratio or objective != "reweighted")
    and (objective != "tight" or link != "soft-hinge")
    and (objective != "reweighted" or link == divergence(name).link)  # as for "tight"
]
every_game = together("objective, name, link", GAMES)
every_objective = pytest.mark.parametrize("objective", OBJECTIVES)


def losses(game, v_real, v_fake, dim=None):
    """Both players' losses and their slopes by the outputs, as one tensor each; one of each in a row, or of all."""
    for loss in (game.critic, lambda real, fake, dim: game.generator(fake, real, dim)):
        real, fake = v_real.clone().requires_grad_(), v_fake.clone().requires_grad_()
        value = loss(real, fake, dim)
        slopes = torch.autograd.grad(value.sum(), (real, fake), allow_unused=True, materialize_grads=True)
        yield value.detach(), torch.cat(slopes, -1)


def sides(objective):
    """Outputs on data and on samples, a row for each that is far out; for most, data are as for the plain one."""
    far = torch.tensor(EXTREMES)
    mild_real, mild_fake = (side.expand(len(far), 2) for side in MILD)
    far_real, far_fake = (torch.stack([side[:, 0], far], 1) for side in (mild_real, mild_fake))
    if objective not in ("plain", "relativistic"):
        return mild_real, far_fake
    return torch.cat([mild_real, far_real]), torch.cat([far_fake, mild_fake])


@every_game
def test_losses_and_slopes_are_numbers_wherever_they_fit(objective, name, link):
    fits = torch.finfo(torch.float32).max / 4
    v_real, v_fake = sides(objective)
    # Most have no trick of their own.
    for kind in KINDS if objective in ("plain", "relativistic") else KINDS[:1]:
        game = build_objective(objective, name, link=link, generator=kind)
        found = list(losses(game, v_real, v_fake, -1))
        if all(part.isfinite().all() for both in found for part in both):
            continue
        exact = losses(game, v_real.double(), v_fake.double(), -1)
        for (value, slopes), (truth, true_slopes) in zip(found, exact, strict=True):
            assert not value.isnan().any(), kind
            assert (value.isfinite() | (truth.abs() > fits)).all(), kind
            large = true_slopes.abs().amax(-1) > fits
            assert (slopes.isfinite().all(-1) | large).all(), (kind, v_real, v_fake, slopes)


@every_game
def test_the_generator_is_pulled_towards_more_real(objective, name, link):
    v_real, v_fake = torch.tensor([0.5, -0.7, 1.5, 0.1]), torch.tensor([-2.5, -1.0, 0.25, 2.0])
    kinds = [{"generator": kind} for kind in KINDS]
    if divergence(name).identifies_ratio and objective not in (*BASELINES, "reweighted"):
        kinds += [{"generator_divergence": h} for h in ("js", "pearson", "reverse-kl")]
    for kind in kinds:
        v = v_fake.clone().requires_grad_()
        build_objective(objective, name, link=link, **kind).generator(v, v_real).backward()
        slopes = v.grad
        if objective == "least-squares":
            slopes = slopes[v_fake < 1]  # it pulls towards 1, wherever that is
        assert (slopes <= 1e-6).all() and (slopes < 0).any()


@every_game
def test_the_critic_is_paid_for_telling_apart(objective, name, link):
    far, near = torch.tensor([2.0, 1.0]), torch.tensor([-1.0, -2.0])
    game = build_objective(objective, name, link=link)
    real, fake = torch.tensor([-0.6, 0.2], requires_grad=True), torch.tensor([-0.3, 0.4], requires_grad=True)
    game.critic(real, fake).backward()
    up, down = (
        -real.grad,
        fake.grad if objective != "least-squares" else fake.grad[1:],
    )  # it pulls samples to 0
    assert (up >= 0).all() and (down >= 0).all() and up.sum() + down.sum() > 0
    assert [part.shape for part in game.evidence(far, near)] == [(2,), (2,)]


@every_objective
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_outputs_are_averaged_in_float32(objective, dtype):
    game = build_objective(objective, "js")
    v_real, v_fake = torch.tensor([0.5, -0.7, 300.0]).to(dtype), torch.tensor([-2.5, 0.25, -300.0]).to(dtype)
    for (value, slopes), (truth, true_slopes) in zip(
        losses(game, v_real, v_fake), losses(game, v_real.float(), v_fake.float()), strict=True
    ):
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, truth)
        torch.testing.assert_close(slopes.float(), true_slopes, rtol=1e-2, atol=1e-2)


@every_objective
def test_every_objective_says_what_it_follows(objective):
    game = build_objective(objective, "kl")
    assert game.follows
    assert (game.divergence is None) == (objective in BASELINES)


def test_bad_choices_are_said():
    with pytest.raises(fgan.FganError, match=r'the objective must be one of plain, .*; got "lsgan"'):
        build_objective("lsgan", "gan")
    with pytest.raises(fgan.FganError, match=r'got the objective "hinge"\. Use plain, tight or relativistic'):
        build_objective("hinge", "gan", generator_divergence="kl")
    with pytest.raises(fgan.FganError, match='"total-variation" does not'):
        build_objective("plain", "total-variation", generator_divergence="kl")
    with pytest.raises(fgan.FganError, match=r'cannot follow "total-variation" .* kink'):
        build_objective("plain", "gan", generator_divergence="total-variation")
    with pytest.raises(fgan.FganError, match='takes no generator divergence; got "kl"'):
        build_objective("reweighted", "gan", generator_divergence="kl")
    with pytest.raises(fgan.FganError, match='with "marton" it does not'):
        build_objective("reweighted", "marton")
    with pytest.raises(fgan.FganError, match="klx"):
        build_objective("plain", "klx")
