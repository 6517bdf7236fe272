"""The building blocks: values and slopes in the tails, and what torch.func asks of them."""

import copy
import math
import pickle

import pytest
import torch
from cases import together
from catalogue import EVERY, EVERY_LINK
from torch.autograd import forward_ad

import fgan
from fgan.divergences import Divergence, divergence
from fgan.divergences.elementary import exp_difference, log_softplus, quadratic, softplus, value_and_slope
from fgan.divergences.newton import invert

X = torch.tensor([-3.0, -0.5, 0.7, 2.0], dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize(
    "function",
    [
        softplus,
        log_softplus,
        lambda x: exp_difference(x, 0.5, -2.0, 0.3),
        lambda x: quadratic(x, 0.5, -2.0, 0.3),
    ],
    ids=["softplus", "log_softplus", "exp_difference", "quadratic"],
)
def test_first_and_second_derivatives(function):
    assert torch.autograd.gradcheck(function, (X,))
    assert torch.autograd.gradgradcheck(function, (X,))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_softplus_to_the_last_digit(dtype):
    x = torch.linspace(-80, 80, 641, dtype=dtype)
    digit = torch.finfo(dtype).eps
    torch.testing.assert_close(softplus(x), torch.logaddexp(x, torch.zeros_like(x)), rtol=2 * digit, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_log_softplus_where_softplus_is_too_small(dtype):
    x = torch.tensor([-1000.0, -60.0, -41.0, -39.0, 0.0, 50.0], dtype=dtype, requires_grad=True)
    y = log_softplus(x)
    exact = torch.tensor([-1000.0, -60.0, -41.0, -39.0, math.log(math.log(2)), math.log(50)], dtype=dtype)
    torch.testing.assert_close(y, exact)
    (slope,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(slope[:4], torch.ones(4, dtype=dtype))


@together("name, link", EVERY_LINK)
def test_slopes_keep_their_digits_in_the_tails(name, link):
    """A gradient that is small in float32 is small, not rounded to 0 or to the wrong sign."""
    d = divergence(name, link)
    v = torch.tensor([-16.0, -10.0, -8.0, 8.0, 10.0, 16.0])
    for term in (d.real_term, d.fake_term):
        here, wide = v.clone().requires_grad_(), v.double().requires_grad_()
        (slope,) = torch.autograd.grad(term(here).sum(), here, allow_unused=True)
        (exact,) = torch.autograd.grad(term(wide).sum(), wide, allow_unused=True)
        assert (slope >= 0).all()
        # Differences of terms of size 1 (softened, mixed and triangular ones) keep an absolute error.
        fits = exact < 1e38
        torch.testing.assert_close(slope[fits].double(), exact[fits], rtol=2e-3, atol=2e-5)
    if name.startswith(("alpha", "pearson", "neyman", "squared", "cressie", "tsallis")):
        (slope,) = torch.autograd.grad(d.fake_term(here).sum(), here)
        torch.testing.assert_close(slope[fits].double(), exact[fits], rtol=2e-3, atol=0)


@together("name, link", EVERY_LINK)
def test_a_dimension_more_by_vmap_is_no_difference(name, link):
    """What an ensemble of critics asks for."""
    d = divergence(name, link)
    v = torch.linspace(-2, 2, 12).reshape(3, 4)
    t = d.real_term(v)
    for function, x in ((d.real_term, v), (d.fake_term, v), (d.log_ratio, v), (d.conjugate, t)):
        torch.testing.assert_close(torch.func.vmap(function)(x), function(x))
    x = v[0].clone().requires_grad_()
    fake = d.fake_term(x)
    if fake.requires_grad:
        (jacobian,) = torch.autograd.grad(fake, x, torch.eye(4), is_grads_batched=True, retain_graph=True)
        (slope,) = torch.autograd.grad(fake.sum(), x)
        torch.testing.assert_close(jacobian, slope.diag())


@together("name", [*EVERY, "0.5*kl + dual(js)", "f(u)=(u-1)**4"])
def test_it_travels_to_another_process(name):
    d = divergence(name)
    v = torch.linspace(-2, 2, 9)
    twin = copy.copy(d) if name.startswith("f(u)") else pickle.loads(pickle.dumps(d))
    assert (twin.name, twin.link) == (d.name, d.link)
    torch.testing.assert_close(twin.real_term(v), d.real_term(v))


def test_the_inverse_beyond_the_range_is_infinite_and_has_no_slope():
    t = torch.tensor([-3.0, -2.0 + 1e-3, 0.0, 0.999, 1.0, 5.0], dtype=torch.float64, requires_grad=True)
    log_ratio = invert(lambda x: torch.tanh(x / 2) * 1.5 - 0.5, t)  # from -2 to 1
    assert (log_ratio[0], log_ratio[4], log_ratio[5]) == (-math.inf, math.inf, math.inf)
    assert log_ratio[1:4].isfinite().all()
    (slope,) = torch.autograd.grad(log_ratio[1:4].sum() + log_ratio[[0, 4, 5]].sum(), t)
    assert slope[[0, 4, 5]].eq(0).all() and (slope[1:4] > 0).all()


@pytest.mark.parametrize("pi", [1e-6, 1e-3, 0.999])
@pytest.mark.parametrize("family", ["skew-js", "skew-kl", "skew-pearson"])
def test_mixtures_near_their_limits_keep_their_digits(family, pi):
    d = divergence(f"{family}:{pi}")
    v = torch.linspace(-6, 6, 97)
    for term in (d.real_term, d.fake_term):
        exact = term(v.double())
        torch.testing.assert_close(term(v).double(), exact, rtol=3e-5, atol=3e-5 * float(exact.abs().max()))


def test_sums_fractions_and_what_is_no_divergence():
    kl, js = divergence("kl"), divergence("js")
    assert sum([kl, js]).name == "kl + js" and (kl / 2).name == "0.5*kl"
    for wrong in (lambda: kl / 0, lambda: kl + 1, lambda: 1 + kl, lambda: kl * "2"):
        with pytest.raises(TypeError):
            wrong()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_bounds_of_half_precision_outputs_are_averaged_in_float32(dtype):
    v = torch.linspace(-3, 3, 4096).to(dtype)
    for bound in (divergence("js").bound, fgan.divergences.Renyi(2.0).bound):
        assert bound(v, v).dtype == torch.float32
        torch.testing.assert_close(bound(v, v), bound(v.float(), v.float()))


@together("name, link", [*EVERY_LINK, ("f(u)=(u-1)**4", "log-ratio")])
def test_what_a_divergence_says_does_not_depend_on_the_mode(name, link):
    d, v = divergence(name, link), torch.linspace(-3, 3, 13, dtype=torch.float64)

    def said():
        return torch.stack(
            [d.real_term(v), d.fake_term(v), d.weight(v), d.derivative(v.exp()), d.log_ratio(v)]
        )

    expected = said()
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            torch.testing.assert_close(said(), expected, rtol=0, atol=0, equal_nan=True)


def test_the_parameters_of_ones_own_f_have_gradients():
    a = torch.nn.Parameter(torch.tensor(2.0, dtype=torch.float64))
    d = Divergence.from_f(lambda u: a * (u - 1) ** 2, name="mine")
    assert d.links == ("log-ratio",)  # a table of another link would keep the parameter's first value
    v = torch.tensor([0.5, -0.5], dtype=torch.float64)
    d.real_term(v).sum().backward()
    assert a.grad.item() == pytest.approx(float((2 * v.expm1()).sum()))


def test_slopes_have_tangents():
    x = torch.tensor([0.5], dtype=torch.float64)
    with forward_ad.dual_level():
        _, slope = value_and_slope(torch.exp, forward_ad.make_dual(x, torch.ones_like(x)))
        assert forward_ad.unpack_dual(slope).tangent.item() == pytest.approx(x.exp().item())
