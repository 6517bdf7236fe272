"""What the facts of a divergence mean, in words: which errors it punishes, how heavy its tails are."""

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
    'from 0, at P = Q, without an upper end'
    """
    end = f"to {number(high)}" if math.isfinite(high) else "without an upper end"
    return f"from {number(low)}, at P = Q, {end}"


def costs(d: Divergence) -> tuple[float, float]:
    """Return what a unit of data costs where the model has none, and a unit of model where the data have none.

    Both as f would have it without its part f(1) + f'(1)(u - 1), which changes no comparison.
    """
    missed = d.slope_at_infinity - d.threshold
    implausible = d.f_at_zero - d.f_at_one + d.threshold
    return missed, implausible


def leaning(d: Divergence) -> str:
    """Return in two or three words which error this divergence punishes more.

    >>> from fgan import divergence
    >>> [leaning(divergence(name)) for name in ("kl", "reverse-kl", "jeffreys", "js", "skew-js:0.1")]
    ['covers the data', 'seeks modes', 'punishes both', 'balanced, bounded', 'leans to covering']
    """
    missed, implausible = costs(d)
    if math.isinf(missed) or math.isinf(implausible):
        both = math.isinf(missed) and math.isinf(implausible)
        return "punishes both" if both else "covers the data" if math.isinf(missed) else "seeks modes"
    if d.symmetric or math.isclose(missed, implausible, rel_tol=1e-6):
        return "balanced, bounded"
    return "leans to covering" if missed > implausible else "leans to seeking"


def leaning_in_full(d: Divergence) -> str:
    """Say whether D_f covers the data or seeks modes, and why."""
    missed, implausible = costs(d)
    opening = {
        "covers the data": "Covers the data (mode-covering).",
        "seeks modes": "Seeks modes: rather a few that are right than all of them.",
        "punishes both": "Punishes both errors without limit.",
        "balanced, bounded": "Balanced between covering the data and seeking modes.",
        "leans to covering": "Leans to covering the data.",
        "leans to seeking": "Leans to seeking modes.",
    }[leaning(d)]
    text = (
        f"{opening} Data that the model misses (q = 0) cost {_price(missed)}; "
        f"samples where there are no data (p = 0) cost {_price(implausible)}."
    )
    if d.local_order is None:
        return text
    heed = "as much heed to data that the model has too little of as"
    if abs(d.local_order - 0.5) > 1e-6:
        much = "more" if d.local_order > 0.5 else "less"
        heed = f"{much} heed to data that the model has too little of than"
    return (
        f"{text} Near P = Q it acts like the α-divergence of α = {number(d.local_order)}: it pays {heed} "
        "to samples that it has too many of."
    )


def _price(cost: float) -> str:
    if math.isinf(cost):
        return "infinitely much"
    return f"at most {number(cost)} a unit" if abs(cost) > 1e-9 else "nothing"


def finiteness(d: Divergence) -> str:
    """Say when D_f can be infinite."""
    data, model = d.finite_where_model_misses_data, d.finite_where_data_misses_model
    if data and model:
        return "Finite for every P and Q, also where they do not overlap."
    where = {
        (False, True): "the model misses any part of the data (q = 0 < p)",
        (True, False): "the model has samples where there are no data (p = 0 < q)",
        (False, False): "either of P and Q misses a part of the other",
    }[data, model]
    return f"Infinite as soon as {where}."


def tails(d: Divergence) -> str:
    """Say how much an estimate from samples hangs on a few of them."""
    over_model, over_data = d.growth
    if not over_model and not over_data:
        return "Light: no term of the bound grows faster than a logarithm of p/q."
    parts = []
    if over_model:
        parts.append(f"{power('u', over_model)} over the model's samples")
    if over_data:
        inverse = power("1/u", over_data) if math.isinf(over_data) else f"1/{power('u', over_data)}"
        parts.append(f"{inverse} over the data")
    averaged = f"an estimate of the bound averages {' and '.join(parts)}"
    # E_Q[u] = 1 and E_P[1/u] <= 1, so that powers up to a half always have a variance.
    if max(over_model, over_data) <= 0.5:
        return f"Mild: {averaged}, whose variance is always finite."
    few = " and ".join(["large"] * (over_model > 0.5) + ["small"] * (over_data > 0.5))
    return f"Heavy: {averaged}, so that a few with {few} u = p/q can decide it."


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
