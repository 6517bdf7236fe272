"""Whole numbers, dates, missing values: one rule at every door, and the result says what it did."""

import datetime as dt
import json
from decimal import Decimal

import numpy as np
import pyarrow
import pytest
from cases import one_fast

import fgan
from fgan.data.tables.kinds import kind_of
from fgan.errors import DataError
from fgan.estimation.inputs.joint import read_joint
from fgan.estimation.inputs.two_samples import read_two_samples


def drawn(seed):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.round(drawn(0).normal(44, 9, 1000)).astype(int), "number"),
        (drawn(0).poisson(3, 1000), "number"),
        (drawn(0).binomial(15, 0.3, 1000), "number"),
        (drawn(0).integers(0, 10, 1000), "category"),
        (drawn(0).choice(5, 1000, p=[0.5, 0.2, 0.2, 0.05, 0.05]) + 1, "category"),
        (drawn(0).choice(10, 1000, p=[0.2, 0.001, 0.2, 0.001, 0.2, 0.1, 0.001, 0.1, 0.1, 0.097]), "category"),
        (drawn(0).integers(0, 2, 1000), "category"),
        (drawn(0).integers(0, 2, 1000).astype(float), "number"),
        (drawn(0).integers(0, 2, 1000).astype(bool), "category"),
    ],
)
def test_the_rule_is_the_same_at_both_doors(values, kind):
    assert kind_of(values)[0] == kind
    first = read_two_samples(values, values)
    second = read_joint(values, values)
    assert [one.kind for one in (*first.how.columns, *second.how.columns)] == [kind] * 3


@pytest.mark.parametrize("seed", one_fast(range(3)))
def test_whole_numbers_give_what_the_floats_give(seed):
    random = drawn(seed)
    p, q = random.normal(44, 10, 1000), random.normal(40, 10, 1000)
    floats, whole = fgan.estimate(p, q), fgan.estimate(np.round(p).astype(int), np.round(q).astype(int))
    assert whole.value == pytest.approx(floats.value, abs=0.01)
    assert np.diff(whole.interval) <= 1.1 * np.diff(floats.interval)
    assert "column 0 is a number (whole numbers with" in str(whole)


@pytest.mark.slow
def test_whole_numbers_give_the_information_that_the_floats_give():
    x, noise = drawn(1).normal(50, 10, (2, 1000))
    y = 0.8 * x + 0.6 * noise
    floats = fgan.mutual_information(x, y)
    whole = fgan.mutual_information(np.round(x).astype(int), np.round(y).astype(int))
    assert whole.value == pytest.approx(floats.value, abs=0.01)
    assert np.diff(whole.interval) <= 1.1 * np.diff(floats.interval)


@pytest.mark.parametrize("method", ["knn", "ksg"])
def test_ties_of_rounded_numbers_are_spread(method):
    x, noise = drawn(2).normal(50, 10, (2, 1000))
    if method == "knn":
        found = fgan.estimate(np.round(x), np.round(noise - 5), method=method)
        assert abs(found.value - 0.125) < 0.1
    else:
        found = fgan.mutual_information(np.round(x), np.round(x + noise), method=method)
        assert abs(found.value - np.log(2) / 2) < 0.1
    assert any("Seeded uniform noise" in warning for warning in found.warnings)


def test_a_switch_decides():
    random = drawn(0)
    p, q = ({"age": random.integers(20, 60, 500), "stars": random.integers(1, 6, 500)} for _ in range(2))
    inputs = read_two_samples(p, q, kinds={"age": "category", "stars": "number"})
    assert [one.kind for one in inputs.how.columns] == ["category", "number"] and inputs.first.shape[1] == 41
    assert read_two_samples(p["stars"], q["stars"], kinds="number").kind == "vectors"
    assert read_two_samples(p["age"], q["age"], kinds={0: "category"}).kind == "categories"
    joint = read_joint(p["stars"], p["stars"], kinds={1: "number"})
    assert [one.kind for one in joint.how.columns] == ["category", "number"]
    found = fgan.estimate(p, q, kinds={"age": "number", "stars": "number"})
    assert found.log_ratio({"age": [30], "stars": [2]}).isfinite().all()
    for wrong in ({"aeg": "number"}, {"age": "numbers"}, 3, {5: "number"}):
        with pytest.raises(DataError, match="kind"):
            read_two_samples(p, q, kinds=wrong)
    with pytest.raises(DataError, match='row 0 of P is "x"'):
        read_two_samples(["x"] * 60, ["1"] * 60, kinds="number")


