"""The summary of an audit: what differs, what the synthetic rows are good for, and whether real rows leaked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from fgan.auditing.joint import FAR, Joint
from fgan.auditing.names import Names
from fgan.auditing.pairs import PairAudit
from fgan.auditing.privacy import Privacy
from fgan.auditing.usefulness import Usefulness

if TYPE_CHECKING:
    from fgan.auditing.result import Audit

MOST_SHOWN = 12
"""Maximum number of columns, and of pairs, in the text; JSON has all."""


def verdict_of(found: Audit) -> list[str]:
    """Return the summary, a sentence or two a line."""
    called, columns = found.called, [one for one in found.columns if one.differs]
    pairs = [one for one in found.pairs if one.differs]
    if found.differs:
        lines = [f"{_capital(called.the_second)} differs from {called.the_first}."]
    else:
        lines = [f"No significant difference found between {called.both}."]
    if found.joint:
        lines += _together(found.joint, called, differs=found.differs)
    if columns:
        names = some([one.name for one in columns])
        lines.append(f"Columns: {len(columns)} of {len(found.columns)} differ: {names}.")
    if pairs:
        names = [" ~ ".join(one.columns) for one in by_size(pairs)]
        lines.append(
            f"Pairs of columns: {len(pairs)} of {len(found.pairs)} have a different association: {some(names)}."
        )
    lines += _separating(found)
    if called.drift and found.privacy.copies.above_chance:
        copies = found.privacy.copies
        lines.append(
            f"Warning: {copies.count:,} of {copies.of:,} {called.second} rows equal a {called.first} row, more than "
            "chance explains. Intervals and p-values treat all rows as independent; compare without these rows."
        )
    if found.privacy.overlap:
        lines.append(_overlap(found.privacy, called))
    if found.usefulness:
        lines.append(_use(found.usefulness, called))
    return [*lines, *([] if called.drift else [_leaks(found)])]


def _together(joint: Joint, called: Names, *, differs: bool) -> list[str]:
    one = joint.synthetic
    if joint.missed:
        return [
            f"All columns together: {one.divergence} is at least {one.value:.3g}. Warning: {one.warnings[0]}"
        ]
    most = f" (maximum {one.largest:.3g})" if one.largest is not None else ""
    right = (
        f"{one.accuracy:.1%} accuracy, 95% [{one.accuracy_interval[0]:.1%}, {one.accuracy_interval[1]:.1%}]"
    )
    if joint.differs:
        classifier = f"a classifier distinguishes {called.first} from {called.second} rows with {right} (50% is chance)"
        if one.far:
            end = "; no upper end" if math.isinf(one.interval[1]) else ""
            least = one.lower_bound if one.lower_bound is not None else one.interval[0]
            return [f"Far apart: {classifier}; {one.divergence} is at least {least:.3g}{most}{end}."]
        return [
            f"All columns together: {classifier}; {one.divergence} = {_with(one.value, one.interval)}{most}."
        ]
    if differs:
        return []
    return [
        f"The estimated {one.divergence} divergence is {one.value:.3g}, its 95% interval ends at "
        f"{one.interval[1]:.3g} (0: identical). This does not prove that there is no difference."
    ]


def _separating(found: Audit) -> list[str]:
    """Say which columns alone nearly always show which table a row is from, as the date of a period does."""
    sure = [one.name for one in found.columns if one.accuracy_interval and one.accuracy_interval[0] > FAR]
    if not sure:
        return []
    alone = "alone distinguishes" if len(sure) == 1 else "each distinguish"
    return [
        f"{some(sure)} {alone} the tables nearly always. If that is expected, as of a date, see what else differs with "
        f"--drop {','.join(sure[:MOST_SHOWN])}."
    ]


def _leaks(found: Audit) -> str:
    if found.privacy.undecided:
        return (
            f"Privacy: {found.called.second} rows equal {found.called.first} rows. No {found.called.first} row occurs "
            "twice, so chance cannot be told from copying: pass --held-out."
        )
    if not found.privacy.leaks:
        return "Privacy: no leak found. This does not prove that there is none."
    words = {one.name for one in found.columns if one.kind == "category"}
    moved = {one.name for one in found.columns if one.differs} | {
        name for one in found.pairs if one.differs for name in one.columns
    }
    if not replace(found.privacy, rare=None).leaks and words & moved:
        return (
            f"Privacy: rare combinations of categories of {found.called.first} rows recur more often than chance "
            f"explains. Other frequencies of {some(sorted(words & moved))} can explain this without a leak."
        )
    return (
        f"Privacy: traces of {found.called.first} rows were found in {found.called.the_second} (see below)."
    )


def _overlap(found: Privacy, called: Names) -> str:
    assert found.shared is not None, "held-out rows overlap"
    return (
        f"Warning: {found.shared.count:,} of {found.shared.of:,} held-out rows equal a {called.first} row, more than "
        "chance explains. The generator must not have seen held-out rows, so results that use them are invalid. "
        "Provide other rows."
    )


def _use(found: Usefulness, called: Names) -> str:
    low, high = found.difference.interval
    if found.constant:
        return f"Usefulness: unknown, because all held-out rows have the same {found.target}."
    if found.real.interval[0] <= found.guess:
        return (
            f"Usefulness: unknown, because even {called.first} rows do not predict {found.target} better than a "
            f"constant: {found.score} {found.real.value:.3g} against {found.guess:.3g} ({called.second} rows: "
            f"{found.synthetic.value:.3g})."
        )
    how = "as well as" if low <= 0 <= high else "worse than" if high < 0 else "better than"
    return (
        f"Usefulness: training on {called.second} rows predicts {found.target} of unseen {called.first} rows {how} "
        f"training on {called.first} rows: {found.score} {found.synthetic.value:.3g} against {found.real.value:.3g}; "
        f"difference {_with(found.difference.value, (low, high))}."
    )


def by_size(pairs: Sequence[PairAudit]) -> list[PairAudit]:
    """Return pairs, those first whose association differs most."""
    return sorted(pairs, key=lambda one: -abs(one.difference))


def some(names: list[str]) -> str:
    """Name the first few, and count the others."""
    more = len(names) - MOST_SHOWN
    return ", ".join(names[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _with(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.3g}, 95% [{interval[0]:.3g}, {interval[1]:.3g}]"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:] if text.startswith("the ") else text
