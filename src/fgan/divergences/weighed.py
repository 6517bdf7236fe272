r"""The two terms of a divergence times the probabilities that weigh them: what sums over outcomes are made of.

With l = log p - log q and T = f'(e^l), an outcome contributes to D_f(P‖Q) - f(1)

.. math:: q f(p/q) - q f(1) - f'(1) (p - q) = p (T - f'(1)) - q (f^*(T) - f^*(f'(1))) \ge 0

and the two products are also its slopes: the first along log p, minus the second along log q.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from fgan.divergences.base import Divergence
from fgan.divergences.elementary import TensorMap
from fgan.divergences.operation import Operation
from fgan.divergences.tails import Tail, far_product
from fgan.divergences.traced import settled


def weighed_terms(
    divergence: Divergence,
    log_p: Tensor,
    log_q: Tensor,
    *,
    p: Tensor | None = None,
    q: Tensor | None = None,
    log_ratio: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Return p (T - f'(1)) and q (f*(T) - f*(f'(1))) at T = f'(p/q), elementwise.

    Where T or f*(T) overflows, the product is computed from logarithms. Outcomes that p or q lacks cost f(0) or
    lim f(u)/u, possibly +inf; those that both lack cost nothing.

    Args:
        divergence: the divergence.
        log_p, log_q: logarithms of probabilities, of the same shape; -inf for outcomes that never occur.
        p, q, log_ratio: what these give, if it is known more accurately.
    """
    p, q = (log.exp() if one is None else one for one, log in ((p, log_p), (q, log_q)))
    no_p, no_q = log_p == -torch.inf, log_q == -torch.inf
    shared = ~(no_p | no_q)
    log_p, log_q = (torch.where(shared, one, 0) for one in (log_p, log_q))
    log_ratio = log_p - log_q if log_ratio is None else torch.where(shared, log_ratio, 0)
    slope, lowest = divergence.threshold, divergence.threshold - divergence.f_at_one
    tails = divergence._tails

    def product(term: TensorMap, at_one: float, ends: tuple[Tail, Tail], of_p: bool) -> Tensor:
        value = term(log_ratio.detach())
        near = value.abs() < torch.finfo(value.dtype).max ** 0.9
        if log_ratio.requires_grad and torch.is_grad_enabled():
            value = term(torch.where(near, log_ratio, 0))
        mass = torch.where(shared, p if of_p else q, 0)
        if settled(near):
            return mass * (value - at_one)
        inside = mass * (torch.where(near, value, 0) - at_one)
        far = far_product(ends, of_p, *(torch.where(near, 0, one) for one in (log_p, log_q, log_ratio)))
        return torch.where(near, inside, far)

    a = product(divergence.real_at, slope, tails.real, True)
    b = product(divergence.fake_at, lowest, tails.fake, False)
    a = a + _alone(p, no_q & ~no_p, divergence.slope_at_infinity - slope)
    b = b - _alone(q, no_p & ~no_q, divergence.f_at_zero + lowest)
    return a, b


def _alone(mass: Tensor, where: Tensor, cost: float) -> Tensor:
    if settled(~where):
        return mass.new_zeros(())
    if math.isinf(cost):
        return torch.where(where, mass.new_tensor(cost), 0)
    return torch.where(where, mass, 0) * cost


def costs(divergence: Divergence, log_p: Tensor, log_q: Tensor) -> Tensor:
    """Return q f(p/q) - q f(1) - f'(1) (p - q) >= 0, elementwise, differentiable to any order; see `weighed_terms`."""
    return _Costs.apply(log_p, log_q, divergence)[0]  # pyright: ignore[reportOptionalSubscript]


class _Costs(Operation):
    @staticmethod
    def forward(log_p: Tensor, log_q: Tensor, divergence: Divergence) -> tuple[Tensor, Tensor, Tensor]:
        a, b = weighed_terms(divergence, log_p, log_q)
        return difference(a, b), a, b

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:  # noqa: ANN401
        log_p, log_q, ctx.divergence = inputs
        _, a, b = output
        ctx.mark_non_differentiable(a, b)
        ctx.save_for_backward(log_p, log_q, a, b)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:  # noqa: ANN401
        log_p, log_q, a, b = ctx.saved_tensors
        if torch.is_grad_enabled():  # someone will differentiate it again
            a, b = weighed_terms(ctx.divergence, log_p, log_q)
        return grads[0] * a, -grads[0] * b, None


def difference(a: Tensor, b: Tensor) -> Tensor:
    """Return a - b >= 0 of two weighed terms: +inf where both are infinite, 0 where rounding made it negative."""
    return torch.where(a.isinf() & b.isinf(), torch.inf, a - b).clamp(min=0.0)
