r"""Divergences with a kink: f(u) = ½|u - 1| and the hockey stick (u - γ)_+."""

import math

import torch
from torch import Tensor

from fgan.divergences.base import Divergence, Link
from fgan.divergences.card import Card, Formulas
from fgan.divergences.elementary import affine, at_least, softplus
from fgan.divergences.parameter import OneParameter, Parameter

SLOPE = 4.0
"""How steep the soft hinge is on rejected samples; benchmarks/README.md shows its effect on training."""


class TotalVariation(Divergence):
    r"""Total variation distance ½∫|p − q|, between 0 and 1.

    .. math::
        f(u) = \tfrac12 |u - 1|, \quad f'(u) = \tfrac12 \operatorname{sign}(u - 1), \quad
        f^*(t) = \max(t, -\tfrac12) \text{ for } t \le \tfrac12, \quad g_f(v) = \tfrac12 \tanh v

    Use it as the advantage of the best test between P and Q. Its best critic knows only the *sign* of
    log(p/q): where |T| < ½ the ratio that makes T optimal is 1, so with the paper's link `log_ratio` is 0 and
    carries no information (`identifies_ratio` is False). The log-ratio link can evaluate a critic that was
    trained otherwise; being a step function of v, it cannot train one.

    >>> TotalVariation().conjugate(torch.tensor([-1.0, 0.25, 0.75]))
    tensor([-0.5000,  0.2500,     inf])
    """

    name = "total-variation"
    card = Card(
        title="Total variation distance",
        symbol=r"\mathrm{TV}(P,Q)",
        use="As the advantage of the best test between P and Q, and as a bounded metric.",
        avoid=(
            "To learn the ratio p/q: its critic only knows whether p or q is larger. With the paper's link gradients "
            "vanish as T approaches ±½; the soft hinge keeps them on rejected samples."
        ),
        normalisation="½∫|p - q|, between 0 and 1; some texts omit the ½.",
        references=("nowozin2016",),
    )
    formulas = Formulas(
        f="abs(u - 1)/2",
        conjugate="max(t, -1/2)",
        activation="tanh(v)/2",
        soft_hinge="1/2 - log(1 + exp(-4*v))",
    )
    identifies_ratio = False
    smooth = False
    kinks = (1.0,)

    def f(self, u: Tensor) -> Tensor:
        """Return ½|u - 1|."""
        return (u - 1).abs() / 2

    def derivative(self, u: Tensor) -> Tensor:
        """Return ½ sign(u - 1), and 0 at the kink."""
        return (u - 1).sign() / 2

    def conjugate(self, t: Tensor) -> Tensor:
        """Return max(t, -½) for t <= ½, else +inf."""
        return torch.where(t <= 0.5, t.clamp(min=-0.5), torch.inf)

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return 0, the log-ratio at the kink; -inf below t = -½ and +inf above ½."""
        return at_the_kink(t, 0.0, lower=-0.5, upper=0.5)

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

    def soft_hinge_link(self) -> Link:
        """Return the link T = ½ - log(1 + e^(-4v))."""
        return soft_hinge(lower=-0.5, upper=0.5)


class HockeyStick(OneParameter):
    r"""Hockey-stick divergence E_γ: for γ >= 1, the largest P(A) - γQ(A) over all events A.

    .. math::
        f(u) = (u - \gamma)_+ - (1 - \gamma)_+, \quad
        f^*(t) = \gamma \max(t, 0) + (1 - \gamma)_+ \text{ for } t \le 1, \quad g_f(v) = 1/(1 + e^{-v})

    γ = 1 is total variation; γ = e^ε gives the δ of (ε, δ)-differential privacy. Its best critic knows only
    whether p/q is above γ.

    >>> HockeyStick(2.0).f(torch.tensor([1.0, 3.0]))
    tensor([0., 1.])
    """

    family = "hockey-stick"
    parameter = Parameter(
        letter="γ",
        rule="a finite number above 0",
        accepts=lambda g: g > 0,
        examples=(1.0, 2.0, 0.5),
        poles=(0.0,),
        largest=1e6,
        beyond="no samples show whether p/q is above it",
    )
    card = Card(
        title="Hockey-stick divergence",
        symbol=r"E_\gamma(P\|Q)",
        use="For tail guarantees: how much P exceeds γQ where p > γq. With γ = e^ε, the δ of differential privacy.",
        avoid=(
            "To learn the ratio p/q: its critic only knows whether it is above γ. To train with γ ≠ 1: it is 0 as soon "
            "as p/q is on one side of γ everywhere."
        ),
        normalisation="Between 0 and min(γ, 1); γ below 1 is shifted by 1 - γ so that f(1) = 0.",
        references=("polyanskiy2010", "sason2016"),
    )
    formulas = Formulas(
        f="max(u - γ, 0) - max(1 - γ, 0)",
        conjugate="γ*max(t, 0) + max(1 - γ, 0)",
        activation="1/(1 + exp(-v))",
        soft_hinge="1 - log(1 + exp(-4*v))",
    )
    identifies_ratio = False
    smooth = False

    def __init__(self, value: float, link: str | None = None) -> None:
        self.kinks = (float(value),)
        super().__init__(value, link)

    def f(self, u: Tensor) -> Tensor:
        """Return (u - γ)_+ - (1 - γ)_+."""
        return (u - self.value).clamp(min=0.0) - self._shift

    def conjugate(self, t: Tensor) -> Tensor:
        """Return γ max(t, 0) + (1 - γ)_+ for t <= 1, else +inf."""
        return torch.where(t <= 1, self.value * t.clamp(min=0.0) + self._shift, torch.inf)

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return log γ, the log-ratio at the kink; -inf below t = 0 and +inf above 1."""
        return at_the_kink(t, self._log_kink, lower=0.0, upper=1.0)

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return 1 above l = log γ, 0 below, ½ at it."""
        return (1 + (log_ratio - self._log_kink).sign()) / 2

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return γT + (1 - γ)_+."""
        return self.value * self.real_at(log_ratio) + self._shift

    def paper_link(self) -> Link:
        """Return the link T = 1/(1 + e^(-v)), for which l = log γ everywhere."""
        return Link(
            real=torch.sigmoid,
            fake=lambda v: self.value * v.sigmoid() + self._shift,
            log_ratio=lambda v: torch.full_like(v, self._log_kink),
        )

    def soft_hinge_link(self) -> Link:
        """Return the link T = 1 - log(1 + e^(-4v))."""
        return soft_hinge(lower=0.0, upper=1.0, kink=self.value, shift=self._shift)

    @property
    def _shift(self) -> float:
        return max(1 - self.value, 0.0)

    @property
    def _log_kink(self) -> float:
        return math.log(self.value)


