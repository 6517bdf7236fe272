r"""The power family: α-divergences, also in the notations of Cressie and Read and of Tsallis."""

import math
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from fgan.divergences.base import Link
from fgan.divergences.card import Card, Formulas
from fgan.divergences.elementary import affine, at_least, exp_difference, log_softplus
from fgan.divergences.parameter import OneParameter, Parameter

NOT_ZERO_OR_ONE = "a finite number other than 0 and 1"


class Alpha(OneParameter):
    r"""The α-divergence D_α for every real α except 0 and 1; its limits there are reverse KL and KL.

    .. math::
        f(u) = \frac{u^\alpha - 1 - \alpha(u - 1)}{\alpha(\alpha - 1)}, \quad
        f'(u) = \frac{u^{\alpha-1} - 1}{\alpha - 1}, \quad
        f^*(t) = \frac{(1 + (\alpha-1)t)_+^{\alpha/(\alpha-1)} - 1}{\alpha}

    with g_f(v) = 1/(1-α) - log(1 + e^{-v}) for α < 1 and g_f(v) = v for α > 1. In terms of the log-ratio l,
    T = (e^{(α-1)l} - 1)/(α-1) and f*(T) = (e^{αl} - 1)/α.

    >>> Alpha(2.0).f(torch.tensor([1.0, 3.0]))
    tensor([0., 2.])
    """

    family = "alpha"
    parameter = Parameter(
        letter="α",
        rule=NOT_ZERO_OR_ONE,
        accepts=lambda a: a not in (0.0, 1.0),
        examples=(-1.0, -0.5, 0.5, 0.9, 1.5, 2.0, 3.0),
        limits={1.0: "kl", 0.0: "reverse-kl"},
        poles=(0.0, 1.0),
    )
    card = Card(
        title="α-divergence",
        symbol=r"D_\alpha(P\|Q)",
        use="To move between seeking modes (α below ½) and covering the data (α above ½) with one number.",
        avoid=(
            "For estimates from samples with α far outside [0, 1]: the powers u^α of a few extreme ratios dominate."
        ),
        normalisation=(
            "f''(1) = 1. α = 2 is half of Pearson's χ², α = ½ twice squared Hellinger, α = -1 half of Neyman's χ²; "
            "α → 1 is KL, α → 0 reverse KL. Amari's α is 2α - 1 (up to sign); Rényi's and Tsallis' α equal this one."
        ),
        references=("chernoff1952", "amari2009"),
    )
    formulas = Formulas(
        f="(u**α - 1 - α*(u - 1))/(α*(α - 1))",
        derivative="(u**(α - 1) - 1)/(α - 1)",
        conjugate="(max(1 + (α - 1)*t, 0)**(α/(α - 1)) - 1)/α",
    )

    def __init__(self, value: float, link: str | None = None) -> None:
        super().__init__(value, link)
        # No u below 1 reaches these slopes, so dom f* ends where the range of the paper's activation does.
        activation = "v" if self.value > 1 else "1/(1 - α) - log(1 + exp(-v))"
        self.formulas = replace(self.formulas, activation=activation)

    @property
    def links(self) -> tuple[str, ...]:
        """Both links; for 0 < α < 1 the log-ratio is the default.

        There the paper's link gives u = ((1-α) log 2)^(1/(α-1)) at v = 0: 8 at α = ½ and 10^11 at α = 0.9, with which
        training diverges.
        """
        return ("log-ratio", "paper") if 0 < self._order < 1 else ("paper", "log-ratio")

    @property
    def _order(self) -> float:
        return self.value

    def f(self, u: Tensor) -> Tensor:
        """Return (u^α - 1 - α(u - 1))/(α(α - 1))."""
        a = self._order
        return (u.pow(a) - 1 - a * (u - 1)) / (a * (a - 1))

    def conjugate(self, t: Tensor) -> Tensor:
        """Return ((1 + (α-1)t)_+^(α/(α-1)) - 1)/α, +inf outside dom f*."""
        a = self._order
        value = exp_difference(torch.log1p(at_least((a - 1) * t, -1.0)), a / (a - 1), 1 / a)
        return value if a > 1 else torch.where(self.conjugate_domain.contains(t), value, torch.inf)

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return log(1 + (α-1)t)/(α-1), ±inf where no u gives t."""
        rate = self._order - 1
        return torch.log1p(at_least(rate * t, -1.0)) / rate

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return (e^((α-1)l) - 1)/(α-1)."""
        rate = self._order - 1
        return exp_difference(log_ratio, rate, 1 / rate)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return (e^(αl) - 1)/α."""
        return exp_difference(log_ratio, self._order, 1 / self._order)

    def paper_link(self) -> Link:
        """Return the link T = v for α > 1, and T = 1/(1-α) - log(1 + e^(-v)) below."""
        rest = 1 - self._order
        if rest < 0:
            return Link(real=lambda v: v, fake=self.conjugate, log_ratio=self.log_ratio_at)

        def log_ratio(v: Tensor) -> Tensor:
            return affine(log_softplus(-v), -1 / rest, -math.log(rest) / rest)

        return Link(
            real=lambda v: 1 / rest + F.logsigmoid(v),
            fake=lambda v: self.fake_at(log_ratio(v)),
            log_ratio=log_ratio,
        )


class CressieRead(Alpha):
    r"""The Cressie–Read power divergence I^λ = D_α with α = λ + 1, for every real λ except -1 and 0.

    .. math::
        f(u) = \frac{u^{\lambda+1} - 1 - (\lambda+1)(u - 1)}{\lambda(\lambda+1)}

    >>> CressieRead(1.0).f(torch.tensor([1.0, 3.0]))
    tensor([0., 2.])
    """

    family = "cressie-read"
    parameter = Parameter(
        letter="λ",
        rule="a finite number other than -1 and 0",
        accepts=lambda value: value not in (0.0, -1.0),
        examples=(0.6667, -0.5, 1.0, -2.0),
        limits={0.0: "kl", -1.0: "reverse-kl"},
        poles=(-1.0, 0.0),
    )
    card = Card(
        title="Cressie–Read power divergence",
        symbol=r"I^\lambda(P\|Q)",
        use="For goodness-of-fit tests in the notation of statistics.",
        avoid="For estimates from samples with λ far outside [-1, 0]: heavy tails, as with alpha.",
        normalisation=(
            "I^λ, the α-divergence at α = λ + 1. The test statistic of n counts is 2n I^λ: λ = 1 Pearson's X², "
            "λ → 0 the likelihood ratio G, -½ Freeman–Tukey, -2 Neyman's, 2/3 as Cressie and Read recommend."
        ),
        references=("cressie1984",),
    )
    formulas = Formulas(
        f="(u**(λ + 1) - 1 - (λ + 1)*(u - 1))/(λ*(λ + 1))",
        derivative="(u**λ - 1)/λ",
        conjugate="(max(1 + λ*t, 0)**((λ + 1)/λ) - 1)/(λ + 1)",
    )

    def __init__(self, value: float, link: str | None = None) -> None:
        super().__init__(value, link)
        activation = "v" if self.value > 0 else "-1/λ - log(1 + exp(-v))"
        self.formulas = replace(self.formulas, activation=activation)

    @property
    def _order(self) -> float:
        return self.value + 1


class Tsallis(OneParameter):
    r"""Tsallis' relative entropy of order q > 0, (\int p^q q^{1-q} - 1)/(q - 1).

    .. math::
        f(u) = \frac{u^q - u}{q - 1}, \quad f'(u) = \frac{q u^{q-1} - 1}{q - 1}, \quad
        f^*(t) = \left(\frac{1 + (q-1)t}{q}\right)_+^{q/(q-1)}

    q times the α-divergence at α = q; q → 1 is KL, f'(1) = 1 like KL's.

    >>> Tsallis(2.0).f(torch.tensor([1.0, 3.0]))
    tensor([0., 6.])
    """

    family = "tsallis"
    parameter = Parameter(
        letter="q",
        rule="a finite number above 0 other than 1",
        accepts=lambda q: q > 0 and q != 1.0,
        examples=(0.5, 2.0),
        limits={1.0: "kl"},
        poles=(0.0, 1.0),
    )
    card = Card(
        title="Tsallis relative entropy",
        symbol=r"T_q(P\|Q)",
        use="In fields that work with Tsallis entropy; otherwise use alpha, the same up to scale with f''(1) = 1.",
        avoid="For estimates from samples with q well above 1: it averages u^q over the model's samples.",
        normalisation="q times the α-divergence at α = q; q → 1 is KL. f is not convex for q < 0, so q > 0.",
        references=("tsallis1998",),
    )
    formulas = Formulas(
        f="(u**q - u)/(q - 1)",
        derivative="(q*u**(q - 1) - 1)/(q - 1)",
        conjugate="max((1 + (q - 1)*t)/q, 0)**(q/(q - 1))",
    )

    def __init__(self, value: float, link: str | None = None) -> None:
        super().__init__(value, link)
        if self.value > 1:
            self.formulas = replace(self.formulas, activation="v")

    @property
    def links(self) -> tuple[str, ...]:
        """The paper's link for q > 1 only: at q = 2 the log-ratio's bound fell to -4e7 on moons."""
        return ("paper", "log-ratio") if self.value > 1 else ("log-ratio",)

    def f(self, u: Tensor) -> Tensor:
        """Return (u^q - u)/(q - 1)."""
        return (u.pow(self.value) - u) / (self.value - 1)

    def conjugate(self, t: Tensor) -> Tensor:
        """Return ((1 + (q-1)t)/q)_+^(q/(q-1)), +inf outside dom f*."""
        q = self.value
        value = (q * self.log_ratio_at(t)).exp()
        return value if q > 1 else torch.where(self.conjugate_domain.contains(t), value, torch.inf)

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return log((1 + (q-1)t)/q)/(q-1), ±inf where no u gives t."""
        rate = self.value - 1
        return (torch.log1p(at_least(rate * t, -1.0)) - math.log(self.value)) / rate

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return (q e^((q-1)l) - 1)/(q-1)."""
        rate = self.value - 1
        return exp_difference(log_ratio, rate, self.value / rate) + 1

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return e^(ql)."""
        return (self.value * log_ratio).exp()

    def paper_link(self) -> Link:
        """Return the link T = v, for q > 1."""
        return Link(real=lambda v: v, fake=self.conjugate, log_ratio=self.log_ratio_at)
