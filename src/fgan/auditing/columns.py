"""Compare each column: distribution, range, invented and lost categories, missing cells, types."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from fgan.auditing.accuracy import accuracy_of, corrected_bound, first_of
from fgan.auditing.chance import LEVEL, all_in_the_first, exceedance, holm, of_all
from fgan.auditing.fields import ANOTHER, Field, Tables
from fgan.auditing.names import Names
from fgan.data.tables.values import EPOCH
from fgan.estimation.estimate import estimate
from fgan.estimation.inputs.read import FEWEST, Array
from fgan.estimation.result import Estimates
from fgan.output import silent

FEWEST_EXPECTED = 5.0
"""Categories with fewer expected cells than this are merged in the chi-squared test."""
MOST_EXACT = 1000
"""Up to this many numbers per table the Kolmogorov-Smirnov test is exact; above, it uses the limit."""
NAMED = 3
"""Maximum number of categories that a sentence names."""


@dataclass(frozen=True)
class Test:
    """A comparison of a column in two tables.

    Args:
        what: "distribution", "range", "fractions", "repeated", "invented", "lost" or "missing".
        p_value: uncorrected.
        corrected: p-value corrected for all comparisons of the audit; 1 until it is computed.
        says: the finding as a sentence.
    """

    what: str
    p_value: float
    says: str
    corrected: float = 1.0

    @property
    def differs(self) -> bool:
        """Whether the difference is significant after correction."""
        return self.corrected <= LEVEL


@dataclass(frozen=True)
class ColumnAudit:
    """How a column differs between the real and the synthetic table.

    Args:
        name, kind: of the column.
        divergence: divergence of the known cells; None for identifiers, and if too few cells are known.
        interval: 95% confidence interval of the divergence.
        lower_bound: the divergence is at least this; holds for all columns at once with 95% confidence.
        accuracy, accuracy_interval: held-out accuracy of a classifier that sees this column alone, with its 95%
            interval.
        tests: comparisons, each with a p-value.
        facts: differences that need no test, such as a changed type.
    """

    name: str
    kind: str
    divergence: float | None
    interval: tuple[float, float] | None
    lower_bound: float | None
    accuracy: float | None
    accuracy_interval: tuple[float, float] | None
    tests: tuple[Test, ...]
    facts: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the column differs by more than chance explains."""
        return bool(self.facts) or any(test.differs for test in self.tests)

    @property
    def findings(self) -> tuple[str, ...]:
        """The differences, as sentences."""
        return (*self.facts, *(test.says for test in self.tests if test.differs))

    @property
    def corrected(self) -> float:
        """The smallest corrected p-value; 1 where there is no test."""
        return min((test.corrected for test in self.tests), default=1.0)


def compare_columns(
    tables: Tables, divergence: str, seed: int, done: Callable[[], object]
) -> tuple[ColumnAudit, ...]:
    """Compare each column of both tables, with correction for multiple comparisons.

    Numbers are compared by the Kolmogorov-Smirnov test, categories by Pearson's chi-squared test, and missing cells by
    Fisher's exact test. Numbers outside the real range, and categories that only one table has, are compared with
    the number that a new real table of the same size would have. All p-values are corrected by Holm's method.

    Args:
        tables: the tables.
        divergence: the divergence to estimate for each column.
        seed: seed of the folds.
        done: called after each column.
    """
    tests, rest = [], []
    for field in tables.fields:
        tests.append(tuple(_tests(field, tables.called)))
        rest.append((_divergence(field, divergence, seed, len(tables.compared)), tuple(_facts(field))))
        done()
    corrected = iter(holm([test.p_value for some in tests for test in some]))
    found = []
    for field, some, ((value, interval, least, right, ends), facts) in zip(
        tables.fields, tests, rest, strict=True
    ):
        some = tuple(Test(one.what, one.p_value, one.says, of_all(next(corrected))) for one in some)
        found.append(ColumnAudit(field.name, field.kind, value, interval, least, right, ends, some, facts))
    return tuple(found)


Interval = tuple[float, float]
Numbers = tuple[float | None, Interval | None, float | None, float | None, Interval | None]


