"""Tables in memory: columns in another order, dates and numbers as text, whole numbers beyond 2^53."""

import datetime as dt
import math

import numpy as np
import pytest

import fgan
from fgan.errors import DataError
from fgan.estimation.inputs.two_samples import read_two_samples

random = np.random.default_rng(0)
P = {"a": random.normal(0.5, 1, 300), "c": random.choice(["x", "y"], 300)}
Q = {"c": random.choice(["x", "y"], 300), "a": random.normal(0, 1, 300)}


def moments(shift, form):
    return [
        form(dt.datetime(2024, 1, 1) + dt.timedelta(days=float(day) + shift))
        for day in random.normal(20, 1, 300)
    ]


def test_columns_are_taken_by_name():
    said = []
    inputs = read_two_samples(P, Q, say=said.append)
    assert said == ["columns of Q were matched by name, in the order of P: a, c"]
    assert inputs.second[:, 0].tolist() == Q["a"].tolist()
    found = fgan.estimate(P, Q, say=said.append)
    one, other = found.log_ratio({"c": ["x"], "a": [1.0]}), found.log_ratio({"a": [1.0], "c": ["x"]})
    assert one == other


def test_lone_columns_are_named():
    with pytest.raises(DataError, match=r'"c" is in P only\. Select the same columns'):
        fgan.estimate(P, {"a": Q["a"]})
    with pytest.raises(DataError, match=r'"-0.3" is in P only, and "0.5" is in Q only.*--no-header'):
        fgan.estimate({"-0.3": P["a"]}, {"0.5": Q["a"]})


def test_columns_of_weights_may_stay():
    p, q = {**P, "w": random.uniform(0.5, 1.5, 300)}, {**Q, "w": random.uniform(0.5, 1.5, 300)}
    found = fgan.estimate(p, q, weights_p="w", weights_q="w", say=lambda _: None)
    few = {"a": [0.5, 1.0], "c": ["x", "y"]}
    assert found.log_ratio({**few, "w": [None, 1.0]}).tolist() == found.log_ratio(few).tolist()
    with pytest.raises(DataError, match='"z" is in x only'):
        found.log_ratio({**few, "z": [0, 1]})


@pytest.mark.parametrize("form", [dt.datetime.isoformat, lambda day: day.strftime("%d.%m.%Y")])
def test_dates_as_text_are_numbers(form):
    inputs = read_two_samples({"t": moments(1, form)}, {"t": moments(0, form)})
    assert inputs.how.columns[0].unit == "days since 1970-01-01" and inputs.kind == "vectors"
    assert 0.8 < float(inputs.first.mean() - inputs.second.mean()) < 1.2


def test_dates_that_do_not_say_the_day_are_refused():
    sides = [{"t": moments(shift, lambda day: day.strftime("%m/%d/%Y"))} for shift in (1, 0)]
    with pytest.raises(DataError, match=r'"t" of P holds dates such as.*in row 0.*Write them as 2024-01-31'):
        fgan.estimate(*sides)
    assert read_two_samples(*sides, kinds={"t": "category"}).kind == "categories"


def test_moments_with_and_without_a_time_zone_are_not_compared():
    aware = moments(0, lambda day: day.replace(tzinfo=dt.UTC))
    with pytest.raises(DataError, match="days since 1970-01-01 and days since 1970-01-01 in UTC"):
        fgan.estimate({"t": aware}, {"t": moments(0, lambda day: day)})
    text = [day.isoformat() for day in aware]
    assert read_two_samples({"t": aware}, {"t": text}).how.columns[0].unit == "days since 1970-01-01 in UTC"


def test_a_stray_cell_among_numbers_as_text_is_named():
    p, q = [[*map(str, range(100)), stray] * 2 for stray in ("12a", "x")]
    with pytest.raises(DataError, match=r'2 of 202 cells are not, the first "12a" in row 100'):
        fgan.estimate({"age": p}, {"age": q})


def test_words_that_are_all_numbers_draw_a_note():
    sides = [{"age": np.round(random.normal(mean, 4, 300)).astype(int).astype(str)} for mean in (44, 40)]
    assert "set kinds=" in str(read_two_samples(*sides).notes)
    assert read_two_samples(*sides, kinds={"age": "number"}).notes == ()


def test_whole_numbers_beyond_float64_stay_apart(tmp_path):
    ages = [np.round(random.normal(mean, 9, 300)).astype(int) for mean in (44, 40)]
    far = fgan.estimate(*(2**60 + one for one in ages))
    near = fgan.estimate(*ages)
    assert far.value == pytest.approx(near.value, abs=1e-3) and far.how_read.columns[0].kind == "number"
    assert far.log_ratio([2**60 + 30]).item() == pytest.approx(near.log_ratio([30]).item(), abs=0.01)
    (tmp_path / "a.csv").write_text("\n".join(["id", *(str(2**60 + one) for one in ages[0])]))
    assert (fgan.read_table(tmp_path / "a.csv")["id"] - 2**60).tolist() == ages[0].tolist()


def test_rows_of_weight_0_may_lack_cells():
    rows = {"a": [None, *P["a"]], "w": [0, *random.uniform(1, 2, 300)]}
    inputs = read_two_samples(rows, {"a": Q["a"]}, weights=("w", None))
    assert len(inputs.first) == 300
    with pytest.raises(DataError, match='column "a" of P has the missing value "None"'):
        read_two_samples({**rows, "w": [1, *rows["w"][1:]]}, {"a": Q["a"]}, weights=("w", None))


def test_ranges_apart_leave_the_interval_open():
    p, q = random.permutation(200), 200 + random.permutation(200)
    found = fgan.estimate(p, q, method="logistic")
    assert found.interval[1] == math.inf and found.interval[0] >= found.lower_bound > 1


def test_tables_in_other_shapes():
    plain = read_two_samples(P, P)
    rows = list(zip(P["a"].tolist(), P["c"].tolist(), strict=True))
    for shape in (
        rows,
        [{"a": a, "c": c} for a, c in rows],
        np.array(rows, dtype=object),
        np.array(rows, dtype=[("a", float), ("c", "U1")]),
    ):
        found = read_two_samples(shape, shape)
        assert found.first.equal(plain.first) and [one.kind for one in found.how.columns] == [
            "number",
            "category",
        ]
