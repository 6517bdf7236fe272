"""Laws that every divergence obeys under every link, on random cases: a new entry is tested by being registered.

The same laws on fixed cases are what `fgan verify` runs, see test_verification.py.
"""

import math

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fgan.divergences import EXAMPLES, Divergence, divergence
from fgan.divergences.newton import invert

EVERY = [
    pytest.param(name, link, id=f"{name}/{link}") for name in EXAMPLES for link in divergence(name).links
]
every_divergence = pytest.mark.parametrize("name", EXAMPLES)
every_link = pytest.mark.parametrize(("name", "link"), EVERY)
few = settings(max_examples=25, deadline=None)

log_ratios = st.floats(-6, 6)
outputs = st.floats(-10, 10)


def at(value: float, *, grad: bool = False) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64, requires_grad=grad)


@st.composite
def discrete_pairs(draw):
    """Two distributions on 2 to 8 atoms, either of which may miss some of them."""
    atoms = draw(st.integers(2, 8))
    weights = st.lists(st.one_of(st.just(0.0), st.floats(0.05, 1.0)), min_size=atoms, max_size=atoms)
    p, q = (torch.tensor(draw(weights.filter(any)), dtype=torch.float64) for _ in range(2))
    return p / p.sum(), q / q.sum()


def exact(d: Divergence, p: torch.Tensor, q: torch.Tensor) -> float:
    """D_f by its definition: q f(p/q) where q > 0, p lim f(u)/u where q = 0."""
    both = q > 0
    inside = (q[both] * d.f(p[both] / q[both])).sum().item()
    missed = p[~both].sum().item()
    return inside + (missed * d.slope_at_infinity if missed else 0.0)


def best_bound(d: Divergence, p: torch.Tensor, q: torch.Tensor) -> float:
    """The supremum of the bound over the critic's outputs, found from the two terms of the bound alone.

    In T each atom's part is concave, and T increases with v, so the best v is next to the best of a table's.
    """

    def part(v):
        # An atom that p or q misses does not pay that term, even where it is infinite.
        return torch.where(p > 0, p * d.real_term(v), 0) - torch.where(q > 0, q * d.fake_term(v), 0)

    # Where an atom is missed the best v is infinite; some links come near it no faster than 1/v.
    far = torch.logspace(-3, 8, 600, dtype=torch.float64)
    reach = torch.cat([-far.flip(0), torch.zeros(1, dtype=torch.float64), far])
    table = part(reach[:, None].expand(-1, len(p))).nan_to_num(nan=-torch.inf)
    place = table.argmax(0)
    low, high = reach[(place - 1).clamp(min=0)], reach[(place + 1).clamp(max=len(reach) - 1)]
    for _ in range(6):
        v = low + (high - low) * torch.linspace(0, 1, 65, dtype=torch.float64)[:, None]
        closer = part(v).nan_to_num(nan=-torch.inf)
        place = closer.argmax(0)
        low, high = (v.gather(0, (place + side).clamp(0, 64)[None])[0] for side in (-1, 1))
    return torch.maximum(closer.max(0).values, table.max(0).values).sum().item()


@every_link
@few
@given(pair=discrete_pairs())
@example(pair=(torch.tensor([0.5, 0.5, 0.0]).double(), torch.tensor([0.0, 0.5, 0.5]).double()))
@example(pair=(torch.tensor([1.0, 0.0]).double(), torch.tensor([0.0, 1.0]).double()))
def test_the_supremum_of_the_bound_is_the_divergence(name, link, pair):
    d = divergence(name, link)
    value, best = exact(d, *pair), best_bound(d, *pair)
    if math.isinf(value):
        assert best > 1e3 or best > best_bound_at(d, pair, 1e3)
    else:
        assert best == pytest.approx(value, rel=1e-6, abs=1e-6)


def best_bound_at(d, pair, v):
    """The bound when every missed atom gets an output of this size: it must still grow for an infinite D_f."""
    p, q = pair
    sign = torch.where(q == 0, v, torch.where(p == 0, -v, 0.0)).double()
    real, fake = d.real_term(sign), d.fake_term(sign)
    return (torch.where(p > 0, p * real, 0) - torch.where(q > 0, q * fake, 0)).sum().item()


