r"""The squared Hellinger distance: f(u) = (√u - 1)²."""

import torch
from torch import Tensor

from fgan.divergences.base import Divergence, Link
from fgan.divergences.card import Card, Formulas
from fgan.divergences.elementary import exp_difference


class SquaredHellinger(Divergence):
    r"""Squared Hellinger distance, \int (√p - √q)^2 = 2 - 2·BC, between 0 and 2.

    .. math::
        f(u) = (\sqrt u - 1)^2, \quad f'(u) = 1 - u^{-1/2}, \quad
        f^*(t) = t/(1-t), \quad g_f(v) = 1 - e^{-v}

    Use it as a bounded, symmetric compromise between KL and reverse KL. Many texts halve it.

    >>> SquaredHellinger().f(torch.tensor([0.0, 1.0, 4.0]))
    tensor([1., 0., 1.])
    """

    name = "squared-hellinger"
    card = Card(
        title="Squared Hellinger distance",
        symbol=r"H^2(P,Q)",
        use="As a bounded, symmetric compromise between KL and reverse KL; its square root is a metric.",
        avoid="When P and Q hardly overlap: it saturates at 2 and its gradient vanishes.",
        normalisation=(
            "2 - 2∫√(pq), between 0 and 2; many texts halve it, 1 - BC. Half of the α-divergence at α = ½."
        ),
        references=("hellinger1909",),
    )
    formulas = Formulas(
        f="(sqrt(u) - 1)**2",
        derivative="1 - 1/sqrt(u)",
        conjugate="t/(1 - t)",
        activation="1 - exp(-v)",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return (√u - 1)²."""
        return (u.sqrt() - 1).square()

    def derivative(self, u: Tensor) -> Tensor:
        """Return 1 - 1/√u."""
        return 1 - u.rsqrt()

    def conjugate(self, t: Tensor) -> Tensor:
        """Return t/(1 - t) for t < 1, else +inf."""
        return torch.where(t < 1, t / (1 - t), torch.inf)

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return -2 log(1 - t) for t < 1, else +inf."""
        return -2 * torch.log1p(-t.clamp(max=1.0))

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return 1 - e^(-l/2)."""
        return exp_difference(log_ratio, rate=-0.5, scale=-1.0)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return e^(l/2) - 1."""
        return exp_difference(log_ratio, rate=0.5)

    def paper_link(self) -> Link:
        """Return the link T = 1 - e^(-v), for which l = 2v."""
        return Link(
            real=lambda v: exp_difference(v, rate=-1.0, scale=-1.0),
            fake=lambda v: exp_difference(v),
            log_ratio=lambda v: 2 * v,
        )
