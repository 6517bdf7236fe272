"""`fgan estimate` over the files that people have."""

import csv
import json
import math
import random

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from fgan.data.tables import read_table
from fgan.errors import DataError


def table(path, shift, cities, n=600):
    chance = random.Random(path.stem)
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["id", "income", "city"])
        for number in range(n):
            lines.writerow([number, f"{chance.gauss(3 + shift, 1):.9f}", chance.choice(cities)])
    return path


def test_drift_between_two_tables(fgan_command, tmp_path):
    now, before = table(tmp_path / "now.csv", 1.0, "aab"), table(tmp_path / "before.csv", 0.0, "abb")
    result = fgan_command(
        "estimate", now, before, "--columns", "income,city", "--divergence", "kl,total-variation",
        "--permutations", 199, "--plot", tmp_path / "drift.png", "--json",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)["estimates"]
    truth = 0.5 + math.log(2) / 3  # of two normal laws 1 apart, and of shares (2/3, 1/3) against (1/3, 2/3)
    assert found["kl"]["lower_bound"] < truth and found["kl"]["value"] == pytest.approx(truth, rel=0.3)
    assert found["kl"]["p_value"] <= 0.01 and 0 < found["total-variation"]["value"] < 1
    assert (tmp_path / "drift.png").stat().st_size > 10_000


def test_arrays_and_text_for_people(fgan_command, tmp_path):
    rng = np.random.default_rng(0)
    for name, shift in (("p", 1.0), ("q", 0.0)):
        np.save(tmp_path / f"{name}.npy", rng.normal(shift, size=(400, 2)).astype(np.float32))
    result = fgan_command("estimate", tmp_path / "p.npy", tmp_path / "q.npy", "--method", "gaussian")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("kl = ") and "however good the critic is" in result.stdout


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("a,b\n1,2\n", "c", 'has no column "c"; it has a, b'),
        ("a,b\n1,2\n3\n", "", "line 3 has 1"),
        ("a,b\n1,2\n3,\n", "", 'column "b" of .* is empty in line 3'),
        ("a,b\n\n1,2\n\n3\n", "", "line 5 has 1"),
        ("a,b\n1,2\n\n3,\n", "", 'column "b" of .* is empty in line 4'),
        ('a,b\n"1\n",2\n3,\n', "", 'column "b" of .* is empty in line 4'),
        ("a,b\n", "", "must have a header line and lines of values"),
        ("a,a\n1,2\n", "", "names must be unique"),
    ],
)
def test_bad_tables_are_told_where(fgan_command, tmp_path, text, columns, message):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_table(path, (columns,) if columns else ())
    flags = ("--columns", columns) if columns else ()
    result = fgan_command("estimate", path, path, *flags)
    assert result.returncode == 2 and "Traceback" not in result.stderr


def test_a_parquet_file_says_what_the_same_csv_file_does(fgan_command, tmp_path):
    rng = np.random.default_rng(0)
    paths = []
    for name, shift in (("p", 1.0), ("q", 0.0)):
        columns = {
            "age": rng.integers(20, 60, 300),
            "income": rng.normal(shift, size=300),
            "city": rng.choice(["Bern", "Köln"], 300),
        }
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        text = "\n".join(",".join(map(str, row)) for row in [columns, *rows])
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        parquet.write_table(pyarrow.table(columns), tmp_path / f"{name}.parquet")
        read = [read_table(tmp_path / f"{name}{ending}") for ending in (".csv", ".parquet")]
        for column in columns:
            assert read[0][column].dtype.kind == read[1][column].dtype.kind
            np.testing.assert_array_equal(read[0][column], read[1][column])
        paths.append(tmp_path / f"{name}.parquet")
    result = fgan_command("estimate", *paths, "--columns", "income", "--method", "gaussian", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["value"] == pytest.approx(0.5, abs=0.2)


def test_an_empty_cell_and_a_broken_parquet_file_are_said(tmp_path):
    parquet.write_table(pyarrow.table({"a": [1.0, None]}), tmp_path / "gap.parquet")
    with pytest.raises(DataError, match=r'column "a" of .* is empty in row 2\. Fill it, drop such rows'):
        read_table(tmp_path / "gap.parquet")
    (tmp_path / "bad.parquet").write_text("a,b")
    with pytest.raises(DataError, match=r"cannot read .* as Parquet"):
        read_table(tmp_path / "bad.parquet")
    with pytest.raises(DataError, match="does not exist"):
        read_table(tmp_path / "none.parquet")


def test_a_file_that_is_not_there_and_samples_that_do_not_match(fgan_command, tmp_path):
    one = table(tmp_path / "one.csv", 0.0, "ab")
    result = fgan_command("estimate", one, tmp_path / "none.csv")
    assert result.returncode == 2 and "does not exist" in result.stderr
    result = fgan_command("estimate", one, "ring8")
    assert result.returncode == 2 and "Traceback" not in result.stderr


def test_columns_are_numbers_where_they_can_be(tmp_path):
    path = tmp_path / "mixed.tsv"
    path.write_text("\ufeffwhole\treal\tword\n1\t1.5\tx\n-2\t1e3\t7\n", encoding="utf-8")
    columns = read_table(path)
    assert [column.dtype.kind for column in columns.values()] == ["i", "f", "U"]
    assert list(columns) == ["whole", "real", "word"] and columns["real"].tolist() == [1.5, 1000.0]
