"""Laws that every divergence obeys under every link: a new entry is tested by being registered."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fgan.divergences import CATALOGUE, Divergence, divergence

LINKS = Divergence.LINKS
EVERY = [pytest.param(name, link, id=f"{name}/{link}") for name in CATALOGUE for link in LINKS]
every_divergence = pytest.mark.parametrize("name", CATALOGUE)
every_link = pytest.mark.parametrize(("name", "link"), EVERY)

U = torch.logspace(-3, 3, 4001, dtype=torch.float64)
V = torch.linspace(-12, 12, 2401, dtype=torch.float64)

# D_f between N(0, 1) and N(1, 1) in the normalisation of `f`, from closed forms (JS by quadrature).
STANDARD_NORMALS_ONE_APART = {
    "total-variation": 0.382925,
    "kl": 0.5,
    "reverse-kl": 0.5,
    "pearson": math.e - 1,
    "squared-hellinger": 0.235006,
    "js": 2 * 0.111421,
    "gan": 2 * 0.111421 - math.log(4),
}


@every_divergence
def test_f_is_convex_and_has_the_stated_derivative(name):
    d = divergence(name)
    left, right = U[:-1], U[1:]
    chord = (d.f(left) + d.f(right)) / 2
    assert (d.f((left + right) / 2) <= chord + 1e-12 * chord.abs().clamp(min=1)).all()
    u = U[(U - 1).abs() > 1e-3].clone().requires_grad_()
    (slope,) = torch.autograd.grad(d.f(u).sum(), u)
    torch.testing.assert_close(d.derivative(u), slope, rtol=1e-9, atol=1e-9)


@every_divergence
def test_f_at_one_is_zero_except_for_gan(name):
    expected = -math.log(4) if name == "gan" else 0.0
    assert divergence(name).f(torch.tensor(1.0, dtype=torch.float64)).item() == pytest.approx(
        expected, abs=1e-15
    )


@every_divergence
def test_threshold_is_the_derivative_at_one(name):
    d = divergence(name)
    assert d.derivative(torch.tensor(1.0, dtype=torch.float64)).item() == pytest.approx(
        d.threshold, abs=1e-15
    )


@every_divergence
def test_conjugate_is_the_supremum_over_nonnegative_u(name):
    d = divergence(name)
    u = torch.cat([torch.zeros(1, dtype=torch.float64), torch.logspace(-6, 4, 200_001, dtype=torch.float64)])
    f = d.f(u)
    t = d.derivative(torch.logspace(-2.5, 2.5, 41, dtype=torch.float64))
    below_the_slope_at_zero = torch.tensor([-5.0, -3.0, -1.5], dtype=torch.float64)
    for value in torch.cat([t, below_the_slope_at_zero]):
        supremum = (u * value - f).max().item()
        assert d.conjugate(value).item() == pytest.approx(supremum, rel=1e-6, abs=1e-6), f"t = {value}"


@every_divergence
def test_conjugate_is_infinite_exactly_outside_its_domain(name):
    d = divergence(name)
    t = torch.linspace(-4, 4, 801, dtype=torch.float64)
    t = torch.cat([t, torch.tensor([d.conjugate_domain.upper], dtype=torch.float64).clamp(max=100)])
    inside = d.conjugate_domain.contains(t)
    assert torch.equal(d.conjugate(t).isfinite(), inside)
    assert (d.conjugate(t)[~inside] == math.inf).all()
    assert inside.tolist() == [value in d.conjugate_domain for value in t.tolist()]


@every_divergence
@settings(max_examples=50, deadline=None)
@given(log_u=st.floats(-6, 6), t_of=st.floats(-6, 6))
def test_fenchel_young(name, log_u, t_of):
    d = divergence(name)
    u = torch.tensor(log_u, dtype=torch.float64).exp()
    t = d.derivative(torch.tensor(t_of, dtype=torch.float64).exp())
    gap = d.f(u) + d.conjugate(t) - u * t
    scale = 1 + (u * t).abs() + d.f(u).abs()
    assert gap >= -1e-12 * scale
    touching = d.f(u) + d.conjugate(d.derivative(u)) - u * d.derivative(u)
    assert touching.abs() <= 1e-11 * (1 + (u * d.derivative(u)).abs() + d.f(u).abs())


@every_link
def test_activation_increases_into_the_domain(name, link):
    d = divergence(name, link)
    t = d.activation(V)
    assert (t.diff() >= 0).all()
    assert t[-1] > t[0]
    # Rounding may take a value to the edge of the domain, never over it.
    assert (t <= d.conjugate_domain.upper).all()
    assert d.conjugate_domain.contains(t[V.abs() < 10]).all()


@every_link
def test_fused_terms_equal_the_composition(name, link):
    d = divergence(name, link)
    v = V[V.abs() < 8]
    assert torch.equal(d.real_term(v), d.activation(v))
    torch.testing.assert_close(d.fake_term(v), d.conjugate(d.activation(v)), rtol=1e-9, atol=1e-9)


@every_link
def test_log_ratio_is_where_the_output_is_optimal(name, link):
    d = divergence(name, link)
    v = V[(V.abs() < 8)].clone().requires_grad_()
    (real_slope,) = torch.autograd.grad(d.real_term(v).sum(), v)
    (fake_slope,) = torch.autograd.grad(d.fake_term(v).sum(), v)
    u = d.log_ratio(v).exp()
    torch.testing.assert_close(fake_slope, u * real_slope, rtol=1e-9, atol=1e-12)
    if d.identifies_ratio:
        reachable = u > 0
        torch.testing.assert_close(
            d.derivative(u[reachable]), d.activation(v)[reachable], rtol=1e-9, atol=1e-9
        )
        assert (d.log_ratio(V).diff()[V[:-1] > -2] > 0).all()


@every_link
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_bound_is_tight_on_discrete_distributions(name, link, data):
    """At v = link's inverse of log(p/q) the bound is D_f; at any other v it is no more."""
    d = divergence(name, link)
    atoms = data.draw(st.integers(2, 6))
    weights = st.lists(st.floats(0.05, 1.0), min_size=atoms, max_size=atoms)
    p, q = (torch.tensor(data.draw(weights), dtype=torch.float64) for _ in range(2))
    p, q = p / p.sum(), q / q.sum()
    exact = (q * d.f(p / q)).sum()

    def bound(v):
        return (p * d.real_term(v)).sum() - (q * d.fake_term(v)).sum()

    best = torch.stack([bisect_log_ratio(d, target) for target in (p / q).log()])
    torch.testing.assert_close(bound(best), exact, rtol=1e-6, atol=1e-6)
    elsewhere = torch.tensor(data.draw(st.lists(st.floats(-10, 10), min_size=atoms, max_size=atoms)))
    assert bound(elsewhere.double()) <= exact + 1e-9


