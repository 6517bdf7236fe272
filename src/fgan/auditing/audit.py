"""`fgan.audit`: compare a synthetic table with the real one, or two periods of one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from fgan.auditing.columns import compare_columns
from fgan.auditing.consistency import held_to_parts
from fgan.auditing.fields import KEEP, read_fields
from fgan.auditing.joint import compare_jointly
from fgan.auditing.names import names_for, require_two_periods
from fgan.auditing.pairs import compare_pairs
from fgan.auditing.privacy import look_for_leaks
from fgan.auditing.result import Audit
from fgan.auditing.usefulness import checked_target, usefulness
from fgan.cores import working
from fgan.data.tables import Table, TextOptions, is_table, read_tables
from fgan.data.tables.kinds import Kinds
from fgan.data.tables.shapes import unfolded
from fgan.divergences.catalogue import divergence as divergence_named
from fgan.errors import DataError, did_you_mean
from fgan.estimation.inputs.read import Samples, check_count
from fgan.load_options import LoadOptions
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
    names: Sequence[str] | None = None,
    drift: bool = False,
    columns: Sequence[str] = (),
    drop: Sequence[str] = (),
    divergence: str = "js",
    kinds: Kinds = None,
    missing: str = KEEP,
    n: int | None = None,
    options: LoadOptions | None = None,
    seed: int = 0,
    say: Say = to_stderr,
) -> Audit:
    """Compare a synthetic table with the real one, or two periods: what differs, where, and which rows drive it.

    At most 5% of audits of a perfect synthetic table report a difference: all p-values are corrected.

    Args:
        real: the training rows of the generator, or the earlier period: a pandas, polars or Arrow table, a dict of
            columns, an array (n, d), or the path of a file.
        synthetic: the generated rows, or the later period, given likewise, with the same columns in any order; or a
            run on a table, from which as many rows are drawn.
        held_out: real rows that the generator has not seen. They are needed to test whether synthetic rows are closer
            to training rows than chance explains, and to measure usefulness.
        target: the column to predict when usefulness is measured.
        names: what to call the two tables, such as ("march", "april") (default: real and synthetic; with `drift`, the
            names of the files).
        drift: the tables are two periods and neither is synthetic: rows that are in both are no leak.
        columns: columns to compare (default: all).
        drop: columns to leave out, such as ids.
        divergence: the divergence of the joint distribution, of each column and of each pair.
        kinds: "number" or "category" by column, such as {"age": "number"} (default: detected, as in `fgan.estimate`).
        missing: "keep" missing cells and compare them too; "drop" or "refuse" rows with missing cells.
        n: maximum number of rows of each table, chosen at random (default: all).
        options: how to read files; only `options.table` is used (default: detected).
        seed: seed of folds, random rows and permutations.
        say: function that receives remarks about files.

    Returns:
        An `Audit`: print it, or use `conclusion`, `to_dict()`, `to_html()` or `plot()`.

    Raises:
        DataError: if tables cannot be read, differ in their columns, or have fewer than 50 rows; for a target without
            held-out rows; for held-out rows or a target of two periods.

    >>> import numpy as np
    >>> random = np.random.default_rng(0)
    >>> x = random.normal(size=(2, 400, 1)) + random.normal(size=(2, 400, 2)) / 2
    >>> found = audit(x[0], np.stack([x[1, :, 0], x[1, ::-1, 1]], 1))  # the columns are right, their relation is lost
    >>> [one.differs for one in found.columns], [one.differs for one in found.pairs]
    ([False, False], [True])
    """
    seed, by = checked_seed(seed), divergence_named(divergence)
    check_count(n)
    called = names_for(names, (real, synthetic), drift=drift)
    if drift:
        require_two_periods(held_out, target)
    asked = (options or LoadOptions()).table
    kinds = kinds or asked.kinds or None
    text = TextOptions(asked.separator, asked.decimal, asked.thousands, asked.encoding, not asked.no_header)
    wanted, unwanted = columns or asked.wanted, drop or asked.dropped
    policy = missing if missing != KEEP else asked.missing

    def chosen(table: Table) -> Table:
        return _chosen(table, wanted, unwanted)

    given = [real, synthetic, *([] if held_out is None else [held_out])]
    samples = _opened(given, text, kinds, (wanted, unwanted), say)
    tables = read_fields(samples, kinds, policy, n, seed, called, chosen)
    goal = checked_target(target, tables)
    for line in tables.read:
        say(line)
    with progress_bar(len(tables.fields) + 4, what="auditing", unit="checks", delay=SLOW, lines=True) as bar:
        of_columns = compare_columns(tables, by.name, seed, lambda: bar.update())
        joint = compare_jointly(tables, by.name, seed)
        bar.update(2)
        pairs = compare_pairs(tables, by, seed, {one.name for one in of_columns if one.differs})
        bar.update()
        joint = joint and held_to_parts(joint, of_columns, pairs)
        privacy = look_for_leaks(tables, seed)
        useful = usefulness(tables, goal, seed) if goal else None
        bar.update()
    return Audit(called, tables.sources, tables.rows, joint, of_columns, pairs, useful, privacy, tables.notes)


def _opened(
    samples: Sequence[Samples],
    text: TextOptions,
    kinds: Kinds,
    columns: tuple[Sequence[str], Sequence[str]],
    say: Say,
) -> list[Samples]:
    """Return samples in which files of tables are tables of the wanted columns, whose numbers are written alike."""
    files = [isinstance(one, (str, Path)) and is_table(one) for one in samples]
    paths = [one for one, file in zip(samples, files, strict=True) if file]
    by_name = {str(key): kind for key, kind in kinds.items()} if isinstance(kinds, Mapping) else {}
    wanted, unwanted = columns
    tables = iter(read_tables(paths, [wanted] * len(paths), text, by_name, say, unwanted) if paths else [])
    return [next(tables) if file else unfolded(one) for one, file in zip(samples, files, strict=True)]


def _chosen(table: Table, wanted: Sequence[str], unwanted: Sequence[str]) -> Table:
    """Return the columns of a table that are wanted; a run may lack a dropped one, which it was not trained on."""
    for name in wanted:
        if name not in table:
            raise DataError(
                f'{table.name} has no column "{name}"; it has {", ".join(table)}.{did_you_mean(name, table)}'
            )
    names = [name for name in wanted or table if name not in unwanted]
    if not names:
        raise DataError(f"--drop leaves no column of {', '.join(table)}. Drop fewer.")
    return table.select(names)
