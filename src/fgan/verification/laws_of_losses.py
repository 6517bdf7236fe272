"""Laws of the losses in `fgan.losses`: they are what the definition of the divergence says."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fgan import losses
from fgan.divergences.base import Divergence
from fgan.verification.points import FIXED, Points, complaint, exact, slope_of

PENALTY = 0.7
FAR = 1e4
DTYPES = (torch.float32, torch.float64, torch.bfloat16)
LOGITS = torch.tensor([0.0, -1.3, -FAR, 0.7], dtype=torch.float64)


def between_logits(d: Divergence, at: Points = FIXED) -> str | None:
    """The divergence between logits is that of their probabilities, and its gradient is p T and -q f*(T)."""
    pairs = at.pairs
    truth = exact(d, pairs)
    for number in range(len(truth)):
        here = pairs.of == number
        log_p, log_q = pairs.p[here].log(), pairs.q[here].log()
        value = losses.between(log_p + 3.0, log_q - 2.0, d)
        broken = complaint(
            ~torch.isclose(value, truth[number], rtol=1e-9, atol=1e-12),
            f"between logits of {pairs.pair(number)} it is {{value:.10g}}, but {{truth:.10g}} by its definition",
            value=value,
            truth=truth[number],
        )
        if broken:
            return broken
    return _slopes_between(d)


def _slopes_between(d: Divergence) -> str | None:
    p, q = LOGITS[[0, 1, 3]], LOGITS[[1, 3, 0]]
    for name, slope, difference in (
        ("P", slope_of(lambda x: losses.between(x, q, d), p), lambda h: (p + h, q)),
        ("Q", slope_of(lambda x: losses.between(p, x, d), q), lambda h: (p, q + h)),
    ):
        step = 1e-5
        moved = [
            (losses.between(*difference(h), d) - losses.between(*difference(-h), d)) / (2 * step)
            for h in step * torch.eye(3, dtype=torch.float64)
        ]
        wanted = torch.stack(moved)
        broken = complaint(
            ~torch.isclose(slope, wanted, rtol=1e-4, atol=1e-6),
            f"along a logit of {name} it has the gradient {{slope:.8g}}, but differences give {{wanted:.8g}}",
            wanted=wanted,
            slope=slope,
        )
        if broken:
            return broken
    return None


def far_logits(d: Divergence, at: Points = FIXED) -> str | None:
    """At log-ratios of ±10⁴ values and gradients between logits are finite where f is no power of the ratio."""
    if max(_power(d, side) for side in (-1.0, 1.0)) > 1e-3:
        return None
    for dtype in DTYPES:
        for p, q in ((LOGITS, LOGITS.flip(0)), (LOGITS.flip(0), LOGITS)):
            p, q = (x.to(dtype, copy=True).requires_grad_() for x in (p, q))
            value = losses.between(p, q, d)
            slopes = torch.autograd.grad(value, (p, q))
            if not all(x.isfinite().all() for x in (value, *slopes)):
                gradients = " and ".join(str(x.tolist()) for x in slopes)
                return (
                    f"between logits with log-ratios of ±1e4 it is {value.item():g} in {_short(dtype)}, with the "
                    f"gradients {gradients}"
                )
    return None


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _power(d: Divergence, side: float) -> float:
    """Return the power of u by which p T or q f*(T) outgrows the larger of p and q: 0 if it stays finite."""
    real, fake = (tails[int(side > 0)].power for tails in (d._tails.real, d._tails.fake))
    # Above, p T = q u T and q f* must stay below p: T below u^0 and f* below u^1. Below, T below u^-1 and f* below u^0.
    return max(real, fake - 1) if side > 0 else max(-real - 1, -fake)


def preference(d: Divergence, at: Points = FIXED) -> str | None:
    """The preference score is f', increasing and finite at ±10⁴, and the loss has no NaN there."""
    if not (d.identifies_ratio and d.smooth):
        return None
    u = at.log_ratios.exp()
    score, wanted = losses.preference_score(at.log_ratios, d), slope_of(d.f, u)
    within = wanted.abs() < torch.finfo(wanted.dtype).max ** 0.5  # beyond, the score is a line
    broken = complaint(
        within & ~torch.isclose(score, wanted, rtol=1e-7, atol=1e-8),
        "the preference score at u = {u:.6g} is {score:.10g}, but f' is {wanted:.10g}",
        u=u,
        score=score,
        wanted=wanted,
    )
    if broken or d.slope_at_zero != -math.inf:
        return broken
    for dtype in DTYPES:
        ends = torch.tensor([-FAR, -100.0, 0.0, 100.0, FAR], dtype=dtype, requires_grad=True)
        loss = losses.preference_loss(ends[:, None], ends[None, :], d, reduction="sum")
        (slope,) = torch.autograd.grad(loss, ends)
        score = losses.preference_score(ends.detach(), d)
        if not (slope.isfinite().all() and (score.diff() >= 0).all()):
            return (
                f"at log-ratios of ±1e4 in {_short(dtype)} its preference scores are {score.tolist()}, with "
                f"the gradient {slope.tolist()} of the loss"
            )
    return None


