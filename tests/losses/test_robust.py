"""Robust means against closed forms and duals."""

import math

import pytest
import torch
from scipy.optimize import minimize_scalar

import fgan
from fgan.divergences import EXAMPLES, Divergence
from fgan.losses import robust_mean, worst_weights

LOSSES = torch.tensor([0.3, -1.2, 0.8, 2.0, 0.1, -0.4, 0.9, 1.1], dtype=torch.float64)
WEIGHTS = torch.tensor([1.0, 2.0, 1.0, 0.5, 3.0, 0.0, 1.0, 1.5], dtype=torch.float64)
SHARES = WEIGHTS / WEIGHTS.sum()
EVERY = [
    pytest.param(name, marks=pytest.mark.slow)  # f' is inverted by Newton's method, hundreds of times
    if type(fgan.divergence(name)).log_ratio_at is Divergence.log_ratio_at
    else name
    for name in EXAMPLES
]


def spent(name, q, p):
    return fgan.between(q, p, name) - fgan.divergence(name).f_at_one


def test_kl_with_a_penalty_is_the_log_of_a_mean_of_exponentials():
    for price in (1e-3, 0.1, 1.0, 100.0):
        wanted = price * ((LOSSES / price).logsumexp(0) - math.log(8))
        assert robust_mean(LOSSES, "kl", penalty=price) == pytest.approx(float(wanted))
    assert torch.allclose(worst_weights(LOSSES, "kl", penalty=0.5), (LOSSES / 0.5).softmax(0))


def test_pearson_in_a_small_ball_is_mean_plus_deviation():
    """Duchi and Namkoong, "Variance-based Regularization" (2019), Theorem 1; their f is half of this one."""
    for radius in (1e-8, 1e-3, 0.1):
        wanted = LOSSES.mean() + math.sqrt(radius) * LOSSES.std(correction=0)
        assert robust_mean(LOSSES, "pearson", radius=radius) == pytest.approx(float(wanted))


@pytest.mark.parametrize("k", [1.5, 2.0, 3.0])
@pytest.mark.parametrize("radius", [0.05, 0.5, 3.0])
def test_cressie_read_as_duchi_and_namkoong_write_it(k, radius):
    """Duchi and Namkoong (2021), Lemma 1: inf over η of (1 + k(k-1)ρ)^(1/k) (E (ℓ - η)_+^c)^(1/c) + η, c = k/(k-1)."""
    conjugate = k / (k - 1)

    def dual(eta):
        tail = (SHARES * (LOSSES - eta).clamp(min=0) ** conjugate).sum() ** (1 / conjugate)
        return float((1 + k * (k - 1) * radius) ** (1 / k) * tail + eta)

    best = minimize_scalar(dual, bounds=(-60.0, 2.0), method="bounded", options={"xatol": 1e-10}).fun
    found = robust_mean(LOSSES, f"alpha:{k}", radius=radius, weights=WEIGHTS)
    assert found == pytest.approx(best, rel=1e-7)


def test_a_hockey_stick_of_radius_zero_is_the_conditional_value_at_risk():
    """q <= γp everywhere: the mean of the worst 1/γ of all losses (Rockafellar and Uryasev 2000)."""
    assert robust_mean(LOSSES, "hockey-stick:4", radius=1e-12) == pytest.approx((2.0 + 1.1) / 2)
    assert robust_mean(LOSSES, "hockey-stick:2", radius=1e-12) == pytest.approx((2.0 + 1.1 + 0.9 + 0.8) / 4)


def test_total_variation_moves_mass_from_the_least_losses_to_the_largest():
    assert robust_mean(LOSSES, "total-variation", radius=0.125) == pytest.approx(
        float(LOSSES.mean()) + (2.0 + 1.2) / 8
    )


