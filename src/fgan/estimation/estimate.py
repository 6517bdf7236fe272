"""`fgan.estimate`: how far apart are these two sets of samples, and how sure is that?"""

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
"""A classifier right so often, as for normal distributions 15 nats apart, hardly says how far apart they are."""


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
    r"""Estimate D_f(P‖Q) from samples of P and of Q, by samples that neither trained nor chose the critic.

    .. math:: D_f(P\|Q) \ge E_P[f'(e^l)] - E_Q[f^*(f'(e^l))], \quad \text{equal at } l = \log(p/q)

    Each of the folds reports on a critic l that the others trained and stopped; together every sample reports once.
    See `fgan.estimation.prices` for what `value` and `bound` are made of.

    Args:
        p, q: samples: arrays, tensors or lists (n,) or (n, d); images (n, h, w), (n, c, h, w) or (n, h, w, c); words,
            truth values or whole numbers with at most 20 values, which are categories; dates and durations, which are
            numbers of days or seconds; tables of named columns, or files of them; names of data or run directories,
            from which samples are drawn.
        divergence: a name, a `Divergence`, several of them, or "all" for the whole catalogue from one critic.
        weights_p, weights_q: relative importance weights of the samples, of which only the ratios matter: arrays (n,),
            .npy files, or the name of a table's column, which is then no feature. 0 leaves a row out; intervals count
            (Σw)²/Σw² effective samples. To count a row w times, which makes more of them, repeat it or give `counts`.
        counts: p and q are count tables, as `fgan.between` takes them, or tables whose last column counts what those
            before it name: so many samples of each category.
        method: a key of `fgan.estimation.METHODS`, or "auto".
        folds: parts that report in turn.
        permutations: of the two-sample test, such as 999; 0 for none. Its critic is trained on one half of the
            samples and tested on the other.
        blocks: rows that depend on those before them, as steps of a series do: so many consecutive rows stay together
            in folds and permutations, and only blocks are taken for independent. Longer than the dependence reaches.
        curve: estimate from an eighth, a quarter and a half of the samples too.
        n: samples to draw from a run or distribution (default: 10,000); otherwise the maximum number of rows to use.
        kinds: "number" or "category" by the name of a column, as {"age": "number"}, or by its place in an array; or one
            kind for all (default: what `how_read` of the result says).
        missing: "refuse" rows that lack a value, or "drop" them, which the result counts.
        seed: decides folds, networks, draws and permutations.
        device: where networks are trained; "auto" takes a GPU where torch has one.
        options: how files of images become samples, the same for both sets.
        say: told what is worth knowing of data that are loaded.

    Returns:
        An `Estimate`, or `Estimates` by name where several divergences were asked for.

    Raises:
        DataError: for samples that cannot be read or compared, fewer than 50 of a set, NaN, negative weights.
        FganError: for an unknown divergence or method, or one that does not take such samples.

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
            "the learning curve draws rows by chance, and blocks (--blocks) keep them. Leave one out."
        )
    if curve:
        found = with_curve(found, plan)
    return checked(found, skipped) if several else next(iter(found.values()))


def _require_counts_alone(weights: tuple[WeightsLike, WeightsLike], n: int | None, block: int) -> None:
    if n is not None or block > 1 or any(one is not None for one in weights):
        raise FganError(
            "counts (--counts) say how many samples there are; n, blocks and weights are of samples. Leave these out."
        )


def _telescoped_if_far(plan: Plan, evidence: Evidence) -> tuple[Plan, Evidence]:
    """Rerun by telescoping where the classifier is almost always right: accuracy alone does not show the distance."""
    found = evidence.diagnostics
    if plan.inputs.kind != "vectors" or found is None or found.accuracy < PERFECT:
        return plan, evidence
    reason = f"a classifier is right {found.accuracy:.1%} of the time and cannot tell how far apart they are"
    farther = replace(plan, method=METHODS["telescoping"], reason=reason)
    telescoped = run(farther)
    if telescoped.falls_below(evidence):
        reason = f"{reason}; telescoping found less than a bound that holds, and is not taken"
        return replace(plan, reason=reason), replace(evidence, reason=reason)
    return farther, telescoped
