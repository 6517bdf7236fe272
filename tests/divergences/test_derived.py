"""Any f that a user writes down: equal to the catalogue where both know it, and diagnosed where it is wrong."""

import functools
import itertools
import math

import pytest
import torch
from cases import together
from catalogue import EVERY

import fgan
from fgan.divergences import divergence
from fgan.divergences.expression import parse

L = torch.linspace(-8, 8, 161, dtype=torch.float64)
AWAY_FROM_KINKS = L[(L.abs() > 0.02) & ((L - math.log(2)).abs() > 0.02) & ((L + math.log(2)).abs() > 0.02)]


@functools.cache
def written(name: str) -> tuple[fgan.Divergence, fgan.Divergence]:
    """A catalogue entry, and what is derived from its f alone."""
    entry = divergence(name, "log-ratio")
    own = fgan.Divergence.from_f(parse(entry.formulas.f, "u", entry.formulas.constants), name="written")
    return entry, own.with_link("log-ratio")


def values_and_slopes(function, x):
    x = x.clone().requires_grad_()
    y = function(x)
    if not y.requires_grad:  # a constant, such as the weight of reverse KL
        return y, torch.zeros_like(x)
    (slope,) = torch.autograd.grad(y.sum(), x, allow_unused=True)
    return y.detach(), torch.zeros_like(x) if slope is None else slope


