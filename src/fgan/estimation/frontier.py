"""`fgan.frontier`: the whole curve of precision and recall between data and samples, with a band."""

from __future__ import annotations

from torch import Tensor

from fgan.data.tables.kinds import Kinds
from fgan.divergences import divergence
from fgan.errors import FganError
from fgan.estimation.diagnostics import warnings_of
from fgan.estimation.estimate import estimate
from fgan.estimation.formulas.discrete import shares_of
from fgan.estimation.inputs.read import Samples
from fgan.estimation.inputs.weighting import WeightsLike
from fgan.estimation.methods import METHODS
from fgan.estimation.result import Estimate
from fgan.estimation.trade_off.curve import ANGLES, Curve, of_categories, of_critics, rays
from fgan.estimation.trade_off.result import Frontier
from fgan.load_options import LoadOptions
from fgan.output import Say, to_stderr


def frontier(
    p: Samples,
    q: Samples,
    *,
    weights_p: WeightsLike = None,
    weights_q: WeightsLike = None,
    counts: bool = False,
    method: str = "auto",
    folds: int = 5,
    blocks: int | None = None,
    n: int | None = None,
    kinds: Kinds = None,
    missing: str = "refuse",
    seed: int = 0,
    device: str = "auto",
    options: LoadOptions | None = None,
    say: Say = to_stderr,
) -> Frontier:
    r"""Estimate the frontier of precision and recall of samples Q for data P, with a pointwise 95% band.

    .. math:: \alpha(\lambda) = \int \min(\lambda p, q), \quad \beta(\lambda) = \alpha(\lambda) / \lambda, \quad
        0 < \lambda < \infty

    One cross-fitted critic gives the whole curve: λP(l < -log λ) + Q(l >= -log λ) on samples that the critic l has not
    seen. That is at least α(λ) for every critic, so the upper end of the band needs no assumption. The lower end also
    counts what chance costs the critics; differences that critics of this kind cannot see would lower the frontier
    further. For categories both ends hold for the distributions themselves.

    Args:
        p: data, in any form that `fgan.estimate` takes.
        q: samples, likewise.
        weights_p, weights_q, counts, method, folds, blocks, n, kinds, missing, seed, device, options, say: as in
            `fgan.estimate`; the method must have a critic.

    Returns:
        A `Frontier`: print it, `plot()` it, or use `precision`, `recall`, `low`, `high`, `f_score(8)`, `area`,
        `precision_at(0.9)`, `recall_at(0.9)`, `type_two_error(0.05)`, `hockey_stick(2)`.

    Raises:
        DataError: as in `fgan.estimate`.
        FganError: as in `fgan.estimate`, and for a method without a critic.

    Source: Sajjadi et al., "Assessing generative models via precision and recall" (2018); Verine et al.,
    "Precision-recall divergence optimization for generative modeling with GANs and normalizing flows" (2023).

    >>> import torch
    >>> random = torch.Generator().manual_seed(0)
    >>> data = torch.randn(1000, 1, generator=random)
    >>> found = frontier(data, 1 + torch.randn(1000, 1, generator=random))
    >>> found.overlap.low < 0.617 < found.overlap.high  # 1 - TV of N(0, 1) and N(1, 1) is 0.617
    True
    """
    if method in METHODS and METHODS[method].learner is None:
        raise _without_critic(method)
    found = estimate(
        p,
        q,
        "js",
        weights_p=weights_p,
        weights_q=weights_q,
        counts=counts,
        method=method,
        folds=folds,
        blocks=blocks,
        n=n,
        kinds=kinds,
        missing=missing,
        seed=seed,
        device=device,
        options=options,
        say=say,
    )
    assert isinstance(found, Estimate), "one divergence was asked for"
    return frontier_of(found)


def frontier_of(found: Estimate, angles: int = ANGLES) -> Frontier:
    """Return the frontier that the critics of an estimate show.

    Args:
        found: the estimate.
        angles: number of points, at equal angles.

    Raises:
        FganError: for an estimate without critics.
    """
    source = found.source
    if source.held_out is None or source.sampling is None:
        raise _without_critic(found.method)
    held_out, sampling, inputs, folds = source.held_out, source.sampling, source.inputs, len(source.critics)
    counted = inputs.kind == "categories" and found.blocks is None
    samples = zip((inputs.first, inputs.second), inputs.weights, strict=True)
    shares = [shares_of(x, inputs.width, weight) for x, weight in samples] if counted else []

    def curve(slope: Tensor) -> Curve:
        if counted:
            return of_categories(*held_out, sampling, folds, (shares[0], shares[1]), slope)
        return of_critics(*held_out, sampling, folds, slope)

    points = curve(rays(angles))
    warned = (
        []
        if found.diagnostics is None
        else warnings_of(found.diagnostics, divergence("js"), min(inputs.sizes))
    )
    return Frontier(
        slope=points.slope,
        precision=points.value,
        recall=points.value / points.slope,
        low=points.low,
        high=points.high,
        shortfall=points.shortfall,
        method=found.method,
        reason=found.reason,
        n_p=found.n_p,
        n_q=found.n_q,
        names=inputs.names,
        categories=counted,
        warnings=(*inputs.notes, *([] if counted else warned)),
        n_effective=found.n_effective,
        how_read=found.how_read,
        curve=curve,
        guide=points.guide,
    )


def _without_critic(method: str) -> FganError:
    return FganError(
        f'method "{method}" has no critic, so it shows no frontier. Use method="logistic", for example.'
    )
