"""D_f between distributions whose divergence is known in closed form, by quadrature of f and of the bound."""

import math

import pytest
import torch
from cases import together
from catalogue import EVERY

from fgan.divergences import divergence


def powers(name: str) -> tuple[float, float] | None:
    """(α, c) where the divergence is c times the α-divergence."""
    family, _, value = name.partition(":")
    known = {"pearson": (2, 2), "neyman": (-1, 2), "squared-hellinger": (0.5, 0.5)}
    if family in known:
        return known[family]
    if family == "chi" and value == "2":
        return (2, 2)
    if family in ("alpha", "cressie-read", "tsallis"):
        a = float(value) + (family == "cressie-read")
        return (a, a if family == "tsallis" else 1)
    return None


def expected(name: str, kl: float, reverse: float, tv: float, affinity) -> float | None:
    """The closed form of a divergence, from KL both ways, TV, and E_Q[u^α]; None where there is none."""
    known = {
        "kl": kl, "reverse-kl": reverse, "jeffreys": kl + reverse,
        "total-variation": tv, "chi:1": 2 * tv, "hockey-stick:1": tv,
    }  # fmt: skip
    if name in known:
        return known[name]
    if name == "symmetric-chi2":
        return affinity(2) + affinity(-1) - 2
    power = powers(name)
    if power is None:
        return None
    a, factor = power
    return factor * (affinity(a) - 1) / (a * (a - 1))


def by_quadrature(name: str, x, log_p, log_q) -> tuple[float, float]:
    """Return D_f and the bound at the true log-ratio, by the trapezoid rule."""
    d = divergence(name, "log-ratio")
    p, q = log_p.exp(), log_q.exp()
    log_ratio = log_p - log_q
    value = torch.trapezoid(q * d.f(log_ratio.exp()), x).item()
    bound = torch.trapezoid(p * d.real_term(log_ratio) - q * d.fake_term(log_ratio), x).item()
    return value, bound


# JS, triangular and softened reverse KL of N(0, 1) and N(1, 1), from tables made by other means.
ONE_APART = {
    "js": 2 * 0.111421,
    "gan": 2 * 0.111421 - math.log(4),
    "skew-js:0.5": 0.111421,
    "triangular": 0.408109,
    "harmonic": 0.408109 / 2,
    "skew-pearson:0.5": 0.408109 / 2,
    "softened-reverse-kl": 0.554314,
    "relative-arithmetic-geometric": 0.554314 / 4,
    "softened-kl": 0.554314,  # by the symmetry of the pair
    "arithmetic-geometric": 0.554314 / 4,
}


@together("name", EVERY)
def test_normals_one_apart(name):
    x = torch.linspace(-18, 19, 400_001, dtype=torch.float64)
    log_p, log_q = (-((x - mean) ** 2) / 2 - math.log(2 * math.pi) / 2 for mean in (0.0, 1.0))
    value, bound = by_quadrature(name, x, log_p, log_q)
    tv = math.erf(0.5 / math.sqrt(2))
    closed = expected(name, 0.5, 0.5, tv, lambda a: math.exp(a * (a - 1) / 2))
    truth = ONE_APART.get(name, closed)
    if truth is not None:
        assert value == pytest.approx(truth, rel=1e-5, abs=2e-6)
    assert bound == pytest.approx(value, rel=1e-6, abs=1e-7)


@together("name", EVERY)
def test_normals_of_two_widths(name):
    """P = N(0, 1), Q = N(0.5, 2²): E_Q[u^α] exists for α above -1/3."""
    x = torch.linspace(-40, 40, 400_001, dtype=torch.float64)
    log_p = -(x**2) / 2 - math.log(2 * math.pi) / 2
    log_q = -((x - 0.5) ** 2) / 8 - math.log(8 * math.pi) / 2
    kl = 0.5 * (1 / 4 + 0.25 / 4 - 1 + math.log(4))

    def affinity(a):
        width = 4 * a + 1 - a
        return 4 ** (a / 2) / math.sqrt(width) * math.exp(-0.5 * a * (1 - a) * 0.25 / width)

    power = powers(name)
    if power is not None and power[0] > -1 / 3:
        value, bound = by_quadrature(name, x, log_p, log_q)
        assert value == pytest.approx(expected(name, kl, math.nan, math.nan, affinity), rel=1e-6)
        assert bound == pytest.approx(value, rel=1e-6)
    elif name in ("kl", "reverse-kl"):
        value, bound = by_quadrature(name, x, log_p, log_q)
        reverse = 0.5 * (4 + 0.25 - 1 - math.log(4))
        assert value == pytest.approx(kl if name == "kl" else reverse, rel=1e-7)
        assert bound == pytest.approx(value, rel=1e-7)


