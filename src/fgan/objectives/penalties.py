"""Penalties on the critic that stabilise training; all use its raw output v."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.divergences import Divergence
from fgan.divergences.elementary import value_and_slope, widened
from fgan.errors import FganError
from fgan.objectives.part import WHOLE, Part


def squared_gradient(v: Tensor, x: Tensor, scale: Tensor | float = 1.0) -> Tensor:
    r"""Return ‖∇v(x)‖² for each sample, in the shape of v; differentiable.

    γ/2 times its mean over data is the R1 penalty, over generated samples the R2 penalty.

    Args:
        v: raw critic outputs (n,), each computed from its own x; those of several critics may be stacked.
        x: the critic's input (n, ...), with `requires_grad`; stacked likewise.
        scale: the gradient is with respect to x / scale, so that it does not depend on the units of x; a number, or
            one per entry of a sample.

    Source: Mescheder, Geiger, Nowozin, "Which training methods for GANs do actually converge?" (2018),
    eq. 9 and 10.

    >>> x = torch.ones(3, 2, requires_grad=True)
    >>> squared_gradient(x.square().sum(1), x).detach()
    tensor([8., 8., 8.])
    """
    (gradient,) = torch.autograd.grad(v.sum(), x, create_graph=True)
    return (gradient * scale).square().flatten(v.ndim).sum(v.ndim)


@dataclass(frozen=True)
class Seen:
    """The input of a penalty: the critic's outputs and squared slopes on three kinds of points.

    Those of several critics may be stacked along a first axis; a penalty is a mean along the last.

    Args:
        v_real, v_fake: raw outputs on data and on samples (n,).
        slope_real, slope_fake: ‖∇v‖² there (n,); empty unless a penalty of this step needs slopes.
        slope_own: ‖∇v‖² on the penalty's own points (n,); empty if it has none.
        v_own: raw outputs there (n,); None if it has none.
    """

    v_real: Tensor
    v_fake: Tensor
    slope_real: Tensor
    slope_fake: Tensor
    slope_own: Tensor
    v_own: Tensor | None = None


class Penalty(ABC):
    """A term that the critic minimises in addition to its loss."""

    needs_slopes = True
    """Whether it looks at gradients."""
    part: Part = WHOLE
    """The part of a batch that it sees."""
    scale: Tensor | float = 1.0
    """In what units of x slopes are measured, as for `squared_gradient`."""

    def __init__(self, divergence: Divergence | None) -> None:  # noqa: B027 - most have no use for it
        """Receive the divergence of the objective, or None."""

    def draws(self, real: Tensor, random: torch.Generator | None) -> Tensor | None:
        """Return the random numbers (n, ...) that `points` needs for a batch like `real` (n, ...)."""
        return None

    def points(self, real: Tensor, fake: Tensor, drawn: Tensor | None) -> Tensor | None:
        """Return its own points (n, ...), or None; deterministic given `drawn`.

        Those of several critics may be stacked: then all arguments and the points have one more leading axis.

        Args:
            real, fake: data and samples (n, ...).
            drawn: what `draws` returned.
        """
        return None

    def drawn(
        self, how: Callable[..., Tensor], real: Tensor, shape: Sequence[int], random: torch.Generator | None
    ) -> Tensor:
        """Return this part's random numbers (n, ...), out of those drawn for the whole batch."""
        n = len(real) * self.part.size
        whole = how((n, *shape), generator=random, device=real.device, dtype=real.dtype)
        return whole[self.part.of(n)]

    @abstractmethod
    def __call__(self, seen: Seen) -> Tensor:
        """Return its unweighted value, a scalar for each critic."""

    def memory(self) -> dict[str, Tensor]:
        """Return its state between steps; changed in place, with a first axis of one per critic."""
        return {}

    def remember_in(self, memory: dict[str, Tensor]) -> None:  # noqa: B027 - most remember nothing
        """Store its state in these tensors from now on; names as in `memory`."""


class R1(Penalty):
    """½ E_P ‖∇v‖²: the critic is flat where the data are. Source: Mescheder et al. (2018), eq. 9."""

    def __call__(self, seen: Seen) -> Tensor:
        """Return its value, a scalar."""
        return seen.slope_real.mean(-1) / 2


