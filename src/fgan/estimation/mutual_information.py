"""`fgan.mutual_information`: how much information two variables share, with a confidence interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from fgan.cores import working
from fgan.data.tables.kinds import Kinds
from fgan.device import resolve_device
from fgan.divergences import Divergence
from fgan.divergences.catalogue import DivergenceLike, divergences_of
from fgan.estimation.evidence import checked
from fgan.estimation.inputs.curves import note_on_functions
from fgan.estimation.inputs.joint import read_joint
from fgan.estimation.inputs.order import checked_blocks, require_blocks, with_note_on_order
from fgan.estimation.inputs.read import Samples
from fgan.estimation.inputs.weighting import WeightsLike
from fgan.estimation.methods import choose
from fgan.estimation.result import Estimates, Information
from fgan.estimation.run import Plan, check_numbers, run
from fgan.output import Say, to_stderr
from fgan.seeds import checked_seed

SPARSE = 0.2
"""Cells per sample above which the bias correction of counts is a guess."""
NEAR = 0.8
"""Above this share of a method's ceiling, an estimate reflects the method more than the samples."""


@working()
def mutual_information(
    x: Samples,
    y: Samples,
    divergence: DivergenceLike | Sequence[DivergenceLike] = "kl",
    *,
    weights: WeightsLike = None,
    method: str = "auto",
    folds: int = 5,
    permutations: int = 0,
    blocks: int | None = None,
    n: int | None = None,
    kinds: Kinds = None,
    missing: str = "refuse",
    seed: int = 0,
    device: str = "auto",
    say: Say = to_stderr,
) -> Information | Estimates:
    r"""Estimate the mutual information of X and Y, with a confidence interval and a lower bound (cross-fitted).

    .. math:: I_f(X; Y) = D_f(P_{XY} \| P_X P_Y)

    With KL this is Shannon's mutual information, in nats. Each fold reports the critic that the other folds trained, as
    in `fgan.estimate`. Samples of the product of the margins pair x with the y of other rows of the same fold; the
    error bars account for the shared rows. Rows must be independent: remove copies, and give time series with `blocks`.

    Args:
        x, y: paired samples, row by row: arrays, tensors or lists of shape (n,) or (n, d), tables of named columns, or
            files of them. Strings, booleans and whole numbers with at most 20 values are categories; dates and
            durations become days or seconds.
        divergence: "kl" for Shannon's mutual information; another name, a `Divergence`, a list of them, or "all".
        weights: relative importance weights of the rows, as in `fgan.estimate`; or the name of a column of x or y.
        method: a key of `fgan.estimation.INFORMATION_METHODS`, or "auto".
        folds: number of folds for cross-fitting.
        permutations: number of permutations for the test of independence, such as 999; 0 skips it. The test trains
            its critic on one half of the samples and tests on the other.
        blocks: for time series: number of consecutive rows that stay together in folds and permutations. Only blocks
            are treated as independent, so make them longer than the dependence.
        n: maximum number of rows, chosen at random.
        kinds: "number" or "category" by column name, such as {"age": "number"}, or by position in arrays, counting
            the columns of x first; or one kind for all (default: detected; see `how_read` of the result).
        missing: "refuse" rows with a missing value, or "drop" them; the result counts them.
        seed: seed of folds, networks, random rows and permutations.
        device: device for training networks; "auto" uses a GPU if torch has one.
        say: function that receives remarks about loaded data.

    Returns:
        An `Information`, or `Estimates` by name if several divergences were requested.

    Raises:
        DataError: if samples cannot be read, are not paired, are fewer than 50, or contain NaN.
        FganError: for an unknown divergence or method, or a method that does not take these samples.

    Source: Belghazi et al., "Mutual information neural estimation" (2018), for the critic of pairs; Poole et al., "On
    variational bounds of mutual information" (2019), for the published methods; McAllester and Stratos, "Formal
    limitations on the measurement of mutual information" (2020), for the ceiling.

    >>> import torch
    >>> random = torch.Generator().manual_seed(0)
    >>> x, noise = torch.randn(2, 1000, generator=random)
    >>> found = mutual_information(x, x + noise)
    >>> found.lower_bound <= math.log(2) / 2 <= found.interval[1]
    True
    """
    wanted, several = divergences_of(divergence)
    seed = checked_seed(seed)
    block = checked_blocks(blocks, (x, y), n)
    inputs = read_joint(x, y, n=n, kinds=kinds, missing=missing, seed=seed, say=say, weights=weights)
    if block == 1:
        inputs = with_note_on_order(inputs, (x, y))
    check_numbers(inputs, folds, permutations)
    require_blocks(inputs, folds, block)
    chosen, reason = choose(method, inputs)
    plan = Plan(inputs, wanted, chosen, reason, folds, permutations, seed, resolve_device(device), block)
    found, skipped = run(plan).estimates(Information)
    follows, of_name = note_on_functions(inputs), {one.name: one for one in wanted}
    found = {
        name: _open_above(_with_limits(one, plan), of_name[name], follows) for name, one in found.items()
    }
    return checked(found, skipped) if several else next(iter(found.values()))


def _open_above(found: Information, divergence: Divergence, follows: str) -> Information:
    """Return the estimate with an open interval and a warning if y may be a function of x."""
    if not follows:
        return found
    # The interval is one-sided here: the bound alone has 95% confidence.
    low = min(found.value, max(found.interval[0], found.lower_bound or 0.0))
    interval = low, divergence.range[1]
    return replace(found, interval=interval, warnings=(follows, *found.warnings))


def _with_limits(found: Information, plan: Plan) -> Information:
    """Return the estimate with warnings if it is near the limit of its method or of any valid bound."""
    inputs, most, warnings = plan.inputs, plan.method.ceiling, list(found.warnings)
    ceiling = most(found.n_p, plan.folds) if most else None
    if ceiling is not None and found.value > NEAR * ceiling:
        warnings.append(
            f"{found.method} cannot exceed {ceiling:.2f} nats with this many samples, and the estimate is "
            'near that limit: the true information may be much larger. method="logistic" reaches further.'
        )
    reach = math.log(inputs.sizes[0])
    if found.divergence == "kl" and found.value > NEAR * reach:
        whose = "the critics'" if found.source.critics else "the method's"
        warnings.append(
            f"{found.value:.1f} nats is near or above log n = {reach:.1f}. No lower bound that holds for "
            "every distribution can certify that much from n samples (McAllester and Stratos 2020). The "
            f"value relies on {whose} extrapolation."
        )
    cells = 0
    if inputs.kind == "categories":
        cells = (int(inputs.first.max()) + 1) * (int(inputs.second.max()) + 1)
    if cells > SPARSE * inputs.sizes[0]:
        warnings.append(
            f"{cells:,} pairs of categories are possible, but there are only {found.n_p:,} samples. Counts "
            "this sparse overstate the information, and the correction is only a guess. Merge rare "
            "categories, and set permutations=999."
        )
    return replace(found, ceiling=ceiling, warnings=tuple(warnings))
