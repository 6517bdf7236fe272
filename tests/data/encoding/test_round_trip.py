"""Rows of a table become vectors and come back as the same cells, spelled as they were."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fgan.data.encoding import TableEncoding, fitted
from fgan.data.encoding.fit import settled
from fgan.data.encoding.write import text_of
from fgan.data.tables import read_tables

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
MOMENTS = st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1))
DAYS = st.dates(dt.date(1000, 1, 1), dt.date(2200, 1, 1))


def decimals(digits: int) -> st.SearchStrategy[str]:
    return st.integers(-(10**6), 10**6).map(lambda k: f"{k / 10**digits:.{digits}f}".replace("-0.00", "0.00"))


KINDS = {
    "few whole": st.integers(0, 3).map(str),
    "whole": st.integers(-100, 100).map(str),
    "huge": st.integers(2**60, 2**60 + 2**40).map(str),
    "thousands": st.integers(1, 300).map(lambda k: str(k * 1000)),
    "money": decimals(2),
    "fine": decimals(6),
    "real": FLOATS.map(lambda x: repr(x + 0.0) if x else "0.5"),
    "heavy": st.floats(-300, 300).map(lambda x: repr(10.0**x)),
    "words": st.sampled_from(["red", "green", "Grün, hell", 'say "x"', "1st"]),
    "truth": st.booleans().map(str),
    "yes": st.sampled_from(["yes", "no"]),
    "codes": st.integers(0, 9).map(lambda k: f"0{k}1"),
    "constant": st.just("7.50"),
    "word": st.just("only"),
    "day": DAYS.map(dt.date.isoformat),
    "german": DAYS.map(lambda day: f"{day:%d.%m.}{day.year:04d}"),
    "moment": MOMENTS.map(lambda one: one.strftime("%Y-%m-%d %H:%M")),
    "zone": MOMENTS.map(lambda one: f"{one:%Y-%m-%dT%H:%M:%S}.{one.microsecond // 1000:03d}+05:30"),
    "utc": MOMENTS.map(lambda one: f"{one:%Y-%m-%d %H:%M:%S}Z"),
    "time": st.times().map(lambda one: f"{one:%H:%M}"),
    "lasting": st.integers(0, 10**6).map(
        lambda s: f"{s // 86400} days {dt.timedelta(seconds=s % 86400)!s:0>8}"
    ),
}
"""Cells as they are written, by the kind of their column; each is spelled alike throughout."""


@st.composite
def tables(draw: st.DrawFn, rows: int = 24) -> tuple[str, str]:
    names = draw(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4, unique=True))
    columns = {"always": [str(k * 3 % 7) + "x" for k in range(rows)]}
    for name in names:
        cells = draw(st.lists(KINDS[name], min_size=rows, max_size=rows))
        gone = draw(st.sampled_from([0.0, 0.2, 1.0]))
        columns[name] = ["" if k / rows < gone else cell for k, cell in enumerate(cells)]
    return names[0], "\n".join(
        "\t".join(row) for row in [list(columns), *zip(*columns.values(), strict=True)]
    )


def encoded(path: Path) -> tuple[TableEncoding, np.ndarray]:
    (table,) = read_tables([path], [()])
    table = settled(table, {})
    encoding = fitted(table, np.arange(table.count))
    return encoding, encoding.encode(table)


def quoted(text: str) -> list[list[str]]:
    import csv

    return list(csv.reader(text.splitlines(), delimiter="\t"))


@given(tables())
def test_a_file_comes_back_letter_by_letter(tmp_path_factory, drawn):
    path = tmp_path_factory.mktemp("t") / "t.tsv"
    rows = [line.split("\t") for line in drawn[1].split("\n")]
    path.write_text(
        "\n".join("\t".join(f'"{c}"'.replace('say "x"', 'say ""x""') for c in row) for row in rows) + "\n"
    )
    encoding, vectors = encoded(path)
    assert np.isfinite(vectors).all()
    again = TableEncoding.from_json(encoding.to_json(), "here")
    assert again == encoding and json.loads(encoding.to_json())["columns"]
    back = again.decode(vectors.astype(np.float32))  # in what networks work in
    assert quoted(text_of(back, path, again)) == rows
