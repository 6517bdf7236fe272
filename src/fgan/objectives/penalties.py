"""Penalties on the critic that keep a game of two players from running away."""

from __future__ import annotations

import torch
from torch import Tensor


def squared_gradient(v: Tensor, x: Tensor) -> Tensor:
    r"""Return ‖∇v(x)‖² for each sample, shape (n,), itself differentiable.

    γ/2 times its mean over data is the penalty R1, over generated samples R2.

    Args:
        v: raw critic outputs (n,), computed from x sample by sample.
        x: the critic's input (n, *shape), with `requires_grad`.

    Source: Mescheder, Geiger, Nowozin, "Which training methods for GANs do actually converge?" (2018),
    eq. 9 and 10.

    >>> x = torch.ones(3, 2, requires_grad=True)
    >>> squared_gradient(x.square().sum(1), x).detach()
    tensor([8., 8., 8.])
    """
    (gradient,) = torch.autograd.grad(v.sum(), x, create_graph=True)
    return gradient.square().flatten(1).sum(1)
