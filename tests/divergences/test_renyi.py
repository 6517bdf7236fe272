import math

import pytest
import torch

import fgan
from fgan.divergences import Bhattacharyya, Renyi, divergence

X = torch.linspace(-14, 15, 100_001, dtype=torch.float64)


def samples(mean: float, n: int = 4001) -> torch.Tensor:
    """Evenly spread quantiles of N(mean, 1): expectations over them are those of the normal, nearly."""
    p = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    return mean + math.sqrt(2) * torch.erfinv(2 * p - 1)


@pytest.mark.parametrize("order", [0.3, 0.5, 2.0, 3.0])
def test_of_normals_it_is_half_the_order(order):
    """R_α(N(0,1) ‖ N(1,1)) = α/2."""
    alpha = (math.exp(order * (order - 1) / 2) - 1) / (order * (order - 1))
    assert Renyi(order).from_alpha(torch.tensor(alpha)).item() == pytest.approx(order / 2, rel=1e-6)


@pytest.mark.parametrize("order", [0.3, 0.5, 0.8, 1.5])
def test_the_bound_is_tight_at_the_log_ratio_plus_any_constant(order):
    real, fake = samples(0.0), samples(1.0)
    for constant in (0.0, -3.0, 40.0):
        bound = Renyi(order).bound(0.5 - real + constant, 0.5 - fake + constant)
        assert bound.item() == pytest.approx(order / 2, rel=1e-2)
    assert Renyi(order).bound(0.4 - 0.7 * real, 0.4 - 0.7 * fake) < order / 2


def test_close_to_order_one_it_is_donsker_varadhan():
    real, fake = torch.randn(50, dtype=torch.float64), torch.randn(60, dtype=torch.float64) - 1
    expected = real.mean() - fake.exp().mean().log()
    assert Renyi(1 + 1e-7).bound(real, fake).item() == pytest.approx(expected.item(), abs=1e-5)


@pytest.mark.parametrize("order", [0.5, 2.0])
def test_the_bound_is_never_above_the_divergence_of_the_samples(order):
    """Of two samples over the same atoms, whatever the critic."""
    p, q = torch.tensor([1, 2, 3, 2]), torch.tensor([3, 1, 2, 2])
    ratio = p.double() / q
    exact = ((q / q.sum()) * ratio**order).sum().log() / (order - 1)
    torch.manual_seed(0)
    for critic in (ratio.log(), *torch.randn(20, 4, dtype=torch.float64)):
        bound = Renyi(order).bound(critic.repeat_interleave(p), critic.repeat_interleave(q))
        assert bound <= exact + 1e-12
    best = Renyi(order).bound(ratio.log().repeat_interleave(p), ratio.log().repeat_interleave(q))
    assert best.item() == pytest.approx(exact.item(), rel=1e-12)


def test_bhattacharyya_is_half_of_order_one_half():
    p, q = (torch.tensor(w, dtype=torch.float64) for w in ([0.3, 0.7], [0.6, 0.4]))
    exact = -(p * q).sqrt().sum().log()
    d = Bhattacharyya()
    hellinger = (q * divergence("squared-hellinger").f(p / q)).sum()
    alpha = (q * d.alpha.f(p / q)).sum()
    assert d.from_hellinger(hellinger).item() == pytest.approx(exact.item(), rel=1e-12)
    assert d.from_alpha(alpha).item() == pytest.approx(exact.item(), rel=1e-12)
    v = torch.randn(9)
    torch.testing.assert_close(d.bound(v, v + 1), Renyi(0.5).bound(v, v + 1) / 2)
    assert (repr(d), d.name) == ("fgan.divergences.Bhattacharyya()", "bhattacharyya")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_the_bound_is_differentiable_and_does_not_overflow(dtype):
    v = torch.tensor([-900.0, 0.0, 900.0], dtype=dtype, requires_grad=True)
    bound = Renyi(2).bound(v, v)
    bound.backward()
    assert bound.isfinite() and v.grad.isfinite().all()
    v = torch.randn(5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda real: Renyi(0.5).bound(real, 2 * real), (v,))


def test_nothing_to_average_is_said():
    with pytest.raises(fgan.FganError, match="at least one critic output on data"):
        Renyi(2).bound(torch.zeros(3), torch.zeros(0))


@pytest.mark.parametrize("order", [1, 0, -1, math.nan, math.inf, "2"])
def test_an_order_that_it_has_not_is_said(order):
    with pytest.raises(fgan.FganError, match="the α of renyi must be a finite number above 0 other than 1"):
        Renyi(order)