class R2(Penalty):
    """½ E_Q ‖∇v‖²: the critic is flat where the samples are. Source: Mescheder et al. (2018), eq. 10."""

    def __call__(self, seen: Seen) -> Tensor:
        """Return its value, a scalar."""
        return seen.slope_fake.mean(-1) / 2


class ApproximateR1(Penalty):
    r"""R1 without second derivatives: ½ E_P (v(x + σ s ε) - v(x))²/σ², ε ~ N(0, I), s the penalties' unit of x.

    Its mean over ε is R1 for a critic that is linear within σ. Curvature H adds σ²/8 (2‖H‖² + (tr H)²) and further
    terms of order σ², so it is never 0 where the critic bends. With one ε per sample, each squared slope has a
    standard deviation of √2 times its value. Half precision and TF32 are too coarse for the difference.

    Source: Lin et al., "Diffusion Adversarial Post-Training for One-Step Video Generation" (2025),
    which omits the factor 1/σ² and includes it in the weight.
    """

    needs_slopes = False
    sigma = 1e-3
    """Noise per entry, in units of the data's distance from their mean; float32 then resolves slopes to 1e-4."""

    def draws(self, real: Tensor, random: torch.Generator | None) -> Tensor:
        """Return the noise of each entry."""
        return self.drawn(torch.randn, real, real.shape[1:], random)

    def points(self, real: Tensor, fake: Tensor, drawn: Tensor | None) -> Tensor:
        """Return the data with noise."""
        return self.beside(real, drawn)

    def beside(self, x: Tensor, noise: Tensor | None) -> Tensor:
        """Return points a small step away."""
        assert noise is not None
        return x.detach() + self.sigma * self.scale * noise

    def __call__(self, seen: Seen) -> Tensor:
        """Return its value, a scalar."""
        return self.squared_slope(seen.v_real, seen.v_own).mean(-1) / 2

    def squared_slope(self, v: Tensor, v_beside: Tensor | None) -> Tensor:
        """Return for each sample the squared slope in the direction of the noise; its expectation is ‖∇v‖²."""
        assert v_beside is not None
        return ((widened(v_beside) - widened(v)) / self.sigma).square()


class ApproximateR2(ApproximateR1):
    """R2 without second derivatives: ½ E_Q (v(x + σ s ε) - v(x))²/σ²."""

    def points(self, real: Tensor, fake: Tensor, drawn: Tensor | None) -> Tensor:
        """Return the samples with noise."""
        return self.beside(fake, drawn)

    def __call__(self, seen: Seen) -> Tensor:
        """Return its value, a scalar."""
        return self.squared_slope(seen.v_fake, seen.v_own).mean(-1) / 2


class GradientPenalty(Penalty):
    """WGAN-GP: E (‖∇v(x̂)‖ - 1)² for x̂ uniform on the segment from a real to a generated sample.

    Source: Gulrajani et al., "Improved Training of Wasserstein GANs" (2017), eq. 3.
    """

    def draws(self, real: Tensor, random: torch.Generator | None) -> Tensor:
        """Return the position of each point on its segment, in [0, 1), one number per sample."""
        return self.drawn(torch.rand, real, (1,) * (real.ndim - 1), random)

    def points(self, real: Tensor, fake: Tensor, drawn: Tensor | None) -> Tensor:
        """Return a point of each segment."""
        assert drawn is not None
        return torch.lerp(real, fake, drawn)

    def excess(self, slope: Tensor) -> Tensor:
        """Return by how much the slopes violate the constraint."""
        return slope - 1

    def __call__(self, seen: Seen) -> Tensor:
        """Return its value, a scalar."""
        # The square root has no derivative at 0, the slope of a dead critic.
        return self.excess((seen.slope_own + 1e-12).sqrt()).square().mean(-1)


class OneSidedGradientPenalty(GradientPenalty):
    """E ((‖∇v(x̂)‖ - 1)_+)²: slopes below 1 cost nothing. Source: Petzka et al. (2018), eq. 8."""

    def excess(self, slope: Tensor) -> Tensor:
        """Return by how much the slopes exceed 1."""
        return (slope - 1).relu()