@every_link
@few
@given(pair=discrete_pairs(), data=st.data())
def test_no_critic_is_above_the_divergence(name, link, pair, data):
    d = divergence(name, link)
    p, q = pair
    v = torch.tensor(data.draw(st.lists(outputs, min_size=len(p), max_size=len(p))), dtype=torch.float64)
    bound = ((p * d.real_term(v)).sum() - (q * d.fake_term(v)).sum()).item()
    value = exact(d, p, q)
    assert bound <= value + 1e-9 * (1 + abs(bound))


@every_divergence
@few
@given(log_u=log_ratios, log_u_of_t=log_ratios)
def test_fenchel_young(name, log_u, log_u_of_t):
    d = divergence(name)
    u, t = at(log_u).exp(), d.derivative(at(log_u_of_t).exp())
    gap = d.f(u) + d.conjugate(t) - u * t
    assert gap >= -1e-11 * (1 + (u * t).abs() + d.f(u).abs())
    touching = d.f(u) + d.conjugate(d.derivative(u)) - u * d.derivative(u)
    assert touching.abs() <= 1e-10 * (1 + (u * d.derivative(u)).abs() + d.f(u).abs())


@every_divergence
@few
@given(log_u=log_ratios)
def test_f_is_the_conjugate_of_its_conjugate(name, log_u):
    """sup over t of ut - f*(t), which is concave, by looking ever closer around the best of 65 slopes."""
    d = divergence(name)
    u = at(log_u).exp()
    low, high = d.derivative(at(-12.0).exp()), d.derivative(at(12.0).exp())
    if not d.smooth:
        low, high = at(d.slope_at_zero), at(d.slope_at_infinity)
    for _ in range(12):
        t = torch.linspace(float(low), float(high), 65, dtype=torch.float64)
        place = int((u * t - d.conjugate(t)).argmax())
        low, high = t[max(place - 1, 0)], t[min(place + 1, 64)]
    best = (u * t - d.conjugate(t)).max().item()
    assert best == pytest.approx(d.f(u).item(), rel=1e-8, abs=1e-9)


@every_divergence
@few
@given(first=log_ratios, second=log_ratios, share=st.floats(0, 1))
def test_f_is_convex(name, first, second, share):
    d = divergence(name)
    a, b = at(first).exp(), at(second).exp()
    chord = share * d.f(a) + (1 - share) * d.f(b)
    assert d.f(share * a + (1 - share) * b) <= chord + 1e-11 * (1 + d.f(a).abs() + d.f(b).abs())


@every_link
@few
@given(v=st.floats(-8, 8), step=st.floats(1e-3, 5))
def test_the_activation_increases_into_the_domain(name, link, v, step):
    d = divergence(name, link)
    low, high = d.activation(at(v)), d.activation(at(v + step))
    assert low <= high
    assert float(low) in d.conjugate_domain or float(low) == d.conjugate_domain.upper


@every_link
@few
@given(v=st.floats(-8, 8))
def test_the_fake_term_is_the_conjugate_of_the_real_one(name, link, v):
    d = divergence(name, link)
    real, fake = d.real_term(at(v)), d.fake_term(at(v))
    assert torch.equal(real, d.activation(at(v)))
    # t = g_f(v) rounds; where f* is steep, that alone moves f*(t) by u times the rounding.
    u = d.log_ratio(at(v)).exp().clamp(max=1e12)
    slack = 1e-9 * (1 + fake.abs()) + 4e-16 * float(u) * (1 + real.abs())
    assert (fake - d.conjugate(real)).abs() <= slack


@every_link
@few
@given(v=st.floats(-8, 8))
def test_the_log_ratio_is_where_the_output_is_optimal(name, link, v):
    """d fake_term/dv = u d real_term/dv, and T = f'(u)."""
    d = divergence(name, link)
    v = at(v, grad=True)
    (real_slope,) = torch.autograd.grad(d.real_term(v), v, allow_unused=True)
    (fake_slope,) = torch.autograd.grad(d.fake_term(v), v, allow_unused=True)
    u = d.log_ratio(v).detach().exp()
    assert real_slope >= 0
    # A kinked or bent f gives a flat stretch: there one ratio stands for many.
    if u > 0 and real_slope > 0:
        assert fake_slope.item() == pytest.approx((u * real_slope).item(), rel=1e-8, abs=1e-12)
    if d.identifies_ratio and u > 0:
        # u rounds, and the slope of |u - 1|^1.5 is steep at 1.
        assert d.derivative(u).item() == pytest.approx(d.activation(v).item(), rel=1e-8, abs=1e-7)


