r"""Kullback–Leibler, its reverse, and their sum: f(u) = u log u, -log u, (u - 1) log u."""

import torch
from torch import Tensor

from fgan.divergences.base import Divergence, Link
from fgan.divergences.card import Card, Formulas
from fgan.divergences.elementary import exp_difference, log_softplus
from fgan.divergences.newton import invert


class KL(Divergence):
    r"""Kullback–Leibler divergence KL(P‖Q), the divergence of maximum likelihood.

    .. math::
        f(u) = u \log u, \quad f'(u) = 1 + \log u, \quad f^*(t) = e^{t-1}, \quad g_f(v) = v

    Use it to cover all of the data; it is infinite if Q misses part of P.

    >>> KL().f(torch.tensor([1.0, 2.0]))
    tensor([0.0000, 1.3863])
    """

    name = "kl"
    card = Card(
        title="Kullback–Leibler divergence",
        symbol=r"\mathrm{KL}(P\|Q)",
        use="To cover all of the data: the divergence of maximum likelihood, additive over independent parts.",
        avoid=(
            "When the model may miss part of the data (it is then infinite), or with few samples: the bound averages u "
            "over the model's samples, and a handful of them can dominate."
        ),
        normalisation=(
            "In nats; divide by log 2 for bits. Some texts use f(u) = u log u - u + 1: the same divergence, with "
            "f'(1) = 0 instead of 1."
        ),
        references=("kullback1951", "csiszar1967"),
    )
    formulas = Formulas(
        f="u*log(u)",
        derivative="1 + log(u)",
        conjugate="exp(t - 1)",
        activation="v",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return u log u."""
        return torch.xlogy(u, u)

    def derivative(self, u: Tensor) -> Tensor:
        """Return 1 + log u."""
        return 1 + u.log()

    def conjugate(self, t: Tensor) -> Tensor:
        """Return e^(t-1)."""
        return (t - 1).exp()

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return t - 1."""
        return t - 1

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

    Use it to keep every sample plausible; it tolerates modes that Q misses.

    >>> ReverseKL().fake_term(torch.tensor(3.0))
    tensor(2.)
    """

    name = "reverse-kl"
    card = Card(
        title="Reverse Kullback–Leibler divergence",
        symbol=r"\mathrm{KL}(Q\|P)",
        use=("To keep every sample plausible: it tolerates missing modes, but not samples outside the data."),
        avoid=(
            "When all of the data must be covered, or when the model may have samples where p = 0 (infinite)."
        ),
        normalisation=(
            "In nats. The paper's appendix prints the decreasing activation -e^v, with which T above f'(1) would no "
            'longer mean "real".'
        ),
        references=("kullback1951", "csiszar1967"),
    )
    formulas = Formulas(
        f="-log(u)",
        derivative="-1/u",
        conjugate="-1 - log(-t)",
        activation="-exp(-v)",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return -log u."""
        return -u.log()

    def derivative(self, u: Tensor) -> Tensor:
        """Return -1/u."""
        return -1 / u

    def conjugate(self, t: Tensor) -> Tensor:
        """Return -1 - log(-t) for t < 0, else +inf."""
        # f* grows without bound as t -> 0-, so clamping t to 0 gives the limit, +inf.
        return -1 - torch.log(-t.clamp(max=0.0))

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return -log(-t) for t < 0, else +inf."""
        return -torch.log(-t.clamp(max=0.0))

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return -e^(-l)."""
        return -(-log_ratio).exp()

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return l - 1."""
        return log_ratio - 1

    def paper_link(self) -> Link:
        """Return the link T = -e^(-v), for which l = v."""
        return self.ratio_link()


class Jeffreys(Divergence):
    r"""Jeffreys' divergence, KL(P‖Q) + KL(Q‖P).

    .. math::
        f(u) = (u - 1) \log u, \quad f'(u) = 1 + \log u - 1/u, \quad
        f^*(t) = W(e^{1-t}) + 1/W(e^{1-t}) + t - 2, \quad g_f(v) = v

    The paper's link computes Lambert's W by Newton's method; the log-ratio link does not need it.

    >>> Jeffreys().fake_term(torch.tensor(1.0))
    tensor(1.3304)
    """

    name = "jeffreys"
    card = Card(
        title="Jeffreys' divergence",
        symbol=r"J(P\|Q)",
        use=(
            "To penalise both missing modes and implausible samples; symmetric, for distributions that are similar."
        ),
        avoid="When the supports of P and Q differ at all: it is infinite if either misses part of the other.",
        normalisation="The sum of KL and reverse KL; some texts use half of it, their mean.",
        references=("jeffreys1946", "kullback1951"),
    )
    formulas = Formulas(
        f="(u - 1)*log(u)",
        derivative="1 + log(u) - 1/u",
        activation="v",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return (u - 1) log u."""
        return (u - 1) * u.log()

    def derivative(self, u: Tensor) -> Tensor:
        """Return 1 + log u - 1/u."""
        return 1 + u.log() - 1 / u

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return 1 + l - e^(-l)."""
        return log_ratio + exp_difference(log_ratio, rate=-1.0, scale=-1.0)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return e^l - 1 + l."""
        return exp_difference(log_ratio) + log_ratio

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return the l with 1 + l - e^(-l) = t: -log W(e^(1-t))."""
        return invert(self.real_at, t, solve=_minus_log_lambert)

    def paper_link(self) -> Link:
        """Return the link T = v, whose l solves 1 + l - e^(-l) = v."""
        return self.solved_link()


def _minus_log_lambert(t: Tensor) -> Tensor:
    """Return -s with s + e^s = 1 - t, by Newton's method.

    The starting value log log(1 + e^(1-t)) is exact at both ends and off by at most 0.3; each step squares the error.
    """
    x = 1 - t
    s = start = log_softplus(x)
    for _ in range(5 if t.dtype == torch.float64 else 3):
        e = s.exp()
        s = s - (s + e - x) / (1 + e)
    return -torch.where(s.isfinite(), s, start)
