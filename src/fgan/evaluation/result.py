"""The result of an evaluation: numbers with intervals, as a table and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fgan.errors import FganError
from fgan.evaluation.frontier import OfFrontier
from fgan.evaluation.jackknife import Uncertain, student
from fgan.evaluation.metrics import QUANTITIES
from fgan.evaluation.stored import check_details, check_metrics, with_nan
from fgan.files import save_file
from fgan.json_files import read_json, shaped
from fgan.output import aligned, filled, html_lines, html_table, jsonable

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Range:
    """A number and the 95% confidence interval of its expectation for this number of samples."""

    value: float
    low: float
    high: float

    def text(self) -> str:
        """Return text such as 12.3 [11.9, 12.7]."""
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


@dataclass(frozen=True)
class Measurement(Range):
    """One number of an evaluation, with its real-vs-real baseline.

    Args:
        floor: the baseline: the score of real samples against the same reference; None if it was not computed.
        better: "higher", "lower" or "½".
        caveats: reasons to trust it less.
        usable: False if it is meaningless, such as precision with empty neighbourhoods.
    """

    floor: Range | None
    better: str
    caveats: tuple[str, ...] = ()
    usable: bool = True

    def text(self) -> str:
        """Return text such as 12.3 [11.9, 12.7], or "unusable"."""
        return super().text() if self.usable else f"unusable ({self.value:.4g})"


def ranged(name: str, value: float, half: float, highest: float = math.inf) -> Range:
    """Return value ± half, clipped to the range of the quantity, and to the highest value that it has here."""
    quantity = QUANTITIES[name]
    low, high = max(value - half, quantity.lowest), min(value + half, quantity.highest, highest)
    return Range(value, low, high)


def _range_of(name: str, found: Uncertain) -> Range:
    low, high = found.interval(CONFIDENCE)
    symmetric = ranged(name, found.value, high - found.value, found.highest)
    if not isinstance(found, OfFrontier):
        return symmetric
    return replace(symmetric, low=max(low, QUANTITIES[name].lowest))


def measured(name: str, found: Uncertain, floor: Uncertain | None) -> Measurement:
    """Return a metric's finding as it is reported."""
    mine, theirs = (None if one is None else _range_of(name, one) for one in (found, floor))
    assert mine is not None, "a metric finds something"
    caveats = [caveat.text for caveat in found.caveats]
    if floor is not None and not floor.usable:
        theirs = None
        why = [caveat.text for caveat in floor.caveats if caveat.unusable]
        caveats += [f"the real-vs-real baseline is unusable: {text}" for text in why if text not in caveats]
    return Measurement(
        mine.value, mine.low, mine.high, theirs, QUANTITIES[name].better, tuple(caveats), found.usable
    )


