"""The engine behind every door: critics are fitted and report, formulas are read, and all of it is evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fgan.divergences import Divergence
from fgan.errors import FganError
from fgan.estimation.designs.design import CrossFit, Design, Learner, cross_fit
from fgan.estimation.designs.pairs import SHIFTS, Pairs
from fgan.estimation.designs.two_samples import TwoSamples
from fgan.estimation.evidence import Evidence
from fgan.estimation.inputs.encoding import Inputs
from fgan.estimation.methods import Method, Setting, trained_for
from fgan.estimation.prices import Mean
from fgan.estimation.published.fitting import published_value


@dataclass(frozen=True)
class Plan:
    """What is to be done with samples; see `fgan.estimate` and `fgan.mutual_information`.

    Args:
        inputs: the samples.
        wanted: the divergences.
        method: by which they are estimated.
        reason: why by that one.
        folds: parts that report in turn.
        permutations: of the test; 0 for none.
        seed: decides folds, networks and permutations.
        device: where networks are trained.
        block: consecutive rows that stay together in folds and permutations.
    """

    inputs: Inputs
    wanted: list[Divergence]
    method: Method
    reason: str
    folds: int
    permutations: int
    seed: int
    device: str
    block: int = 1


def check_numbers(inputs: Inputs, folds: int, permutations: int) -> None:
    """Raise an FganError for folds that samples do not fill, or permutations that can show nothing."""
    n = inputs.smallest
    if not 2 <= folds <= n // 5:
        raise FganError(
            f"folds must be 2 or more, with 5 samples of each set in every one; got {folds} for {n} samples."
        )
    if permutations < 0 or 0 < permutations < 19:
        raise FganError(
            f"permutations must be 0, or at least 19 to reach a p-value of 0.05; got {permutations}. Take 999."
        )
    if permutations and inputs.joint and inputs.weighted:
        raise FganError(
            "the permutation test of independence takes no weights: where a weight depends on both x and y, the rows "
            "themselves are dependent although what they stand for is not, and permuted ones are not like them. Take "
            "permutations=0; lower_bound above 0 shows dependence too."
        )


def run(plan: Plan) -> Evidence:
    """Carry out a plan.

    Raises:
        FganError: for permutations with a method that has nothing to permute for.
    """
    inputs, method = plan.inputs, plan.method
    fitted, p_value = None, None
    if plan.block > 1 and method.learner is None:
        raise FganError(
            f'blocks (--blocks) are cut for critics, and method "{method.name}" has none: its error bar takes rows for '
            "independent. Take logistic, with numbers in place of categories."
        )
    if method.learner is not None:
        fitted, p_value = _fit(plan, method.learner)
    elif plan.permutations and method.test is not None:
        p_value = method.test(inputs.first, inputs.second, plan.permutations, plan.seed)
    elif plan.permutations:
        raise FganError(
            f'the permutation test asks a critic that knows log(p/q), and method "{method.name}" has none. Take '
            "logistic, or permutations=0."
        )
    # Formulas take rows for independent.
    direct = {one: None if plan.block > 1 else _without_critics(plan, one) for one in plan.wanted}
    return Evidence(inputs, method, plan.reason, fitted, p_value, direct, plan.block)


def design_of(inputs: Inputs, folds: int, seed: int, shifts: int = SHIFTS, block: int = 1) -> Design:
    """Return how samples are parted: two sets of them, or a joint distribution against its product."""
    if inputs.joint:
        return Pairs(inputs.first, inputs.second, folds, shifts, seed, inputs.weights[0], block)
    return TwoSamples(inputs.first, inputs.second, folds, seed, inputs.weights, block)


def _fit(plan: Plan, learner: Callable[[Setting], Learner]) -> tuple[CrossFit, float | None]:
    """Return what critics say of samples that they have not seen, and the p-value of one that saw half of them."""
    inputs, shifts = plan.inputs, plan.method.shifts
    learn = learner(Setting(inputs.width, trained_for(plan.wanted), plan.seed, plan.device))
    design = design_of(inputs, plan.folds, plan.seed, shifts, plan.block)
    jobs = [design.job(fold) for fold in range(plan.folds)]
    if not plan.permutations:
        return cross_fit(design, learn(jobs)), None
    halves = design_of(inputs, 2, plan.seed + 1, shifts, plan.block)
    *critics, tester = learn([*jobs, halves.job(0)])
    return cross_fit(design, critics), halves.p_value(tester, plan.permutations, plan.seed)


def _without_critics(plan: Plan, divergence: Divergence) -> Mean | None:
    """Return what a formula or a published estimator says of a divergence, if there is one."""
    inputs, method = plan.inputs, plan.method
    if method.published is not None and divergence.name == "kl":
        design = Pairs(inputs.first, inputs.second, plan.folds, seed=plan.seed)
        return published_value(design, method.published, plan.seed, plan.device)
    if method.value is None:
        return None
    weights = [inputs.weights] if inputs.weighted else []
    return method.value(divergence, inputs.first, inputs.second, *weights)