def distillation(d: Divergence, at: Points = FIXED) -> str | None:
    """The distillation weight is r² f''(r), and normalised weights are finite at ±10⁴ with mean 1."""
    if not d.smooth:
        return None
    u = at.log_ratios.exp()
    wanted = u.square() * slope_of(lambda x: slope_of(d.f, x, again=True), u)
    weight = losses.distillation_weight(at.log_ratios, d)
    broken = complaint(
        ~torch.isclose(weight, wanted, rtol=1e-5, atol=1e-8),
        "the distillation weight at r = {u:.6g} is {weight:.10g}, but r² f''(r) is {wanted:.10g}",
        u=u,
        weight=weight,
        wanted=wanted,
    )
    if broken:
        return broken
    for dtype in DTYPES:
        shares = losses.distillation_weight(
            torch.tensor([-FAR, -1.0, 0.0, 1.0, FAR], dtype=dtype), d, normalize=True
        )
        if not (shares.isfinite().all() and abs(float(shares.mean()) - 1) < 1e-3):
            return f"normalised distillation weights at ±1e4 in {_short(dtype)} are {shares.tolist()}"
    return None


def robust(d: Divergence, at: Points = FIXED) -> str | None:
    """A penalised robust mean, made of the inverse of f', is the infimum of its dual, made of f*."""
    cost = torch.tensor([0.3, -0.4, 1.1, 0.2], dtype=torch.float64)
    p = torch.tensor([0.4, 0.3, 0.1, 0.2], dtype=torch.float64)
    value, dual = float(losses.robust_mean(cost, d, penalty=PENALTY, weights=p)), _dual(d, cost, p)
    if abs(value - dual) <= 1e-6 * (1 + abs(dual)):
        return None
    return f"the robust mean at the penalty {PENALTY} is {value:.10g}, but the infimum of its dual is {dual:.10g}"


def _dual(d: Divergence, cost: Tensor, p: Tensor) -> float:
    """Return the infimum over η of η + λ E_P[f*((ℓ - η)/λ)] by ever finer tables, plus λ f(1)."""
    edge = d.conjugate_domain.upper
    low = float(cost.min()) - PENALTY * (d.threshold + 1)
    low = max(low, float(cost.max()) - PENALTY * edge) if math.isfinite(edge) else low
    high = float(cost.max()) - PENALTY * d.threshold
    value = math.inf
    for _ in range(8):
        eta = torch.linspace(low, high, 65, dtype=torch.float64)
        t = (cost - eta[:, None]) / PENALTY
        values = eta + PENALTY * (p * d.conjugate(t.clamp(max=edge))).sum(1)
        place = int(values.nan_to_num(nan=math.inf).argmin())
        value = min(value, float(values[place]))
        low, high = float(eta[max(place - 1, 0)]), float(eta[min(place + 1, 64)])
    return value + PENALTY * d.f_at_one
