"""Tables as data sets: what each column is taken for, what is refused, and how rows go in and come out."""

import numpy as np
import pytest
import torch

from fgan.data import as_dataset, load_data
from fgan.data.encoding import TableEncoding
from fgan.data.encoding.write import frame_of, text_of
from fgan.errors import DataError
from fgan.load_options import LoadOptions, TableOptions

RNG = np.random.default_rng(0)
N = 200
COLUMNS = {
    "age": RNG.integers(18, 80, N).astype(str).tolist(),
    "city": RNG.choice(["Oslo", "Bonn", "Rome"], N).tolist(),
    "gain": np.where(RNG.random(N) < 0.8, "0", RNG.integers(100, 99999, N).astype(str)).tolist(),
    "since": [f"20{k % 20 + 10}-03-{k % 28 + 1:02d}" for k in range(N)],
}


@pytest.fixture
def people(tmp_path):
    """Write a table of these columns, changed."""

    def write(separator: str = ",", **changed: list[str] | None):
        columns = {name: cells for name, cells in {**COLUMNS, **changed}.items() if cells is not None}
        lines = [separator.join(row) for row in [list(columns), *zip(*columns.values(), strict=True)]]
        path = tmp_path / "people.csv"
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


def loaded(path, notes=None, **table):
    say = (lambda line: None) if notes is None else notes.append
    return load_data(path, options=LoadOptions(table=TableOptions(**table)), say=say)


def test_columns_are_said_and_networks_know_their_blocks(people, notes):
    data = loaded(people(city=["?" if k % 10 == 0 else one for k, one in enumerate(COLUMNS["city"])]), notes)
    said = next(line for line in notes if line.startswith("columns: "))
    assert "age is a number" in said and "city is a category (words) [4 values, 20 missing]" in said
    assert "gain is a number (whole numbers with" in said and "[1 frequent value]" in said
    assert data.frame.choices == ((1, 4, 0), (6, 2, 1)) and data.shape == (9,)
    x = data.train.values
    for first, count, gated in data.frame.choices:
        assert (x[:, first : first + count].sum(1) == 1).all()
        assert not gated or (x[x[:, first] == 0, first - 1] == 0).all()
    assert abs(float(x[:, 0].mean())) < 0.05 and abs(float(x[:, 0].std()) - 1) < 0.1


def test_a_column_whose_every_value_is_frequent_is_encoded_and_comes_back(people):
    data = loaded(people(gain=[("1e200", "-1e200")[k % 2] for k in range(N)]))
    assert len(data.frame.center) == len(data.frame.scale) == data.train.values.shape[1]
    cells = data.table.decode(data.train.values.numpy()).columns["gain"].cells
    assert sorted(set(cells.tolist())) == [-1e200, 1e200]


def test_numbers_beyond_the_training_part_are_said(people, notes):
    loaded(people(age=[str(k * k) for k in range(N)]), notes)
    assert not [line for line in notes if "held-out numbers outside" in line]
    first_held = int(torch.randperm(N, generator=torch.Generator().manual_seed(0))[0])
    loaded(people(age=[str(9999 if k == first_held else k % 50) for k in range(N)]), notes)
    assert any("held-out numbers outside" in line and "age 1" in line for line in notes)


def test_a_word_that_only_held_out_rows_have_is_trained_on(people):
    first_held = int(torch.randperm(N, generator=torch.Generator().manual_seed(0))[0])
    city = ["Ur" if k == first_held else "Oslo" for k in range(N)]
    data = loaded(people(city=city))
    (code,) = (one.code for one in data.table.columns if one.read.name == "city")
    assert code.values == ("Oslo", "Ur") and code.counts == (180, 1)