@pytest.mark.parametrize("name", EVERY)
def test_a_penalty_and_a_ball_are_dual(name):
    """The value of the ball is the least of λρ + the value at the penalty λ, and its Q spends the radius."""
    radius = 0.1
    value = robust_mean(LOSSES, name, radius=radius, weights=WEIGHTS)
    q = worst_weights(LOSSES, name, radius=radius, weights=WEIGHTS)
    assert q.sum() == pytest.approx(1) and (q >= 0).all() and q[5] == 0
    assert spent(name, q, SHARES) <= radius + 1e-8
    assert value == pytest.approx(float((q * LOSSES).sum()))

    def dual(log_price):
        price = math.exp(log_price)
        return price * radius + float(robust_mean(LOSSES, name, penalty=price, weights=WEIGHTS))

    best = minimize_scalar(
        dual, bounds=(-6.0, 6.0), method="bounded", options={"xatol": 1e-4, "maxiter": 18}
    ).fun
    assert best - 5e-3 <= value <= best + 1e-7


@pytest.mark.parametrize("name", EVERY)
def test_the_gradient_is_the_worst_distribution(name):
    d = fgan.divergence(name)
    for option in ({"penalty": 0.87}, {"radius": 0.1}):
        losses = LOSSES.clone().requires_grad_()
        (slope,) = torch.autograd.grad(robust_mean(losses, d, weights=WEIGHTS, **option), losses)
        assert torch.allclose(slope, worst_weights(LOSSES, d, weights=WEIGHTS, **option))
        step = torch.linspace(-1, 1, 8, dtype=torch.float64) * 1e-6
        change = robust_mean(LOSSES + step, d, weights=WEIGHTS, **option) - robust_mean(
            LOSSES - step, d, weights=WEIGHTS, **option
        )
        assert float(change) == pytest.approx(2 * float((slope * step).sum()), abs=2e-8)


@pytest.mark.parametrize("name", ["kl", "pearson", "js", "total-variation", "hockey-stick:2", "jeffreys"])
def test_extremes(name):
    lowest, largest = LOSSES.mean(), LOSSES.max()
    for option in ({"radius": 1e6}, {"penalty": 1e-9}):
        if "hockey" not in name:
            assert robust_mean(LOSSES, name, **option) == pytest.approx(float(largest), abs=1e-5)
    assert robust_mean(LOSSES, name, radius=1e-14) >= lowest - 1e-12
    assert robust_mean(torch.ones(5), name, radius=0.1) == 1
    assert robust_mean(torch.tensor([3.0]), name, penalty=0.1) == 3
    for scale in (1e-8, 1e8):
        scaled = robust_mean(LOSSES * scale, name, radius=0.1) / scale
        assert scaled == pytest.approx(float(robust_mean(LOSSES, name, radius=0.1)))


def test_dtypes():
    for dtype in (torch.float32, torch.bfloat16):
        losses = LOSSES.to(dtype).requires_grad_()
        value = robust_mean(losses, "kl", radius=0.1)
        value.backward()
        assert value.dtype == torch.float32 and losses.grad.dtype == dtype
        assert value.item() == pytest.approx(robust_mean(LOSSES, "kl", radius=0.1).item(), rel=1e-2)


@pytest.mark.parametrize(
    ("losses", "options", "reason"),
    [
        (LOSSES, {}, "either a radius or a penalty"),
        (LOSSES, {"radius": 0.1, "penalty": 1.0}, "either a radius or a penalty"),
        (LOSSES, {"radius": -1.0}, "positive finite number"),
        (LOSSES[None], {"radius": 0.1}, r"got the shape \(1, 8\)"),
        (LOSSES / 0, {"radius": 0.1}, "with NaN or infinity"),
        (LOSSES, {"radius": 0.1, "weights": -WEIGHTS}, "at least 0 for each of 8 losses"),
        (LOSSES, {"radius": 0.1, "weights": WEIGHTS[:3]}, "at least 0 for each of 8 losses"),
    ],
)
def test_refusals_say_why(losses, options, reason):
    with pytest.raises(fgan.FganError, match=reason):
        robust_mean(losses, "kl", **options)
