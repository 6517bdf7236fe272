"""A whole differs at least as much as each of its parts: the joint divergence is held to that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from fgan.auditing.columns import ColumnAudit
from fgan.auditing.joint import Distance, Joint
from fgan.auditing.pairs import PairAudit


def held_to_parts(joint: Joint, columns: Sequence[ColumnAudit], pairs: Sequence[PairAudit]) -> Joint:
    r"""Return the joint divergence, at least what any column and any pair of columns shows.

    .. math:: D_f(P_X\|Q_X) \le D_f(P\|Q) \quad \text{for every part X of the columns}

    All lower bounds of an audit hold together with 95% confidence, so the largest one holds for the whole.

    Source: the data-processing inequality, Csiszár, "Information-type measures of difference" (1967).
    """
    parts = [(one.name, one.lower_bound) for one in columns if one.lower_bound is not None]
    parts += [(" ~ ".join(one.columns), one.lower_bound) for one in pairs]
    name, least = max(parts, key=lambda part: part[1], default=("", 0.0))
    one = joint.synthetic
    if one.lower_bound is not None and least <= one.lower_bound:
        return joint
    if least <= one.value:
        return replace(joint, synthetic=replace(one, lower_bound=least, shown_by=name))
    return replace(joint, synthetic=_raised(one, name, least), missed=True)


def _raised(one: Distance, name: str, least: float) -> Distance:
    warning = (
        f"the classifier of all columns found {one.divergence} = {one.value:.3g}, but {name} alone shows at least "
        f"{least:.3g}. The whole differs at least as much as its parts: the classifier missed it; the value is raised."
    )
    most = math.inf if one.largest is None else one.largest
    return replace(
        one, value=least, interval=(least, most), lower_bound=least, shown_by=name,
        warnings=(warning, *one.warnings),
    )  # fmt: skip
