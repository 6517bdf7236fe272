"""The classifier two-sample test sees what the divergences see, and nothing where there is nothing."""

import math

import pytest
import torch

import fgan
from fgan.evaluation.two_sample import FEWEST, MOST_COLUMNS, classifier_accuracy


def drawn(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def far_clusters(seed: int, spread: float) -> torch.Tensor:
    """Eight clusters on a circle, of a hundredth of its radius at a spread of 1."""
    angle = torch.arange(4000) % 8 * math.pi / 4
    return torch.stack([angle.cos(), angle.sin()], 1) + 0.01 * spread * drawn(seed, 4000, 2)


def checkers(seed: int, share: float) -> torch.Tensor:
    """Points of which this share lies on the dark squares of a board."""
    random = torch.Generator().manual_seed(seed)
    square = torch.randint(4, (4000, 2), generator=random)
    dark = torch.rand(4000, generator=random) < share
    square[:, 1] += (square.sum(1) % 2 != dark).long()
    return square + torch.rand(4000, 2, generator=random)


@pytest.mark.parametrize(
    ("samples", "same"),
    [
        (far_clusters(1, 0.4), far_clusters(2, 1.0)),
        (checkers(1, 0.9), checkers(1, 0.5)),
        (drawn(1, 4000, 8).round(decimals=1), drawn(1, 4000, 8)),
    ],
    ids=["narrow within far clusters", "squares", "rounded"],
)
def test_it_sees_differences_that_are_small_beside_the_spread(samples, same):
    assert classifier_accuracy(samples, far_clusters(3, 1.0) if same.std() < 1 else same).value > 0.6


@pytest.mark.parametrize("law", [lambda seed: far_clusters(seed, 1.0), lambda seed: drawn(seed, 4000, 8)])
def test_equal_laws_give_one_half(law):
    assert classifier_accuracy(law(1), law(2)).value == pytest.approx(0.5, abs=0.025)


@pytest.mark.parametrize(("rows", "columns"), [(FEWEST // 2 - 1, 2), (200, MOST_COLUMNS + 1), (FEWEST, 2)])
def test_few_rows_and_many_columns_work(rows, columns):
    assert classifier_accuracy(drawn(1, rows, columns) + 3, drawn(2, rows, columns)).value > 0.9


def test_of_a_run_it_agrees_with_the_divergence():
    found = fgan.evaluate(far_clusters(1, 0.4), "ring8", metrics="js,c2st", n=2000)
    assert found["js"].value > 0.1
    assert found["c2st"].value > 0.6