@dataclass(frozen=True)
class Evaluation:
    """The metrics of a set of samples.

    Args:
        samples: where the samples come from.
        against: the real data set.
        n: number of samples evaluated.
        reference: the real samples that they were compared with.
        extractor: name, dimension and sha256 of the feature extractor.
        metrics: the numbers by name.
        skipped: metrics that could not be computed, and why.
        warnings: reasons to trust the numbers less.
        asked: the requested metrics, number of samples and seed.
        versions: versions of fgan and torch.
        frontier: the curve of precision and recall with its band, if it was computed; see `fgan.frontier`.
        n_reference, n_floor: number of real samples in the reference, and in the real-vs-real baseline. None without a
            baseline, or in a file of an older version.
    """

    samples: str
    against: str
    n: int
    reference: str
    extractor: dict[str, Any]
    metrics: dict[str, Measurement]
    skipped: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    asked: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    n_reference: int | None = None
    n_floor: int | None = None
    frontier: dict[str, Any] | None = None

    def __getitem__(self, name: str) -> Measurement:
        """Return the measurement with this name."""
        return self.metrics[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of what was measured; `"fid" in found` works too."""
        return iter(self.metrics)

    def lacking(self, name: str) -> str:
        """Return why a number is missing or unusable; "" if it is usable."""
        if name not in self.metrics:
            skipped = [f"{metric} needs {why}" for metric, why in self.skipped.items()]
            return "; ".join(skipped) or "it was not requested"
        found = self[name]
        if not math.isfinite(found.value):
            return "it is not finite"
        return "" if found.usable else "; ".join(found.caveats)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-serialisable dict. A number that is not finite is None."""
        found = jsonable(self)
        if self.frontier is None:
            del found["frontier"]
        return found

    def to_json(self) -> str:
        """Return the text of `evaluation.json`."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_dict(cls, values: Any, origin: str = "the evaluation") -> Evaluation:  # noqa: ANN401 - any JSON
        """Return the evaluation that `to_dict` described.

        Args:
            values: what `fgan.json_files.parse_json` returned; anyone may have written it.
            origin: its name in errors.

        Raises:
            DataError: if it has another shape.
        """
        if isinstance(values, dict):
            values = values | {"metrics": with_nan(values.get("metrics"))}
        found = shaped(values, Evaluation, origin)
        check_metrics(found.metrics, origin)
        check_details(found.extractor, found.asked, found.frontier, origin)
        return found

    @classmethod
    def read(cls, path: str | Path) -> Evaluation:
        """Read an `evaluation.json`.

        Raises:
            DataError: if it cannot be read or is damaged.
        """
        return cls.from_dict(read_json(path), str(path))

    def write(self, path: str | Path) -> None:
        """Write it to a JSON file.

        Raises:
            DataError: if the file cannot be written.
        """
        save_file(Path(path), self.to_json().encode(), "An evaluation")

    def table(self, width: int | None = None) -> str:
        """Return the evaluation as a table, with warnings and caveats.

        Args:
            width: of the terminal, in which text is wrapped; None for one line a row.
        """
        above, below = self._around()
        if width is not None:
            above, below = ([filled(line, width, "    ") for line in lines] for lines in (above, below))
        return "\n".join([*above, "", *table_of(self.metrics, self.floor_heading, width), *below])

    def __repr__(self) -> str:
        """Return the table."""
        return self.table()

    def _repr_html_(self) -> str:
        above, below = self._around()
        return html_lines(above) + html_table(rows_of(self.metrics, self.floor_heading)) + html_lines(below)

    def _around(self) -> tuple[list[str], list[str]]:
        """Return the lines above the table, and those below."""
        heading = f"{self.n} samples of {self.samples}, against {self.reference} of {self.against}"
        extractor = f"features: {self.extractor['name']}, dimension {self.extractor['dimension']}"
        if self.extractor["sha256"]:
            extractor += f", weights {self.extractor['sha256'][:12]}"
        below = [f"{name}: not computed, because it needs {why}" for name, why in self.skipped.items()]
        return [heading, extractor], [*below, *(f"warning: {warning}" for warning in self.warnings)]

    @property
    def floor_heading(self) -> str:
        """The heading of the baseline's column."""
        fewer = self.n_floor is not None and self.n_floor < self.n
        return f"real vs real ({self.n_floor} samples)" if fewer else "real vs real"


def table_of(metrics: dict[str, Measurement], floor: str, width: int | None = None) -> list[str]:
    """Return the lines of a table of numbers, their 95% intervals, floors and meanings; see `aligned`."""
    return aligned(rows_of(metrics, floor), width)


def rows_of(metrics: dict[str, Measurement], floor: str) -> list[tuple[str, ...]]:
    """Return the rows of that table, the first of them its heading."""
    rows = [("", "value [95%]", floor, "better", "")]
    for name, found in metrics.items():
        known = found.floor.text() if found.floor else "-"
        rows.append((name, found.text(), known, found.better, QUANTITIES[name].meaning))
    return rows


def caveats_of(metrics: dict[str, Measurement]) -> list[str]:
    """Return each caveat once, after the names of its numbers and whether they are unusable.

    >>> number = Measurement(0.9, 0.8, 1.0, None, "higher", ("no radius",), usable=False)
    >>> caveats_of({"recall": number, "coverage": number})
    ['recall, coverage (unusable): no radius']
    """
    names: dict[tuple[str, bool], list[str]] = {}
    for name, found in metrics.items():
        for text in found.caveats:
            names.setdefault((text, found.usable), []).append(name)
    return [
        f"{', '.join(of)}{'' if usable else ' (unusable)'}: {text}" for (text, usable), of in names.items()
    ]


def over_runs(evaluations: Sequence[Evaluation]) -> dict[str, Measurement]:
    """Return each number's mean over several evaluations, such as seeds, with Student's confidence interval.

    The baseline is that of the first evaluation. Numbers that some evaluation lacks are left out.

    Raises:
        FganError: for fewer than two evaluations, or evaluations that are not comparable.
    """
    count = len(evaluations)
    kinds = {(one.against, one.reference, one.n, one.extractor["name"]) for one in evaluations}
    if count < 2 or len(kinds) != 1:
        raise FganError(
            "a mean needs at least two evaluations with the same data, reference, number of samples and "
            "extractor; "
            f"got {count} of {len(kinds)} kinds. Compare them one by one."
        )
    pooled = {}
    for name, first in evaluations[0].metrics.items():
        if any(name not in one.metrics for one in evaluations):
            continue
        values = [one[name].value for one in evaluations]
        mean = sum(values) / count
        spread = math.sqrt(sum((value - mean) ** 2 for value in values) / max(count - 1, 1))
        # Of a count, such as modes, runs and real samples show how high it can be.
        seen = [part.high for one in evaluations for part in (one[name], one[name].floor) if part]
        highest = max(seen) if QUANTITIES[name].counts else math.inf
        found = ranged(name, mean, student(count - 1, CONFIDENCE) * spread / math.sqrt(count), highest)
        caveats = tuple(dict.fromkeys(text for one in evaluations for text in one[name].caveats))
        usable = all(one[name].usable for one in evaluations)
        pooled[name] = replace(
            first, value=found.value, low=found.low, high=found.high, caveats=caveats, usable=usable
        )
    return pooled
