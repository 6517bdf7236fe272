"""What the facts of a divergence mean, in words: which errors it penalises, how heavy its tails are."""

from __future__ import annotations

import math
from fractions import Fraction

from fgan.divergences import Divergence, Interval

SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def number(x: float | None) -> str:
    """Write a number as people would: fractions, multiples of log 2, four digits else.

    >>> number(0.5), number(math.log(4)), number(-math.inf), number(0.123456), number(None)
    ('1/2', '2 log 2', '-∞', '0.1235', 'not defined')
    """
    if x is None:
        return "not defined"
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "∞" if x > 0 else "-∞"
    for unit, name in ((1.0, ""), (math.log(2), "log 2")):
        ratio = Fraction(x / unit).limit_denominator(9 if unit == 1 else 1)
        if abs(x - ratio * unit) < 1e-9 and abs(ratio) < 100 and (ratio or not name):
            return f"{ratio} {name}".strip() if abs(ratio) != 1 or not name else f"{'-' * (x < 0)}{name}"
    return f"{x:.4g}"


def domain(interval: Interval) -> str:
    """Say where f* is finite.

    >>> domain(Interval(upper=0.5, closed=True))
    't ≤ 1/2'
    """
    if math.isinf(interval.upper):
        return "all t"
    return f"t {'≤' if interval.closed else '<'} {number(interval.upper)}"


def span(low: float, high: float) -> str:
    """Say between which values D_f lies.

    >>> span(0.0, math.inf)
    'from 0 (at P = Q), unbounded'
    """
    end = f" to {number(high)}" if math.isfinite(high) else ", unbounded"
    return f"from {number(low)} (at P = Q){end}"


def costs(d: Divergence) -> tuple[float, float]:
    """Return what a unit of data costs where the model has none, and a unit of model where the data have none.

    Both are those of f without its affine part f(1) + f'(1)(u - 1), which changes no comparison.
    """
    missed = d.slope_at_infinity - d.threshold
    implausible = d.f_at_zero - d.f_at_one + d.threshold
    return missed, implausible


def leaning(d: Divergence) -> str:
    """Return in two or three words which error this divergence penalises more.

    >>> from fgan import divergence
    >>> [leaning(divergence(name)) for name in ("kl", "reverse-kl", "jeffreys", "js", "skew-js:0.1")]
    ['mode-covering', 'mode-seeking', 'penalises both', 'balanced, bounded', 'leans to covering']
    """
    return leaning_by(*costs(d))


def leaning_by(missed: float, implausible: float) -> str:
    """Return in two or three words which of the two costs is larger; see `costs`."""
    if math.isinf(missed) or math.isinf(implausible):
        both = math.isinf(missed) and math.isinf(implausible)
        return "penalises both" if both else "mode-covering" if math.isinf(missed) else "mode-seeking"
    if math.isclose(missed, implausible, rel_tol=1e-6):
        return "balanced, bounded"
    return "leans to covering" if missed > implausible else "leans to seeking"


def leaning_in_full(d: Divergence) -> str:
    """Say whether D_f is mode-covering or mode-seeking, and why."""
    return character_in_full(*costs(d), d.local_order)


def character_in_full(missed: float, implausible: float, local_order: float | None) -> str:
    """Say which error costs more, and how much each costs."""
    opening = {
        "mode-covering": "Mode-covering: it pays to cover all data, at the price of samples outside.",
        "mode-seeking": "Mode-seeking: it pays to stay inside the data, at the price of missed modes.",
        "penalises both": "Penalises both errors without limit.",
        "balanced, bounded": "Balanced: both errors cost the same, and at most a fixed amount.",
        "leans to covering": "Leans to mode-covering: missing data cost more.",
        "leans to seeking": "Leans to mode-seeking: samples outside the data cost more.",
    }[leaning_by(missed, implausible)]
    text = (
        f"{opening} Data without samples (q = 0) cost {_price(missed)}. "
        f"Samples without data (p = 0) cost {_price(implausible)}."
    )
    if local_order is None:
        return text
    balance = "weighs both errors equally"
    if abs(local_order - 0.5) > 1e-6:
        more, less = ("too few", "too many") if local_order > 0.5 else ("too many", "too few")
        balance = f"weighs regions with {more} samples more than regions with {less}"
    return f"{text} Near P = Q it acts like the α-divergence with α = {number(local_order)}: it {balance}."


def _price(cost: float) -> str:
    if math.isinf(cost):
        return "infinitely much"
    return f"at most {number(cost)} per unit of mass" if abs(cost) > 1e-9 else "nothing"


def finiteness(d: Divergence) -> str:
    """Say when D_f can be infinite."""
    data, model = d.finite_where_model_misses_data, d.finite_where_data_misses_model
    if data and model:
        return "Finite for every P and Q, even without overlap."
    where = {
        (False, True): "the model misses part of the data (q = 0 < p)",
        (True, False): "the model puts samples where there are no data (p = 0 < q)",
        (False, False): "P or Q misses part of the other",
    }[data, model]
    return f"Infinite if {where}."


def tails(d: Divergence) -> str:
    """Say how much an estimate depends on a few samples."""
    over_model, over_data = d.growth
    if not over_model and not over_data:
        return "Light: both terms of the bound grow at most like a logarithm of p/q."
    parts = []
    if over_model:
        parts.append(f"{power('u', over_model)} over the model's samples")
    if over_data:
        inverse = power("1/u", over_data) if math.isinf(over_data) else f"1/{power('u', over_data)}"
        parts.append(f"{inverse} over the data")
    averaged = f"the bound averages {' and '.join(parts)}"
    # E_Q[u] = 1 and E_P[1/u] <= 1, so that powers up to a half always have a variance.
    if max(over_model, over_data) <= 0.5:
        return f"Mild: {averaged}. The variance is always finite."
    few = " and ".join(["large"] * (over_model > 0.5) + ["small"] * (over_data > 0.5))
    return f"Heavy: {averaged}. A few samples with {few} u = p/q can dominate it."


def power(base: str, exponent: float) -> str:
    """Write a power; whole ones raised.

    >>> power("u", 2.0), power("u", 1.0), power("u", 1.67)
    ('u²', 'u', 'u^1.67')
    """
    if math.isinf(exponent):
        return f"more than any power of {base}"
    if exponent == 1:
        return base
    whole = exponent == int(exponent) and 0 <= exponent < 1000
    return base + (str(int(exponent)).translate(SUPERSCRIPTS) if whole else f"^{exponent:g}")
