"""One value that rules all others is said before training; heavy tails are not."""

import numpy as np
import pytest

import fgan

RNG = np.random.default_rng(5)
HONEST = {
    "normal": RNG.normal(size=2000),
    "t(3)": RNG.standard_t(3, 100_000),
    "lognormal": RNG.lognormal(0, 2, 100_000),
    "mostly 0": RNG.poisson(0.1, 2000) * RNG.lognormal(0, 1, 2000),
    "rare": np.arange(2000) % 500 == 0,
    "constant": np.ones(50),
}
"""Columns without a mistake."""


def said(tmp_path, column, kind) -> list[str]:
    path, lines = tmp_path / f"x.{kind}", []
    rows = np.stack([RNG.normal(size=len(column)), column.astype(np.float64)], 1)
    if kind == "npy":
        np.save(path, rows)
    else:
        path.write_text("a,b\n" + "".join(f"{a!r},{b!r}\n" for a, b in rows.tolist()))
    fgan.load_data(path, say=lines.append)
    return [line for line in lines if "from the median" in line]


@pytest.mark.parametrize("kind", ["npy", "csv"])
@pytest.mark.parametrize("name", HONEST)
def test_honest_columns_raise_no_alarm(tmp_path, name, kind):
    assert not said(tmp_path, HONEST[name][: 5000 if kind == "csv" else None], kind)


@pytest.mark.parametrize("kind", ["npy", "csv"])
@pytest.mark.parametrize("value", [1e15, -1e15])
@pytest.mark.parametrize("name", ["normal", "mostly 0"])
def test_one_value_that_rules_the_others_is_said_with_its_column(tmp_path, name, value, kind):
    column = HONEST[name][:400].copy()
    column[[3, 7]] = value
    (line,) = said(tmp_path, column, kind)
    where, what = ("column 1 ", "remove or clip it") if kind == "npy" else ('column "b"', "remove its row")
    assert where in line and f"{value:.6g}" in line and what in line


def test_the_value_is_said_in_the_numbers_of_the_file(tmp_path):
    column = 1e9 + RNG.normal(size=400) * 1e-3
    column[[3, 7]] = 1e9 + 100
    (line,) = said(tmp_path, column, "npy")
    assert "value 1e+09," in line
