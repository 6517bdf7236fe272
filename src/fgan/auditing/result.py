"""The result of an audit: a verdict, tables and findings, as text, HTML, JSON and a figure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from fgan.auditing.chance import LEVEL
from fgan.auditing.columns import ColumnAudit
from fgan.auditing.joint import Distance, Joint
from fgan.auditing.pairs import PairAudit
from fgan.auditing.privacy import Matches, Privacy
from fgan.auditing.usefulness import Usefulness
from fgan.output import aligned, html_lines, html_picture, html_table, jsonable

if TYPE_CHECKING:
    from fgan.figure import Figure

MOST_SHOWN = 12
"""Maximum number of columns, and of pairs, in the text; JSON has all."""
NEEDS_HELD_OUT = "pass --held-out: real rows that the generator has not seen"


@dataclass(frozen=True, repr=False)
class Audit:
    """The comparison of a synthetic table with the real one.

    Args:
        names: names of the tables: real, synthetic and optionally held-out.
        rows: number of rows of each.
        joint: all columns together; None if no column can be compared.
        columns: one entry per column.
        pairs: one entry per pair of columns.
        usefulness: how well a model trained on synthetic rows predicts; None without a target.
        privacy: traces of real rows in the synthetic table.
        notes: how columns were interpreted, and what was left out.
    """

    names: tuple[str, ...]
    rows: tuple[int, ...]
    joint: Joint | None
    columns: tuple[ColumnAudit, ...]
    pairs: tuple[PairAudit, ...]
    usefulness: Usefulness | None
    privacy: Privacy
    notes: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the tables differ by more than chance explains; false for at least 95% of perfect tables."""
        of_parts = any(one.differs for one in (*self.columns, *self.pairs))
        return of_parts or (self.joint is not None and self.joint.differs)

    @property
    def verdict(self) -> tuple[str, ...]:
        """A summary in a few sentences."""
        return tuple(_verdict(self))

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-serialisable dict of the whole audit."""
        more = {
            "columns": [
                {**asdict(one), "differs": one.differs, "findings": one.findings} for one in self.columns
            ],
            "pairs": [{**asdict(one), "differs": one.differs} for one in self.pairs],
        }
        said = {"verdict": self.verdict, "differs": self.differs, "leaks": self.privacy.leaks}
        return jsonable({**said, **asdict(self), **more})

    def plot(self) -> Figure:
        """Return a figure: the divergence of each column, and the difference in association of each pair."""
        from fgan.auditing.plot import draw

        return draw(self)

    def to_html(self) -> str:
        """Return the audit as HTML, for notebooks or a separate page."""
        parts = [html_lines(self.verdict)]
        for heading, rows, lines in _sections(self):
            parts += [f"<h3>{heading}</h3>", html_table(rows) if rows else "", html_lines(lines)]
        picture = html_picture(self.plot()._repr_png_(), "divergences of columns, differences of pairs")
        return "".join([*parts, picture])

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        """Return the same text as `str`, for an interactive prompt."""
        return str(self)

    def __str__(self) -> str:
        """Return the audit as text."""
        text = list(self.verdict)
        for heading, rows, lines in _sections(self):
            text += ["", heading, *(f"  {line}" for line in (*(aligned(rows) if rows else ()), *lines))]
        return "\n".join(text)


Section = tuple[str, list[tuple[str, ...]], list[str]]


def _verdict(found: Audit) -> list[str]:
    joint, columns = found.joint, [one for one in found.columns if one.differs]
    pairs = [one for one in found.pairs if one.differs]
    if not found.differs:
        lines = ["No significant difference found between the synthetic and the real table."]
        if joint:
            most = joint.synthetic.interval[1]
            lines.append(
                f"The estimated {joint.synthetic.divergence} divergence is {joint.synthetic.value:.3g}, its 95% "
                f"interval ends at {most:.3g} (0: identical). This does not prove that there is no difference."
            )
    else:
        lines = ["The synthetic table differs from the real one."]
    if joint and joint.differs:
        one = joint.synthetic
        most = f" (maximum {one.largest:.3g})" if one.largest is not None else ""
        lines.append(
            "All columns together: a classifier distinguishes real from synthetic rows with "
            f"{one.accuracy:.1%} accuracy (50% is chance); "
            f"{one.divergence} = {_with(one.value, one.interval)}{most}."
        )
    if columns:
        lines.append(
            f"Columns: {len(columns)} of {len(found.columns)} differ: {_some([one.name for one in columns])}."
        )
    if pairs:
        names = [" ~ ".join(one.columns) for one in _by_size(pairs)]
        lines.append(
            f"Pairs of columns: {len(pairs)} of {len(found.pairs)} have a different association: "
            f"{_some(names)}."
        )
    if found.privacy.overlap:
        lines.append(_overlap(found.privacy))
    if found.usefulness:
        lines.append(_use(found.usefulness))
    lines.append(_leaks(found))
    return lines


def _leaks(found: Audit) -> str:
    if not found.privacy.leaks:
        return "Privacy: no leak found. This does not prove that there is none."
    words = {one.name for one in found.columns if one.kind == "category"}
    moved = {one.name for one in found.columns if one.differs} | {
        name for one in found.pairs if one.differs for name in one.columns
    }
    if not replace(found.privacy, rare=None).leaks and words & moved:
        return (
            "Privacy: rare combinations of categories of real rows recur more often than chance explains. Other "
            f"frequencies of {_some(sorted(words & moved))} can explain this without a leak."
        )
    return "Privacy: traces of real rows were found in the synthetic table (see below)."


def _overlap(found: Privacy) -> str:
    assert found.shared is not None, "held-out rows overlap"
    return (
        f"Warning: {found.shared.count:,} of {found.shared.of:,} held-out rows equal a real row, more than "
        "chance explains. "
        "The generator must not have seen held-out rows, so results that use them are invalid. Provide other rows."
    )


def _use(found: Usefulness) -> str:
    low, high = found.difference.interval
    if found.constant:
        return f"Usefulness: unknown, because all held-out rows have the same {found.target}."
    if found.real.interval[0] <= found.guess:
        return (
            f"Usefulness: unknown, because even real rows do not predict {found.target} better than a "
            "constant: "
            f"{found.score} {found.real.value:.3g} against {found.guess:.3g} (synthetic rows: "
            f"{found.synthetic.value:.3g})."
        )
    how = "as well as" if low <= 0 <= high else "worse than" if high < 0 else "better than"
    return (
        f"Usefulness: training on synthetic rows predicts {found.target} of unseen real rows {how} training "
        "on real rows: "
        f"{found.score} {found.synthetic.value:.3g} against {found.real.value:.3g}."
    )


def _sections(found: Audit) -> list[Section]:
    sections = [_joint_section(found), _column_section(found), _pair_section(found)]
    sections += [_use_section(found.usefulness)] if found.usefulness else []
    sections.append(_privacy_section(found.privacy))
    lines = [f"{name}: {rows:,} rows" for name, rows in zip(found.names, found.rows, strict=True)]
    lines.append(
        f"False alarms: at most {LEVEL:.0%} of audits of a perfect synthetic table report a difference; "
        "p-values are corrected "
        "for all comparisons."
    )
    return [*sections, ("What was compared", [], [*lines, *found.notes])]


def _joint_section(found: Audit) -> Section:
    heading, joint = "All columns together", found.joint
    if joint is None:
        return heading, [], ["no column can be compared"]
    rows: list[tuple[str, ...]] = [
        ("", joint.synthetic.divergence, "95% interval", "at least", "classifier right", "p", "rows")
    ]
    rows.append(_distance_row("real against synthetic", joint.synthetic, joint.corrected))
    if joint.floor:
        rows.append(_distance_row("baseline: real vs real", joint.floor, joint.floor.p_value))
    lines = [f"The baseline is {joint.floor_of}."] if joint.floor else ["Too few real rows for a baseline."]
    lines += [f"warning: {one}" for one in joint.synthetic.warnings]
    return heading, rows, lines


def _distance_row(label: str, one: Distance, p_value: float) -> tuple[str, ...]:
    low, high = one.interval
    least = "-" if one.lower_bound is None else f"{one.lower_bound:.3g}"
    right = f"{one.accuracy:.1%} [{one.accuracy_interval[0]:.1%}, {one.accuracy_interval[1]:.1%}]"
    sizes = f"{one.n[0]:,} and {one.n[1]:,}"
    return label, f"{one.value:.3g}", f"[{low:.3g}, {high:.3g}]", least, right, f"{p_value:.2g}", sizes


def _column_section(found: Audit) -> Section:
    ordered = sorted(found.columns, key=lambda one: (not one.differs, -(one.divergence or 0)))
    name = found.joint.synthetic.divergence if found.joint else "divergence"
    rows = [("column", "kind", name, "95% interval", "p", "")]
    for one in ordered[:MOST_SHOWN]:
        value = "-" if one.divergence is None else f"{one.divergence:.3g}"
        interval = "-" if one.interval is None else f"[{one.interval[0]:.3g}, {one.interval[1]:.3g}]"
        p_value = f"{one.corrected:.2g}" if one.tests else "-"
        rows.append((one.name, one.kind, value, interval, p_value, "differs" if one.differs else ""))
    lines = [f"{one.name}: {says}" for one in ordered if one.differs for says in one.findings]
    rest = len(ordered) - MOST_SHOWN
    return "Columns", rows, [*([f"and {rest} more columns (all are in --json)"] if rest > 0 else []), *lines]


def _pair_section(found: Audit) -> Section:
    if not found.pairs:
        return "Pairs of columns", [], ["fewer than two columns vary"]
    ordered = sorted(_by_size(found.pairs), key=lambda one: not one.differs)
    shown = [one for one in ordered if one.differs][:MOST_SHOWN] or ordered[:NAMED_PAIRS]
    rows = [("pair", "measure", "real", "synthetic", "difference", "95% interval", "p", "")]
    for one in shown:
        rows.append(
            (
                " ~ ".join(one.columns),
                one.measure,
                f"{one.real:.2f}",
                f"{one.synthetic:.2f}",
                f"{one.difference:+.2f}",
                f"[{one.interval[0]:+.2f}, {one.interval[1]:+.2f}]",
                f"{one.corrected:.2g}",
                "differs" if one.differs else "",
            )
        )
    rest = len(ordered) - len(shown)
    return "Pairs of columns", rows, [f"and {rest:,} more pairs (all are in --json)"] if rest else []


NAMED_PAIRS = 3


def _use_section(found: Usefulness) -> Section:
    rows = [("trained on", found.score, "95% interval")]
    for label, one in (
        ("synthetic rows", found.synthetic),
        ("real rows", found.real),
        ("difference", found.difference),
    ):
        rows.append((label, f"{one.value:.3f}", f"[{one.interval[0]:.3f}, {one.interval[1]:.3f}]"))
    rows.append(("a constant prediction", f"{found.guess:.3f}", ""))
    line = f"Both train on {found.trained_on:,} rows and are tested on the same {found.tested_on:,} held-out rows."
    return f"Usefulness: predicting {found.target}", rows, [line]


def _privacy_section(found: Privacy) -> Section:
    lines = [_matched(found.copies, "synthetic rows equal a real row", "real rows")]
    if found.rare:
        line = _matched(
            found.rare,
            "synthetic rows have a combination of categories that only one real row has",
            "such rows",
        )
        lines.append(line)
    for name, one in found.identifiers.items():
        lines.append(_matched(one, f"synthetic values of {name} occur in the real table", "values"))
    near = found.nearness
    if near is None:
        lines.append(f"Closeness to training rows was not tested: {NEEDS_HELD_OUT}.")
    else:
        lines.append(
            f"{near.share:.1%} [{near.interval[0]:.1%}, {near.interval[1]:.1%}] of {near.of:,} synthetic rows "
            f"are closer to a training row than to any held-out row; without memorisation {near.expected:.1%} "
            "would be "
            f"(p = {near.p_value:.2g}){': the generator memorises rows' if near.above_chance else ''}."
        )
    return "Privacy", [], [*lines, found.not_proved]


def _matched(one: Matches, what: str, distinct: str) -> str:
    more = f", {one.distinct:,} different {distinct}" if one.count else ""
    low, high = one.floor_interval
    return (
        f"{one.count:,} of {one.of:,} {what}{more}: {one.share:.2%}; baseline of real rows {one.floor:.2%} "
        f"[{low:.2%}, {high:.2%}] (p = "
        f"{one.p_value:.2g}){': more than chance explains' if one.above_chance else ''}."
    )


def _by_size(pairs: tuple[PairAudit, ...] | list[PairAudit]) -> list[PairAudit]:
    return sorted(pairs, key=lambda one: -abs(one.difference))


def _some(names: list[str]) -> str:
    more = len(names) - MOST_SHOWN
    return ", ".join(names[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _with(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.3g}, 95% [{interval[0]:.3g}, {interval[1]:.3g}]"
