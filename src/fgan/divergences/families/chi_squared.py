r"""The χ² family: f(u) = (u - 1)², (u - 1)²/u, their sum, and Marton's one-sided part."""

import torch
import torch.nn.functional as F
from torch import Tensor

from fgan.divergences.base import Divergence, Link
from fgan.divergences.card import Card, Formulas
from fgan.divergences.elementary import at_least, at_most, exp_difference, quadratic
from fgan.divergences.newton import invert

BEND = 16.0
"""How sharply Marton's link bends; benchmarks/README.md shows its effect on training."""


class Pearson(Divergence):
    r"""Pearson's χ² divergence, \int (p - q)^2 / q.

    .. math::
        f(u) = (u - 1)^2, \quad f'(u) = 2(u - 1), \quad
        f^*(t) = t^2/4 + t \text{ for } t \ge -2, \text{ else } -1, \quad g_f(v) = v

    Use it when regions that the model underweights should cost most; its estimates have heavy tails.
    The paper's Table 2 omits the branch t < -2, where no u >= 0 attains t²/4 + t. Without it the bound is
    still valid but looser, and it would reward a generator for looking *less* real.

    >>> Pearson().conjugate(torch.tensor([-3.0, 0.0, 2.0]))
    tensor([-1.,  0.,  3.])
    """

    name = "pearson"
    card = Card(
        title="Pearson's χ² divergence",
        symbol=r"\chi^2(P\|Q)",
        use="When regions that the model underweights should cost most. Its tight bound has a closed form.",
        avoid=(
            "When p/q can be large: it averages u² over the model's samples, and it is infinite if q = 0 where p > 0."
        ),
        normalisation=(
            "∫(p - q)²/q, twice the α-divergence at α = 2. The paper's Table 1 swaps the integrals of Pearson and "
            "Neyman relative to its own f; fgan follows f."
        ),
        references=("pearson1900",),
    )
    formulas = Formulas(
        f="(u - 1)**2",
        derivative="2*(u - 1)",
        conjugate="max(t, -2) + max(t, -2)**2/4",
        activation="v",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return (u - 1)²."""
        return (u - 1).square()

    def derivative(self, u: Tensor) -> Tensor:
        """Return 2(u - 1)."""
        return 2 * (u - 1)

    def conjugate(self, t: Tensor) -> Tensor:
        """Return t²/4 + t for t >= -2, else -1."""
        return quadratic(at_least(t, -2.0), 0.25, 1.0)

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return log(1 + t/2), and -inf below t = -2."""
        return torch.log1p(at_least(t, -2.0) / 2)

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return 2(e^l - 1)."""
        return exp_difference(log_ratio, scale=2.0)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return e^(2l) - 1."""
        return exp_difference(log_ratio, rate=2.0)

    def paper_link(self) -> Link:
        """Return the link T = v, for which u = 1 + v/2, and u = 0 below v = -2."""
        return Link(real=lambda v: v, fake=self.conjugate, log_ratio=self.log_ratio_at)


class Neyman(Divergence):
    r"""Neyman's χ² divergence, \int (p - q)^2 / p, the dual of Pearson's.

    .. math::
        f(u) = (u - 1)^2/u, \quad f'(u) = 1 - u^{-2}, \quad
        f^*(t) = 2 - 2\sqrt{1 - t}, \quad g_f(v) = 1 - e^{-v}

    >>> Neyman().fake_term(torch.tensor(0.0))
    tensor(0.)
    """

    name = "neyman"
    card = Card(
        title="Neyman's χ² divergence",
        symbol=r"\chi^2(Q\|P)",
        use="When samples outside the data should cost most, even more than under reverse KL.",
        avoid=(
            "When q/p can be large: early in training, or if the model has samples where p = 0 (infinite)."
        ),
        normalisation="∫(p - q)²/p, twice the α-divergence at α = -1. See pearson about the paper's Table 1.",
        references=("neyman1949",),
    )
    formulas = Formulas(
        f="(u - 1)**2/u",
        derivative="1 - 1/u**2",
        conjugate="2 - 2*sqrt(1 - t)",
        activation="1 - exp(-v)",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return (u - 1)²/u."""
        return (u - 1) * ((u - 1) / u)  # (u - 1)² alone would overflow although f is only about u

    def derivative(self, u: Tensor) -> Tensor:
        """Return 1 - 1/u²."""
        return 1 - u.pow(-2)

    def conjugate(self, t: Tensor) -> Tensor:
        """Return 2 - 2√(1 - t) for t <= 1, else +inf."""
        return torch.where(t <= 1, 2 - 2 * (1 - t).clamp(min=0.0).sqrt(), torch.inf)

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return -½ log(1 - t) for t < 1, else +inf."""
        return -torch.log1p(-t.clamp(max=1.0)) / 2

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return 1 - e^(-2l)."""
        return exp_difference(log_ratio, rate=-2.0, scale=-1.0)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return 2 - 2e^(-l)."""
        return exp_difference(log_ratio, rate=-1.0, scale=-2.0)

    def paper_link(self) -> Link:
        """Return the link T = 1 - e^(-v), for which l = v/2."""
        return Link(
            real=lambda v: exp_difference(v, rate=-1.0, scale=-1.0),
            fake=lambda v: exp_difference(v, rate=-0.5, scale=-2.0),
            log_ratio=lambda v: v / 2,
        )


class SymmetricChi2(Divergence):
    r"""Symmetric χ² divergence, \int (p - q)^2 (p + q)/(pq): Pearson's plus Neyman's.

    .. math::
        f(u) = (u - 1)^2 (u + 1)/u, \quad f'(u) = 2u - 1 - u^{-2}, \quad g_f(v) = v

    Under the link T = v both terms grow no faster than v², and u is the root of a cubic. Under the log-ratio link one
    of them grows like e^(2|v|), and training diverges.

    >>> SymmetricChi2().f(torch.tensor([1.0, 2.0]))
    tensor([0.0000, 1.5000])
    """

    name = "symmetric-chi2"
    card = Card(
        title="Symmetric χ² divergence",
        symbol=r"\Psi(P\|Q)",
        use="As the strictest symmetric distance here between two overlapping distributions.",
        avoid=(
            "For samples with a wide range of ratios, and for training with the log-ratio link: it has the heavy tails "
            "of both Pearson and Neyman."
        ),
        normalisation="The sum of Pearson's and Neyman's χ², not their mean.",
        references=("taneja2005", "dragomir2000"),
    )
    formulas = Formulas(
        f="(u - 1)**2*(u + 1)/u",
        derivative="2*u - 1 - 1/u**2",
        activation="v",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return (u - 1)² (1 + 1/u)."""
        return (u - 1).square() * (1 + 1 / u)

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return 2(e^l - 1) + 1 - e^(-2l)."""
        return exp_difference(log_ratio, 1.0, 2.0) + exp_difference(log_ratio, -2.0, -1.0)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return e^(2l) - 1 + 2 - 2e^(-l)."""
        return exp_difference(log_ratio, 2.0) + exp_difference(log_ratio, -1.0, -2.0)

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return the l with 2e^l - 1 - e^(-2l) = t, the logarithm of the root of 2u³ - (1 + t)u² - 1."""
        return invert(self.real_at, t, solve=_log_root)

    def paper_link(self) -> Link:
        """Return the link T = v."""
        return self.solved_link()


def _log_root(t: Tensor) -> Tensor:
    """Return log u with 2u - 1/u² = 1 + t, by Newton's method for u - 1 above t = 0 and for 1/u - 1 below.

    The starting values are exact at both ends and off by at most a fifth; each step squares the error.
    """
    up, down = t.clamp(min=0.0), t.clamp(max=0.0)
    first, second = up / 2, (1 - down).sqrt() - 1
    over, under = first, second
    for _ in range(4 if t.dtype == torch.float64 else 3):
        u, w = 1 + over, 1 + under
        over = over - (2 * over - up + over * (1 + u) / u / u) / (2 + 2 / u / u / u)
        under = under - (under * (1 + w) + 2 * under / w + down) / (2 * w + 2 / w / w)
    over, under = (torch.where(x.isfinite(), x, start) for x, start in ((over, first), (under, second)))
    return over.log1p() - under.log1p()


class Marton(Divergence):
    r"""Marton's divergence, \int q (1 - p/q)_+^2: Pearson's χ², counted only where q > p.

    .. math::
        f(u) = (1 - u)_+^2, \quad f'(u) = -2(1 - u)_+, \quad
        f^*(t) = t^2/4 + t \text{ for } -2 \le t \le 0, \quad g_f(v) = -\log(1 + e^{-16v})/16

    Its best critic knows log(p/q) only where p < q; elsewhere T = 0 is best, whatever the ratio. When P and Q are
    similar, T is close to 0 everywhere. With -log(1 + e^(-v)) this needs large, steep outputs v, which penalties on
    the critic's slope prevent; the sharper bend reaches it at a small v.

    >>> Marton().f(torch.tensor([0.0, 0.5, 3.0]))
    tensor([1.0000, 0.2500, 0.0000])
    """

    name = "marton"
    card = Card(
        title="Marton's divergence",
        symbol=r"d_2^2(P\|Q)",
        use="When only regions with too much model mass (q > p) should count. Bounded.",
        avoid="As a distance: it ignores regions with p > q, and its critic cannot learn ratios p/q above 1.",
        normalisation="The square of Marton's d₂; between 0 and 1.",
        references=("marton1996", "samson2000"),
    )
    formulas = Formulas(
        f="max(1 - u, 0)**2",
        derivative="-2*max(1 - u, 0)",
        conjugate="max(t, -2) + max(t, -2)**2/4",
        activation="-log(1 + exp(-16*v))/16",
    )
    identifies_ratio = False

    def f(self, u: Tensor) -> Tensor:
        """Return (1 - u)² below u = 1, else 0."""
        return (1 - u).clamp(min=0.0).square()

    def conjugate(self, t: Tensor) -> Tensor:
        """Return t²/4 + t for -2 <= t <= 0, -1 below and +inf above."""
        clamped = t.clamp(-2.0, 0.0)
        return torch.where(t <= 0, quadratic(clamped, 0.25, 1.0), torch.inf)

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return log(1 + t/2), -inf below t = -2; at t = 0, where every u >= 1 is optimal, 0."""
        return torch.log1p(t.clamp(-2.0, 0.0) / 2)

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return 2(e^l - 1) below l = 0, else 0."""
        return exp_difference(at_most(log_ratio, 0.0), scale=2.0)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return e^(2l) - 1 below l = 0, else 0."""
        return exp_difference(at_most(log_ratio, 0.0), rate=2.0)

    def paper_link(self) -> Link:
        """Return the link T = -log(1 + e^(-16v))/16, for which u = 1 + T/2, and u = 0 below T = -2."""

        def real(v: Tensor) -> Tensor:
            return F.logsigmoid(BEND * v) / BEND

        def fake(v: Tensor) -> Tensor:
            return quadratic(at_least(real(v), -2.0), 0.25, 1.0)

        return Link(real=real, fake=fake, log_ratio=lambda v: self.log_ratio_at(real(v)))