class Dragan(GradientPenalty):
    """DRAGAN: E (‖∇v(x + aδ)‖ - 1)² near data, δ uniform on [0, s/2] in each entry, s the batch's spread.

    a is uniform on [0, 1], one per sample, as in the authors' code; the paper uses δ from N(0, cI) and no a.

    Source: Kodali et al., "On Convergence and Stability of GANs" (2017), §2.3 and its code.
    """

    def draws(self, real: Tensor, random: torch.Generator | None) -> Tensor:
        """Return the noise of each sample's entries followed by its factor a: one row (entries + 1,) per sample."""
        noise = self.drawn(torch.rand, real, real.shape[1:], random)
        return torch.cat([noise.flatten(1), super().draws(real, random).flatten(1)], 1)

    def points(self, real: Tensor, fake: Tensor, drawn: Tensor | None) -> Tensor:
        """Return the data with noise."""
        assert drawn is not None
        noise, share = drawn[..., :-1].reshape(real.shape), drawn[..., -1]
        batch = share.ndim - 1  # the axis along which samples lie
        # The features of a vector have units of their own; the pixels of an image share one.
        over = [batch] if real.ndim == batch + 2 else list(range(batch, real.ndim))
        spread = self.part.gather(real, batch).std(over, correction=0, keepdim=True)
        share = share.reshape(*share.shape, *[1] * (real.ndim - share.ndim))
        return super().points(real, real + spread / 2 * noise, share)


class NoisePenalty(Penalty):
    r"""½ E_Q[w(u) ‖∇l‖²], w = u² f'', l = log u: the first-order effect of noise on data and samples.

    Equal to ½ E_Q[f*''(T) ‖∇T‖²] under any link. It weights samples as the divergence does: w is at most 1 for the
    GAN, but w = u for KL, where it explodes with the ratios.

    Source: Roth et al., "Stabilizing Training of GANs through Regularization" (2017), eq. 8 and 19.
    """

    def __init__(self, divergence: Divergence | None) -> None:
        if divergence is None or not divergence.identifies_ratio:
            name = f'"{divergence.name}"' if divergence else "an objective that uses the critic differently"
            raise FganError(
                f"the noise penalty needs a critic output that determines p/q; got {name}. Use --objective plain "
                "without --critic-clamp and a divergence with a smooth f, or the penalties r1 and r2."
            )
        if divergence.local_order is None:
            raise FganError(
                "the noise penalty weights samples by u² f''(u), which must be positive and finite at u = 1; for "
                f'"{divergence.name}" it is not. Use the penalties r1 and r2.'
            )
        self.divergence = divergence

    def __call__(self, seen: Seen) -> Tensor:
        """Return its value, a scalar."""
        v = widened(seen.v_fake)
        # w(u) l'(v)² = (d f*(T)/dv) l'(v): two slopes that stay finite where u² overflows.
        fake_slope, ratio_slope = (
            value_and_slope(term, v)[1] for term in (self.divergence.fake_term, self.divergence.log_ratio)
        )
        return (fake_slope * ratio_slope * seen.slope_fake).mean(-1) / 2


class LeCam(Penalty):
    """E_P (v - ā_Q)² + E_Q (v - ā_P)², with running means ā_P, ā_Q of the outputs on data and on samples.

    Source: Tseng et al., "Regularizing Generative Adversarial Networks under Limited Data" (2021), eq. 4.
    """

    needs_slopes = False
    decay = 0.99

    def __init__(self, divergence: Divergence | None) -> None:
        self.anchors = torch.zeros(1, 2)

    def __call__(self, seen: Seen) -> Tensor:
        """Return its value, a scalar, and update the means."""
        whole = [self.part.gather(v.detach(), -1) for v in (seen.v_real, seen.v_fake)]
        now = torch.stack([v.mean(-1) for v in whole], -1)
        self.anchors.lerp_(now.to(self.anchors.dtype), 1 - self.decay)
        real, fake = self.anchors.view(*now.shape, 1).unbind(-2)
        return (seen.v_real - fake).square().mean(-1) + (seen.v_fake - real).square().mean(-1)

    def memory(self) -> dict[str, Tensor]:
        """Return the two means."""
        return {"anchors": self.anchors}

    def remember_in(self, memory: dict[str, Tensor]) -> None:
        """Store the means there."""
        self.anchors = memory["anchors"]


PENALTIES: dict[str, type[Penalty]] = {
    "r1": R1,
    "r2": R2,
    "r1-approx": ApproximateR1,
    "r2-approx": ApproximateR2,
    "gp": GradientPenalty,
    "gp-one-sided": OneSidedGradientPenalty,
    "dragan": Dragan,
    "noise": NoisePenalty,
    "lecam": LeCam,
}
