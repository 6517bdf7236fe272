r"""KL from the midpoint M = (P + Q)/2: softened KL and reverse KL, and arithmetic–geometric."""

import torch
import torch.nn.functional as F
from torch import Tensor

from fgan.divergences.base import Divergence, Link
from fgan.divergences.card import Card, Formulas
from fgan.divergences.elementary import EXACT, LOG2, affine, at_least, exp_difference, softplus


class SoftenedKL(Divergence):
    r"""Softened KL, 4 KL(½P + ½Q‖Q).

    .. math::
        f(u) = 2(u + 1) \log\frac{u + 1}{2}, \quad f'(u) = 2 + 2\log\frac{u + 1}{2}, \quad
        f^*(t) = 4 e^{t/2 - 1} - t \text{ for } t \ge 2 - 2\log 2, \text{ else } 2\log 2, \quad g_f(v) = v + 2

    The default link is T = v + 2. With v = log(p/q), T levels off as v falls: rejected data no longer train the critic,
    and rejected samples no longer train a generator that minimises -T. Every seed then lost four broad modes.

    >>> SoftenedKL().f(torch.tensor([0.0, 1.0]))
    tensor([-1.3863,  0.0000])
    """

    name = "softened-kl"
    card = Card(
        title="Softened KL divergence",
        symbol=r"4\,\mathrm{KL}(\tfrac12 P + \tfrac12 Q\|Q)",
        use="When the model must cover the data: a little more tolerant than KL where p is small.",
        avoid="When the model may miss part of the data: like KL, it is then infinite.",
        normalisation=(
            "f''(1) = 1; 4 times KL from the midpoint to Q, which is Taneja's relative arithmetic–geometric."
        ),
        references=("shannon2020", "taneja2005"),
    )
    formulas = Formulas(
        f="2*(u + 1)*log((u + 1)/2)",
        derivative="2 + 2*log((u + 1)/2)",
        conjugate="4*exp(max(t, 2 - 2*log(2))/2 - 1) - max(t, 2 - 2*log(2))",
        activation="v + 2",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return 2(u + 1) log((u + 1)/2)."""
        return 2 * (u + 1) * ((u - 1) / 2).log1p()

    def conjugate(self, t: Tensor) -> Tensor:
        """Return 4e^(t/2-1) - t for t >= 2 - 2 log 2, else 2 log 2."""
        t = at_least(t, 2 - 2 * LOG2)
        return 4 * (t / 2 - 1).exp() - t

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return log(2e^(t/2-1) - 1), -inf below t = 2 - 2 log 2."""
        above = t / 2 - 1 + LOG2
        return torch.expm1(F.hardtanh(above, 0.0, EXACT)).log() + F.relu(above - EXACT)

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return 2 + 2 log((1 + u)/2)."""
        return affine(softplus(log_ratio), 2.0, 2 - 2 * LOG2)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return 2u - 2 log((1 + u)/2)."""
        return torch.sub(exp_difference(log_ratio, 1.0, 2.0, 2 + 2 * LOG2), softplus(log_ratio), alpha=2.0)

    def paper_link(self) -> Link:
        """Return the link T = v + 2, for which u = 2e^(v/2) - 1, and u = 0 below v = -2 log 2."""
        return Link(
            real=lambda v: v + 2,
            fake=lambda v: self.conjugate(v + 2),
            log_ratio=lambda v: self.log_ratio_at(v + 2),
        )


class SoftenedReverseKL(Divergence):
    r"""Softened reverse KL, 4 KL(½P + ½Q‖P). The generator of the non-saturating GAN follows half of it.

    .. math::
        f(u) = 2(u + 1) \log\frac{u + 1}{2u}, \quad f'(u) = 2\log\frac{u + 1}{2u} - \frac2u

    >>> SoftenedReverseKL().f(torch.tensor([1.0, 3.0]))
    tensor([ 0.0000, -3.2437])
    """

    name = "softened-reverse-kl"
    card = Card(
        title="Softened reverse KL divergence",
        symbol=r"4\,\mathrm{KL}(\tfrac12 P + \tfrac12 Q\|P)",
        use=(
            "To study the non-saturating GAN: with a gan critic and the non-saturating loss, the generator follows "
            "half of it."
        ),
        avoid="When the model may have samples where p = 0: like reverse KL, it is then infinite.",
        normalisation="f''(1) = 1; 4 times KL from the midpoint to P, the dual of softened-kl.",
        references=("shannon2020", "taneja2005"),
    )
    formulas = Formulas(
        f="2*(u + 1)*log((u + 1)/(2*u))",
        derivative="2*log((u + 1)/(2*u)) - 2/u",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return 2(u + 1) log((u + 1)/(2u))."""
        return 2 * (u + 1) * (0.5 + 0.5 / u).log()

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return 2 log((u + 1)/(2u)) - 2/u."""
        return torch.sub(_minus_exp(log_ratio, 2.0), F.logsigmoid(log_ratio), alpha=2.0)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return -2 - 2 log((u + 1)/(2u))."""
        return affine(F.logsigmoid(log_ratio), 2.0, 2 * LOG2 - 2)


class RelativeArithmeticGeometric(Divergence):
    r"""Relative arithmetic–geometric divergence, KL(½P + ½Q‖P): a quarter of softened reverse KL.

    .. math::
        f(u) = \frac{u + 1}{2} \log\frac{u + 1}{2u}, \quad f'(u) = \tfrac12\log\frac{u + 1}{2u} - \frac1{2u}

    Its dual is KL(½P + ½Q‖Q), and the mean of the two is the arithmetic–geometric divergence.

    >>> RelativeArithmeticGeometric().f(torch.tensor(1.0))
    tensor(0.)
    """

    name = "relative-arithmetic-geometric"
    card = Card(
        title="Relative arithmetic–geometric divergence",
        symbol=r"\mathrm{KL}(\tfrac12 P + \tfrac12 Q\|P)",
        use="As the one-sided half of arithmetic–geometric: the distance of the midpoint from the data.",
        avoid="When the model may have samples where p = 0: it is then infinite.",
        normalisation=(
            "A quarter of softened-reverse-kl; its dual, dual(relative-arithmetic-geometric), is a quarter of "
            "softened-kl."
        ),
        references=("taneja2005",),
    )
    formulas = Formulas(
        f="(u + 1)/2*log((u + 1)/(2*u))",
        derivative="log((u + 1)/(2*u))/2 - 1/(2*u)",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return (u + 1)/2 log((u + 1)/(2u))."""
        return (u + 1) / 2 * (0.5 + 0.5 / u).log()

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return ½ log((u + 1)/(2u)) - 1/(2u)."""
        return torch.sub(_minus_exp(log_ratio, 0.5), F.logsigmoid(log_ratio), alpha=0.5)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return -½ - ½ log((u + 1)/(2u))."""
        return affine(F.logsigmoid(log_ratio), 0.5, (LOG2 - 1) / 2)


class ArithmeticGeometric(Divergence):
    r"""Arithmetic–geometric divergence, ½ KL(M‖P) + ½ KL(M‖Q), M = (P + Q)/2; it is its own dual.

    .. math::
        f(u) = \frac{u + 1}{2} \log\frac{u + 1}{2\sqrt u}, \quad
        f'(u) = \tfrac12 \log\frac{u + 1}{2 \sqrt u} + \tfrac14 - \frac1{4u}

    >>> ArithmeticGeometric().f(torch.tensor([1.0, 4.0]))
    tensor([0.0000, 0.5579])
    """

    name = "arithmetic-geometric"
    card = Card(
        title="Arithmetic–geometric divergence",
        symbol=r"\mathrm{AG}(P,Q)",
        use="As a symmetric relative of JS with swapped KL arguments: JS_std + AG is a quarter of Jeffreys.",
        avoid="When the supports of P and Q differ: it is infinite if either misses part of the other.",
        normalisation="Taneja's: an eighth of Jeffreys near P = Q. Some libraries use twice this value.",
        references=("taneja2005",),
    )
    formulas = Formulas(
        f="(u + 1)/2*log((u + 1)/(2*sqrt(u)))",
        derivative="log((u + 1)/(2*sqrt(u)))/2 + 1/4 - 1/(4*u)",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return (u + 1)/2 log((u + 1)/(2√u))."""
        return (u + 1) / 2 * ((u.sqrt() + u.rsqrt()) / 2).log()

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return ½ log cosh(l/2) + ¼(1 - e^(-l))."""
        return _add_log_cosh_half(exp_difference(log_ratio, -1.0, -0.25, -LOG2 / 2), log_ratio, 0.5)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return ¼(e^l - 1) - ½ log cosh(l/2)."""
        return _add_log_cosh_half(exp_difference(log_ratio, 1.0, 0.25, LOG2 / 2), log_ratio, -0.5)


def _minus_exp(x: Tensor, scale: float) -> Tensor:
    """Return -scale (e^(-x) + log 2), elementwise."""
    return exp_difference(x, -1.0, -scale, -scale * (1 + LOG2))


def _add_log_cosh_half(y: Tensor, x: Tensor, scale: float) -> Tensor:
    """Return y + scale (log cosh(x/2) + log 2), elementwise."""
    return torch.add(torch.add(y, softplus(x), alpha=scale), x, alpha=-scale / 2)