def bisect_log_ratio(d: Divergence, target: torch.Tensor) -> torch.Tensor:
    """The v at which the critic is optimal for the log-ratio `target`, found from the activation alone."""
    wanted = d.derivative(target.exp())
    low, high = torch.tensor(-1e4, dtype=torch.float64), torch.tensor(1e4, dtype=torch.float64)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if d.activation(middle) < wanted else (low, middle)
    return high


@every_divergence
def test_bound_of_the_true_ratio_between_gaussians_is_the_closed_form(name):
    d = divergence(name, "log-ratio")
    x = torch.linspace(-14, 15, 200_001, dtype=torch.float64)
    p, q = (torch.exp(-((x - mean) ** 2) / 2) / math.sqrt(2 * math.pi) for mean in (0.0, 1.0))
    exact = torch.trapezoid(q * d.f(p / q), x).item()
    assert exact == pytest.approx(STANDARD_NORMALS_ONE_APART[name], abs=2e-6)
    log_ratio = 0.5 - x
    bound = torch.trapezoid(p * d.real_term(log_ratio) - q * d.fake_term(log_ratio), x).item()
    assert bound == pytest.approx(exact, abs=1e-6)


@every_link
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
def test_extremes_are_never_nan_and_finite_where_the_true_value_fits(name, link, dtype):
    d = divergence(name, link)
    v = torch.tensor([-1e4, -300, -88, -30, -17, -2, 0, 2, 17, 30, 88, 300, 1e4]).to(dtype)
    largest = torch.finfo(dtype).max
    for term in (d.real_term, d.fake_term):
        here, exact = v.clone().requires_grad_(), v.double().requires_grad_()
        (slope,) = torch.autograd.grad(term(here).sum(), here)
        (exact_slope,) = torch.autograd.grad(term(exact).sum(), exact)
        for got, truth in ((term(here), term(exact)), (slope, exact_slope)):
            assert not got.isnan().any()
            fits = truth.abs() < largest / 2
            assert got[fits].isfinite().all()
            assert (got[~fits].abs() >= largest / 4).all()
            rtol = 0.05 if dtype == torch.bfloat16 else 1e-4
            torch.testing.assert_close(got[fits].double(), truth[fits], rtol=rtol, atol=0.02)


@every_link
def test_gradients_are_right(name, link):
    d = divergence(name, link)
    v = torch.tensor([-1.7, -0.3, 0.4, 2.5], dtype=torch.float64, requires_grad=True)
    for term in (d.real_term, d.fake_term):
        assert torch.autograd.gradcheck(term, (v,))


@every_link
def test_bound_is_the_difference_of_the_means(name, link):
    d = divergence(name, link)
    v_real, v_fake = torch.tensor([0.5, 1.5]), torch.tensor([[-0.5], [0.25], [1.0]])
    expected = d.real_term(v_real).mean() - d.fake_term(v_fake).mean()
    assert d.bound(v_real, v_fake).shape == ()
    torch.testing.assert_close(d.bound(v_real, v_fake), expected)
