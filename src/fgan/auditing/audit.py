"""`fgan.audit`: compare a synthetic table with the real one: fidelity, usefulness and privacy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fgan.auditing.columns import compare_columns
from fgan.auditing.fields import KEEP, read_fields
from fgan.auditing.joint import compare_jointly
from fgan.auditing.pairs import compare_pairs
from fgan.auditing.privacy import look_for_leaks
from fgan.auditing.result import Audit
from fgan.auditing.usefulness import checked_target, usefulness
from fgan.cores import working
from fgan.data.tables.kinds import Kinds
from fgan.divergences.catalogue import divergence as divergence_named
from fgan.estimation.inputs.read import Samples, check_count
from fgan.output import Say, progress_bar, to_stderr
from fgan.seeds import checked_seed

SLOW = 3.0
"""Seconds after which a terminal shows a progress bar."""


@working()
def audit(
    real: Samples,
    synthetic: Samples,
    *,
    held_out: Samples | None = None,
    target: str | None = None,
    columns: Sequence[str] = (),
    divergence: str = "js",
    kinds: Kinds = None,
    missing: str = KEEP,
    n: int | None = None,
    seed: int = 0,
    say: Say = to_stderr,
) -> Audit:
    """Compare a synthetic table with the real one: fidelity, usefulness for prediction, and leaked rows.

    At most 5% of audits of a perfect synthetic table report a difference: all p-values are corrected.

    Args:
        real: the training rows of the generator: a pandas, polars or Arrow table, a dict of columns, an array (n, d),
            or the path of a file.
        synthetic: the generated rows, given likewise, with the same columns in any order; or a run on a table, from
            which as many rows are drawn.
        held_out: real rows that the generator has not seen. They are needed to test whether synthetic rows are closer
            to training rows than chance explains, and to measure usefulness.
        target: the column to predict when usefulness is measured.
        columns: columns to compare (default: all).
        divergence: the divergence of the joint distribution and of each column.
        kinds: "number" or "category" by column, such as {"age": "number"} (default: detected, as in `fgan.estimate`).
        missing: "keep" missing cells and compare them too; "drop" or "refuse" rows with missing cells.
        n: maximum number of rows of each table, chosen at random (default: all).
        seed: seed of folds, random rows and permutations.
        say: function that receives remarks about files.

    Returns:
        An `Audit`: print it, or use `to_dict()`, `to_html()` or `plot()`.

    Raises:
        DataError: if tables cannot be read, differ in their columns, or have fewer than 50 rows; or for a target
            without held-out rows.

    >>> import numpy as np
    >>> random = np.random.default_rng(0)
    >>> x = random.normal(size=(2, 400, 1)) + random.normal(size=(2, 400, 2)) / 2
    >>> found = audit(x[0], np.stack([x[1, :, 0], x[1, ::-1, 1]], 1))  # the columns are right, their relation is lost
    >>> [one.differs for one in found.columns], [one.differs for one in found.pairs]
    ([False, False], [True])
    """
    seed, name = checked_seed(seed), divergence_named(divergence).name
    check_count(n)
    samples = [one if not columns else _chosen(one, columns) for one in (real, synthetic)]
    if held_out is not None:
        samples.append(_chosen(held_out, columns) if columns else held_out)
    tables = read_fields(samples, kinds, missing, n, seed, say)
    goal = checked_target(target, tables)
    for line in tables.read:
        say(line)
    with progress_bar(len(tables.fields) + 4, what="auditing", unit="checks", delay=SLOW, lines=True) as bar:
        of_columns = compare_columns(tables, name, seed, lambda: bar.update())
        joint = compare_jointly(tables, name, seed)
        bar.update(2)
        pairs = compare_pairs(tables, seed, {one.name for one in of_columns if one.differs})
        bar.update()
        privacy = look_for_leaks(tables, seed)
        useful = usefulness(tables, goal, seed) if goal else None
        bar.update()
    return Audit(tables.names, tables.rows, joint, of_columns, pairs, useful, privacy, tables.notes)


def _chosen(samples: Samples, columns: Sequence[str]) -> Samples:
    """Return the requested columns of a table; those of a file are chosen when it is read."""
    from pathlib import Path

    from fgan.data.tables import Table, read_tables

    if isinstance(samples, (str, Path)):
        return read_tables([samples], [columns])[0]
    if isinstance(samples, Table):
        return samples.select(columns)
    return (
        {name: samples[name] for name in columns} if isinstance(samples, Mapping) else samples[list(columns)]
    )
