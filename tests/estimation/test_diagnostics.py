import math

import pytest
import torch

import fgan
from fgan.estimation.diagnostics import diagnose
from fgan.estimation.inequalities import check_inequalities
from fgan.estimation.prices import HeldOut


def held_out(factor: float = 1.0, shift: float = 1.0, n: int = 20_000):
    """What a critic says that is off by a factor from log N(x; shift, 1) - log N(x; 0, 1)."""
    random = torch.Generator().manual_seed(0)
    p, q = shift + torch.randn(n, generator=random), torch.randn(n, generator=random)
    sides = (factor * (shift * x - shift**2 / 2) for x in (p, q))
    return tuple(HeldOut(side, torch.zeros(n)) for side in sides)


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_the_slope_says_how_much_log_ratios_exaggerate(factor):
    found = diagnose(*held_out(factor), ("",))
    assert found.calibration_slope == pytest.approx(1 / factor, rel=0.05)
    assert (found.calibration_error < 0.02) == (factor == 1)


def test_what_is_known_of_a_true_ratio():
    found = diagnose(*held_out(), ("",))
    assert found.accuracy == pytest.approx(0.6915, abs=0.01)  # Φ(½)
    assert found.mean_ratio == pytest.approx(1, abs=0.05)
    assert found.effective_q == pytest.approx(20_000 / math.e, rel=0.2)  # E_Q[u²] = e
    assert found.saturated_p < 0.001


def test_equals_have_all_their_samples():
    found = diagnose(*held_out(0.0), ("constant",))
    assert found.effective_p == pytest.approx(20_000) and found.effective_q == pytest.approx(20_000)
    assert found.accuracy == 0.5 and math.isnan(found.calibration_slope)
    assert all(seen == pytest.approx(0.5, abs=0.05) for _, seen, _ in found.bins)


def test_heavy_tails_are_said(gaussians):
    p, q = gaussians(2000, 1, kl=2.0)
    found = fgan.estimate(p, q, ["pearson", "js"], method="gaussian")
    other = fgan.estimate(p, q, ["chi:3", "js"], method="logistic")
    assert any("tail index" in warning for warning in other["chi:3"].warnings)
    assert not any("tail index" in warning for warning in other["js"].warnings)
    assert found["pearson"].diagnostics.tail_q > 0.5


def test_saturation_is_said(gaussians):
    p, q = gaussians(500, 1, kl=12.0)
    warnings = " ".join(fgan.estimate(p, q, method="logistic").warnings)
    assert "the largest that this number of samples can show" in warnings
    assert "the largest that this number of samples can show" not in " ".join(
        fgan.estimate(p, q, "js").warnings
    )


EXACT = {
    "total-variation": 0.382925,
    "kl": 0.5,
    "reverse-kl": 0.5,
    "squared-hellinger": 0.235006,
    "pearson": 1.718282,
    "neyman": 1.718282,
    "js": 0.222842,
    "triangular": 0.408109,
}


def test_inequalities_hold_of_true_values_and_are_close_to_sharp():
    checks = check_inequalities(EXACT, {})
    assert len(checks) == 9 and all(check.holds for check in checks)
    assert all(check.left > 0.3 * check.right for check in checks if check.name != "Lin")


@pytest.mark.parametrize("name", EXACT)
def test_a_value_that_cannot_be_is_found(name):
    broken = [
        any(not check.holds for check in check_inequalities({**EXACT, name: EXACT[name] * factor}, {}))
        for factor in (0.01, 50.0)
    ]
    assert any(broken)


def test_an_interval_excuses_a_small_excess():
    values = {"kl": 0.1, "squared-hellinger": 0.11}
    assert not check_inequalities(values, {})[0].holds
    assert check_inequalities(values, {"kl": (0.05, 0.15)})[0].holds


@pytest.mark.parametrize(
    ("wide", "name"),
    [(0, "pearson"), (0, "tsallis:2"), (0, "f(u)=(u-1)**4"), (1, "neyman"), (1, "alpha:-1.5")],
)
def test_a_mean_that_is_infinite_has_no_upper_end(gaussians, wide, name):
    sides = list(gaussians(1000, 1, kl=0.0))
    sides[wide] = 2 * sides[wide]  # E_Q[(p/q)²] is infinite from twice the variance on
    found = fgan.estimate(*sides, [name, "kl", "js"])
    assert found[name].interval == (found[name].lower_bound, math.inf)
    assert sum("the interval has no upper end" in one for one in found[name].warnings) == 1
    assert all(math.isfinite(found[other].interval[1]) for other in ("kl", "js"))


def test_a_mean_that_is_finite_keeps_its_upper_end(gaussians):
    found = fgan.estimate(*gaussians(1000, 2, kl=0.5), ["pearson", "neyman", "alpha:1.5"])
    assert all(math.isfinite(one.interval[1]) for one in found.values())
    assert "pearson averages (p/q)^2 over Q, which is heavy-tailed" in " ".join(found["pearson"].warnings)
