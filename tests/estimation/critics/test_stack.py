"""Several critics of the same samples: each sees what the others do not, and the weights tell who is right."""

import math

import numpy as np
import pytest
import torch

import fgan
from fgan.estimation.critics.learner import NeuralLearner
from fgan.estimation.critics.regression import best_of, ridge_path, splines_of
from fgan.estimation.critics.stack import StackLearner, stacked
from fgan.estimation.critics.trees import trees_of
from fgan.estimation.designs.design import Job
from fgan.estimation.designs.two_samples import TwoSamples


class Line:
    """A critic that is a multiple of the first column."""

    description = "line"

    def __init__(self, slope):
        self.slope = slope

    def __call__(self, x):
        return self.slope * x[:, 0]


def normals(n, d=3, shift=1.0, seed=0):
    random = torch.Generator().manual_seed(seed)
    p, q = (torch.randn(n, d, generator=random, dtype=torch.float64) for _ in range(2))
    p[:, 0] += shift
    return p, q


def checkers(n, seed=0):
    """Black and white squares of a board, apart but for nothing that one column shows."""
    random = np.random.default_rng(seed)
    sides = []
    for colour in (0, 1):
        column = random.integers(0, 4, n)
        row = 2 * random.integers(0, 2, n) + (column + colour) % 2
        sides.append(
            np.column_stack([column + random.uniform(0.05, 0.95, n), row + random.uniform(0.05, 0.95, n)])
        )
    return sides


def test_the_weights_go_to_the_critic_that_is_right():
    p, q = normals(4000)
    job = TwoSamples(p - torch.tensor([0.5, 0.0, 0.0]), q - torch.tensor([0.5, 0.0, 0.0]), folds=2).job(0)
    found = stacked([Line(-1.0), Line(1.0), Line(0.0)], job)
    assert sum(found.weights) == pytest.approx(1.0) and min(found.weights) > 0
    assert found(torch.tensor([[1.0, 0.0, 0.0]])).item() == pytest.approx(1.0, abs=0.15)
    between = stacked([Line(0.5), Line(1.5)], job)
    assert between.weights == pytest.approx([0.5, 0.5], abs=0.2) and "0." in between.description


def test_a_stack_loses_no_more_than_its_best_critic():
    p, q = normals(600, d=5)
    job = TwoSamples(p, q, folds=2).job(0)
    critics = [Line(slope) for slope in (-1.0, 0.3, 3.0)]

    def loss(critic):
        on_p, on_q = critic(job.p_stop).double(), critic(job.q_stop).double()
        return float(torch.nn.functional.softplus(-on_p).mean() + torch.nn.functional.softplus(on_q).mean())

    assert loss(stacked(critics, job)) <= min(map(loss, critics)) + 1e-9


def test_trees_know_how_many_samples_and_what_weights_each_side_has():
    p, q = normals(3000)
    x = torch.zeros(1, 3, dtype=torch.float64)
    x[0, 0] = 0.5  # as likely under both
    assert abs(float(trees_of(Job(p, q, p[:500], q[:500]), 0)(x))) < 0.7
    assert abs(float(trees_of(Job(p, q[:600], p[:500], q[:500]), 0)(x))) < 0.9
    heavy = (torch.full((3000,), 5.0), torch.ones(3000))
    heavy_stop = (torch.full((500,), 5.0), torch.ones(500))
    assert abs(float(trees_of(Job(p, q, p[:500], q[:500], heavy, heavy_stop), 0)(x))) < 0.7


def test_splines_bend_where_a_log_ratio_bends_and_go_on_bending_in_tails():
    random = torch.Generator().manual_seed(0)
    p, q = 0.5 * torch.randn(4000, 1, generator=random), torch.randn(4000, 1, generator=random)
    splines = splines_of(p, q)
    assert splines is not None
    _, best, least = best_of(ridge_path(splines, p, q), p[:1000], q[:1000])
    assert best is not None and least < math.log(2)
    x = torch.tensor([[0.0], [1.0], [3.0]])
    assert best(x).tolist() == pytest.approx((math.log(2) - 1.5 * x[:, 0] ** 2).tolist(), rel=0.35)
    assert splines_of(torch.randn(50, 400, generator=random), torch.randn(50, 400, generator=random)) is None
    assert splines_of((p > 0).float(), (q > 0).float()) is None  # two values have nothing to bend


def test_what_no_regression_sees_trees_do():
    """The board's colours are 2 log 2 apart; no function of single columns and no product of two shows it."""
    p, q = checkers(1000)
    found = fgan.estimate(p, q, ["js", "kl"])
    assert found["js"].lower_bound > 1.0 and "trees" in found["js"].diagnostics.critics[0]
    assert found["kl"].lower_bound > 2.0


def test_columns_in_other_units_change_nothing():
    p, q = normals(800, d=4)
    units = torch.tensor([1.0, 1e6, 1e-6, 1e3], dtype=torch.float64)
    one, other = fgan.estimate(p, q), fgan.estimate(p * units, q * units)
    assert other.value == pytest.approx(one.value, rel=0.02)


def test_single_columns_and_small_sets_have_one_critic():
    p, q = normals(70, d=3)
    jobs = [TwoSamples(p, q, folds=2).job(0)]
    assert "," not in StackLearner(NeuralLearner())(jobs)[0].description
    jobs = [TwoSamples(*normals(2000, d=1), folds=2).job(0)]
    assert "trees" not in StackLearner(NeuralLearner())(jobs)[0].description


@pytest.mark.slow
def test_eight_laplace_pairs_keep_their_interval():
    """More samples must not make it worse: the interval once held the truth in one of eight draws."""
    exact, held = 8 * (0.6 + math.exp(-0.6) - 1), 0
    for seed in range(6):
        random = np.random.default_rng(seed)
        p, q = random.laplace(0.6, 1, (6000, 8)), random.laplace(0, 1, (6000, 8))
        found = fgan.estimate(p, q, seed=seed)
        held += found.interval[0] <= exact <= found.interval[1]
    assert held >= 5