def _divergence(field: Field, divergence: str, seed: int, columns: int) -> Numbers:
    """Return value, interval and lower bound of a divergence, and a classifier's accuracy with its interval."""
    real, synthetic = field.known(0), field.known(1)
    if field.kind not in ("number", "category") or min(len(real), len(synthetic)) < FEWEST:
        return None, None, None, None, None
    if len(np.unique(real)) == 1 and np.array_equal(np.unique(real), np.unique(synthetic)):
        return 0.0, (0.0, 0.0), 0.0, 0.5, (0.5, 0.5)
    words = field.common_words(min(len(real), len(synthetic))) if field.kind == "category" else None
    if words is not None:
        real, synthetic = (np.where(np.isin(one, words), one, ANOTHER) for one in (real, synthetic))
    found = estimate(
        {field.name: real},
        {field.name: synthetic},
        [divergence, "total-variation"],
        kinds={field.name: field.kind},
        seed=seed,
        say=silent,
    )
    assert isinstance(found, Estimates), "two divergences were asked for"
    one = first_of(found)
    accuracy = accuracy_of(one, found["total-variation"])
    return one.value, one.interval, corrected_bound(one, columns), accuracy.value, accuracy.interval


def _facts(field: Field) -> Iterator[str]:
    """Say what no chance explains."""
    if field.kind == "changed":
        yield f"type changed: {field.why}"
        return


def _tests(field: Field, called: Names) -> Iterator[Test]:
    if field.lacks:
        yield _missing(field, called)
    real, synthetic = field.known(0), field.known(1)
    if not len(real) or not len(synthetic):
        return
    if field.kind == "number":
        yield _of_numbers(real, synthetic, field.unit, called)
        yield _range(real, synthetic, field.unit, called)
        if not field.unit and field.types[:2] == ("whole numbers", "numbers"):
            yield _fractions(real, synthetic, called)
    if field.kind == "identifier":
        yield from _repeated(real, synthetic, called)
    if field.kind == "category":
        words, place = np.unique(np.concatenate([real, synthetic]), return_inverse=True)
        counts = np.stack([np.bincount(part, minlength=len(words)) for part in np.split(place, [len(real)])])
        if len(words) > 1:
            yield _of_categories(words, counts, called)
        yield from _invented(words, counts, called)
        yield from _lost(words, counts, called)


def _missing(field: Field, called: Names) -> Test:
    from scipy.stats import fisher_exact

    counts = np.array([[int(one.sum()), len(one) - int(one.sum())] for one in field.missing[:2]])
    shares = counts[:, 0] / counts.sum(1)
    says = f"missing cells: {shares[0]:.1%} {called.first}, {shares[1]:.1%} {called.second}"
    return Test("missing", float(fisher_exact(counts).pvalue), says)  # pyright: ignore[reportAttributeAccessIssue]


def _of_numbers(real: Array, synthetic: Array, unit: str, called: Names) -> Test:
    from scipy.stats import ks_2samp

    exact = max(len(real), len(synthetic)) <= MOST_EXACT
    with (
        warnings.catch_warnings()
    ):  # where numbers fail it, SciPy takes the limit and says so, which no user needs
        warnings.filterwarnings("ignore", "ks_2samp: Exact calculation unsuccessful", RuntimeWarning)
        found = ks_2samp(real, synthetic, method="exact" if exact else "asymp")
    quarters = [np.quantile(one, (0.25, 0.5, 0.75)) for one in (real, synthetic)]
    middles = [_spell(one[1], unit) for one in quarters]
    halves = [f"{_spell(one[0], unit)} to {_spell(one[2], unit)}" for one in quarters]
    says = f"middle half of the values: {called.first} {halves[0]}, {called.second} {halves[1]}"
    if middles[0] != middles[1]:
        says = f"median: {called.first} {middles[0]}, {called.second} {middles[1]}; {says}"
    return Test("distribution", float(found.pvalue), says)  # pyright: ignore[reportAttributeAccessIssue]


def _range(real: Array, synthetic: Array, unit: str, called: Names) -> Test:
    low, high = real.min(), real.max()
    beyond = int(((synthetic < low) | (synthetic > high)).sum())
    says = (
        f"{beyond:,} {called.second} values lie outside the {called.first} range {_spell(low, unit)} to "
        f"{_spell(high, unit)}; the {called.second} range is "
        f"{_spell(synthetic.min(), unit)} to {_spell(synthetic.max(), unit)}"
    )
    return Test("range", exceedance(beyond, len(synthetic), 2, len(real)), says)


