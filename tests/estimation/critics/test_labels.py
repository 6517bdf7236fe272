"""A label beside a vector."""

import math

import numpy as np
import pytest
import torch

import fgan
from fgan.estimation.critics.labels import label_in
from fgan.estimation.designs.pairs import Pairs

TRUTH = 0.6327
"""Of a binary label and N(±2, 1)."""


def drawn(n=2000, dimension=1, seed=0):
    random = np.random.default_rng(seed)
    label = random.integers(0, 2, n)
    z = random.normal(size=(n, dimension))
    z[:, 0] += 2 * (2 * label - 1)
    return label, z


@pytest.mark.parametrize("turn", ["whole numbers", "words", "floats", "turned"])
def test_however_the_label_is_written(turn):
    label, z = drawn()
    if turn == "words":
        label = np.array(["no", "yes"])[label]
    sides = (z, label) if turn == "turned" else (label.astype(float) if turn == "floats" else label, z)
    found = fgan.mutual_information(*sides)
    assert found.interval[0] <= TRUTH <= found.interval[1] and found.lower_bound > 0.55
    assert found.value == pytest.approx(TRUTH, abs=0.03)


def test_a_label_of_three_classes_and_one_that_no_line_parts():
    random = np.random.default_rng(0)
    label = random.integers(0, 3, 1500)
    found = fgan.mutual_information(label, 3 * (label == 1) + random.normal(size=1500))
    assert found.interval[0] <= 0.4814 <= found.interval[1]  # by quadrature
    wave = random.uniform(-2, 2, 1500)
    found = fgan.mutual_information((np.sin(4 * wave) > 0).astype(int), wave)
    assert 0.5 < found.value <= found.interval[1] <= math.log(2) + 0.05


def test_pointwise_information_averages_to_one_over_the_label():
    label, z = drawn(600, 2)
    found = fgan.mutual_information(label, z, folds=2)
    shares = np.bincount(label) / len(label)
    rows = [np.column_stack([np.full(5, one), z[:5]]) for one in (0, 1)]
    mean = sum(share * found.log_ratio(row).exp() for share, row in zip(shares, rows, strict=True))
    assert mean.sub(1).abs().max() < 0.05


def test_what_is_no_label():
    x = torch.randn(300, 1, generator=torch.Generator().manual_seed(0))
    assert label_in([Pairs(x, x, 2).job(0)], 1) is None
    assert label_in([Pairs((x > 0).double(), x, 2).job(0)], 1).classes.flatten().tolist() == [0, 1]


@pytest.mark.slow
@pytest.mark.parametrize("dimension", [20, 100])
def test_the_interval_holds_the_truth_in_many_dimensions(dimension):
    held = [
        found.interval[0] <= TRUTH <= found.interval[1]
        for seed in range(4)
        for found in [fgan.mutual_information(*drawn(dimension=dimension, seed=seed), seed=seed)]
    ]
    assert sum(held) >= 3
