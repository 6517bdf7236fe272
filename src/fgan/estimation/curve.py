"""The learning curve: estimates from subsets of the samples, to see whether more samples would help."""

from __future__ import annotations

from dataclasses import replace

import torch

from fgan.errors import FganError
from fgan.estimation.inputs.read import FEWEST
from fgan.estimation.result import Estimate
from fgan.estimation.run import Plan, run

PARTS = (8, 4, 2)
"""Subsets of the learning curve, as shares of the samples."""


def with_curve(found: dict[str, Estimate], plan: Plan) -> dict[str, Estimate]:
    """Return the same estimates with those of smaller subsets in their diagnostics.

    Args:
        found: estimates by name.
        plan: by which they were found.

    Raises:
        FganError: for a method without critics.
    """
    if plan.method.learner is None:
        raise FganError(
            f'curve (--curve) needs a method with a critic; "{plan.method.name}" has none. Leave curve out.'
        )
    sides = plan.inputs.first, plan.inputs.second
    generator = torch.Generator().manual_seed(plan.seed)
    orders = [torch.randperm(len(side), generator=generator) for side in sides]
    curves: dict[str, list[tuple[int, float, float, float]]] = {name: [] for name in found}
    for part in PARTS:
        inputs = plan.inputs.some(*(order[: len(order) // part] for order in orders))
        if inputs.smallest >= FEWEST:
            smaller, _ = run(replace(plan, inputs=inputs, permutations=0)).estimates(Estimate)
            for name, one in smaller.items():
                curves[name].append(_point(one))
    for name, one in found.items():
        assert one.diagnostics is not None, "the method has critics"
        diagnostics = replace(one.diagnostics, curve=(*curves[name], _point(one)))
        found[name] = replace(one, diagnostics=diagnostics)
    return found


def _point(one: Estimate) -> tuple[int, float, float, float]:
    assert one.bound is not None, "the method has critics"
    return min(one.n_p, one.n_q), one.bound.value, one.bound.standard_error, one.value
