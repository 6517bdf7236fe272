"""Tables that are kept as arrays, as those of a comparison are, hold numbers; others are refused by their column."""

import numpy as np
import pyarrow
import pytest

import fgan
from fgan.data.passed import read_passed

X = np.random.default_rng(0).normal(size=(40, 2))
COLUMNS = {"age": X[:, 0], "height": X[:, 1]}


def table_of(library: str, columns: dict) -> object:
    return pyarrow.table(columns) if library == "pyarrow" else pytest.importorskip(library).DataFrame(columns)


@pytest.mark.parametrize("library", ["pyarrow", "pandas", "polars"])
def test_a_table_of_numbers_is_the_array_of_them(library):
    assert np.array_equal(read_passed(table_of(library, COLUMNS)).samples, X)
    with pytest.raises(fgan.FganError, match=r"these columns of the .* do not: city.*\.csv"):
        read_passed(table_of(library, {**COLUMNS, "city": ["Oslo", "Bonn"] * 20}))
    with pytest.raises(fgan.FganError, match="has some in age, the first of age in row 3"):
        read_passed(table_of(library, {**COLUMNS, "age": [1.5, 2.5, 3.5, None] * 10}))
