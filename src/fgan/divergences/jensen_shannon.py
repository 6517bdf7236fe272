r"""Jensen–Shannon and the original GAN's divergence, which differ by the constant log 4."""

import math
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from fgan.divergences.base import Divergence, Interval, Link

LOG2 = math.log(2.0)


def softplus(x: Tensor) -> Tensor:
    """Return log(1 + e^x); unlike `F.softplus` it keeps every digit of a float64 beyond x = 20."""
    return -F.logsigmoid(-x)


class JensenShannon(Divergence):
    r"""Jensen–Shannon divergence in the f-GAN paper's normalisation: KL(P‖M) + KL(Q‖M), M = (P + Q)/2.

    .. math::
        f(u) = u \log u - (u+1) \log\frac{u+1}{2}, \quad f'(u) = \log\frac{2u}{1+u}, \quad
        f^*(t) = -\log(2 - e^t), \quad g_f(v) = \log 2 - \log(1 + e^{-v})

    Twice the Jensen–Shannon divergence of most texts; between 0 and 2 log 2.

    >>> JensenShannon().f(torch.tensor(0.0))
    tensor(0.6931)
    """

    name = "js"
    formula = "u log u - (u + 1) log((u + 1)/2)"
    threshold = 0.0
    conjugate_domain: ClassVar[Interval] = Interval(upper=LOG2)

    def f(self, u: Tensor) -> Tensor:
        """Return u log u - (u + 1) log((u + 1)/2)."""
        # Grouped as u log(2u/(1+u)) - log((1+u)/2): the plain sum cancels to nothing for large u.
        return -torch.xlogy(u, 0.5 + 0.5 / u) - (0.5 + 0.5 * u).log()

    def derivative(self, u: Tensor) -> Tensor:
        """Return log(2u/(1 + u))."""
        return -(0.5 + 0.5 / u).log()

    def conjugate(self, t: Tensor) -> Tensor:
        """Return -log(2 - e^t) for t < log 2, else +inf."""
        return -torch.log1p(-torch.expm1(t).clamp(max=1.0))

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return log 2 - log(1 + e^(-l))."""
        return LOG2 + F.logsigmoid(log_ratio)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return log(1 + e^l) - log 2."""
        return softplus(log_ratio) - LOG2

    def paper_link(self) -> Link:
        """Return the link T = log 2 - log(1 + e^(-v)), for which l = v."""
        return self.affine_link()


class GAN(Divergence):
    r"""The original GAN's objective, 2·JS − log 4 with the usual JS: its minimum is −1.386, not 0.

    .. math::
        f(u) = u \log u - (u+1) \log(u+1), \quad f'(u) = \log\frac{u}{1+u}, \quad
        f^*(t) = -\log(1 - e^t), \quad g_f(v) = -\log(1 + e^{-v})

    The critic is Goodfellow's discriminator, D = sigmoid(v). f(1) = -log 4 is not 0.

    >>> GAN().f(torch.tensor(1.0))
    tensor(-1.3863)
    """

    name = "gan"
    formula = "u log u - (u + 1) log(u + 1)"
    threshold = -LOG2
    conjugate_domain: ClassVar[Interval] = Interval(upper=0.0)

    def f(self, u: Tensor) -> Tensor:
        """Return u log u - (u + 1) log(u + 1)."""
        return -torch.xlogy(u, 1 + 1 / u) - u.log1p()

    def derivative(self, u: Tensor) -> Tensor:
        """Return log(u/(1 + u))."""
        return -torch.log1p(1 / u)

    def conjugate(self, t: Tensor) -> Tensor:
        """Return -log(1 - e^t) for t < 0, else +inf."""
        return -torch.log(-torch.expm1(t.clamp(max=0.0)))

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return -log(1 + e^(-l))."""
        return F.logsigmoid(log_ratio)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return log(1 + e^l)."""
        return softplus(log_ratio)

    def paper_link(self) -> Link:
        """Return the link T = -log(1 + e^(-v)), for which l = v."""
        return self.affine_link()
