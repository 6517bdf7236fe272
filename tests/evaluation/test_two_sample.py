"""The classifier two-sample test sees what the divergences see, and nothing where there is nothing."""

import math

import pytest
import torch
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline

import fgan
from fgan.data import Dataset, Frame, TensorSource
from fgan.errors import FganError
from fgan.evaluation import two_sample
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
    ("samples", "others"),
    [
        (far_clusters(1, 0.4), far_clusters(2, 1.0)),
        (checkers(1, 0.9), checkers(2, 0.5)),
        (drawn(1, 4000, 8).round(decimals=1), drawn(2, 4000, 8)),
    ],
    ids=["narrow within far clusters", "squares", "rounded"],
)
def test_it_sees_differences_that_are_small_beside_the_spread(samples, others):
    assert classifier_accuracy(samples, others).value > 0.6


@pytest.mark.parametrize(
    ("by", "samples"),
    [("_network", drawn(1, 2000, 64) + 0.15), ("_trees", far_clusters(1, 0.4))],
    ids=["a little in every column", "clusters"],
)
def test_each_of_its_classifiers_is_needed(by, samples, monkeypatch):
    others = drawn(2, 2000, 64) if by == "_network" else far_clusters(2, 1.0)
    both = classifier_accuracy(samples, others).value
    lame = make_pipeline(DummyClassifier())
    monkeypatch.setattr(two_sample, by, lambda *given: lame)
    assert both > classifier_accuracy(samples, others).value + 0.03


@pytest.mark.parametrize(("n", "m"), [(5000, 150), (150, 5000)])
def test_sets_of_unequal_size_weigh_the_same(n, m):
    assert classifier_accuracy(drawn(1, n, 2), drawn(2, m, 2)).value == pytest.approx(0.5, abs=0.08)
    assert classifier_accuracy(drawn(1, n, 2) + 2, drawn(2, m, 2)).value > 0.85


def test_too_few_of_one_kind_are_refused_by_name():
    with pytest.raises(FganError, match="at least 20 samples of each kind; got 3"):
        classifier_accuracy(drawn(1, 1000, 2), drawn(2, 3, 2))


def test_trees_are_not_tried_where_they_would_take_minutes(monkeypatch):
    monkeypatch.setattr(two_sample, "_trees", lambda seed: pytest.fail("trees were tried"))
    classifier_accuracy(drawn(1, 200, MOST_COLUMNS + 1), drawn(2, 200, MOST_COLUMNS + 1))
    classifier_accuracy(drawn(1, FEWEST // 2 - 1, 2), drawn(2, FEWEST // 2, 2))


@pytest.mark.parametrize("seed", [-1, 2**64, 2**70])
def test_any_seed_will_do(seed):
    assert classifier_accuracy(drawn(1, 200, 2) + 3, drawn(2, 200, 2), seed).value > 0.9


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


@pytest.mark.parametrize("period", [2, 4, 10])
@pytest.mark.parametrize("seed", [0, 7, 2**32, 2**63 - 1])
def test_samples_that_go_through_the_classes_in_turn_are_told_as_well_as_others(period, seed):
    classes = 5 * drawn(3, period, 4)
    real = classes[torch.randint(period, (4000,), generator=torch.Generator().manual_seed(4))] + drawn(
        6, 4000, 4
    )
    data = Dataset("points", Frame((4,)), TensorSource(real[2000:]), TensorSource(real[:2000]))
    in_turn = classes[torch.arange(2000) % period] + drawn(5, 2000, 4)
    found = fgan.evaluate(in_turn, data, metrics="c2st", n=2000, reference="held-out", seed=seed, say=str)
    assert found.n == 2000 and 0.45 < found["c2st"].value < 0.55
