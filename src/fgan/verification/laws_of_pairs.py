"""Laws of D_f and its bound on distributions of a few atoms, where both are sums."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fgan.divergences.base import Divergence
from fgan.verification.points import FIXED, Pairs, Points, best_outputs, exact

SMALL = 1e-9


def tight(d: Divergence, at: Points = FIXED) -> str | None:
    """At the best outputs the bound is D_f."""
    on = at.pairs
    value = exact(d, on)
    best = on.sums(best_outputs(d.real_term, d.fake_term, on.p, on.q)[0])
    # An infinite D_f has no best output: the bound must be large, or still grow with the outputs.
    missed = torch.where(on.q == 0, 1e3, torch.where(on.p == 0, -1e3, 0.0)).double()
    grows = (best > 1e3) | (best > _bound(d, on, missed)) | _grows(d, on)
    reached = torch.where(value.isinf(), grows, (best - value).abs() <= 1e-6 * (1 + value.abs()))
    return _at_a_pair(on, ~reached, "the best bound is {:.10g}, but D_f is {:.10g}", best, value)


def _grows(d: Divergence, on: Pairs) -> Tensor:
    """Whether the bound grows as much with each doubling of the outputs where P or Q misses an atom."""
    low, high = d.trusted
    edge = torch.where(on.q == 0, high, torch.where(on.p == 0, low, 0.0)).double()
    first, second, last = (_bound(d, on, share * edge) for share in (0.25, 0.5, 1.0))
    return (last - second > 1e-3 * last.abs()) & (last - second >= 0.5 * (second - first))


def bound(d: Divergence, at: Points = FIXED) -> str | None:
    """No critic's bound exceeds D_f."""
    on = at.pairs
    value = exact(d, on)
    for v in at.critics:
        reached = _bound(d, on, v)
        broken = _at_a_pair(
            on,
            ~(reached <= value + SMALL * (1 + reached.abs())),
            "some critic's bound is {:.10g}, above D_f = {:.10g}",
            reached,
            value,
        )
        if broken:
            return broken
    return None


def spread(d: Divergence, at: Points = FIXED) -> str | None:
    """D_f is between f(1), at P = Q, and f(0) + lim f(u)/u, where they share no atom."""
    on = at.pairs
    low, high = d.range
    value = exact(d, on)
    slack = SMALL * (1 + abs(high) if math.isfinite(high) else 1)
    outside = ~((value >= low - SMALL) & (value <= high + slack))
    wording = f"D_f is {{:.10g}}, outside its range from {{:.10g}} to {high:.10g}"
    same, apart = on.sums((on.p - on.q).abs()) == 0, on.sums(torch.minimum(on.p, on.q)) == 0
    least, most = torch.full_like(value, low), torch.full_like(value, high)
    return (
        _at_a_pair(on, outside, wording, value, least)
        or _at_a_pair(on, same & ~_same(value, least), "P = Q, but D_f is {:.10g}, not {:.10g}", value, least)
        or _at_a_pair(
            on,
            apart & ~_same(value, most),
            "P and Q share no atom, but D_f is {:.10g}, not {:.10g}",
            value,
            most,
        )
    )


def duality(d: Divergence, at: Points = FIXED) -> str | None:
    """The dual's D_f(P‖Q) is D_f(Q‖P), the dual's dual the divergence itself, and a symmetric one is its own dual."""
    on = at.pairs
    here, there, back = exact(d, on), exact(d.dual, on), exact(d, on.exchanged)
    again = exact(d.dual.dual, on)
    broken = _at_a_pair(
        on, ~_same(there, back), "the dual of P and Q is {:.10g}, but D_f of Q and P {:.10g}", there, back
    ) or _at_a_pair(on, ~_same(again, here), "the dual's dual is {:.10g}, but D_f is {:.10g}", again, here)
    if broken or not d.symmetric:
        return broken
    return _at_a_pair(
        on, ~_same(here, back), "called symmetric, but D_f is {:.10g} one way, {:.10g} the other", here, back
    )


def _same(one: Tensor, other: Tensor) -> Tensor:
    return (one == other) | ((one - other).abs() <= SMALL * (1 + other.abs()))


def _bound(d: Divergence, on: Pairs, v: Tensor) -> Tensor:
    real = torch.where(on.p > 0, on.p * d.real_term(v), 0.0)
    return on.sums(real - torch.where(on.q > 0, on.q * d.fake_term(v), 0.0))


def _at_a_pair(on: Pairs, wrong: Tensor, text: str, one: Tensor, other: Tensor) -> str | None:
    if not wrong.any():
        return None
    place = int(wrong.int().argmax())
    p, q = on.pair(place)
    return f"{text.format(float(one[place]), float(other[place]))} at P = {p}, Q = {q}"
