"""Laws of D_f and its bound on distributions of a few atoms, where both are sums."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fgan.divergences.base import Divergence
from fgan.verification.points import best_outputs, exact, pairs

SMALL = 1e-9


def tight(d: Divergence) -> str | None:
    """At the best outputs the bound is D_f."""
    on = pairs()
    value = exact(d, on)
    best = on.sums(best_outputs(d.real_term, d.fake_term, on.p, on.q)[0])
    # An infinite D_f has no best output: the bound must be large, or still grow with the outputs.
    missed = torch.where(on.q == 0, 1e3, torch.where(on.p == 0, -1e3, 0.0)).double()
    grows = (best > 1e3) | (best > _bound(d, missed)) | _grows(d)
    reached = torch.where(value.isinf(), grows, (best - value).abs() <= 1e-6 * (1 + value.abs()))
    return _at_a_pair(~reached, "the best bound is {:.10g}, but D_f is {:.10g}", best, value)


def _grows(d: Divergence) -> Tensor:
    """Whether the bound grows as much with each doubling of the outputs where P or Q misses an atom."""
    on = pairs()
    low, high = getattr(d, "trusted", (-600.0, 600.0))
    edge = torch.where(on.q == 0, high, torch.where(on.p == 0, low, 0.0)).double()
    first, second, last = (_bound(d, share * edge) for share in (0.25, 0.5, 1.0))
    return (last - second > 1e-3 * last.abs()) & (last - second >= 0.5 * (second - first))


def bound(d: Divergence) -> str | None:
    """No critic's bound exceeds D_f."""
    random = torch.Generator().manual_seed(1)
    on = pairs()
    value = exact(d, on)
    for _ in range(20):
        v = 4 * torch.randn(len(on.p), generator=random, dtype=torch.float64)
        reached = _bound(d, v)
        broken = _at_a_pair(
            ~(reached <= value + SMALL * (1 + reached.abs())),
            "some critic's bound is {:.10g}, above D_f = {:.10g}",
            reached,
            value,
        )
        if broken:
            return broken
    return None


def spread(d: Divergence) -> str | None:
    """D_f is between f(1) and f(0) + lim f(u)/u, f(1) at P = Q."""
    low, high = d.range
    value = exact(d, pairs())
    slack = SMALL * (1 + abs(high) if math.isfinite(high) else 1)
    outside = ~((value >= low - SMALL) & (value <= high + slack))
    wording = f"D_f is {{:.10g}}, outside its range from {{:.10g}} to {high:.10g}"
    broken = _at_a_pair(outside, wording, value, torch.full_like(value, low))
    on = pairs()
    same = on.sums((on.p - on.q).abs()) == 0
    wrong = same & ~((value - low).abs() <= SMALL)
    return broken or _at_a_pair(
        wrong, "P = Q, but D_f is {:.10g}, not {:.10g}", value, torch.full_like(value, low)
    )


def duality(d: Divergence) -> str | None:
    """The dual's D_f(P‖Q) is D_f(Q‖P), and a symmetric divergence is its own dual."""
    on = pairs()
    there, back = exact(d.dual, on), exact(d, on.exchanged)
    broken = _at_a_pair(
        ~_same(there, back), "the dual of P and Q is {:.10g}, but D_f of Q and P {:.10g}", there, back
    )
    if broken or not d.symmetric:
        return broken
    here = exact(d, on)
    return _at_a_pair(
        ~_same(here, back), "called symmetric, but D_f is {:.10g} one way, {:.10g} the other", here, back
    )


def _same(one: Tensor, other: Tensor) -> Tensor:
    return (one == other) | ((one - other).abs() <= SMALL * (1 + other.abs()))


def _bound(d: Divergence, v: Tensor) -> Tensor:
    on = pairs()
    real = torch.where(on.p > 0, on.p * d.real_term(v), 0.0)
    return on.sums(real - torch.where(on.q > 0, on.q * d.fake_term(v), 0.0))


def _at_a_pair(wrong: Tensor, text: str, one: Tensor, other: Tensor) -> str | None:
    if not wrong.any():
        return None
    place = int(wrong.int().argmax())
    p, q = pairs().pair(place)
    return f"{text.format(float(one[place]), float(other[place]))} at P = {p}, Q = {q}"
