"""`fgan.mutual_information`: how much do these variables share, and how sure is that?"""

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
"""Cells of a table for each sample from which on counting is a guess."""
NEAR = 0.8
"""A share of its ceiling from which on an estimate says more about the method than about the samples."""


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
    r"""Estimate the mutual information of X and Y, by samples that neither trained nor chose the critic.

    .. math:: I_f(X; Y) = D_f(P_{XY} \| P_X P_Y), \quad \text{of KL the mutual information, in nats}

    Each of the folds reports on a critic that the others trained and stopped, as in `fgan.estimate`. Samples of the
    product of margins are x with the y of other rows of the same part; the error bar knows that they share rows. Rows
    must be independent of each other: copies are not, and steps of a series are so in `blocks` only.

    Args:
        x, y: samples that belong together row by row: arrays, tensors or lists (n,) or (n, d), tables of named columns;
            or files of them; words, truth values and whole numbers with at most 20 values are categories, dates and
            durations are numbers of days or seconds.
        divergence: "kl" for Shannon's mutual information; another name, a `Divergence`, several, or "all".
        weights: relative importance weights of the rows, as of `fgan.estimate`; a column of x or of y.
        method: a key of `fgan.estimation.INFORMATION_METHODS`, or "auto".
        folds: parts that report in turn.
        permutations: of the test of independence, such as 999; 0 for none. Its critic is trained on one half of the
            samples and tested on the other.
        blocks: rows that depend on those before them, as steps of a series do: so many consecutive rows stay together
            in folds and permutations, and only blocks are taken for independent. Longer than the dependence reaches.
        n: at most so many rows, drawn by chance.
        kinds: "number" or "category" by the name of a column, as {"age": "number"}, or by its place in arrays, those
            of x first; or one kind for all (default: what `how_read` of the result says).
        missing: "refuse" rows that lack a value, or "drop" them, which the result counts.
        seed: decides folds, networks, draws and permutations.
        device: where networks are trained; "auto" takes a GPU where torch has one.
        say: told what is worth knowing of data that are loaded.

    Returns:
        An `Information`, or `Estimates` by name where several divergences were asked for.

    Raises:
        DataError: for samples that cannot be read, do not belong together, fewer than 50, NaN.
        FganError: for an unknown divergence or method, or one that does not take such samples.

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
    """Return an estimate whose interval has no upper end where y may follow from x, and says so."""
    if not follows:
        return found
    # One end is open, so that the bound alone is 95%.
    low = min(found.value, max(found.interval[0], found.lower_bound or 0.0))
    interval = low, divergence.range[1]
    return replace(found, interval=interval, warnings=(follows, *found.warnings))


def _with_limits(found: Information, plan: Plan) -> Information:
    """Return an estimate that says so where it is near what its method, or any honest bound, can show."""
    inputs, most, warnings = plan.inputs, plan.method.ceiling, list(found.warnings)
    ceiling = most(found.n_p, plan.folds) if most else None
    if ceiling is not None and found.value > NEAR * ceiling:
        warnings.append(
            f"{found.method} cannot pass {ceiling:.2f} nats with so many samples, and is near it: the information may "
            "be any number above. logistic reaches further."
        )
    reach = math.log(inputs.sizes[0])
    if found.divergence == "kl" and found.value > NEAR * reach:
        whose = "the critics'" if found.source.critics else "the method's"
        warnings.append(
            f"{found.value:.1f} nats are near or above log n = {reach:.1f}: no lower bound that holds for every "
            f"distribution can show that much from n samples (McAllester and Stratos 2020). The value is {whose} word."
        )
    cells = 0
    if inputs.kind == "categories":
        cells = (int(inputs.first.max()) + 1) * (int(inputs.second.max()) + 1)
    if cells > SPARSE * inputs.sizes[0]:
        warnings.append(
            f"{cells:,} pairs of categories are possible and there are {found.n_p:,} samples: counting finds "
            "information where there is none, and how much is a guess. Merge rare categories, and ask for permutations."
        )
    return replace(found, ceiling=ceiling, warnings=tuple(warnings))