@pytest.mark.parametrize(
    ("changed", "options", "message"),
    [
        ({"id": [f"x{k}" for k in range(N)]}, {}, '"id" has 200 distinct values, such as x0.*--drop id'),
        (
            {"row": [str(k + 1) for k in range(N)]},
            {},
            '"row" looks like a row number, from 1 to 200.*--drop row',
        ),
        ({"hash": [str(k * 2**55) for k in range(N)]}, {"numbers": "hash"}, None),
        (
            {"hash": [str(2**62 - k * k * 2**45 - k) for k in range(N)]},
            {},
            '"hash" span more than.*--drop hash',
        ),
        ({"x": ["inf", *["1.5"] * (N - 1)]}, {}, '"x" holds 1 infinite'),
        ({}, {"conditional_on": "age"}, '"age" is numbers.*--categories age'),
        ({}, {"conditional_on": "town"}, 'no column "town"'),
        ({}, {"drop": "age,city,gain,since"}, "--drop leaves no column"),
        ({}, {"columns": "age,town"}, 'no column "town"'),
        ({}, {"numbers": "city"}, '"Oslo"|Oslo'),
        ({"gain": [""] * N}, {"missing": "refuse"}, "gain"),
        (dict.fromkeys(("age", "gain", "since")) | {"city": ["Oslo"] * N}, {}, "must vary"),
    ],
)
def test_what_cannot_be_learnt_is_refused_by_name(people, changed, options, message):
    path = people(**changed)
    if message is None:
        assert loaded(path, **options).table is not None
        return
    with pytest.raises(DataError, match=message):
        loaded(path, **options)
    with pytest.raises(DataError, match="applies to tables"):
        load_data("moons", options=LoadOptions(table=TableOptions(columns="a")))


def test_classes_come_from_a_column_in_its_shares(people):
    data = loaded(people(), conditional_on="city")
    assert data.classes == ("Bonn", "Oslo", "Rome") and "city" in data.table.names
    code = data.table.classes
    drawn = code.draw(3000, 0)
    assert torch.equal(drawn, code.draw(3000, 0))
    shares = drawn.bincount().double() / 3000
    assert np.allclose(shares, np.array(code.counts) / sum(code.counts), atol=0.03)
    back = data.table.decode(data.train.values[:5], data.train.labels[:5])
    assert list(back) == list(COLUMNS)
    assert back["city"].tolist() == [data.classes[k] for k in data.train.labels[:5]]


def test_a_data_frame_keeps_its_types():
    pandas = pytest.importorskip("pandas")
    n = 60
    frame = pandas.DataFrame(
        {
            "whole": np.arange(n) % 31 * 3,
            "small": (np.arange(n) % 7 / 8).astype("float32"),
            "maybe": pandas.array([None if k % 9 == 0 else k % 40 for k in range(n)], dtype="Int64"),
            "gone": [np.nan if k % 4 == 0 else k / 4 for k in range(n)],
            "flag": [k % 3 == 0 for k in range(n)],
            "kind": pandas.Categorical(
                ["abc"[k % 3] for k in range(n)], categories=["c", "b", "a", "z"], ordered=True
            ),
            "word": [None if k % 5 == 0 else "xy"[k % 2] for k in range(n)],
            "when": pandas.date_range("2024-01-01 10:00", periods=n, freq="37min", tz="Europe/Oslo"),
            "day": pandas.to_datetime(["2020-02-29", None, "1999-12-31"] * (n // 3)),
        }
    )
    data = as_dataset(frame, say=lambda line: None)
    encoding = TableEncoding.from_json(data.table.to_json(), "here")
    rows = torch.cat([data.train.values, data.held_out.values])
    back = frame_of(encoding.decode(rows), encoding)
    assert back.dtypes.to_dict() == frame.dtypes.to_dict()
    keys = ["when"]
    expected = frame.sort_values(keys).reset_index(drop=True)
    found = back.sort_values(keys).reset_index(drop=True)
    expected, found = expected.drop(columns="when"), found.drop(columns="when")
    inside = slice(5, -5)  # numbers of held-out rows beyond the training part are at its ends
    pandas.testing.assert_frame_equal(found[inside], expected[inside])


def test_separator_and_decimal_comma_of_the_file_stay(people, tmp_path):
    money = [f"{k % 90},50" for k in range(N)]
    data = loaded(people(";", gain=money))
    text = text_of(data.table.decode(data.train.values[:3]), tmp_path / "x.csv", data.table).splitlines()
    assert text[0] == "age;city;gain;since" and text[1].split(";")[2].endswith(",50")


def test_an_encoding_that_does_not_fit_its_samples_is_refused(people):
    data = loaded(people(), conditional_on="city")
    with pytest.raises(DataError, match='"city" holds classes, but the samples have none'):
        data.table.decode(data.train.values[:5])
    other = data.table.to_json().replace('"label": "city"', '"label": "age"')
    with pytest.raises(DataError, match="do not fit together"):
        TableEncoding.from_json(other, "here")