@every_divergence
@few
@given(log_ratio=log_ratios.filter(lambda value: abs(value) > 1e-3))
def test_the_weight_is_u_squared_times_the_second_derivative(name, log_ratio):
    d = divergence(name)
    if not d.smooth:
        assert d.weight(at(log_ratio)).item() == 0
        return
    u = at(log_ratio).exp().requires_grad_()
    (slope,) = torch.autograd.grad(d.f(u), u, create_graph=True)
    curvature = torch.autograd.grad(slope, u)[0] if slope.requires_grad else torch.zeros(())
    weight = d.weight(at(log_ratio)).item()
    assert weight == pytest.approx((u * u * curvature).item(), rel=1e-5, abs=1e-8)
    assert weight >= 0


@every_divergence
@few
@given(log_u=log_ratios.filter(lambda value: abs(value) > 1e-6))
def test_the_inverse_of_the_derivative(name, log_u):
    d = divergence(name)
    inside = d.identifies_ratio or (name == "marton" and log_u < 0)
    if inside:
        t = d.derivative(at(log_u).exp())
        assert d.log_ratio_at(t).item() == pytest.approx(log_u, abs=1e-6)


@every_divergence
@few
@given(pair=discrete_pairs())
def test_the_dual_exchanges_data_and_model(name, pair):
    d = divergence(name)
    p, q = pair
    assert exact(d.dual, p, q) == pytest.approx(exact(d, q, p), rel=1e-9, abs=1e-9)
    assert exact(d.dual.dual, p, q) == pytest.approx(exact(d, p, q), rel=1e-9, abs=1e-9)
    if d.symmetric:
        assert exact(d, p, q) == pytest.approx(exact(d, q, p), rel=1e-9, abs=1e-9)


@every_divergence
@few
@given(pair=discrete_pairs())
def test_the_range(name, pair):
    d = divergence(name)
    low, high = d.range
    value = exact(d, *pair)
    assert low - 1e-9 <= value <= high + 1e-9 * (1 + abs(high) if math.isfinite(high) else 1)
    assert exact(d, pair[0], pair[0]) == pytest.approx(low, abs=1e-9)
    apart = (torch.tensor([1.0, 0.0]).double(), torch.tensor([0.0, 1.0]).double())
    assert exact(d, *apart) == pytest.approx(high, rel=1e-12)


@few
@given(pair=discrete_pairs())
def test_known_inequalities(pair):
    def value(name):
        return exact(divergence(name), *pair)

    slack = 1e-9
    tv, kl, hellinger, chi2 = map(value, ("total-variation", "kl", "squared-hellinger", "pearson"))
    assert 2 * tv**2 <= kl + slack  # Pinsker
    assert hellinger / 2 <= tv + slack  # Le Cam, with 1 - BC = half of ours
    assert tv <= math.sqrt(hellinger * (1 - hellinger / 4)) + slack
    assert kl <= math.log1p(chi2) + slack
    assert value("js") <= 2 * math.log(2) * tv + slack  # Lin
    assert value("triangular") <= 2 * hellinger + slack  # Topsøe
    assert hellinger <= value("triangular") + slack
    assert value("gan") == pytest.approx(value("js") - math.log(4))
    assert value("hockey-stick:2") <= value("hockey-stick:1") + slack
    assert value("hockey-stick:1") == pytest.approx(tv, abs=slack)
    assert value("skew-js:0.1") <= value("skew-js:0.5") + 0.5  # bounded by the entropy of (π, 1 - π)
    assert value("skew-kl:0.5") <= min(kl, math.log(2)) + slack
    assert value("skew-pearson:0.5") == pytest.approx(value("triangular") / 2)
    assert value("harmonic") == pytest.approx(value("triangular") / 2)
    assert value("chi:1") == pytest.approx(2 * tv)
    assert value("marton") <= min(1.0, chi2) + slack
    orders = [value(name) for name in ("alpha:-1", "reverse-kl", "alpha:0.5", "kl", "alpha:2")]
    if all(map(math.isfinite, orders)):
        mean = [a * (a - 1) * d for a, d in zip((-1, 0, 0.5, 1, 2), orders, strict=True)]
        assert mean[0] >= -slack and mean[2] <= slack and mean[4] >= -slack  # signs of E_Q u^α - 1


