"""The divergence between two categorical distributions given by logits: the loss of knowledge distillation."""

from __future__ import annotations

import torch
from torch import Tensor

from fgan.divergences.catalogue import DivergenceLike
from fgan.divergences.elementary import widened
from fgan.divergences.weighed import costs
from fgan.errors import FganError
from fgan.losses.common import chosen, reduced


def between(
    logits_p: Tensor,
    logits_q: Tensor,
    divergence: DivergenceLike = "kl",
    *,
    mask: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Return D_f(P‖Q) of categorical distributions with these logits, over the last axis; differentiable in both.

    .. math:: D_f(P\|Q) = \sum_i q_i f(p_i / q_i), \quad p = \operatorname{softmax}(\text{logits}_p), \;
        q = \operatorname{softmax}(\text{logits}_q)

    For distillation P is the teacher and Q the student: "kl" covers all that the teacher does, "reverse-kl" keeps the
    student to what the teacher does often. Computed from log-ratios: values and gradients are finite wherever the
    divergence itself fits the dtype. That is so at log-ratios of ±10⁴ for every f that grows no faster than u log u,
    and no faster than log u at 0; χ² and other powers of the ratio are +inf there.

    Args:
        logits_p: logits of P (..., k), unnormalised; log-probabilities are logits too. -inf for impossible outcomes.
        logits_q: logits of Q, of a shape that broadcasts with P's.
        divergence: a name or a `Divergence`.
        mask: booleans (...), true for the distributions that count, such as tokens that are not padding. What stands
            at the others, NaN included, has no effect and no gradient.
        reduction: "mean" over the distributions that count (what torch calls "batchmean"; 0 if none counts), "sum", or
            "none" for all of them (...), 0 where masked.

    Returns:
        The divergence in nats, a scalar unless reduction="none"; float32 for half-precision logits.

    Raises:
        FganError: for an unknown divergence or reduction, and for logits or a mask whose shapes do not fit.

    Source: Csiszár (1967); for language models, Wen et al., "f-Divergence Minimization for Sequence-Level Knowledge
    Distillation" (2023), and Agarwal et al., "On-Policy Distillation of Language Models" (2024).

    >>> teacher, student = torch.tensor([[0.5, 0.5], [0.9, 0.1]]).log(), torch.zeros(2, 2)
    >>> between(teacher, student, reduction="none")  # 0, log 2 - H(0.9)
    tensor([0.0000, 0.3681])
    >>> between(teacher, student, "reverse-kl", mask=torch.tensor([False, True]))  # -½ log(4 · 0.9 · 0.1)
    tensor(0.5108)
    """
    d = chosen(divergence)
    wide_p, wide_q = _fitting(logits_p, logits_q)
    if mask is not None:
        mask = _fitting_mask(mask, wide_p)
        wide_p, wide_q = (torch.where(mask.unsqueeze(-1), one, 0) for one in (wide_p, wide_q))
    log_p, log_q = wide_p.log_softmax(-1), wide_q.log_softmax(-1)
    return reduced(d.f_at_one + costs(d, log_p, log_q).sum(-1), reduction, mask)


def _fitting(logits_p: Tensor, logits_q: Tensor) -> tuple[Tensor, Tensor]:
    shapes = f"got {tuple(logits_p.shape)} and {tuple(logits_q.shape)}"
    if logits_p.ndim == 0 or logits_q.ndim == 0 or logits_p.shape[-1] != logits_q.shape[-1]:
        raise FganError(f"both logits must have the same outcomes along the last axis; {shapes}.")
    wide_p, wide_q = widened(logits_p), widened(logits_q)
    dtype = torch.promote_types(wide_p.dtype, wide_q.dtype)
    try:
        wide_p, wide_q = torch.broadcast_tensors(wide_p.to(dtype), wide_q.to(dtype))
    except RuntimeError as error:
        raise FganError(f"the shapes of both logits must broadcast; {shapes}.") from error
    return wide_p, wide_q


def _fitting_mask(mask: Tensor, logits: Tensor) -> Tensor:
    try:
        return mask.bool().expand(logits.shape[:-1])
    except RuntimeError as error:
        raise FganError(
            f"the mask must say for each distribution whether it counts; logits of shape {tuple(logits.shape)} need "
            f"one of shape {tuple(logits.shape[:-1])}, got {tuple(mask.shape)}."
        ) from error