def _fractions(real: Array, synthetic: Array, called: Names) -> Test:
    """Test whether real ones were whole by chance: their share of fractions is about Beta(1, m) then."""
    count = int((synthetic != np.round(synthetic)).sum())
    says = (
        f"all {called.first} values are whole numbers, but {count / len(synthetic):.0%} of the "
        f"{called.second} values are not"
    )
    return Test("fractions", exceedance(count, len(synthetic), 1, len(real)), says)


def _repeated(real: Array, synthetic: Array, called: Names) -> Iterator[Test]:
    """Test whether real values are all different by chance: of equal ones, no two fell into the real table."""
    again = [len(cells) - len(np.unique(cells)) for cells in (real, synthetic)]
    if again[1] and not again[0]:
        counts = np.unique(np.concatenate([real, synthetic]), return_counts=True)[1]
        share = len(real) / (len(real) + len(synthetic))
        alone = (1 - share) ** counts + counts * share * (1 - share) ** (counts - 1)
        says = f"all {called.first} values are distinct, but {again[1]:,} {called.second} values are repeated"
        yield Test("repeated", float(alone.prod()), says)


def _of_categories(words: Array, counts: Array, called: Names) -> Test:
    from scipy.stats import chi2_contingency

    sizes = counts.sum(1)
    expected = counts.sum(0) * sizes.min() / sizes.sum()
    common = expected >= FEWEST_EXPECTED
    merged = counts[:, common]
    if not common.all():
        merged = np.concatenate([merged, counts[:, ~common].sum(1, keepdims=True)], 1)
    merged = merged[:, merged.sum(0) > 0]
    p_value = float(chi2_contingency(merged, correction=False).pvalue) if merged.shape[1] > 1 else 1.0  # pyright: ignore[reportAttributeAccessIssue]
    shares = counts / sizes[:, None]
    most = np.argsort(-np.abs(shares[0] - shares[1]))[:NAMED]
    parts = [
        f"{words[k]} {shares[0, k]:.1%} → {shares[1, k]:.1%}" for k in most if shares[0, k] != shares[1, k]
    ]
    return Test(
        "distribution", p_value, f"frequencies differ ({called.first} → {called.second}): {', '.join(parts)}"
    )


def _invented(words: Array, counts: Array, called: Names) -> Iterator[Test]:
    new = counts[0] == 0
    if new.any():
        count = int(counts[1, new].sum())
        once = int((counts[0] == 1).sum())
        which = "new" if called.drift else "invented"
        named = _named(words[new], counts[1, new])
        says = f"{which}: {named} in {count:,} {called.second} rows and no {called.first} row"
        yield Test("invented", exceedance(count, int(counts[1].sum()), once + 1, int(counts[0].sum())), says)


def _lost(words: Array, counts: Array, called: Names) -> Iterator[Test]:
    lost = counts[1] == 0
    if lost.any():
        sizes = counts.sum(1)
        most = int(counts[0, lost].max())
        p_value = min(1.0, len(words) * all_in_the_first(most, int(sizes[0]), int(sizes[1])))
        rows = int(counts[0, lost].sum())
        which = "gone" if called.drift else "lost"
        named = _named(words[lost], counts[0, lost])
        says = f"{which}: {named} in {rows:,} {called.first} rows and no {called.second} row"
        yield Test("lost", p_value, says)


def _named(words: Array, counts: Array) -> str:
    """Name the most frequent categories, and count the others."""
    order = np.argsort(-counts, kind="stable")
    named = ", ".join(f'"{words[k]}"' for k in order[:NAMED])
    return named + (f" and {len(words) - NAMED} more" if len(words) > NAMED else "")


def _spell(value: float, unit: str) -> str:
    """Format a number with four digits, and a number of days as a date."""
    if not unit.startswith("days since"):
        return f"{value:.4g}" + (f" {unit}" if unit else "")
    moment = EPOCH + dt.timedelta(days=float(value))
    return moment.date().isoformat()
