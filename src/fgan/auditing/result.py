"""What an audit found: a verdict, tables of numbers, and sentences; as text, JSON and pictures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
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
"""Columns, and pairs, that the text lists; JSON has all."""
NEEDS_HELD_OUT = "needs --held-out: real rows that the generator has not seen"


@dataclass(frozen=True, repr=False)
class Audit:
    """How a synthetic table compares with the real one.

    Args:
        names: of the tables: real, synthetic and perhaps held-out.
        rows: of each.
        joint: all columns together; None where no column can be compared.
        columns: each column.
        pairs: each pair of columns.
        usefulness: None where no target was named.
        privacy: copies of real rows.
        notes: how columns were read, and what was left out.
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
        """Whether the tables differ by more than chance explains; right for at least 95% of perfect ones."""
        of_parts = any(one.differs for one in (*self.columns, *self.pairs))
        return of_parts or (self.joint is not None and self.joint.differs)

    @property
    def verdict(self) -> tuple[str, ...]:
        """Say in a few sentences what was found."""
        return tuple(_verdict(self))

    def to_dict(self) -> dict[str, Any]:
        """Return all of it in JSON's types."""
        more = {
            "columns": [
                {**asdict(one), "differs": one.differs, "findings": one.findings} for one in self.columns
            ],
            "pairs": [{**asdict(one), "differs": one.differs} for one in self.pairs],
        }
        said = {"verdict": self.verdict, "differs": self.differs, "leaks": self.privacy.leaks}
        return jsonable({**said, **asdict(self), **more})

    def plot(self) -> Figure:
        """Return a figure: the divergence of each column, and how much each pair's association differs."""
        from fgan.auditing.plot import draw

        return draw(self)

    def to_html(self) -> str:
        """Return all of it as HTML: for notebooks, and for a page of its own."""
        parts = [html_lines(self.verdict)]
        for heading, rows, lines in _sections(self):
            parts += [f"<h3>{heading}</h3>", html_table(rows) if rows else "", html_lines(lines)]
        picture = html_picture(self.plot()._repr_png_(), "divergences of columns, differences of pairs")
        return "".join([*parts, picture])

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        """Write it for people, as `str` does: what is printed at a prompt."""
        return str(self)

    def __str__(self) -> str:
        """Write it for people."""
        text = list(self.verdict)
        for heading, rows, lines in _sections(self):
            text += ["", heading, *(f"  {line}" for line in (*(aligned(rows) if rows else ()), *lines))]
        return "\n".join(text)


Section = tuple[str, list[tuple[str, ...]], list[str]]


def _verdict(found: Audit) -> list[str]:
    joint, columns = found.joint, [one for one in found.columns if one.differs]
    pairs = [one for one in found.pairs if one.differs]
    if not found.differs:
        lines = ["No difference found between the synthetic and the real table."]
        if joint:
            most = joint.synthetic.interval[1]
            lines.append(
                f"Their {joint.synthetic.divergence} divergence is probably at most {most:.3g} (0: the same)."
            )
    else:
        lines = ["The synthetic table differs from the real one."]
    if joint and joint.differs:
        one = joint.synthetic
        most = f", of at most {one.largest:.3g}" if one.largest is not None else ""
        lines.append(
            f"All columns together: a classifier tells real from synthetic in {one.accuracy:.1%} of cases (50%: it "
            f"cannot); {one.divergence} = {_with(one.value, one.interval)}{most}."
        )
    if columns:
        lines.append(
            f"Columns: {len(columns)} of {len(found.columns)} differ: {_some([one.name for one in columns])}."
        )
    if pairs:
        names = [" ~ ".join(one.columns) for one in _by_size(pairs)]
        lines.append(
            f"Pairs of columns: {len(pairs)} of {len(found.pairs)} relate otherwise: {_some(names)}."
        )
    if found.privacy.overlap:
        lines.append(_overlap(found.privacy))
    if found.usefulness:
        lines.append(_use(found.usefulness))
    lines.append(
        "Privacy: rows of the real table are recognisable in the synthetic one, see below."
        if found.privacy.leaks
        else "Privacy: no leak found; that does not prove there is none."
    )
    return lines


def _overlap(found: Privacy) -> str:
    assert found.shared is not None, "held-out rows overlap"
    return (
        f"Warning: {found.shared.count:,} of {found.shared.of:,} held-out rows equal a real row, more than "
        "chance explains. Held-out rows must be none that the generator saw: what they tell is wrong. Give others."
    )


