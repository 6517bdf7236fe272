r"""Vajda's χ^k: f(u) = |u - 1|^k."""

from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from fgan.divergences.base import Link
from fgan.divergences.card import Card, Formulas
from fgan.divergences.elementary import EXACT, at_least, at_most, exp_difference
from fgan.divergences.families.total_variation import at_the_kink, soft_hinge
from fgan.divergences.operation import Operation
from fgan.divergences.parameter import OneParameter, Parameter

_SMOOTH = {"conjugate": "max(t, -k) + (k - 1)*(abs(max(t, -k))/k)**(k/(k - 1))", "activation": "v"}
_KINKED = {"conjugate": "max(t, -1)", "activation": "tanh(v)", "soft_hinge": "1 - 2*log(1 + exp(-4*v))"}


class Chi(OneParameter):
    r"""Vajda's χ^k divergence, \int |p - q|^k / q^{k-1}, for k >= 1.

    .. math::
        f(u) = |u - 1|^k, \quad f'(u) = k |u - 1|^{k-1} \operatorname{sign}(u - 1), \quad
        f^*(t) = t + (k - 1) |t/k|^{k/(k-1)} \text{ for } t \ge -k, \text{ else } -1, \quad g_f(v) = v

    k = 2 is Pearson's χ²; k = 1 is twice the total variation, with its links doubled.

    >>> Chi(2.0).conjugate(torch.tensor([-3.0, 0.0, 2.0]))
    tensor([-1.,  0.,  3.])
    """

    family = "chi"
    parameter = Parameter(
        letter="k",
        rule="a finite number of at least 1",
        accepts=lambda k: k >= 1,
        examples=(1.0, 1.5, 2.0, 3.0),
    )
    card = Card(
        title="Vajda's χ^k divergence",
        symbol=r"\chi^k(P\|Q)",
        use=(
            "To set how strongly large ratios count: k below 2 is gentler than Pearson's χ², k above 2 harsher."
        ),
        avoid=(
            "For estimates from samples with k above 2: it averages u^k over the model's samples. For training with k "
            "below 2 and the log-ratio link: T has an infinite slope at log(p/q) = 0, where a critic may start. f''(1) "
            "is 0 or infinite unless k = 2."
        ),
        normalisation="∫|p - q|^k / q^(k-1): k = 1 is twice total variation, k = 2 is Pearson's χ².",
        references=("vajda1973",),
    )
    formulas = Formulas(
        f="abs(u - 1)**k",
        derivative="k*(u - 1)*abs(u - 1)**(k - 2)",
    )

    def __init__(self, value: float, link: str | None = None) -> None:
        self.smooth = self.identifies_ratio = value != 1
        self.kinks = () if self.smooth else (1.0,)
        super().__init__(value, link)
        self.formulas = replace(self.formulas, **(_SMOOTH if self.smooth else _KINKED))

    @property
    def links(self) -> tuple[str, ...]:
        """The soft hinge exists only for k = 1, where f has a kink."""
        return ("paper", "log-ratio") if self.smooth else super().links

    def f(self, u: Tensor) -> Tensor:
        """Return |u - 1|^k."""
        return (u - 1).abs().pow(self.value)

    def conjugate(self, t: Tensor) -> Tensor:
        """Return t + (k - 1)|t/k|^(k/(k-1)) for t >= -k, else -1; for k = 1 it is +inf above t = 1."""
        k = self.value
        clamped = at_least(t, -k)
        if not self.smooth:
            return torch.where(t <= 1, clamped, torch.inf)
        return clamped + (k - 1) * (clamped / k).abs().pow(k / (k - 1))

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return log(1 + sign(t)|t/k|^(1/(k-1))), -inf below t = -k; 0 for k = 1."""
        if not self.smooth:
            return at_the_kink(t, 0.0, lower=-1.0, upper=1.0)
        return torch.log1p(signed_power(at_least(t, -self.value) / self.value, 1 / (self.value - 1)))

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return k |e^l - 1|^(k-1) sign l."""
        if not self.smooth:
            return log_ratio.sign()
        return self.value * _ratio_less_one_power(log_ratio, self.value - 1)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return T (1 + (k - 1)(e^l - 1)/k)."""
        if not self.smooth:
            return log_ratio.sign()
        k = self.value
        return _ratio_less_one_power(log_ratio, k - 1) * exp_difference(log_ratio, 1.0, k - 1, k)

    def weight(self, log_ratio: Tensor) -> Tensor:
        """Return k(k - 1) u² |u - 1|^(k-2); 0 for k = 1."""
        if not self.smooth:
            return torch.zeros_like(log_ratio)
        size = torch.expm1(log_ratio).abs().pow(self.value - 2)
        return self.value * (self.value - 1) * (2 * log_ratio).exp() * size

    def paper_link(self) -> Link:
        """Return the link T = v; for k = 1, T = tanh v."""
        if not self.smooth:
            return Link(real=torch.tanh, fake=torch.tanh, log_ratio=torch.zeros_like)
        return Link(real=lambda v: v, fake=self.conjugate, log_ratio=self.log_ratio_at)

    def soft_hinge_link(self) -> Link:
        """Return the link T = 1 - 2 log(1 + e^(-4v)), for k = 1."""
        return soft_hinge(lower=-1.0, upper=1.0)


def _ratio_less_one_power(log_ratio: Tensor, exponent: float) -> Tensor:
    """Return sign(l)|e^l - 1|^exponent, also where e^l alone would overflow."""
    if exponent >= 1:
        return signed_power(torch.expm1(log_ratio), exponent)
    near = signed_power(torch.expm1(at_most(log_ratio, EXACT)), exponent)
    return near * (exponent * F.relu(log_ratio - EXACT)).exp()


def signed_power(x: Tensor, exponent: float) -> Tensor:
    """Return sign(x)|x|^exponent, elementwise, for an exponent above 0; its slope at 0 is its limit, never NaN."""
    return x if exponent == 1 else _SignedPower.apply(x, exponent)  # pyright: ignore[reportReturnType]


class _SignedPower(Operation):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, exponent: float) -> Tensor:
        return x.sign() * x.abs().pow(exponent)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, float], output: Tensor) -> None:  # noqa: ANN401
        x, ctx.exponent = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        (grad,) = grads
        (x,) = ctx.saved_tensors
        return grad * ctx.exponent * x.abs().pow(ctx.exponent - 1), None
