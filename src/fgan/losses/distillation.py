"""The weight of a sample when a one-step generator is distilled by an f-divergence."""

from __future__ import annotations

import torch
from torch import Tensor

from fgan.divergences.base import Divergence
from fgan.divergences.catalogue import DivergenceLike
from fgan.divergences.elementary import widened
from fgan.divergences.tails import Tail
from fgan.errors import FganError
from fgan.losses.common import chosen

TINY, HUGE = 1e-250, 1e250


def distillation_weight(
    log_ratio: Tensor, divergence: DivergenceLike = "reverse-kl", *, normalize: bool = False
) -> Tensor:
    r"""Return h(r) = r² f''(r) at r = p/q, elementwise: how much a sample of Q counts in the gradient of D_f(P‖Q).

    .. math:: \nabla_\theta D_f(P\|Q_\theta) = -E_z\big[h(r(x)) \, (\nabla_x \log p(x) - \nabla_x \log q(x)) \,
        \partial x/\partial\theta\big], \quad x = G_\theta(z)

    1 for reverse KL (distribution matching distillation), r for KL, r/(1 + r) for JS in this package's scale. No
    gradient flows through the weight.

    Args:
        log_ratio: log p(x) - log q(x) of generated samples, any shape; for a discriminator, its logit.
        divergence: a name or a `Divergence`; P is the teacher, Q the generator.
        normalize: divide by the mean over all entries, in logarithms, so that no weight overflows: the weights of KL
            at log-ratios of 10⁴ are finite only so.

    Returns:
        Weights of the same shape, at least 0; float32 for half-precision inputs.

    Raises:
        FganError: for an unknown divergence, and for an f with a kink, whose f'' is 0 almost everywhere.

    Source: Xu, Nie and Vahdat, "One-step Diffusion Models with f-Divergence Distribution Matching" (2025), eq. 8;
    Yin et al., "One-step Diffusion with Distribution Matching Distillation" (2024) for reverse KL.

    >>> log_ratio = torch.tensor([-1.0, 0.0, 1.0])
    >>> distillation_weight(log_ratio, "kl"), distillation_weight(log_ratio)
    (tensor([0.3679, 1.0000, 2.7183]), tensor([1., 1., 1.]))
    >>> distillation_weight(torch.tensor([0.0, 1e4]), "kl", normalize=True)
    tensor([0., 2.])
    """
    d = chosen(divergence)
    if not d.smooth:
        raise FganError(
            f"\"{d.name}\" has no distillation weight: its f is straight but for a kink, so f'' is 0 and no sample "
            'has a gradient. Use a smooth f, such as "js".'
        )
    wide = widened(log_ratio.detach())
    exact = wide.double()
    if not normalize:
        return d.weight(exact).to(wide.dtype)
    shares = _log_weight(d, exact).flatten().softmax(0).nan_to_num(nan=0.0)  # NaN if all weights are 0
    return (shares * shares.numel()).reshape(wide.shape).to(wide.dtype)


def _log_weight(d: Divergence, log_ratio: Tensor) -> Tensor:
    """Return log w, elementwise; where w over- or underflows, by the power of the ratio that it tends to."""
    weight = d.weight(log_ratio)
    near = (weight > TINY) & (weight < HUGE) & weight.isfinite()
    if bool(near.all()):
        return weight.log()
    below, above = (Tail.of(d.weight, side) for side in (-1.0, 1.0))
    far = torch.where(log_ratio < 0, _log_of(below, log_ratio), _log_of(above, log_ratio))
    return torch.where(near, weight.log(), far)


def _log_of(tail: Tail, log_ratio: Tensor) -> Tensor:
    return tail.shift + tail.power * log_ratio if tail.sign else torch.full_like(log_ratio, -torch.inf)
