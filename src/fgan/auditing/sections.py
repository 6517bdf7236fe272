"""The sections of an audit's text and page: tables, and lines below them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fgan.auditing.chance import LEVEL
from fgan.auditing.drivers import Drivers, Row
from fgan.auditing.joint import Distance
from fgan.auditing.names import Names
from fgan.auditing.pairs import PairAudit
from fgan.auditing.privacy import Matches, Privacy
from fgan.auditing.usefulness import Usefulness
from fgan.auditing.verdict import MOST_SHOWN, by_size

if TYPE_CHECKING:
    from fgan.auditing.result import Audit

NAMED_PAIRS = 3
"""Pairs that are shown where none differs."""
MOST_CELLS = 6
"""Columns of the rows that drive a difference, in the text; the page and JSON have all."""
NEEDS_HELD_OUT = "pass --held-out: real rows that the generator has not seen"
INTERVAL = "95% interval"
Section = tuple[str, list[tuple[str, ...]], list[str]]
"""Heading, rows of a table with its head, and lines below."""


def sections_of(found: Audit, *, whole: bool = False) -> list[Section]:
    """Return the sections of an audit; all columns, pairs and cells where `whole` is asked for."""
    sections = [_joint_section(found), *_driver_sections(found, whole=whole)]
    sections += [_column_section(found, whole=whole), _pair_section(found, whole=whole)]
    sections += [_use_section(found.usefulness, found.called)] if found.usefulness else []
    sections.append(
        _shared_section(found) if found.called.drift else _privacy_section(found.privacy, found.called)
    )
    lines = []
    for name, source, rows in zip(found.names, found.sources, found.rows, strict=True):
        lines.append(f"{name}: {source}, {rows:,} rows" if source != name else f"{name}: {rows:,} rows")
    equal = (
        "of equally distributed tables" if found.called.drift else f"of a perfect {found.called.second} table"
    )
    lines.append(
        f"False alarms: at most {LEVEL:.0%} of audits {equal} report a difference; p-values are corrected for all "
        'comparisons, and all numbers below "at least" hold together with 95% confidence. Each interval holds for its '
        "own number alone."
    )
    return [*sections, ("What was compared", [], [*lines, *found.notes])]


def _joint_section(found: Audit) -> Section:
    heading, joint, called = "All columns together", found.joint, found.called
    if joint is None:
        return heading, [], ["no column can be compared"]
    rows: list[tuple[str, ...]] = [
        ("", joint.synthetic.divergence, INTERVAL, "at least", "classifier right", "p", "rows")
    ]
    rows.append(_distance_row(f"{called.first} against {called.second}", joint.synthetic, joint.corrected))
    if joint.floor:
        label = f"baseline: {called.first} vs {called.first}"
        rows.append(_distance_row(label, joint.floor, joint.floor.p_value))
    lines = (
        [f"The baseline is {joint.floor_of}."]
        if joint.floor
        else [f"Too few {called.first} rows for a baseline."]
    )
    if joint.synthetic.shown_by and not joint.missed:
        lines.append(f'"At least" is what {joint.synthetic.shown_by} alone shows: the whole differs no less.')
    lines += [joint.sample] if joint.sample else []
    return heading, rows, [*lines, *(f"warning: {one}" for one in joint.synthetic.warnings)]


def _distance_row(label: str, one: Distance, p_value: float) -> tuple[str, ...]:
    least = "-" if one.lower_bound is None else f"{one.lower_bound:.3g}"
    right = f"{one.accuracy:.1%} [{one.accuracy_interval[0]:.1%}, {one.accuracy_interval[1]:.1%}]"
    sizes = f"{one.n[0]:,} and {one.n[1]:,}"
    return label, f"{one.value:.3g}", _interval(one.interval), least, right, f"{p_value:.2g}", sizes


def _interval(ends: tuple[float, float]) -> str:
    return f"[{ends[0]:.3g}, {'no upper end' if math.isinf(ends[1]) else f'{ends[1]:.3g}'}]"


def _driver_sections(found: Audit, *, whole: bool) -> list[Section]:
    called, drivers = found.called, found.joint.drivers if found.joint else ()
    the = {called.first: called.the_first, called.second: called.the_second}
    order = [one.name for one in _ordered(found)]
    return [_driver_section(one, the, order, whole=whole) for one in drivers if one.rows]


def _driver_section(one: Drivers, the: dict[str, str], order: list[str], *, whole: bool) -> Section:
    """Return the rows of one table that the other has fewer of; `the` table is what sentences say, by its name."""
    low, high = one.other_interval
    (other,) = (name for name in the if name != one.table)
    line = (
        f"The {one.rows_of:,} rows least like {the[other]} are {one.share:.1%} of {the[one.table]}; of {the[other]}, "
        f"{one.other:.2%} [{low:.2%}, {high:.2%}] look as unlike it. Each row is judged by a "
        "classifier that did not see it."
    )
    names = [name for name in order if name in one.rows[0].values]
    names = names if whole else names[:MOST_CELLS]
    head = ("row", "equal rows", f"times as frequent as in {other}", *names)
    rows = [head, *((*_of_row(row), *(row.values[name] for name in names)) for row in one.rows)]
    rest = len(one.rows[0].values) - len(names)
    more = [f"and {rest} more columns (all are in --json and on the page)"] if rest else []
    return f"Rows in {the[one.table]} that {the[other]} has fewer of", rows, [*more, line]


def _of_row(row: Row) -> tuple[str, ...]:
    return row.place, f"{row.count:,}", f"{'> ' if row.capped else ''}{row.times:.3g}"


def _ordered(found: Audit) -> list:
    return sorted(found.columns, key=lambda one: (not one.differs, -(one.divergence or 0)))


def _column_section(found: Audit, *, whole: bool) -> Section:
    ordered = _ordered(found)
    name = found.joint.synthetic.divergence if found.joint else "divergence"
    rows = [("column", "kind", name, INTERVAL, "at least", "classifier right", "p", "")]
    shown = ordered if whole else ordered[:MOST_SHOWN]
    for one in shown:
        value = "-" if one.divergence is None else f"{one.divergence:.3g}"
        interval = "-" if one.interval is None else _interval(one.interval)
        least = "-" if one.lower_bound is None else f"{one.lower_bound:.3g}"
        ends = one.accuracy_interval
        right = (
            "-"
            if one.accuracy is None or ends is None
            else f"{one.accuracy:.1%} [{ends[0]:.1%}, {ends[1]:.1%}]"
        )
        p_value = f"{one.corrected:.2g}" if one.tests else "-"
        rows.append(
            (one.name, one.kind, value, interval, least, right, p_value, "differs" if one.differs else "")
        )
    lines = [f"{one.name}: {says}" for one in ordered if one.differs for says in one.findings]
    rest = len(ordered) - len(shown)
    return "Columns", rows, [*([f"and {rest} more columns (all are in --json)"] if rest > 0 else []), *lines]


def _pair_section(found: Audit, *, whole: bool) -> Section:
    if not found.pairs:
        return "Pairs of columns", [], ["fewer than two columns vary"]
    ordered = sorted(by_size(found.pairs), key=lambda one: not one.differs)
    differ = [one for one in ordered if one.differs]
    shown = (differ if whole else differ[:MOST_SHOWN]) or ordered[:NAMED_PAIRS]
    called, name = found.called, found.joint.synthetic.divergence if found.joint else "divergence"
    head = ("pair", "measure", called.first, called.second, "difference", "p", name, "at least", "")
    rows = [head, *map(_pair_row, shown)]
    rest = len(ordered) - len(shown)
    return "Pairs of columns", rows, [f"and {rest:,} more pairs (all are in --json)"] if rest else []


def _pair_row(one: PairAudit) -> tuple[str, ...]:
    def signed(value: float, ends: tuple[float, float], sign: str) -> str:
        return f"{value:{sign}.2f} [{ends[0]:{sign}.2f}, {ends[1]:{sign}.2f}]"

    return (
        " ~ ".join(one.columns),
        one.measure,
        signed(one.real, one.real_interval, ""),
        signed(one.synthetic, one.synthetic_interval, ""),
        signed(one.difference, one.interval, "+"),
        f"{one.corrected:.2g}",
        f"{one.divergence:.3g} {_interval(one.divergence_interval)}",
        f"{one.lower_bound:.3g}",
        "differs" if one.differs else "",
    )


def _use_section(found: Usefulness, called: Names) -> Section:
    rows = [("trained on", found.score, INTERVAL)]
    for label, one in (
        (f"{called.second} rows", found.synthetic),
        (f"{called.first} rows", found.real),
        ("difference", found.difference),
    ):
        rows.append((label, f"{one.value:.3f}", f"[{one.interval[0]:.3f}, {one.interval[1]:.3f}]"))
    rows.append(("a constant prediction", f"{found.guess:.3f}", ""))
    line = f"Both train on {found.trained_on:,} rows and are tested on the same {found.tested_on:,} held-out rows."
    return f"Usefulness: predicting {found.target}", rows, [line]


def _privacy_section(found: Privacy, called: Names) -> Section:
    first, second = called.first, called.second
    lines = [_matched(found.copies, called, f"{second} rows equal a {first} row", f"{first} rows")]
    if found.rare:
        what = f"{second} rows have a combination of categories that only one {first} row has"
        lines.append(_matched(found.rare, called, what, "such rows"))
    for name, one in found.identifiers.items():
        lines.append(
            _matched(one, called, f"{second} values of {name} occur in {called.the_first}", "values")
        )
    near = found.nearness
    if near is None:
        lines.append(f"Closeness to training rows was not tested: {NEEDS_HELD_OUT}.")
    else:
        lines.append(
            f"{near.share:.1%} [{near.interval[0]:.1%}, {near.interval[1]:.1%}] of {near.of:,} {second} rows "
            f"are closer to a training row than to any held-out row; without memorisation {near.expected:.1%} would be "
            f"(p = {near.p_value:.2g}){': the generator memorises rows' if near.above_chance else ''}."
        )
    return "Privacy", [], [*lines, found.not_proved]


def _matched(one: Matches, called: Names, what: str, distinct: str) -> str:
    more = f", {one.distinct:,} different {distinct}" if one.count else ""
    return (
        f"{one.count:,} of {one.of:,} {what}{more}: {_share(one.share, one.interval)}; baseline of {called.first} rows "
        f"{_share(one.floor, one.floor_interval)} (p = {one.p_value:.2g})"
        f"{': more than chance explains' if one.above_chance else ''}."
    )


def _share(value: float, ends: tuple[float, float]) -> str:
    return f"{value:.2%} [{ends[0]:.2%}, {ends[1]:.2%}]"


def _shared_section(found: Audit) -> Section:
    called, copies = found.called, found.privacy.copies
    lines = [
        f"{copies.count:,} of {copies.of:,} {called.second} rows equal a {called.first} row: "
        f"{_share(copies.share, copies.interval)}. Within {called.first}, "
        f"{_share(copies.floor, copies.floor_interval)} equal another one."
    ]
    for name, one in found.privacy.identifiers.items():
        share = _share(one.share, one.interval)
        lines.append(
            f"{one.count:,} of {one.of:,} {called.second} values of {name} occur in {called.first}: {share}."
        )
    return "Rows in both tables", [], lines
