r"""The χ² family: f(u) = (u - 1)²."""

from typing import ClassVar

import torch
from torch import Tensor

from fgan.divergences.base import Divergence, Interval, Link


class Pearson(Divergence):
    r"""Pearson's χ² divergence, \int (p - q)^2 / q.

    .. math::
        f(u) = (u - 1)^2, \quad f'(u) = 2(u - 1), \quad
        f^*(t) = t^2/4 + t \text{ for } t \ge -2, \text{ else } -1, \quad g_f(v) = v

    Use it where regions that the model underweights must cost most; its estimates have heavy tails.
    The paper's Table 2 leaves out the branch at t < -2, where no u >= 0 attains t²/4 + t: without it the
    bound is still valid but looser, and a generator would be paid for looking *less* real.

    >>> Pearson().conjugate(torch.tensor([-3.0, 0.0, 2.0]))
    tensor([-1.,  0.,  3.])
    """

    name = "pearson"
    formula = "(u - 1)^2"
    threshold = 0.0
    conjugate_domain: ClassVar[Interval] = Interval()

    def f(self, u: Tensor) -> Tensor:
        """Return (u - 1)²."""
        return (u - 1).square()

    def derivative(self, u: Tensor) -> Tensor:
        """Return 2(u - 1)."""
        return 2 * (u - 1)

    def conjugate(self, t: Tensor) -> Tensor:
        """Return t²/4 + t for t >= -2, else -1."""
        # (1 + t/2)² - 1 would be shorter, but loses every digit of a small t.
        t = t.clamp(min=-2.0)
        return t * (1 + t / 4)

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return 2(e^l - 1)."""
        return 2 * torch.expm1(log_ratio)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return e^(2l) - 1."""
        return torch.expm1(2 * log_ratio)

    def paper_link(self) -> Link:
        """Return the link T = v, for which u = 1 + v/2, and u = 0 below v = -2."""
        return Link(
            real=lambda v: v,
            fake=self.conjugate,
            log_ratio=lambda v: torch.log1p(v.clamp(min=-2.0) / 2),
        )
