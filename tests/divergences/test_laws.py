"""Laws that every divergence obeys under every link, on random cases: a new entry is tested by being registered.

On the points that `fgan verify` takes they are tested in tests/verification/test_verification.py.
"""

import math

import pytest
import torch
from cases import together
from catalogue import EVERY, EVERY_LINK, SMOOTH
from hypothesis import example, given
from strategies import log_ratios, numbers, pairs, points

from fgan.divergences import divergence
from fgan.divergences.newton import invert
from fgan.verification import broken_laws
from fgan.verification.points import Pairs, exact

every_link = together("name, link", EVERY_LINK)


@pytest.mark.parametrize("name", EVERY)
@given(at=points())
def test_every_law_holds_at_random_points(name, at):
    assert broken_laws(divergence(name), at) == {}


@given(log_u=log_ratios.filter(lambda value: value < 0))
def test_the_inverse_of_martons_derivative_below_one(log_u):
    """It knows these ratios, though not those above, so that the law of the inverse does not ask it."""
    d = divergence("marton")
    assert d.log_ratio_at(d.derivative(numbers(log_u).exp())).item() == pytest.approx(log_u, abs=1e-6)


@together("name", [name for name in EVERY if name not in SMOOTH])
def test_a_kink_has_no_weight(name):
    assert not divergence(name).weight(torch.linspace(-6, 6, 50)).any()


@given(on=pairs)
@example(on=Pairs.of_weights([(numbers([1.0, 0.0]), numbers([0.0, 1.0]))]))
def test_known_inequalities(on):
    def value(name):
        return exact(divergence(name), on)

    def same(one, other):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-9)

    slack = 1e-9
    tv, kl, hellinger, chi2 = map(value, ("total-variation", "kl", "squared-hellinger", "pearson"))
    assert (2 * tv**2 <= kl + slack).all()  # Pinsker
    assert (hellinger / 2 <= tv + slack).all()  # Le Cam, with 1 - BC = half of ours
    assert (tv <= (hellinger * (1 - hellinger / 4)).sqrt() + slack).all()
    assert (kl <= chi2.log1p() + slack).all()
    assert (value("js") <= 2 * math.log(2) * tv + slack).all()  # Lin
    assert (value("triangular") <= 2 * hellinger + slack).all()  # Topsøe
    assert (hellinger <= value("triangular") + slack).all()
    same(value("gan"), value("js") - math.log(4))
    assert (value("hockey-stick:2") <= value("hockey-stick:1") + slack).all()
    same(value("hockey-stick:1"), tv)
    assert (value("skew-js:0.1") <= value("skew-js:0.5") + 0.5).all()  # bounded by the entropy of (π, 1 - π)
    assert (value("skew-kl:0.5") <= kl.clamp(max=math.log(2)) + slack).all()
    same(value("skew-pearson:0.5"), value("triangular") / 2)
    same(value("harmonic"), value("triangular") / 2)
    same(value("chi:1"), 2 * tv)
    assert (value("marton") <= chi2.clamp(max=1.0) + slack).all()
    for a, order in ((-1, "alpha:-1"), (0.5, "alpha:0.5"), (2, "alpha:2")):
        mean = a * (a - 1) * value(order)  # E_Q u^α - 1
        assert (mean <= slack if a == 0.5 else mean >= -slack).all()


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


@together(
    "name, link, dtype",
    [(*one, dtype) for one in EVERY_LINK for dtype in (torch.float32, torch.bfloat16, torch.float64)],
)
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
