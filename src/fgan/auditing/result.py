"""The result of an audit: a verdict, tables and findings, as text, HTML, JSON and a figure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from fgan.auditing.columns import ColumnAudit
from fgan.auditing.joint import Joint
from fgan.auditing.names import Names
from fgan.auditing.pairs import PairAudit
from fgan.auditing.privacy import Privacy
from fgan.auditing.usefulness import Usefulness
from fgan.output import aligned, jsonable

if TYPE_CHECKING:
    from fgan.figure import Figure


@dataclass(frozen=True, repr=False)
class Audit:
    """The comparison of a synthetic table with the real one, or of two periods.

    Args:
        called: what the tables are called, and whether they are two periods.
        sources: where the tables are from: real, synthetic and optionally held-out.
        rows: number of rows of each.
        joint: all columns together; None if no column can be compared.
        columns: one entry per column.
        pairs: one entry per pair of columns.
        usefulness: how well a model trained on synthetic rows predicts; None without a target.
        privacy: rows of the first table that are in the second too: leaks, unless the tables are two periods.
        notes: how columns were interpreted, and what was left out.
    """

    called: Names
    sources: tuple[str, ...]
    rows: tuple[int, ...]
    joint: Joint | None
    columns: tuple[ColumnAudit, ...]
    pairs: tuple[PairAudit, ...]
    usefulness: Usefulness | None
    privacy: Privacy
    notes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What sentences call the tables."""
        return self.called.all[: len(self.rows)]

    @property
    def differs(self) -> bool:
        """Whether the tables differ by more than chance explains; false for at least 95% of equal distributions."""
        of_parts = any(one.differs for one in (*self.columns, *self.pairs))
        return of_parts or (self.joint is not None and self.joint.differs)

    @property
    def leaks(self) -> bool:
        """Whether rows leaked from the first table into a synthetic one; false of two periods."""
        return not self.called.drift and self.privacy.leaks

    @property
    def verdict(self) -> tuple[str, ...]:
        """A summary in a few sentences."""
        from fgan.auditing.verdict import verdict_of

        return tuple(verdict_of(self))

    @property
    def conclusion(self) -> str:
        """The whole audit in one plain sentence, with which the text ends."""
        from fgan.auditing.conclusion import conclusion_of

        return conclusion_of(self)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-serialisable dict of the whole audit."""
        more = {
            "columns": [
                {**asdict(one), "differs": one.differs, "findings": one.findings} for one in self.columns
            ],
            "pairs": [{**asdict(one), "differs": one.differs} for one in self.pairs],
        }
        said = {"conclusion": self.conclusion, "verdict": self.verdict, "differs": self.differs}
        about = {"leaks": self.leaks, "drift": self.called.drift, "names": self.names}
        fields = {name: value for name, value in asdict(self).items() if name != "called"}
        return jsonable({**said, **about, **fields, **more})

    def plot(self) -> Figure:
        """Return a figure: the divergence of each column, and the difference in association of each pair."""
        from fgan.auditing.plot import draw

        return draw(self)

    def to_html(self, *, page: bool = False) -> str:
        """Return the audit as HTML.

        Args:
            page: return a page of its own, for a file, rather than a part for a notebook.
        """
        from fgan.auditing.page import html_of, page_of

        return page_of(self) if page else html_of(self)

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        """Return the same text as `str`, for an interactive prompt."""
        return str(self)

    def __str__(self) -> str:
        """Return the audit as text."""
        from fgan.auditing.sections import sections_of

        text = list(self.verdict)
        for heading, rows, lines in sections_of(self):
            text += ["", heading, *(f"  {line}" for line in (*(aligned(rows) if rows else ()), *lines))]
        return "\n".join([*text, "", self.conclusion])
