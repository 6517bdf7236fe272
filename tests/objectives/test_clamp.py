import itertools

import torch
from cases import together
from catalogue import TRAINABLE

from fgan.divergences import divergence
from fgan.objectives import OBJECTIVES, build_objective
from fgan.objectives.clamp import Clamped, soft_clamp

V_REAL, V_FAKE = torch.tensor([0.5, -9.0, 2.0]), torch.tensor([-1.5, 0.25, 30.0])


@together("name", OBJECTIVES)
def test_it_is_the_inner_objective_at_clamped_outputs(name):
    inner, game = build_objective(name, "js"), build_objective(name, "js", critic_clamp=5.0)
    real, fake = soft_clamp(V_REAL, 5.0), soft_clamp(V_FAKE, 5.0)
    assert isinstance(game, Clamped) and not isinstance(inner, Clamped)
    torch.testing.assert_close(game.critic(V_REAL, V_FAKE), inner.critic(real, fake))
    torch.testing.assert_close(game.generator(V_FAKE, V_REAL), inner.generator(fake, real))
    torch.testing.assert_close(game.evidence(V_REAL, V_FAKE), inner.evidence(real, fake))
    torch.testing.assert_close(game.log_ratios(V_REAL, V_FAKE), inner.log_ratios(real, fake))
    if not inner.needs_real:
        torch.testing.assert_close(game.generator(V_FAKE), inner.generator(fake))
    assert (game.follows, game.needs_real) == (inner.follows, inner.needs_real)
    assert game.divergence is None or game.divergence.name == "js"


@together("objective, name", itertools.product(("plain", "tight", "relativistic"), TRAINABLE))
def test_no_term_overflows(objective, name):
    d = divergence(name)
    unfit = {"soft-hinge"} if objective == "tight" else set()
    links = [link for link in d.links if (d.smooth or link != "log-ratio") and link not in unfit]
    for link in links if objective != "relativistic" else [None]:  # two outputs apart may be twice the limit
        game = build_objective(objective, name, link=link, critic_clamp=4.0)
        v_real = torch.tensor([-1e4, 1e4, 0.5], requires_grad=True)
        v_fake = torch.tensor([1e4, -1e4, -0.5], requires_grad=True)
        for loss in (game.critic(v_real, v_fake), game.generator(v_fake, v_real)):
            assert loss.isfinite()
            slopes = torch.autograd.grad(loss, (v_real, v_fake), allow_unused=True, materialize_grads=True)
            assert all(slope.isfinite().all() for slope in slopes)


def test_near_zero_nothing_is_changed():
    v = torch.tensor([-0.01, 0.0, 0.01], requires_grad=True)
    clamped = soft_clamp(v, 10.0)
    torch.testing.assert_close(clamped, v)
    torch.testing.assert_close(torch.autograd.grad(clamped.sum(), v)[0], torch.ones(3))
