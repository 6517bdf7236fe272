"""Laws of pricing, over the whole catalogue: exact on finite distributions, where expectations are sums."""

import math

import pytest
import torch
from cases import together
from catalogue import EVERY, SMOOTH

import fgan
from fgan.estimation.prices import HeldOut, caps, price, resolution


def counts(share: list[int]) -> torch.Tensor:
    return torch.arange(6).repeat_interleave(torch.tensor(share))


ON_P, ON_Q = (counts(share) for share in ([10, 20, 40, 80, 160, 90], [90, 160, 80, 40, 20, 10]))
"""Six categories as often as they occur among 400 samples of each side."""
TRUE = (ON_P.bincount().double() / ON_Q.bincount().double()).log()


def exact(name: str) -> float:
    q = ON_Q.bincount().double() / len(ON_Q)
    return float((q * fgan.divergence(name).f(TRUE.exp())).sum())


def priced(name: str, log_ratio: torch.Tensor, variance: float = 0.0):
    sides = (HeldOut(log_ratio[side], torch.full((len(side),), variance)) for side in (ON_P, ON_Q))
    return price(fgan.divergence(name), *sides)


@together("name", EVERY)
def test_the_true_ratio_gives_the_divergence(name):
    found = priced(name, TRUE)
    assert found.value.value == pytest.approx(exact(name), rel=1e-9, abs=1e-9)
    assert found.bound.value <= exact(name) + 1e-9
    assert found.lower_bound < found.bound.value


@together("name", EVERY)
def test_no_critic_claims_more_than_the_divergence(name):
    random = torch.Generator().manual_seed(0)
    for spread in (0.1, 1.0, 5.0, 50.0):
        for _ in range(3):
            log_ratio = TRUE + spread * torch.randn(6, generator=random, dtype=torch.float64)
            assert priced(name, log_ratio).bound.value <= exact(name) + 1e-9, (name, spread)


OF_SECOND_ORDER = [name for name in SMOOTH if fgan.divergence(name).curvature != math.inf]


@together("name", OF_SECOND_ORDER)
def test_the_correction_gives_back_what_a_small_error_costs(name):
    """To second order: an error of ±ε everywhere makes the bound short by ½ E_Q[w] ε²."""
    divergence = fgan.divergence(name)
    low, high = caps(divergence, len(ON_P), len(ON_Q))
    inside = TRUE.clamp(low + 0.01, high - 0.01)  # where the ratio is capped it is no error of chance
    epsilon = 1e-3
    q = ON_Q.bincount().double() / len(ON_Q)
    here = priced(name, inside).bound.value
    both = [priced(name, inside + sign * epsilon).bound.value for sign in (1, -1)]
    # The linear part of an error cancels between +ε and -ε whether or not `inside` is the true ratio there.
    ends = (inside == TRUE).double()
    lost = float((q * ends * divergence.weight(inside)).sum()) * epsilon**2 / 2
    corrected = price(
        divergence,
        *(HeldOut(inside[side], epsilon**2 * ends[side]) for side in (ON_P, ON_Q)),
    ).correction
    assert corrected == pytest.approx(lost, rel=1e-6, abs=1e-15)
    if bool((inside == TRUE).all()):
        assert here - sum(both) / 2 == pytest.approx(lost, rel=1e-2)


@together("name", EVERY)
def test_ratios_beyond_all_numbers_give_no_nan(name):
    far = torch.tensor([-5000.0, -800.0, -5.0, 5.0, 800.0, 5000.0], dtype=torch.float64)
    found = priced(name, far)
    assert math.isfinite(found.bound.value) and math.isfinite(found.lower_bound)
    assert not math.isnan(found.value.value)


def test_kl_beyond_the_cap_takes_the_critics_word():
    apart = torch.tensor([-30.0] * 5 + [40.0], dtype=torch.float64)
    found = price(fgan.divergence("kl"), *(HeldOut(apart[[i] * 400], torch.zeros(400)) for i in (5, 0)))
    assert found.value.value == pytest.approx(40, abs=0.1)
    assert found.bound.value == pytest.approx(1 + math.log(20) - 1 / 20)


def test_an_interval_is_never_a_point():
    same = HeldOut(torch.zeros(400), torch.zeros(400))
    for name in EVERY:
        found = price(fgan.divergence(name), same, same)
        least = resolution(fgan.divergence(name), 400, 400)
        flat = name in ("hockey-stick:2", "hockey-stick:0.5")  # 0 wherever p/q stays on one side of γ
        assert found.value.standard_error >= least >= 0 and (least > 0 or flat)


def test_powers_lower_the_cap():
    assert caps(fgan.divergence("kl"), 10_000, 100) == pytest.approx((-math.log(100), math.log(10)))
    assert caps(fgan.divergence("alpha:3"), 10_000, 10_000)[1] == pytest.approx(math.log(100) / 3)
    assert caps(fgan.divergence("neyman"), 10_000, 10_000)[0] == pytest.approx(-math.log(100) / 2)