DAYS = [dt.date(2024, 1, 1) + dt.timedelta(days=n % 40) for n in range(60)]
MOMENTS = [dt.datetime(2024, 1, 1) + dt.timedelta(hours=n) for n in range(60)]


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        (DAYS, "days since 1970-01-01"),
        (MOMENTS, "days since 1970-01-01"),
        ([one.replace(tzinfo=dt.UTC) for one in MOMENTS], "days since 1970-01-01 in UTC"),
        (np.array(MOMENTS, dtype="datetime64[s]"), "days since 1970-01-01"),
        (np.arange(60).astype("timedelta64[m]"), "seconds"),
        ([dt.timedelta(hours=n) for n in range(60)], "seconds"),
        ([one.time() for one in MOMENTS], "seconds of the day"),
        (pyarrow.array(MOMENTS), "days since 1970-01-01"),
        ([Decimal(n) / 7 for n in range(60)], ""),
    ],
)
def test_dates_and_durations_are_numbers_of_a_unit(values, unit):
    inputs = read_two_samples({"when": values}, {"when": values})
    (column,) = inputs.how.columns
    assert (column.kind, column.unit) == ("number", unit) and inputs.kind == "vectors"
    if unit:
        with pytest.raises(DataError, match="same unit in both sets"):
            read_two_samples({"when": values}, {"when": np.arange(60.0)})


def of(values):
    return np.array([*values] * 20, dtype=object)


@pytest.mark.parametrize(
    "values",
    [
        np.ma.masked_array(np.arange(80), mask=np.arange(80) % 4 == 3),
        of([1, 2, 3, None]),
        of(["a", "b", "c", None]),
        of(["a", "b", "c", float("nan")]),
        of(["a", "b", "c", "NA"]),
        of([1.5, 2.5, 3.5, np.nan]),
        of([True, False, True, None]),
        of([dt.date(2024, 1, 1), dt.date(2024, 1, 2), dt.date(2024, 1, 5), None]),
        np.array(["2024-01-01", "2024-01-02", "2024-01-03", "NaT"] * 20, dtype="datetime64[D]"),
        pyarrow.array([1, 2, 3, None] * 20),
        pyarrow.array(["a", "b", "c", None] * 20).dictionary_encode(),
        np.array([1.5, 2.5, 3.5, np.nan] * 20),
    ],
)
def test_missing_values_are_named_by_row_or_dropped(values):
    table = {"c": values, "z": drawn(0).normal(size=80)}
    with pytest.raises(DataError, match="row 3"):
        read_two_samples(table, table)
    inputs = read_two_samples(table, table, missing="drop")
    assert len(inputs.first) == 60 and inputs.how.dropped == (20, 20)
    joint = read_joint({"c": values}, {"z": np.where(np.arange(80) == 0, np.nan, table["z"])}, missing="drop")
    assert len(joint.first) == len(joint.second) == 59 and joint.how.dropped == (21, 21)


def test_the_result_says_how_it_read():
    random = drawn(0)
    p, q = ({"age": random.integers(20, 60, 300), "city": random.choice(["A", "B"], 300)} for _ in range(2))
    p["age"] = p["age"].astype(float)
    p["age"][7] = np.nan
    found = fgan.estimate(p, q, missing="drop")
    assert "dropped because of missing values: 1 and 0 rows" in str(found) and "city is a category" in str(
        found
    )
    read = json.loads(json.dumps(found.to_dict()))["how_read"]
    assert read["dropped"] == [1, 0] and [one["kind"] for one in read["columns"]] == ["number", "category"]


def test_a_number_that_marks_missing_values_is_said_and_kept():
    random = drawn(0)
    p, q = random.normal(40, 9, (2, 300))
    p[::30] = -999
    found = fgan.estimate(p, q, method="gaussian")
    assert found.n_p == 300 and any("is -999 in 10 of 300 rows" in warning for warning in found.warnings)
    assert not any("-999" in warning for warning in fgan.estimate(q, q + 1, method="gaussian").warnings)


def test_files_are_read_by_their_path_and_written_alike(tmp_path):
    random = drawn(0)
    paths = [tmp_path / "p.csv", tmp_path / "q.csv"]
    for path in paths:
        path.write_text("x;y\n" + "".join(f"{a:.3f};{b}\n".replace(".", ",") for a, b in zip(
            random.normal(size=80), random.integers(0, 3, 80), strict=True)))  # fmt: skip
    inputs = read_two_samples(*paths, say=lambda line: None)
    assert inputs.first.shape == (80, 4) and "decimal comma" in inputs.how.files[0]
    paths[1].write_text("x;y\n" + "".join(f"{n / 7};1\n" for n in range(80)))
    with pytest.raises(DataError, match=r"has a decimal comma, but .* has a decimal point"):
        read_two_samples(*paths)


def test_files_with_different_separators_may_have_different_decimal_signs(tmp_path):
    numbers = [round(float(x), 3) for x in drawn(0).normal(size=80)]
    comma, point = tmp_path / "comma.csv", tmp_path / "point.csv"
    comma.write_text("x;n\n" + "".join(f"{x};1\n".replace(".", ",") for x in numbers))
    point.write_text("x,n\n" + "".join(f"{x},1\n" for x in numbers))
    inputs = read_two_samples(comma, point, say=lambda line: None)
    assert "decimal comma" in inputs.how.files[0] and "decimal point" in inputs.how.files[1]
    assert (inputs.first == inputs.second).all()
    point.write_text("x,n\n" + "".join(f"{n},1\n" for n in range(80)))  # shows no sign
    assert "decimal comma" in read_two_samples(comma, point, say=lambda line: None).how.files[0]
