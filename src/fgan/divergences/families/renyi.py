r"""Rényi's divergence and Bhattacharyya's distance: not f-divergences, but increasing functions of one."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fgan.divergences.card import Card
from fgan.divergences.elementary import widened
from fgan.divergences.families.alpha import Alpha
from fgan.divergences.parameter import Parameter
from fgan.errors import FganError
from fgan.output import spell


class Renyi:
    r"""Rényi's divergence of order α > 0, α ≠ 1: a function of the α-divergence, with its own bound.

    .. math::
        R_\alpha(P\|Q) = \frac{\log E_Q[u^\alpha]}{\alpha - 1}
        = \frac{\log(1 + \alpha(\alpha - 1) D_\alpha)}{\alpha - 1}
        \;\ge\; \frac{\alpha}{\alpha - 1} \log E_P[e^{(\alpha-1) v}] - \log E_Q[e^{\alpha v}]

    with equality at v = log(p/q) + any constant; α → 1 is the Donsker–Varadhan bound of KL.

    Args:
        order: α; the limit α → 1 is KL.

    Raises:
        FganError: unless the order is a finite number above 0 other than 1.

    Source: Rényi (1961); the bound is Theorem 5 of Birrell et al., "Variational Representations and Neural
    Network Estimation of Rényi Divergences" (2021), multiplied by α.

    >>> Renyi(0.5).from_alpha(torch.tensor(0.470012))  # N(0, 1) and N(1, 1): α/2 = 1/4
    tensor(0.2500)
    """

    parameter = Parameter(
        letter="α",
        rule="a finite number above 0 other than 1",
        accepts=lambda a: a > 0 and a != 1.0,
        examples=(0.5, 2.0),
        limits={1.0: "kl"},
        poles=(0.0,),
    )
    card = Card(
        title="Rényi divergence",
        references=("renyi1961", "birrell2021"),
    )

    def __init__(self, order: float) -> None:
        self.order = self.parameter.check("renyi", order)
        self.name = f"renyi:{spell(self.order)}"

    @property
    def alpha(self) -> Alpha:
        """The α-divergence of the same order, of which this is a function."""
        return Alpha(self.order)

    def from_alpha(self, alpha_divergence: Tensor) -> Tensor:
        """Return R_α for a value of the α-divergence, elementwise; for α < 1, +inf at its largest value."""
        return torch.log1p(self.order * (self.order - 1) * alpha_divergence) / (self.order - 1)

    def bound(self, v_real: Tensor, v_fake: Tensor) -> Tensor:
        """Return the variational bound, a differentiable scalar; adding a constant to v does not change it.

        Args:
            v_real: raw critic outputs on data, any shape; the best output is log(p/q) up to a constant.
            v_fake: raw critic outputs on model samples, any shape.
        """
        if v_real.numel() == 0 or v_fake.numel() == 0:
            raise FganError("a bound needs at least one critic output on data and one on samples; got none.")
        v_real, v_fake, rate = widened(v_real), widened(v_fake), self.order - 1
        return self.order / rate * log_mean_exp(rate * v_real) - log_mean_exp(self.order * v_fake)

    def __repr__(self) -> str:
        """Write the call that makes it."""
        return f"fgan.divergences.Renyi({spell(self.order)})"


class Bhattacharyya(Renyi):
    r"""Bhattacharyya's distance, -log of the overlap \int √(pq): half of Rényi's divergence of order ½.

    .. math::
        B(P,Q) = -\log\int\sqrt{pq} = -\log(1 - H^2/2) \;\ge\;
        -\tfrac12 \log E_P[e^{-v/2}] - \tfrac12 \log E_Q[e^{v/2}]

    Source: Bhattacharyya (1943).

    >>> Bhattacharyya().from_hellinger(torch.tensor(0.235006))  # N(0, 1) and N(1, 1): 1/8
    tensor(0.1250)
    """

    card = Card(
        title="Bhattacharyya distance",
        references=("bhattacharyya1943",),
    )

    def __init__(self) -> None:
        super().__init__(0.5)
        self.name = "bhattacharyya"

    def from_alpha(self, alpha_divergence: Tensor) -> Tensor:
        """Return B for a value of the α-divergence at α = ½, elementwise."""
        return super().from_alpha(alpha_divergence) / 2

    def from_hellinger(self, squared_hellinger: Tensor) -> Tensor:
        """Return B for a value of `squared-hellinger`, elementwise."""
        return -torch.log1p(-squared_hellinger / 2)

    def bound(self, v_real: Tensor, v_fake: Tensor) -> Tensor:
        """Return half of the Rényi bound."""
        return super().bound(v_real, v_fake) / 2

    def __repr__(self) -> str:
        """Write the call that makes it."""
        return "fgan.divergences.Bhattacharyya()"


def log_mean_exp(x: Tensor, dim: int | None = None) -> Tensor:
    """Return log of the mean of e^x, over a dimension or over all, a scalar then.

    >>> log_mean_exp(torch.tensor([1000.0, 1000.0]))
    tensor(1000.)
    """
    x, dim = (x.flatten(), 0) if dim is None else (x, dim)
    return x.logsumexp(dim) - math.log(x.shape[dim])
