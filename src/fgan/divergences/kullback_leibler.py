r"""Kullback–Leibler and its reverse: f(u) = u log u and f(u) = -log u."""

from typing import ClassVar

import torch
from torch import Tensor

from fgan.divergences.base import Divergence, Interval, Link


class KL(Divergence):
    r"""Kullback–Leibler divergence KL(P‖Q), the divergence of maximum likelihood.

    .. math::
        f(u) = u \log u, \quad f'(u) = 1 + \log u, \quad f^*(t) = e^{t-1}, \quad g_f(v) = v

    Use it to cover all of the data; it is infinite where Q misses a part of P.

    >>> KL().f(torch.tensor([1.0, 2.0]))
    tensor([0.0000, 1.3863])
    """

    name = "kl"
    formula = "u log u"
    threshold = 1.0
    conjugate_domain: ClassVar[Interval] = Interval()

    def f(self, u: Tensor) -> Tensor:
        """Return u log u."""
        return torch.xlogy(u, u)

    def derivative(self, u: Tensor) -> Tensor:
        """Return 1 + log u."""
        return 1 + u.log()

    def conjugate(self, t: Tensor) -> Tensor:
        """Return e^(t-1)."""
        return (t - 1).exp()

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return 1 + l."""
        return 1 + log_ratio

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return e^l."""
        return log_ratio.exp()

    def paper_link(self) -> Link:
        """Return the link T = v, for which l = v - 1."""
        return Link(real=lambda v: v, fake=self.conjugate, log_ratio=lambda v: v - 1)


class ReverseKL(Divergence):
    r"""Reverse Kullback–Leibler divergence KL(Q‖P).

    .. math::
        f(u) = -\log u, \quad f'(u) = -1/u, \quad f^*(t) = -1 - \log(-t), \quad g_f(v) = -e^{-v}

    Use it to keep every sample plausible; it forgives the modes that Q leaves out.

    >>> ReverseKL().fake_term(torch.tensor(3.0))
    tensor(2.)
    """

    name = "reverse-kl"
    formula = "-log u"
    threshold = -1.0
    conjugate_domain: ClassVar[Interval] = Interval(upper=0.0)

    def f(self, u: Tensor) -> Tensor:
        """Return -log u."""
        return -u.log()

    def derivative(self, u: Tensor) -> Tensor:
        """Return -1/u."""
        return -1 / u

    def conjugate(self, t: Tensor) -> Tensor:
        """Return -1 - log(-t) for t < 0, else +inf."""
        # Reverse KL's f* grows without bound as t -> 0-, so clamping t to 0 gives the limit, +inf.
        return -1 - torch.log(-t.clamp(max=0.0))

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return -e^(-l)."""
        return -(-log_ratio).exp()

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return l - 1."""
        return log_ratio - 1

    def paper_link(self) -> Link:
        """Return the link T = -e^(-v), for which l = v."""
        return self.affine_link()
