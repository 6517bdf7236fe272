"""Both players' losses, as a traced program has them, are right for other outputs than those it was traced with."""

import subprocess
import sys

import pytest
import torch
from cases import one_fast, together
from catalogue import EVERY
from torch.fx.experimental.proxy_tensor import make_fx

import fgan
from fgan.divergences import Divergence, divergence, traced
from fgan.divergences.traced import name_of, named
from fgan.objectives import PENALTIES, GANLoss
from fgan.objectives.build import BASELINES, F_GAN, build_objective
from fgan.objectives.clamp import Clamped
from fgan.objectives.penalties import Seen
from fgan.objectives.tight import TightLoss

GENERATORS = ({"generator": "saturating"}, {"generator": "non-saturating"}, {"generator_divergence": "js"})
DIGITS = {torch.float32: 1e-5, torch.float64: 1e-12}


def games(name):
    """Every objective with every link that a divergence has, with all its generator losses."""
    for link in divergence(name).links:
        for objective in F_GAN:
            losses = []
            for generator in GENERATORS:
                try:
                    losses.append(build_objective(objective, name, link=link, **generator))
                except fgan.FganError:  # not a game
                    continue
            if losses:
                yield f"{objective}/{link}", losses


def played(losses):
    """The losses (K,) of both players and their gradients, as a function of outputs (K, n)."""

    def play(v_real, v_fake):
        both = v_real, v_fake = v_real.detach().requires_grad_(), v_fake.detach().requires_grad_()
        values = [losses[0].critic(*both, dim=-1)]
        values += [loss.generator(v_fake, v_real if loss.needs_real else None, dim=-1) for loss in losses]
        slopes = [
            slope
            for value in values
            for slope in torch.autograd.grad(value.sum(), both, allow_unused=True, materialize_grads=True)
        ]
        return [*(value.detach() for value in values), *slopes]

    return play


def outputs(dtype):
    """Raw outputs (2, n) of two critics on data and on samples: usual, tiny, and such that terms overflow."""
    random = torch.Generator().manual_seed(0)
    usual = [torch.randn(2, 6, generator=random, dtype=torch.float64) for _ in range(2)]
    yield [v.to(dtype) for v in usual]
    for scale in (1e-3, 80.0, 1e4):
        yield [(scale * v).to(dtype) for v in usual]
    for far in (1e4, -1e4):  # in one critic's outputs only
        yield [torch.cat([v[:1], torch.full_like(v[1:], far)]).to(dtype) for v in usual]


def check(function, dtype, mode="real"):
    first, *others = outputs(dtype)
    program = make_fx(function, tracing_mode=mode)(*first)
    for v in (first, *others):
        digits = {"rtol": DIGITS[dtype], "atol": DIGITS[dtype]}
        torch.testing.assert_close(program(*v), function(*v), equal_nan=True, **digits)
    return program


@pytest.mark.parametrize("name", one_fast(EVERY))
def test_no_branch_is_frozen(name):
    broken = {}
    for game, losses in games(name):
        for dtype in DIGITS:
            try:
                check(played(losses), dtype)
            except Exception as error:
                broken[f"{game}/{dtype}"] = f"{type(error).__name__}: {error}"
    assert not broken, "\n".join(f"{game}: {error}" for game, error in broken.items())


@pytest.mark.parametrize("name", one_fast(["pearson", "js", "f(u)=(u-1)**4"]))
def test_nor_where_an_iteration_is_inside_with_simulated_tensors(name):
    program = check(played([TightLoss(name, generator="saturating")]), torch.float64, "fake")
    called = {str(node.target) for node in program.graph.nodes}
    assert "fgan.best_shift.default" in called


@together("name", ["f(u)=u**2", "f(u)=abs(u-1)", "symmetrized(pearson)", "2*dual(pearson)"])
def test_nor_where_the_link_is_a_table(name):
    """Its table is made before the trace, in which nothing has a gradient; twice, as of a name never seen before."""
    traced._held.pop(name, None)
    for dtype in DIGITS:
        program = check(played([GANLoss(name), GANLoss(name, generator="saturating")]), dtype)
    assert "fgan.linear_log_ratio.default" in {str(node.target) for node in program.graph.nodes}


def test_what_the_table_gives_has_the_strides_that_programs_expect():
    d = divergence("f(u)=u**2")
    v = torch.randn(8, 3).T
    program = torch.compile(make_fx(lambda v: d.real_term(v))(v))
    torch.testing.assert_close(program(v), d.real_term(v))


@together("name", BASELINES)
def test_nor_in_a_game_without_a_divergence(name):
    check(played([Clamped(BASELINES[name](), 10.0)]), torch.float64)


@together("name", PENALTIES)
def test_nor_in_a_penalty(name):
    def value(v, slope):
        """What the program keeps is a copy: its anchors are no tensor that a trace may change."""
        penalty = PENALTIES[name](divergence("jeffreys"))
        penalty.remember_in({key: memory.expand(2, -1).clone() for key, memory in penalty.memory().items()})
        at = v, slope = v.detach().requires_grad_(), slope.detach().requires_grad_()
        total = penalty(Seen(v, v, slope**2, slope**2, slope**2, v + 1e-3 * slope))
        slopes = torch.autograd.grad(total.sum(), at, allow_unused=True, materialize_grads=True)
        return [total.detach(), *slopes, *penalty.memory().values()]

    check(value, torch.float64)


@pytest.mark.slow
def test_another_process_finds_the_divergence_by_its_name():
    program = "; ".join([
        "import torch, fgan.objectives",
        "t = torch.tensor([[0.1, 0.2, -1.0]], dtype=torch.float64)",
        "print(torch.ops.fgan.best_shift(t, '0.5*kl + 0.5*js').item())",
    ])  # fmt: skip
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    d = divergence("0.5*kl + 0.5*js")
    t = torch.tensor([[0.1, 0.2, -1.0]], dtype=torch.float64)
    assert name_of(d) == "0.5*kl + 0.5*js"
    assert float(done.stdout) == pytest.approx(fgan.objectives.bounds.best_shift(d, t).item(), abs=1e-12)


def test_a_divergence_that_only_bears_a_name_of_the_catalogue_is_itself():
    mine = Divergence.from_f(lambda u: (u - 1) ** 4, name="kl")
    assert name_of(mine) == name_of(mine) != "kl"
    assert named(name_of(mine)) is mine
