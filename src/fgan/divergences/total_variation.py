r"""Total variation: f(u) = ½|u - 1|."""

from typing import ClassVar

import torch
from torch import Tensor

from fgan.divergences.base import Divergence, Interval, Link


class TotalVariation(Divergence):
    r"""Total variation distance ½∫|p − q|, between 0 and 1.

    .. math::
        f(u) = \tfrac12 |u - 1|, \quad f'(u) = \tfrac12 \operatorname{sign}(u - 1), \quad
        f^*(t) = \max(t, -\tfrac12) \text{ for } t \le \tfrac12, \quad g_f(v) = \tfrac12 \tanh v

    Use it for the advantage of the best test between P and Q. Its best critic knows only the *sign* of
    log(p/q): where |T| < ½ the ratio that makes T optimal is 1, so `log_ratio` is 0 under the paper's link
    and tells nothing (`identifies_ratio` is False). Under the log-ratio link it prices a critic trained
    otherwise; as a step function of v it cannot train one.

    >>> TotalVariation().conjugate(torch.tensor([-1.0, 0.25, 0.75]))
    tensor([-0.5000,  0.2500,     inf])
    """

    name = "total-variation"
    formula = "|u - 1| / 2"
    threshold = 0.0
    conjugate_domain: ClassVar[Interval] = Interval(upper=0.5, closed=True)
    identifies_ratio = False

    def f(self, u: Tensor) -> Tensor:
        """Return ½|u - 1|."""
        return (u - 1).abs() / 2

    def derivative(self, u: Tensor) -> Tensor:
        """Return ½ sign(u - 1), and 0 at the kink."""
        return (u - 1).sign() / 2

    def conjugate(self, t: Tensor) -> Tensor:
        """Return max(t, -½) for t <= ½, else +inf."""
        return torch.where(t <= 0.5, t.clamp(min=-0.5), torch.inf)

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return ½ sign(l)."""
        return log_ratio.sign() / 2

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return ½ sign(l): f* is the identity on [-½, ½]."""
        return log_ratio.sign() / 2

    def paper_link(self) -> Link:
        """Return the link T = ½ tanh v."""

        def half_tanh(v: Tensor) -> Tensor:
            return v.tanh() / 2

        return Link(real=half_tanh, fake=half_tanh, log_ratio=torch.zeros_like)