def soft_hinge(lower: float, upper: float, kink: float = 1.0, shift: float = 0.0) -> Link:
    r"""Return a link for an f with one kink that keeps gradients on samples that the critic rejects.

    .. math::
        T = upper - (upper - lower) \log(1 + e^{-4v}), \quad f^*(T) = kink \max(T, lower) + shift

    f* is flat below `lower`: as in the hinge loss, the critic gains nothing by rejecting a sample further. T is not
    flat there: rejected data pull the critic back, and a generator that climbs T has a gradient at every rejected
    sample. With tanh or a sigmoid both gradients vanish as soon as the critic is sure. On accepted samples they
    vanish here too, because T may not exceed `upper`.

    Args:
        lower: the slope of f to the left of its kink.
        upper: the slope to the right.
        kink: the u of the kink.
        shift: f*(t) minus kink max(t, lower).
    """

    def real(v: Tensor) -> Tensor:
        return affine(softplus(-SLOPE * v), lower - upper, upper)

    def fake(v: Tensor) -> Tensor:
        t = at_least(real(v), lower)
        return t if kink == 1 and shift == 0 else affine(t, kink, shift)

    def log_ratio(v: Tensor) -> Tensor:
        return torch.full_like(v, math.log(kink)).where(real(v) >= lower, -torch.inf)

    return Link(real=real, fake=fake, log_ratio=log_ratio)


def at_the_kink(t: Tensor, log_ratio: float, lower: float, upper: float) -> Tensor:
    """Return the log-ratio of the kink for all its slopes, and ∓inf below and above them."""
    at = torch.full_like(t, log_ratio)
    return torch.where(t < lower, -torch.inf, torch.where(t > upper, torch.inf, at))
