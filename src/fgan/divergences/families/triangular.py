r"""Vincze–Le Cam's triangular discrimination, (u - 1)²/(u + 1), and the harmonic mean divergence."""

import torch
from torch import Tensor

from fgan.divergences.base import Divergence
from fgan.divergences.card import Card, Formulas
from fgan.divergences.elementary import quadratic


class Triangular(Divergence):
    r"""Triangular discrimination of Vincze and Le Cam, \int (p - q)^2/(p + q), between 0 and 2.

    .. math::
        f(u) = \frac{(u - 1)^2}{u + 1}, \quad f'(u) = 1 - \frac{4}{(1 + u)^2}, \quad
        f^*(t) = (\sqrt{1 - t} - 1)(\sqrt{1 - t} - 3) \text{ for } t \ge -3, \text{ else } -1

    >>> Triangular().f(torch.tensor([0.0, 1.0]))
    tensor([1., 0.])
    """

    name = "triangular"
    card = Card(
        title="Triangular discrimination (Vincze–Le Cam)",
        symbol=r"\Delta(P,Q)",
        use="As a bounded, symmetric χ²: within a factor of 2 of squared Hellinger, and easy to estimate.",
        avoid="When P and Q hardly overlap: it saturates and its gradient vanishes.",
        normalisation=(
            "∫(p - q)²/(p + q), between 0 and 2. Le Cam's distance is half of it; some texts use a quarter."
        ),
        references=("vincze1981", "lecam1986", "topsoe2000"),
    )
    formulas = Formulas(
        f="(u - 1)**2/(u + 1)",
        derivative="1 - 4/(1 + u)**2",
        conjugate="(sqrt(1 - max(t, -3)) - 1)*(sqrt(1 - max(t, -3)) - 3)",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return (u - 1)²/(u + 1)."""
        return (u - 1) * ((u - 1) / (u + 1))  # (u - 1)² alone would overflow although f is only about u

    def conjugate(self, t: Tensor) -> Tensor:
        """Return (√(1 - t) - 1)(√(1 - t) - 3) for -3 <= t <= 1, -1 below and +inf above."""
        root = (1 - t.clamp(-3.0, 1.0)).sqrt()
        return torch.where(t <= 1, (root - 1) * (root - 3), torch.inf)

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return log(2/√(1 - t) - 1), -inf below t = -3, +inf from t = 1 on."""
        return (2 * (1 - t.clamp(-3.0, 1.0)).rsqrt() - 1).log()

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return h(2 - h) with h = tanh(l/2) = (u - 1)/(u + 1)."""
        h = (log_ratio / 2).tanh()
        return quadratic(h, -1.0, 2.0)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return h(2 + h) with h = tanh(l/2)."""
        h = (log_ratio / 2).tanh()
        return quadratic(h, 1.0, 2.0)


class Harmonic(Divergence):
    r"""Harmonic mean divergence, 1 - \int 2pq/(p + q): half the triangular discrimination.

    .. math::
        f(u) = \frac{1 - u}{1 + u}, \quad f'(u) = -\frac{2}{(1 + u)^2}, \quad
        f^*(t) = 1 - 2\sqrt{-2t} - t \text{ for } -2 \le t \le 0, \text{ else } -1

    >>> Harmonic().f(torch.tensor([0.0, 1.0]))
    tensor([1., 0.])
    """

    name = "harmonic"
    card = Card(
        title="Harmonic mean divergence",
        symbol=r"1 - W(P,Q)",
        use="As an overlap measure: 1 - W is one minus twice the nearest-neighbour classifier's error in the limit.",
        avoid="When P and Q hardly overlap: it saturates and its gradient vanishes.",
        normalisation="1 - ∫2pq/(p + q), between 0 and 1: half of triangular, and Le Cam's distance.",
        references=("lecam1986", "taneja2005"),
    )
    formulas = Formulas(
        f="(1 - u)/(1 + u)",
        derivative="-2/(1 + u)**2",
        conjugate="1 - 2*sqrt(-2*max(t, -2)) - max(t, -2)",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return (1 - u)/(1 + u)."""
        return (1 - u) / (1 + u)

    def conjugate(self, t: Tensor) -> Tensor:
        """Return 1 - 2√(-2t) - t for -2 <= t <= 0, -1 below and +inf above."""
        clamped = t.clamp(-2.0, 0.0)
        return torch.where(t <= 0, 1 - 2 * (-2 * clamped).sqrt() - clamped, torch.inf)

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return log(√(-2/t) - 1), -inf below t = -2, +inf from t = 0 on."""
        return ((-2 / t.clamp(-2.0, 0.0)).abs().sqrt() - 1).log()

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return -2/(1 + u)²."""
        return quadratic((-log_ratio).sigmoid(), -2.0, 0.0)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return 2u²/(1 + u)² - 1."""
        return quadratic(log_ratio.sigmoid(), 2.0, 0.0, -1.0)