@together("name", EVERY)
def test_exponentials(name):
    """Rates 3 and 2: E_Q[u^α] = 3^α 2^(1-α)/(3α + 2(1-α)) for α above -2."""
    a, b = 3.0, 2.0
    x = torch.linspace(0, 60, 600_001, dtype=torch.float64)
    log_p, log_q = math.log(a) - a * x, math.log(b) - b * x
    crossing = math.log(a / b) / (a - b)
    tv = math.exp(-b * crossing) - math.exp(-a * crossing)
    kl, reverse = math.log(a / b) + b / a - 1, math.log(b / a) + a / b - 1
    closed = expected(name, kl, reverse, tv, lambda s: a**s * b ** (1 - s) / (a * s + b * (1 - s)))
    value, bound = by_quadrature(name, x, log_p, log_q)
    if closed is not None:
        assert value == pytest.approx(closed, rel=1e-5)
    assert bound == pytest.approx(value, rel=1e-5, abs=1e-8)


@together("name", EVERY)
def test_nested_uniforms(name):
    """P = U(0, 1), Q = U(0, 4): u is 4 on a quarter of Q and 0 elsewhere, so D_f = f(4)/4 + 3 f(0)/4."""
    d = divergence(name)
    value = 0.25 * d.f(torch.tensor(4.0, dtype=torch.float64)).item() + 0.75 * d.f_at_zero
    closed = expected(name, math.log(4), math.inf, 0.75, lambda a: 4.0 ** (a - 1) if a > 0 else math.inf)
    if closed is not None:
        assert value == pytest.approx(closed, rel=1e-12)
    tables = {"js": math.log(4) - 1.25 * math.log(2.5) + 0.75 * math.log(2), "marton": 0.75, "harmonic": 0.6}
    if name in tables:
        assert value == pytest.approx(tables[name], rel=1e-12)


@together("name", EVERY)
def test_bernoullis(name):
    p, q = (torch.tensor(w, dtype=torch.float64) for w in ([0.3, 0.7], [0.6, 0.4]))
    d = divergence(name)
    value = (q * d.f(p / q)).sum().item()

    def relative(a, b):
        return (a * (a / b).log()).sum().item()

    closed = expected(name, relative(p, q), relative(q, p), 0.3, lambda a: (p**a * q ** (1 - a)).sum().item())
    middle = (p + q) / 2
    others = {
        "js": relative(p, middle) + relative(q, middle),
        "skew-js:0.1": 0.1 * relative(p, 0.1 * p + 0.9 * q) + 0.9 * relative(q, 0.1 * p + 0.9 * q),
        "skew-kl:0.1": relative(p, 0.1 * p + 0.9 * q),
        "skew-pearson:0.1": ((p - 0.1 * p - 0.9 * q) ** 2 / (0.1 * p + 0.9 * q)).sum().item(),
        "softened-kl": 4 * relative(middle, q),
        "softened-reverse-kl": 4 * relative(middle, p),
        "arithmetic-geometric": (relative(middle, p) + relative(middle, q)) / 2,
        "triangular": ((p - q) ** 2 / (p + q)).sum().item(),
        "harmonic": 1 - (2 * p * q / (p + q)).sum().item(),
        "chi:3": ((p - q).abs() ** 3 / q**2).sum().item(),
        "chi:1.5": ((p - q).abs() ** 1.5 / q**0.5).sum().item(),
        "marton": 0.6 * (1 - 0.5) ** 2,
        "hockey-stick:2": 0.0,
        "hockey-stick:0.5": (0.7 - 0.2) - 0.5,
    }
    truth = others.get(name, closed)
    if truth is not None:
        assert value == pytest.approx(truth, abs=1e-14)