def _use(found: Usefulness) -> str:
    low, high = found.difference.interval
    if found.constant:
        return f"Usefulness: unknown; all held-out rows have the same {found.target}, and nothing can be predicted."
    if found.real.interval[0] <= found.guess:
        return (
            f"Usefulness: unknown; real rows themselves do not predict {found.target} better than a constant answer: "
            f"{found.score} {found.real.value:.3g} against {found.guess:.3g}; from synthetic rows "
            f"{found.synthetic.value:.3g}."
        )
    how = "as well as" if low <= 0 <= high else "worse than" if high < 0 else "better than"
    return (
        f"Usefulness: {found.target} of unseen real rows is predicted from synthetic rows {how} from real ones: "
        f"{found.score} {found.synthetic.value:.3g} against {found.real.value:.3g}."
    )


def _sections(found: Audit) -> list[Section]:
    sections = [_joint_section(found), _column_section(found), _pair_section(found)]
    sections += [_use_section(found.usefulness)] if found.usefulness else []
    sections.append(_privacy_section(found.privacy))
    lines = [f"{name}: {rows:,} rows" for name, rows in zip(found.names, found.rows, strict=True)]
    lines.append(
        f"Chance: at most {LEVEL:.0%} of audits of a perfect synthetic table say that anything differs; p-values are "
        "corrected for all comparisons."
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
        rows.append(_distance_row("floor: real against real", joint.floor, joint.floor.p_value))
    lines = [f"The floor is {joint.floor_of}."] if joint.floor else ["Too few real rows for a floor."]
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
    return "Columns", rows, [*([f"and {rest} more columns, see --json"] if rest > 0 else []), *lines]


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
    return "Pairs of columns", rows, [f"and {rest:,} more pairs, see --json"] if rest else []


NAMED_PAIRS = 3


def _use_section(found: Usefulness) -> Section:
    rows = [("trained on", found.score, "95% interval")]
    for label, one in (
        ("synthetic rows", found.synthetic),
        ("real rows", found.real),
        ("difference", found.difference),
    ):
        rows.append((label, f"{one.value:.3f}", f"[{one.interval[0]:.3f}, {one.interval[1]:.3f}]"))
    rows.append(("a constant answer", f"{found.guess:.3f}", ""))
    line = (
        f"Both trained on {found.trained_on:,} rows and tested on the same {found.tested_on:,} held-out ones."
    )
    return f"Usefulness: predicting {found.target}", rows, [line]


def _privacy_section(found: Privacy) -> Section:
    lines = [_matched(found.copies, "synthetic rows equal a real row", "real rows")]
    if found.rare:
        line = _matched(
            found.rare,
            "synthetic rows have a combination of categories that one real row alone has",
            "such rows",
        )
        lines.append(line)
    for name, one in found.identifiers.items():
        lines.append(_matched(one, f"synthetic values of {name} occur in the real table", "values"))
    near = found.nearness
    if near is None:
        lines.append(f"Nearer to real rows than chance? {NEEDS_HELD_OUT}.")
    else:
        lines.append(
            f"{near.share:.1%} [{near.interval[0]:.1%}, {near.interval[1]:.1%}] of {near.of:,} synthetic rows are "
            f"nearest to a row that the generator saw, rather than to a held-out one; {near.expected:.1%} would be if "
            f"it remembered nothing (p = {near.p_value:.2g}){': it remembers rows' if near.above_chance else ''}."
        )
    return "Privacy", [], [*lines, found.not_proved]


def _matched(one: Matches, what: str, distinct: str) -> str:
    more = f", {one.distinct:,} different {distinct}" if one.count else ""
    low, high = one.floor_interval
    return (
        f"{one.count:,} of {one.of:,} {what}{more}: {one.share:.2%}; among real ones {one.floor:.2%} "
        f"[{low:.2%}, {high:.2%}] do (p = {one.p_value:.2g}){': more than chance' if one.above_chance else ''}."
    )


def _by_size(pairs: tuple[PairAudit, ...] | list[PairAudit]) -> list[PairAudit]:
    return sorted(pairs, key=lambda one: -abs(one.difference))


def _some(names: list[str]) -> str:
    more = len(names) - MOST_SHOWN
    return ", ".join(names[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _with(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.3g}, 95% [{interval[0]:.3g}, {interval[1]:.3g}]"
