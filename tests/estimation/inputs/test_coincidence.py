"""Copies are what chance does not make."""

import numpy as np
import pytest
import torch

from fgan.estimation.inputs.notes import notes_on_rows, notes_on_two_samples

random = np.random.default_rng(0)
BITS, NORMAL = random.integers(0, 2, (200, 1)), random.normal(size=(1000, 2))
PIXELS = random.integers(0, 17, (150, 64))


def notes(rows, other=None):
    rows = torch.as_tensor(np.asarray(rows, dtype=float))
    names = tuple(f"c{index}" for index in range(rows.shape[1]))
    if other is None:
        return str(notes_on_rows(rows, names))
    return str(notes_on_two_samples(rows, torch.as_tensor(np.asarray(other, dtype=float)), "vectors", names))


@pytest.mark.parametrize(
    "rows",
    [
        np.hstack([BITS, 3 * BITS]),
        np.hstack([NORMAL[:, :1].round(1)] * 2),
        NORMAL.round(1),
        NORMAL[:, :1].astype(np.float16),
        np.exp(NORMAL[:, :1]).round(2),
        PIXELS,
    ],
)
def test_few_digits_make_no_copies(rows):
    assert "copies" not in notes(rows)
    assert "copies" not in notes(rows[::2], rows[1::2]) and "occur in Q" not in notes(rows[::2], rows[1::2])


AGES = random.integers(18, 80, (300, 1))
RAIN = np.maximum(NORMAL, 0)


@pytest.mark.parametrize(
    "rows",
    [RAIN[:, :1], RAIN, NORMAL.clip(-1, 1), np.hstack([AGES, 2024 - AGES, random.integers(0, 2, (300, 1))])],
)
def test_values_that_many_rows_share_make_no_copies(rows):
    assert "copies" not in notes(rows)
    assert "copies" not in notes(rows[::2], rows[1::2]) and "occur in Q" not in notes(rows[::2], rows[1::2])


def test_few_records_that_recur_often_are_copies():
    assert "rows are duplicates" in notes(NORMAL[random.integers(0, 10, 500)])
    assert "rows are duplicates" in notes(np.vstack([RAIN[:, :1], *[NORMAL[:200, :1] + 5] * 2]))


@pytest.mark.parametrize("rows", [NORMAL, PIXELS])
def test_records_that_recur_are_copies(rows):
    most = len(rows) // 2 if rows is not NORMAL else 5
    assert "rows are duplicates" in notes(np.vstack([rows, rows[:most]]))
    assert "occur in Q" in notes(rows, np.vstack([rows[:most], rows[:most] + 0.03]))
