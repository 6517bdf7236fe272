"""`fgan.estimate`: f-divergences of two sample sets, with confidence intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fgan.cores import working
from fgan.data.tables.kinds import Kinds
from fgan.device import resolve_device
from fgan.divergences.catalogue import DivergenceLike, divergences_of
from fgan.errors import FganError
from fgan.estimation.curve import with_curve
from fgan.estimation.evidence import Evidence, checked
from fgan.estimation.inputs.counts import read_counts
from fgan.estimation.inputs.order import checked_blocks, require_blocks, with_note_on_order
from fgan.estimation.inputs.read import Samples
from fgan.estimation.inputs.two_samples import read_two_samples
from fgan.estimation.inputs.weighting import WeightsLike
from fgan.estimation.methods import METHODS, choose
from fgan.estimation.result import Estimate, Estimates
from fgan.estimation.run import Plan, check_numbers, run
from fgan.load_options import LoadOptions
from fgan.output import Say, to_stderr
from fgan.seeds import checked_seed

PERFECT = 0.997
"""Above this accuracy (normal distributions 15 nats apart), a classifier hardly shows the distance."""


@working()
def estimate(
    p: Samples,
    q: Samples,
    divergence: DivergenceLike | Sequence[DivergenceLike] = "kl",
    *,
    weights_p: WeightsLike = None,
    weights_q: WeightsLike = None,
    counts: bool = False,
    method: str = "auto",
    folds: int = 5,
    permutations: int = 0,
    blocks: int | None = None,
    curve: bool = False,
    n: int | None = None,
    kinds: Kinds = None,
    missing: str = "refuse",
    seed: int = 0,
    device: str = "auto",
    options: LoadOptions | None = None,
    say: Say = to_stderr,
) -> Estimate | Estimates:
    r"""Estimate f-divergences of two sample sets, with confidence intervals and a lower bound (cross-fitted).

    .. math:: D_f(P\|Q) \ge E_P[f'(e^l)] - E_Q[f^*(f'(e^l))], \quad \text{equal at } l = \log(p/q)

    Each fold reports the critic l that the other folds trained, so every sample is held out exactly once. The module
    `fgan.estimation.prices` derives `value` and `bound`.

    Args:
        p, q: samples: arrays, tensors or lists of shape (n,) or (n, d); images (n, h, w), (n, c, h, w) or (n, h, w, c);
            tables of named columns, or files of them; names of data sets, or run directories. Strings, booleans and
            whole numbers with at most 20 values are categories; dates and durations become days or seconds.
        divergence: a name, a `Divergence`, a list of them, or "all" for the whole catalogue from one critic.
        weights_p, weights_q: relative importance weights (only their ratios matter): arrays of shape (n,), .npy files,
            or the name of a table's column, which is then not a feature. 0 leaves a row out. Intervals use the
            effective sample size (Σw)²/Σw². To count a row w times instead, repeat it or use `counts`.
        counts: p and q are count tables, as `fgan.between` takes them, or tables whose last column is the number of
            samples in the category that the other columns name.
        method: a key of `fgan.estimation.METHODS`, or "auto".
        folds: number of folds for cross-fitting.
        permutations: number of permutations for the two-sample test, such as 999; 0 skips it. The test trains its
            critic on one half of the samples and tests on the other.
        blocks: for time series: number of consecutive rows that stay together in folds and permutations. Only blocks
            are treated as independent, so make them longer than the dependence.
        curve: also estimate from 1/8, 1/4 and 1/2 of the samples.
        n: samples to draw from a run or distribution (default: 10,000); otherwise the maximum number of rows to use.
        kinds: "number" or "category" by column name, such as {"age": "number"}, or by position in an array; or one kind
            for all (default: detected; see `how_read` of the result).
        missing: "refuse" rows with a missing value, or "drop" them; the result counts them.
        seed: seed of folds, networks, random rows and permutations.
        device: device for training networks; "auto" uses a GPU if torch has one.
        options: how files of images become samples, the same for both sets.
        say: function that receives remarks about loaded data.

    Returns:
        An `Estimate`, or `Estimates` by name if several divergences were requested.

    Raises:
        DataError: if samples cannot be read or compared, are fewer than 50 in a set, contain NaN, or have negative
            weights.
        FganError: for an unknown divergence or method, or a method that does not take these samples.

    Source: Nguyen, Wainwright and Jordan, "Estimating divergence functionals and the likelihood ratio by convex risk
    minimization" (2010), for the bound; Chernozhukov et al., "Double/debiased machine learning" (2018), for
    cross-fitting.

    >>> import torch
    >>> random = torch.Generator().manual_seed(0)
    >>> found = estimate(1 + torch.randn(500, 1, generator=random), torch.randn(500, 1, generator=random))
    >>> found.lower_bound <= 0.5 <= found.interval[1]  # KL of N(1, 1) and N(0, 1) is ½
    True
    """
    wanted, several = divergences_of(divergence)
    seed = checked_seed(seed)
    block = checked_blocks(blocks, (p, q), n)
    weights = weights_p, weights_q
    if counts:
        _require_counts_alone(weights, n, block)
        inputs = read_counts(p, q, say)
    else:
        inputs = read_two_samples(
            p, q, n=n, kinds=kinds, missing=missing, seed=seed, options=options, say=say, weights=weights
        )
    if block == 1 and not counts:
        inputs = with_note_on_order(inputs, (p, q))
    check_numbers(inputs, folds, permutations)
    require_blocks(inputs, folds, block)
    chosen, reason = choose(method, inputs)
    plan = Plan(inputs, wanted, chosen, reason, folds, permutations, seed, resolve_device(device), block)
    evidence = run(plan)
    if method == "auto":
        plan, evidence = _telescoped_if_far(plan, evidence)
    found, skipped = evidence.estimates(Estimate)
    if curve and block > 1:
        raise FganError(
            "curve and blocks (--curve, --blocks) exclude each other: the curve draws single rows at random. "
            "Leave one out."
        )
    if curve:
        found = with_curve(found, plan)
    return checked(found, skipped) if several else next(iter(found.values()))


def _require_counts_alone(weights: tuple[WeightsLike, WeightsLike], n: int | None, block: int) -> None:
    if n is not None or block > 1 or any(one is not None for one in weights):
        raise FganError(
            "counts (--counts) cannot be combined with n, blocks or weights, which apply to single samples. "
            "Leave those out."
        )


def _telescoped_if_far(plan: Plan, evidence: Evidence) -> tuple[Plan, Evidence]:
    """Rerun by telescoping if the classifier is almost always right: its accuracy does not show the distance."""
    found = evidence.diagnostics
    if plan.inputs.kind != "vectors" or found is None or found.accuracy < PERFECT:
        return plan, evidence
    reason = (
        f"a classifier is right {found.accuracy:.1%} of the time, so it cannot measure so large a distance"
    )
    farther = replace(plan, method=METHODS["telescoping"], reason=reason)
    telescoped = run(farther)
    if telescoped.falls_below(evidence):
        reason = f"{reason}; telescoping fell below a valid lower bound and was rejected"
        return replace(plan, reason=reason), replace(evidence, reason=reason)
    return farther, telescoped
