"""The engine of all estimates: fit critics, let them report, evaluate formulas, and collect the evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fgan.divergences import Divergence
from fgan.errors import FganError
from fgan.estimation.critics.stack import FEWEST
from fgan.estimation.designs.design import CrossFit, Design, Learner, cross_fit
from fgan.estimation.designs.pairs import SHIFTS, Pairs
from fgan.estimation.designs.two_samples import TwoSamples
from fgan.estimation.evidence import Evidence
from fgan.estimation.inputs.encoding import Inputs
from fgan.estimation.methods import Method, Setting, trained_for
from fgan.estimation.prices import Mean
from fgan.estimation.published.fitting import published_value

HALVED = 2
"""Folds in which a critic of half of the samples shows how much the other half taught."""


@dataclass(frozen=True)
class Plan:
    """What to estimate, and how; see `fgan.estimate` and `fgan.mutual_information`.

    Args:
        inputs: the samples.
        wanted: the divergences.
        method: the method.
        reason: why this method was chosen.
        folds: number of folds.
        permutations: number of permutations for the test; 0 skips it.
        seed: seed of folds, networks and permutations.
        device: device for training networks.
        block: number of consecutive rows that stay together in folds and permutations.
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
    """Raise an FganError if there are too few samples for the folds, or too few permutations for a test."""
    n = inputs.smallest
    if not 2 <= folds <= n // 5:
        raise FganError(
            f"folds must be at least 2, with at least 5 samples of each set per fold; got {folds} folds for "
            f"{n} samples."
        )
    if permutations < 0 or 0 < permutations < 19:
        raise FganError(
            f"permutations must be 0, or at least 19 to reach p = 0.05; got {permutations}. Use 999."
        )
    if permutations and inputs.joint and inputs.weighted:
        raise FganError(
            "the permutation test of independence does not support weights: weights that depend on both x and "
            "y make independent variables look dependent. Set permutations=0; lower_bound above 0 also shows "
            "dependence."
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
            f'blocks (--blocks) need a method with a critic; "{method.name}" has none and treats rows as '
            "independent. "
            'Use method="logistic", with numbers instead of categories.'
        )
    if method.learner is not None:
        fitted, p_value = _fit(plan, method.learner)
    elif plan.permutations and method.test is not None:
        p_value = method.test(inputs.first, inputs.second, plan.permutations, plan.seed)
    elif plan.permutations:
        raise FganError(
            f'permutations (--permutations) need a method whose critic estimates log(p/q); "{method.name}" '
            "has none. "
            'Use method="logistic", or permutations=0.'
        )
    # Formulas treat rows as independent.
    direct = {one: None if plan.block > 1 else _without_critics(plan, one) for one in plan.wanted}
    return Evidence(inputs, method, plan.reason, fitted, p_value, direct, plan.block)


def design_of(inputs: Inputs, folds: int, seed: int, shifts: int = SHIFTS, block: int = 1) -> Design:
    """Return how samples are split: two sets, or a joint distribution against the product of its margins."""
    if inputs.joint:
        return Pairs(inputs.first, inputs.second, folds, shifts, seed, inputs.weights[0], block)
    return TwoSamples(inputs.first, inputs.second, folds, seed, inputs.weights, block)


def _fit(plan: Plan, learner: Callable[[Setting], Learner]) -> tuple[CrossFit, float | None]:
    """Return the critics' held-out log-ratios, and the p-value of a critic trained on half of the samples."""
    inputs, shifts = plan.inputs, plan.method.shifts
    learn = learner(Setting(inputs.width, trained_for(plan.wanted), plan.seed, plan.device))
    design = design_of(inputs, plan.folds, plan.seed, shifts, plan.block)
    jobs = [design.job(fold) for fold in range(plan.folds)]
    fewer = [design.job(fold, 0.5) for fold in range(HALVED)] if plan.method.value is None else []
    fewer = learn(fewer) if fewer and min(job.smallest for job in fewer) >= FEWEST else []
    if not plan.permutations:
        return cross_fit(design, learn(jobs), fewer), None
    halves = design_of(inputs, 2, plan.seed + 1, shifts, plan.block)
    *critics, tester = learn([*jobs, halves.job(0)])
    return cross_fit(design, critics, fewer), halves.p_value(tester, plan.permutations, plan.seed)


def _without_critics(plan: Plan, divergence: Divergence) -> Mean | None:
    """Return the value of a formula or of a published estimator, or None."""
    inputs, method = plan.inputs, plan.method
    if method.published is not None and divergence.name == "kl":
        design = Pairs(inputs.first, inputs.second, plan.folds, seed=plan.seed)
        return published_value(design, method.published, plan.seed, plan.device)
    if method.value is None:
        return None
    weights = [inputs.weights] if inputs.weighted else []
    return method.value(divergence, inputs.first, inputs.second, *weights)
