"""Tables of numbers are vectors to train on; what is no number is refused by its column's name."""

import numpy as np
import pyarrow
import pytest

import fgan
from fgan.data import as_dataset

X = np.random.default_rng(0).normal(size=(40, 2))
COLUMNS = {"age": X[:, 0], "height": X[:, 1]}


def table_of(library: str, columns: dict) -> object:
    return pyarrow.table(columns) if library == "pyarrow" else pytest.importorskip(library).DataFrame(columns)


@pytest.mark.parametrize("library", ["pyarrow", "pandas", "polars"])
def test_a_table_of_numbers_is_the_array_of_them(library):
    found, plain = (as_dataset(x, say=lambda line: None) for x in (table_of(library, COLUMNS), X))
    assert found.train.fingerprint() == plain.train.fingerprint() and found.frame == plain.frame


@pytest.mark.parametrize("library", ["pyarrow", "pandas", "polars"])
def test_what_is_no_number_is_refused_by_name(library):
    with pytest.raises(fgan.FganError, match=r"not yet categories.*these are none: city"):
        as_dataset(table_of(library, {**COLUMNS, "city": ["Oslo", "Bonn"] * 20}))
    with pytest.raises(fgan.FganError, match="lacks some in age, the first of age in row 3"):
        as_dataset(table_of(library, {**COLUMNS, "age": [1.5, 2.5, 3.5, None] * 10}))
