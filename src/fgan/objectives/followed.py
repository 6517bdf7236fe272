"""The divergence that a generator follows with the non-saturating loss (the paper's trick)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fgan.divergences import Divergence
from fgan.divergences.recognise import RATIOS, number, recognise

NODES = 12
"""Quadrature nodes between two neighbours of RATIOS; the integrand is smooth, and 12 give an error of 1e-14."""


def followed_by_the_trick(divergence: Divergence) -> str:
    r"""Return in words the divergence h that a generator minimising -E_Q[g_f(v)] follows: h''(u) = f''(u)/u.

    With the optimal critic the gradient of this loss is -E_Q[u f''(u) ∇l], the same as that of h.

    Source: Nowozin, Cseke, Tomioka, "f-GAN" (2016), §3.2; Shannon et al., "Non-saturating GAN training as
    divergence minimization" (2020), for the GAN.

    >>> import fgan
    >>> followed_by_the_trick(fgan.divergence("kl"))
    'reverse-kl'
    >>> followed_by_the_trick(fgan.divergence("pearson"))
    '2 × kl'
    """
    l = torch.linspace(-5, 5, 21, dtype=torch.float64)  # noqa: E741
    real, fake = (term(l) - term(l[:1]) for term in (divergence.real_at, divergence.fake_at))
    share = float(real[-1] / fake[-1])
    if bool((real - share * fake).abs().max() < 1e-9):
        return _times(share, divergence.name)  # both losses agree up to a factor, as for total variation
    if not divergence.smooth:
        return f"no single divergence (f of {divergence.name} has kinks)"
    order = divergence.local_order
    scale = None if order is None else _scale_of_alpha(divergence, order)
    if order is not None and scale is not None:
        return _member_of_alpha(order - 1, scale)
    found = recognise(_trick(divergence))[0]
    if found.exact:
        return str(found)
    near = "" if order is None else f", near p = q like alpha:{order - 1:.3g}"
    return f"the h with h'' = f''/u of {divergence.name}{near}"


def _scale_of_alpha(divergence: Divergence, order: float) -> float | None:
    """Return c if f'' is c times that of the α-divergence of this order everywhere, else None."""
    scale = divergence.weight(RATIOS.log()) / RATIOS**order
    middle = float(scale[len(scale) // 2])
    return middle if bool((scale - middle).abs().max() < 1e-6 * abs(middle)) else None


def _member_of_alpha(order: float, scale: float) -> str:
    """Name a multiple of the α-divergence of an order, f'' = u^(α-2), by its usual name if it has one.

    >>> _member_of_alpha(-1.0, 1.0)
    '0.5 × neyman'
    """
    usual = {1.0: ("kl", 1.0), 0.0: ("reverse-kl", 1.0), 2.0: ("pearson", 0.5), -1.0: ("neyman", 0.5)}
    name, factor = usual.get(order, (f"alpha:{order:.6g}", 1.0))
    return _times(scale * factor, name)


def _times(factor: float, name: str) -> str:
    written = number(factor)
    return name if written == "1" else f"{written} × {name}"


def _trick(divergence: Divergence) -> Tensor:
    """Return h at RATIOS, up to an affine part.

    Its two terms at l = log u are h*(h'(u)) = f'(u), and h'(u), the integral of f''(u)/u du = w(u)/u² dl from 1.
    """
    l = RATIOS.log()  # noqa: E741 - the log-ratio is l throughout
    nodes, weights = (torch.from_numpy(part) for part in np.polynomial.legendre.leggauss(NODES))
    half = (l[1:] - l[:-1])[:, None] / 2
    at = (l[1:] + l[:-1])[:, None] / 2 + half * nodes
    pieces = (divergence.weight(at) * (-2 * at).exp() * weights * half).sum(1)
    slope = torch.cat([torch.zeros(1, dtype=torch.float64), pieces.cumsum(0)])
    slope = slope - slope[len(slope) // 2]
    h = RATIOS * slope - divergence.real_at(l)
    return h - h[len(h) // 2]
