r"""Divergences from P to the mixture M = πP + (1 - π)Q, which are finite for all P and Q."""

import math
from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor

from fgan.divergences.card import Card, Formulas
from fgan.divergences.elementary import affine, quadratic, softplus
from fgan.divergences.parameter import OneParameter, Parameter


class FromMixture(OneParameter):
    """A family that compares P with the mixture M = πP + (1 - π)Q; below, m is the density ratio of M to Q."""

    parameter = Parameter(
        letter="π",
        rule="a number between 0 and 1, exclusive (a mixture weight, not 3.14)",
        accepts=lambda pi: 0 < pi < 1,
        examples=(0.5, 0.1, 0.9),
        poles=(0.0, 1.0),
    )
    near_zero: ClassVar = replace(parameter, nearest={0.0: 1e-12})
    """For terms that keep all their digits there: below, their slopes vanish in float32 at large log-ratios."""

    @property
    def _odds(self) -> float:
        """The log-ratio at which both parts of M have the same weight: log((1 - π)/π)."""
        return math.log1p(-self.value) - math.log(self.value)


class SkewKL(FromMixture):
    r"""Skewed KL, KL(P‖πP + (1-π)Q), the K-divergence at π = ½: KL that is finite everywhere.

    .. math::
        f(u) = u \log\frac{u}{1 - \pi + \pi u}, \quad
        f'(u) = \log\frac{u}{1 - \pi + \pi u} + \frac{1 - \pi}{1 - \pi + \pi u}

    >>> SkewKL(0.5).f(torch.tensor(3.0))
    tensor(1.2164)
    """

    family = "skew-kl"
    parameter = FromMixture.near_zero
    card = Card(
        title="Skewed KL divergence (K-divergence)",
        symbol=r"K_\pi(P\|Q)",
        use="As a KL that is never infinite, if Q may miss part of P: it approaches KL as π → 0.",
        avoid="With large π: P is then compared with a mixture that is mostly P itself.",
        normalisation="π is the weight of P in the mixture; between 0 and -log π. π = ½ is Lin's K-divergence.",
        references=("lin1991", "lee2001"),
    )
    formulas = Formulas(
        f="u*log(u/(1 - π + π*u))",
        derivative="log(u/(1 - π + π*u)) + (1 - π)/(1 - π + π*u)",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return u log(u/m) with m = 1 - π + πu."""
        return -torch.xlogy(u, self.value + (1 - self.value) / u)

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return log(u/m) + (1 - π)/m."""
        away = self._odds - log_ratio
        return torch.sigmoid(away) - affine(softplus(away), 1.0, math.log(self.value))

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return (1 - π)u/m."""
        return torch.sigmoid(log_ratio - self._odds) * ((1 - self.value) / self.value)


class SkewPearson(FromMixture):
    r"""Relative Pearson divergence, χ²(P‖πP + (1-π)Q), from which RuLSIF learns a bounded ratio.

    .. math::
        f(u) = \frac{(1-\pi)^2 (u - 1)^2}{1 - \pi + \pi u}, \quad
        f'(u) = \frac{(1-\pi)^2}{\pi} \left(1 - \frac{1}{(1 - \pi + \pi u)^2}\right)

    >>> SkewPearson(0.5).f(torch.tensor([0.0, 1.0]))
    tensor([0.5000, 0.0000])
    """

    family = "skew-pearson"
    parameter = FromMixture.near_zero
    card = Card(
        title="Relative Pearson divergence",
        symbol=r"\chi^2_\pi(P\|Q)",
        use="For stable density-ratio estimation: the ratio to the mixture is at most 1/π.",
        avoid="When large ratios p/q matter: they are cut off near 1/π.",
        normalisation=(
            "π is the weight of P in the mixture. π = ½ is half of triangular, π → 0 Pearson's χ². RuLSIF's PE is half "
            "of it."
        ),
        references=("yamada2013", "gyorfi2001"),
    )
    formulas = Formulas(
        f="(1 - π)**2*(u - 1)**2/(1 - π + π*u)",
        derivative="(1 - π)**2/π*(1 - 1/(1 - π + π*u)**2)",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return (1 - π)² (u - 1)²/m."""
        pi = self.value
        return (1 - pi) ** 2 * (u - 1) * ((u - 1) / (1 - pi + pi * u))

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return (1 - π)² d(2 - πd) with d = (u - 1)/m."""
        rest = 1 - self.value
        return quadratic(self._excess(log_ratio), -self.value * rest**2, 2 * rest**2)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return (1 - π)² d(2 + (1 - π)d) with d = (u - 1)/m."""
        rest = 1 - self.value
        return quadratic(self._excess(log_ratio), rest**3, 2 * rest**2)

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return log((1 + (1 - π)d)/(1 - πd)); -inf below f'(0), +inf from the edge of dom f* on."""
        d = self._excess_at(t)
        return torch.log1p((1 - self.value) * d) - torch.log1p((-self.value * d).clamp(min=-1.0))

    def conjugate(self, t: Tensor) -> Tensor:
        """Return (1 - π)² d(2 + (1 - π)d), up to the edge of dom f*, else +inf."""
        rest = 1 - self.value
        value = quadratic(self._excess_at(t), rest**3, 2 * rest**2)
        return torch.where(t <= rest**2 / self.value, value, torch.inf)

    def _excess(self, log_ratio: Tensor) -> Tensor:
        """Return d = (u - 1)/m, from -1/(1 - π) at l = -inf to 1/π at l = +inf."""
        pi, rest = self.value, 1 - self.value
        return affine(torch.sigmoid(log_ratio - self._odds), 1 / (pi * rest), -1 / rest)

    def _excess_at(self, t: Tensor) -> Tensor:
        """Return the d with (1 - π)² d(2 - πd) = t."""
        pi, rest = self.value, 1 - self.value
        root = (1 - t * (pi / rest**2)).clamp(min=0.0).sqrt()
        return (t / rest**2 / (1 + root)).clamp(min=-1 / rest)
