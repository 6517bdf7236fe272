"""Both players' losses, as a traced program has them, are right for other outputs than those it was traced with."""

import pytest
import torch
from cases import one_fast
from catalogue import EVERY
from torch.fx.experimental.proxy_tensor import make_fx

import fgan
from fgan.divergences import divergence
from fgan.objectives.build import F_GAN, build_objective

GENERATORS = ({"generator": "saturating"}, {"generator": "non-saturating"}, {"generator_divergence": "js"})


def games(name):
    """Every objective with every link and generator loss that it has for a divergence."""
    for link in divergence(name).links:
        for objective in F_GAN:
            for generator in GENERATORS:
                try:
                    yield (
                        f"{objective}/{link}/{generator}",
                        build_objective(objective, name, link=link, **generator),
                    )
                except fgan.FganError:  # not a game
                    continue


def played(loss):
    """The losses (K,) of both players and their gradients, as a function of outputs (K, n)."""

    def play(v_real, v_fake):
        v_real, v_fake = v_real.detach().requires_grad_(), v_fake.detach().requires_grad_()
        critic = loss.critic(v_real, v_fake, dim=-1)
        generator = loss.generator(v_fake, v_real if loss.needs_real else None, dim=-1)
        both = (v_real, v_fake)
        slopes = [
            slope
            for value in (critic, generator)
            for slope in torch.autograd.grad(
                value.sum(), both, allow_unused=True, materialize_grads=True, retain_graph=True
            )
        ]
        return critic.detach(), generator.detach(), *slopes

    return play


def outputs(dtype):
    """Raw outputs (2, n) of two critics on data and on samples: usual, tiny, and such that terms overflow."""
    random = torch.Generator().manual_seed(0)
    usual = [torch.randn(2, 6, generator=random, dtype=torch.float64) for _ in range(2)]
    for scale in (1.0, 1e-3, 5.0, 80.0, 1e4):
        yield [(scale * v).to(dtype) for v in usual]
    for far in (1e4, -1e4):  # in one critic's outputs only
        yield [torch.cat([v[:1], torch.full_like(v[1:], far)]).to(dtype) for v in usual]


def check(loss, dtype, mode="real"):
    first, *others = outputs(dtype)
    program = make_fx(played(loss), tracing_mode=mode)(*first)
    digits = {torch.float32: 1e-5, torch.float64: 1e-12}[dtype]
    for v in (first, *others):
        torch.testing.assert_close(
            list(program(*v)), list(played(loss)(*v)), rtol=digits, atol=digits, equal_nan=True
        )


@pytest.mark.parametrize("name", one_fast(EVERY))
def test_no_branch_is_frozen(name):
    broken = {}
    for game, loss in games(name):
        for dtype in (torch.float32, torch.float64):
            try:
                check(loss, dtype)
            except Exception as error:
                broken[f"{game}/{dtype}"] = error
    assert not broken, "\n".join(f"{game}: {type(error).__name__}: {error}" for game, error in broken.items())
