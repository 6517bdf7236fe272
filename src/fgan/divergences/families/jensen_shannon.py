r"""Jensen–Shannon, its skewed forms, and the original GAN's divergence."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from fgan.divergences.base import Divergence, Link
from fgan.divergences.card import Card, Formulas
from fgan.divergences.elementary import EXACT, LOG2, affine, at_most, exp_difference, softplus
from fgan.divergences.families.skewed import FromMixture


class JensenShannon(Divergence):
    r"""Jensen–Shannon divergence in the f-GAN paper's normalisation: KL(P‖M) + KL(Q‖M), M = (P + Q)/2.

    .. math::
        f(u) = u \log u - (u+1) \log\frac{u+1}{2}, \quad f'(u) = \log\frac{2u}{1+u}, \quad
        f^*(t) = -\log(2 - e^t), \quad g_f(v) = \log 2 - \log(1 + e^{-v})

    Twice the Jensen–Shannon divergence of most texts; between 0 and 2 log 2.

    >>> JensenShannon().f(torch.tensor(0.0))
    tensor(0.6931)
    """

    name = "js"
    card = Card(
        title="Jensen–Shannon divergence (the f-GAN paper's)",
        symbol=r"2\,\mathrm{JS}(P,Q)",
        use="As a bounded, symmetric divergence with light tails; the square root of half of it is a metric.",
        avoid="When P and Q hardly overlap: it saturates at 2 log 2 and its gradient vanishes.",
        normalisation=(
            "KL(P‖M) + KL(Q‖M) with M = (P + Q)/2: twice the Jensen–Shannon divergence of most texts, JS_std, whose "
            "maximum is log 2. The integral in the paper's Table 1 has a factor ½ that its f does not have."
        ),
        references=("lin1991", "nowozin2016"),
    )
    formulas = Formulas(
        f="u*log(u) - (u + 1)*log((u + 1)/2)",
        derivative="log(2*u/(1 + u))",
        conjugate="-log(2 - exp(t))",
        activation="log(2) - log(1 + exp(-v))",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return u log u - (u + 1) log((u + 1)/2)."""
        # Grouped as u log(2u/(1+u)) - log((1+u)/2): for large u the plain sum loses all digits to cancellation.
        return -torch.xlogy(u, 0.5 + 0.5 / u) - (0.5 + 0.5 * u).log()

    def derivative(self, u: Tensor) -> Tensor:
        """Return log(2u/(1 + u))."""
        return -(0.5 + 0.5 / u).log()

    def conjugate(self, t: Tensor) -> Tensor:
        """Return -log(2 - e^t) for t < log 2, else +inf."""
        # The outer clamp maps everything beyond the edge to +inf; the inner one keeps the gradient finite.
        return -torch.log1p(-torch.expm1(t.clamp(max=1.0)).clamp(max=1.0))

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return t - log(2 - e^t) for t < log 2, else +inf."""
        return t + self.conjugate(t)

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return log 2 - log(1 + e^(-l))."""
        return LOG2 + F.logsigmoid(log_ratio)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return log(1 + e^l) - log 2."""
        return softplus(log_ratio) - LOG2

    def paper_link(self) -> Link:
        """Return the link T = log 2 - log(1 + e^(-v)), for which l = v."""
        return self.ratio_link()


class GAN(Divergence):
    r"""The original GAN's objective, 2·JS − log 4 with the usual JS: its minimum is −1.386, not 0.

    .. math::
        f(u) = u \log u - (u+1) \log(u+1), \quad f'(u) = \log\frac{u}{1+u}, \quad
        f^*(t) = -\log(1 - e^t), \quad g_f(v) = -\log(1 + e^{-v})

    The critic is Goodfellow's discriminator, D = sigmoid(v). Note that f(1) = -log 4, not 0.

    >>> GAN().f(torch.tensor(1.0))
    tensor(-1.3863)
    """

    name = "gan"
    card = Card(
        title="The original GAN's divergence",
        symbol=r"D_{\mathrm{GAN}}(P,Q)",
        use="As the default for training: the critic is a probabilistic classifier, D = sigmoid(v).",
        avoid="When a value of 0 should mean P = Q (use js), or when P and Q hardly overlap.",
        normalisation="2·JS_std - log 4 = js - log 4: its minimum, at P = Q, is -log 4 = -1.386, not 0.",
        references=("goodfellow2014", "nowozin2016"),
    )
    formulas = Formulas(
        f="u*log(u) - (u + 1)*log(u + 1)",
        derivative="log(u/(1 + u))",
        conjugate="-log(1 - exp(t))",
        activation="-log(1 + exp(-v))",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return u log u - (u + 1) log(u + 1)."""
        return -torch.xlogy(u, 1 + 1 / u) - u.log1p()

    def derivative(self, u: Tensor) -> Tensor:
        """Return log(u/(1 + u))."""
        return -torch.log1p(1 / u)

    def conjugate(self, t: Tensor) -> Tensor:
        """Return -log(1 - e^t) for t < 0, else +inf."""
        return -torch.log(-torch.expm1(t.clamp(max=0.0)))

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return t - log(1 - e^t) for t < 0, else +inf."""
        return t + self.conjugate(t)

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return -log(1 + e^(-l))."""
        return F.logsigmoid(log_ratio)

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return log(1 + e^l)."""
        return softplus(log_ratio)

    def paper_link(self) -> Link:
        """Return the link T = -log(1 + e^(-v)), for which l = v."""
        return self.ratio_link()


class SkewJensenShannon(FromMixture):
    r"""Jensen–Shannon with weights, the paper's "JS-weighted": π KL(P‖M) + (1-π) KL(Q‖M), M = πP + (1-π)Q.

    .. math::
        f(u) = \pi u \log u - (1 - \pi + \pi u) \log(1 - \pi + \pi u), \quad
        f'(u) = \pi \log\frac{u}{1 - \pi + \pi u}, \quad
        f^*(t) = (1-\pi) \log\frac{1-\pi}{1 - \pi e^{t/\pi}}, \quad
        g_f(v) = -\pi\log\pi - \log(1 + e^{-v})

    π = ½ is half of `js`, the Jensen–Shannon divergence of most texts.

    >>> SkewJensenShannon(0.5).f(torch.tensor(0.0))
    tensor(0.3466)
    """

    family = "skew-js"
    card = Card(
        title="Skewed Jensen–Shannon divergence",
        symbol=r"\mathrm{JS}_\pi(P\|Q)",
        use="To move between KL-like (small π) and reverse-KL-like (large π) behaviour while staying bounded.",
        avoid="As a distance with π near 0 or 1: the value is then small for all P and Q.",
        normalisation=(
            "π is the weight of the data P in M. π = ½ is JS_std, half of js; D_f/(π(1 - π)) tends to KL(P‖Q) as "
            "π → 0 and to KL(Q‖P) as π → 1. At most the entropy of (π, 1 - π)."
        ),
        references=("lin1991", "nowozin2016"),
    )
    formulas = Formulas(
        f="π*u*log(u) - (1 - π + π*u)*log(1 - π + π*u)",
        derivative="π*log(u/(1 - π + π*u))",
        conjugate="(1 - π)*log((1 - π)/(1 - π*exp(t/π)))",
        activation="-π*log(π) - log(1 + exp(-v))",
    )

    def f(self, u: Tensor) -> Tensor:
        """Return πu log(u/m) - (1 - π) log m with m = 1 - π + πu."""
        pi = self.value
        return -torch.xlogy(pi * u, pi + (1 - pi) / u) - (1 - pi) * (1 - pi + pi * u).log()

    def conjugate(self, t: Tensor) -> Tensor:
        """Return (1 - π) log((1 - π)/(1 - π e^(t/π))) for t < -π log π, else +inf."""
        return (1 - self.value) * (math.log1p(-self.value) - self._log_model_share(t))

    def log_ratio_at(self, t: Tensor) -> Tensor:
        """Return log of (1 - π) e^(t/π) / (1 - π e^(t/π)); +inf from the edge of dom f* on."""
        return math.log1p(-self.value) + t / self.value - self._log_model_share(t)

    def _log_model_share(self, t: Tensor) -> Tensor:
        """Return log((1 - π)/m) = log(1 - π e^(t/π)), -inf from the edge of dom f* on."""
        pi = self.value
        beyond_the_edge = -2 * pi * math.log(pi)
        return torch.log1p(-(pi * (t.clamp(max=beyond_the_edge) / pi).exp()).clamp(max=1.0))

    def real_at(self, log_ratio: Tensor) -> Tensor:
        """Return π log(u/m)."""
        pi = self.value
        return affine(F.logsigmoid(log_ratio - self._odds), pi, -pi * math.log(pi))

    def fake_at(self, log_ratio: Tensor) -> Tensor:
        """Return (1 - π) log m."""
        rest = 1 - self.value
        return affine(softplus(log_ratio - self._odds), rest, rest * math.log(rest))

    def paper_link(self) -> Link:
        """Return the link T = -π log π - log(1 + e^(-v))."""
        pi = self.value
        shift = -pi * math.log(pi)

        def log_model_share(v: Tensor) -> Tensor:
            """Return log(1 - π e^(T/π)) = log(1 - e^x), x = -log(1 + e^(-v))/π, also where x is too small."""
            near = exp_difference(softplus(-at_most(v, EXACT)), rate=-1 / pi, scale=-1.0)
            return near.log() - F.relu(v - EXACT)

        return Link(
            real=lambda v: shift + F.logsigmoid(v),
            fake=lambda v: affine(log_model_share(v), pi - 1, (1 - pi) * math.log1p(-pi)),
            log_ratio=lambda v: math.log1p(-pi) - math.log(pi) + F.logsigmoid(v) / pi - log_model_share(v),
        )