@every_link
def test_gradients_are_right(name, link):
    d = divergence(name, link)
    v = torch.tensor([-1.7, -0.3, 0.4, 2.5], dtype=torch.float64, requires_grad=True)
    for term in (d.real_term, d.fake_term):
        assert torch.autograd.gradcheck(term, (v,))
    t = d.activation(v).detach()
    if d.smooth:
        inside = t[t < d.conjugate_domain.upper - 1e-3].requires_grad_()  # it looks to both sides
        assert torch.autograd.gradcheck(d.conjugate, (inside,))
    u = torch.tensor([0.3, 0.8, 1.7, 2.6], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(d.f, (u,))


@every_link
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
def test_extremes_are_never_nan_and_finite_where_the_true_value_fits(name, link, dtype):
    d = divergence(name, link)
    v = torch.tensor([-1e4, -300, -88, -60, -30, -17, -2, 0, 2, 17, 30, 60, 88, 300, 1e4]).to(dtype)
    largest, digits = torch.finfo(dtype).max, torch.finfo(dtype).eps
    for term in (d.real_term, d.fake_term):
        here, wide = v.clone().requires_grad_(), v.double().requires_grad_()
        got, truth = term(here), term(wide)
        (slope,) = torch.autograd.grad(got.sum(), here, allow_unused=True)
        (true_slope,) = torch.autograd.grad(truth.sum(), wide, allow_unused=True)
        assert got.dtype == dtype
        for value, expected in ((got, truth), (slope, true_slope)):
            assert not value.isnan().any(), (v[value.isnan()], value)
            assert not expected.isnan().any()
            fits = expected.abs() < largest / 2
            assert value[fits].isfinite().all()
            assert (value[~fits].abs() >= largest / 4).all()
            # An exponent of size |v| that is right to the last digit is off by |v| eps once exponentiated.
            rtol = 4 * digits * (100 if dtype == torch.float32 else 1) + 1e-5
            torch.testing.assert_close(value[fits].double(), expected[fits], rtol=rtol, atol=40 * digits)


@every_link
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64], ids=str)
def test_at_the_ends_of_a_type_nothing_is_nan(name, link, dtype):
    d, largest = divergence(name, link), torch.finfo(dtype).max
    v = torch.tensor([-largest, -largest / 4, largest / 4, largest], dtype=dtype)
    beyond = torch.tensor([-torch.inf, torch.inf], dtype=dtype)
    for values in (d.real_term(v), d.fake_term(v), d.log_ratio(v), d.log_ratio(beyond)):
        assert values.dtype == dtype and not values.isnan().any()
        assert bool((values[1:] >= values[:-1]).all())


@pytest.mark.parametrize("name", ["jeffreys", "symmetric-chi2"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_newtons_method_from_a_start_of_its_own_finds_what_the_general_one_does(name, dtype):
    d, sizes = divergence(name), torch.logspace(-12, 5, 500, dtype=torch.float64)
    t = torch.cat([sizes, torch.linspace(0, 30, 500, dtype=torch.float64)]).to(dtype)
    t = torch.cat([t, -t])
    expected = invert(d.real_at, t.double())
    assert d.conjugate(torch.tensor([-torch.inf, torch.inf], dtype=dtype)).tolist() == [-math.inf, math.inf]
    v = torch.tensor([-30.0, -1.7, 0.0, 2.5, 40.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(d.with_link("paper").fake_term, (v,))
    torch.testing.assert_close(
        d.log_ratio_at(t).double(), expected, rtol=8 * torch.finfo(dtype).eps, atol=8 * torch.finfo(dtype).eps
    )


@every_link
def test_bound_is_the_difference_of_the_means(name, link):
    d = divergence(name, link)
    v_real, v_fake = torch.tensor([0.5, 1.5]), torch.tensor([[-0.5], [0.25], [1.0]])
    expected = d.real_term(v_real).mean() - d.fake_term(v_fake).mean()
    assert d.bound(v_real, v_fake).shape == ()
    torch.testing.assert_close(d.bound(v_real, v_fake), expected)