@together("name", EVERY)
def test_a_written_f_agrees_with_the_catalogue_in_value_and_gradient(name):
    entry, own = written(name)
    shift = entry.f_at_one  # "gan" alone is not 0 there; from_f moves it
    for term, offset in (("real_term", 0.0), ("fake_term", shift), ("weight", 0.0)):
        value, slope = values_and_slopes(getattr(own, term), AWAY_FROM_KINKS)
        expected, expected_slope = values_and_slopes(getattr(entry, term), AWAY_FROM_KINKS)
        torch.testing.assert_close(value, expected + offset, rtol=1e-6, atol=1e-8)
        torch.testing.assert_close(slope, expected_slope, rtol=1e-6, atol=1e-6)
    u = AWAY_FROM_KINKS.exp()
    torch.testing.assert_close(own.f(u), entry.f(u) - shift, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(own.derivative(u), entry.derivative(u), rtol=1e-6, atol=1e-9)


@together("name", EVERY)
def test_the_conjugate_of_a_written_f_agrees(name):
    entry, own = written(name)
    t = entry.derivative(torch.linspace(-4, 4, 33, dtype=torch.float64).exp())
    if not entry.smooth:
        t = torch.linspace(entry.slope_at_zero, entry.slope_at_infinity, 21, dtype=torch.float64)[1:-1]
    t = torch.cat([t, torch.tensor([-50.0], dtype=torch.float64)])  # below every bounded slope
    value, slope = values_and_slopes(own.conjugate, t)
    expected, expected_slope = values_and_slopes(entry.conjugate, t)
    torch.testing.assert_close(value, expected + entry.f_at_one, rtol=1e-6, atol=1e-7)
    if entry.smooth and entry.identifies_ratio:
        torch.testing.assert_close(slope, expected_slope, rtol=1e-6, atol=1e-7)
    outside = torch.tensor([entry.slope_at_infinity + 0.01], dtype=torch.float64)
    if outside.isfinite():
        assert own.conjugate(outside).item() == math.inf


@together("name", EVERY)
def test_the_limits_of_a_written_f_agree(name):
    entry, own = written(name)
    for fact in ("f_at_zero", "slope_at_zero", "slope_at_infinity", "threshold"):
        expected = getattr(entry, fact) - (entry.f_at_one if fact == "f_at_zero" else 0.0)
        assert getattr(own, fact) == pytest.approx(expected, abs=1e-6), fact
    assert own.conjugate_domain.closed == entry.conjugate_domain.closed
    assert own.symmetric == entry.symmetric
    assert own.smooth == entry.smooth
    assert own.identifies_ratio == entry.identifies_ratio


@together("name, dtype", itertools.product(EVERY, (torch.float32, torch.bfloat16, torch.float64)))
def test_extremes_of_a_written_f_are_never_nan(name, dtype):
    own = written(name)[1]
    linear = own.with_link("linear")
    v = torch.tensor([-1e4, -100, -1, 0, 1, 100, 1e4], dtype=dtype, requires_grad=True)
    for term in (own.real_term, own.fake_term, linear.real_term, linear.fake_term):
        got = term(v)
        slope = torch.autograd.grad(got.sum(), v, allow_unused=True)[0]
        assert got.dtype == dtype and not got.isnan().any()
        assert slope is None or not slope.isnan().any()
        assert (got[1:] >= got[:-1]).all()


def test_a_bound_beyond_the_trusted_ratios_is_still_a_bound():
    """Beyond, both terms stay at the edge's point of the conjugate's graph, so no critic gains there."""
    own = fgan.Divergence.from_f("f(u) = exp(u)").with_link("log-ratio")
    _, high = own.trusted
    assert high < 8
    v = torch.tensor([high, high + 1, 50.0], dtype=torch.float64)
    assert torch.equal(own.real_term(v), own.real_term(v[:1]).expand(3))
    assert torch.equal(own.fake_term(v), own.fake_term(v[:1]).expand(3))


def test_gradients_of_a_quartic():
    own = fgan.Divergence.from_f(lambda u: (u - 1) ** 4, name="quartic")
    by_ratio = own.with_link("log-ratio")
    assert own.name == "quartic" and own.link == "linear" and by_ratio.notes == ()
    v = torch.tensor([-1.5, 0.3, 1.2], dtype=torch.float64, requires_grad=True)
    for term in (own.real_term, own.fake_term, by_ratio.real_term, by_ratio.fake_term, own.weight):
        assert torch.autograd.gradcheck(term, (v,))
    t = torch.tensor([-3.0, -0.5, 0.2, 4.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(own.conjugate, (t,))
    assert torch.autograd.gradgradcheck(own.conjugate, (t,))
    assert torch.autograd.gradcheck(own.log_ratio_at, (t,))
    torch.testing.assert_close(own.conjugate(t), t + 3 * (t.abs() / 4) ** (4 / 3), rtol=1e-12, atol=1e-12)


def test_a_shift_and_an_affine_part_are_reported():
    own = fgan.divergence("f(u) = u**2")
    assert own.f(torch.tensor(1.0)).item() == 0
    assert any("f(1) = 1 is not 0: f - 1 is used" in note for note in own.notes)
    assert any("the term 2(u - 1) does not change the divergence" in note for note in own.notes)


@pytest.mark.parametrize(
    ("f", "kinks"),
    [
        ("f(u)=abs(u-1)/2", ("1",)),
        ("f(u)=u*log(u) + 0.01*abs(u - 2)", ("2",)),
        ("f(u)=max(u - 3, 0) + max(0.2 - u, 0)", ("0.2", "3")),
    ],
    ids=["tv", "small", "two"],
)
def test_a_kink_is_a_note_and_has_no_log_ratio_link(f, kinks):
    own = fgan.divergence(f)
    assert any(f"a kink at u = {', '.join(kinks)}:" in note for note in own.notes)
    assert own.link == "linear" and own.kinks == pytest.approx([float(u) for u in kinks])
    with pytest.raises(fgan.FganError, match=r"its f has a kink.*Use one of its other links: linear"):
        fgan.GANLoss(own.with_link("log-ratio"))


def counting(u):
    return torch.tensor([float(x) ** 2 for x in u.detach()])


@pytest.mark.parametrize(
    ("f", "said"),
    [
        ("f(u)=sqrt(u)", r"not convex: its slope falls from f'\(1\) = 0.5 to f'\(1\.13"),
        ("f(u)=u**4 - 3*u**2 + u", r"not convex: its slope falls from f'\(0\.6"),
        ("f(u)=log(u - 0.5)", r"must be finite for every u > 0; f\(0\.4\d+\) = nan"),
        ("f(u)=1/(u - 2)**2", r"must be finite|not convex"),
        ("f(u)=-1/u + u", "not convex"),
        (lambda u: (u - 1) ** 2 - 0.1 * (u - 2.3).abs(), r"at u = 2\.3 its slope jumps down from 2\.7 to 2\.5"),
        ("f(u)=(u-1)**2 - 1e-3*exp(-((u - 3)/0.01)**2)", r"not convex: f''\(2\.9\d+\) = -"),
        ("f(u)=3*u + 1", "is affine, so its divergence is 4 for all P and Q"),
        ("f(u)=0*u", "is affine, so its divergence is 0"),
        (lambda u: (u * u).sum(), r"must keep the shape of its input, \(3,\); it returned \(\)"),
        (lambda u: (u * u)[:2], r"must keep the shape of its input, \(3,\); it returned \(2,\)"),
        (lambda u: 1.0, "must return a tensor; it returned float"),
        (lambda u: u.float() ** 2, r"must keep the dtype of its input, torch\.float64"),
        (lambda u: u**2 + torch.arange(3) * 0.1, "must be elementwise"),
        (lambda u: u.detach() ** 2, r"cannot be differentiated|affine"),
        (lambda u: torch.round(u), "not convex, jumps, or loses all digits"),
        (lambda u: torch.tensor((u.detach() ** 2).numpy()), "cannot be differentiated"),
        (lambda u: math.log(u), "with torch operations; at u = .* it raised"),
        (counting, "must keep the dtype|cannot be differentiated"),
    ],
    ids=[
        "concave", "dented", "domain", "pole", "minus", "falling", "narrow", "affine", "zero", "scalar", "short",
        "float", "float32", "positional", "detached", "rounded", "numpy", "math", "counting",
    ],
)  # fmt: skip
def test_an_f_that_cannot_be_used_is_said(f, said):
    with pytest.raises(fgan.FganError, match=said):
        fgan.Divergence.from_f(f)


def test_a_written_f_trains():
    loss = fgan.GANLoss("f(u)=(u-1)**4")
    v = torch.tensor([-0.5, 0.5], requires_grad=True)
    (loss.critic(v, v) + loss.generator(v)).backward()
    assert v.grad.isfinite().all()


def test_its_name_reads_back():
    for name in ("f(u)=(u-1)**4", "f(u) = u*log(u)", "f(x) = x**2"):
        own = fgan.divergence(name)
        again = fgan.divergence(own.name)
        assert again.name == own.name
        torch.testing.assert_close(again.real_term(L), own.real_term(L))


@pytest.mark.parametrize("size", [1e-12, 1e-3, 1e12])
@pytest.mark.parametrize("name", ["pearson", "js", "total-variation", "reverse-kl", "jeffreys"])
def test_the_scale_of_f_does_not_matter(name, size):
    """Tolerances are relative: c f is to c what f is to 1."""
    entry, own = written(name)
    large = fgan.Divergence.from_f(lambda u: size * parse(entry.formulas.f)(u), name="large")
    for fact in ("f_at_zero", "slope_at_zero", "slope_at_infinity", "threshold"):
        assert getattr(large, fact) == pytest.approx(size * getattr(own, fact), rel=1e-9, abs=1e-9 * size), (
            fact
        )
    assert (large.smooth, large.symmetric) == (own.smooth, own.symmetric)
    assert (size * entry).symmetric == entry.symmetric


def test_an_infinite_second_derivative_is_said_as_such():
    own = fgan.divergence("f(u)=abs(u-1)**1.5", link="log-ratio")
    assert own.curvature == math.inf and own.threshold == 0
    v = torch.zeros(1, requires_grad=True)
    (slope,) = torch.autograd.grad(own.real_term(v), v)
    assert slope.isfinite() and slope > 1e3
    with pytest.raises(fgan.FganError, match="f''\\(1\\) = inf"):
        _ = own.scaled


def test_at_zero_it_is_the_limit():
    own = fgan.divergence("f(u)=u*log(u)")
    zero = torch.zeros(2, dtype=torch.float64)
    assert torch.equal(own.f(zero), zero)
    assert (own.derivative(zero) == -math.inf).all()
    assert (fgan.divergence("f(u)=(u-1)**2").derivative(zero) == -2).all()
    endless = torch.full((2,), math.inf)
    assert (fgan.divergence("f(u)=(u-1)**2/(u+1)").derivative(endless) == 1).all()
    assert (own.derivative(endless) == math.inf).all()


def test_how_fast_it_grows_is_read_where_it_is_accurate():
    """exp(u) is held constant from log u = 7 on; a power read beyond would be 0."""
    assert fgan.divergence("f(u)=exp(u)").growth[0] > 100


def test_limits_that_come_slowly_and_ends_that_never_come():
    assert fgan.divergence("f(u)=u/log(u + 2)*0 - log(u)/(1 + log(u + 1)) + u").f_at_zero == math.inf
    slow = fgan.divergence("f(u)=-u**0.02")  # f' -> 0 like u^-0.98, f(u)/u likewise; f(0) = 1 like u^0.02
    assert slow.f_at_zero == pytest.approx(1, abs=1e-4)
    assert slow.slope_at_infinity == pytest.approx(0, abs=1e-6)
