"""Rows in an order: autocorrelation is noticed, and blocks keep them together."""

import numpy as np
import pytest
import torch
from scipy.signal import lfilter
from scipy.stats import kstest

import fgan
from fgan.errors import FganError
from fgan.estimation.designs.pairs import Pairs
from fgan.estimation.designs.two_samples import TwoSamples


def series(n, seed, phi=0.9):
    random = np.random.default_rng(seed)
    return (lfilter([1], [1, -phi], random.normal(size=n + 200))[200:] for _ in range(2))


def alike(found):
    return any("consecutive rows are correlated" in warning for warning in found.warnings)


def test_a_series_is_noticed_and_blocks_quieten_it():
    x, y = series(400, 0)
    assert alike(fgan.mutual_information(x, y, method="copula"))
    assert alike(fgan.estimate(x, y, method="gaussian"))
    found = fgan.estimate(x, y, method="gaussian", blocks=np.int64(20))
    assert not alike(found) and found.to_dict()["blocks"] == 20
    assert found.standard_error > 1.5 * fgan.estimate(x, y, method="gaussian").standard_error


@pytest.mark.parametrize("turn", ["shuffled", "one side only", "rounded and independent"])
def test_independent_rows_are_not(turn):
    x, y = series(400, 1)
    random = np.random.default_rng(0)
    if turn == "shuffled":
        order = random.permutation(400)
        x, y = x[order], y[order]
    if turn == "one side only":
        y = random.normal(size=400)
    if turn == "rounded and independent":
        x, y = random.normal(size=(2, 400)).round(1)
    assert not alike(fgan.mutual_information(x, y, method="copula"))


def test_blocks_are_never_cut():
    x = torch.arange(203.0)[:, None]
    for design in (TwoSamples(x, x, 5, block=10), Pairs(x, x, 5, block=10)):
        for fold in range(5):
            job, (p, q) = design.job(fold), design.report(fold)
            used = [{int(row) // 10 for row in part[:, 0]} for part in (job.p, job.p_stop, p)]
            assert all(one.isdisjoint(other) for i, one in enumerate(used) for other in used[:i])
            if isinstance(design, Pairs):
                assert int(((q[:, 0] - q[:, 1]).abs() < 1).sum()) == 0


@pytest.mark.slow
def test_p_values_of_independent_series_are_uniform_by_blocks():
    values = []
    for seed in range(40):
        x, y = series(400, seed, 0.8)
        found = fgan.mutual_information(x, y, permutations=99, folds=2, blocks=20, seed=seed)
        assert found.interval[0] == 0.0 == found.lower_bound
        values.append(found.p_value)
    assert kstest(values, "uniform").pvalue > 0.01


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"blocks": 0}, "at least 2; got 0"),
        ({"blocks": 2.5}, "got 2.5"),
        ({"blocks": 30}, "make 6. Use shorter"),
        ({"blocks": 5, "n": 100}, "drawn at random"),
        ({"blocks": 5, "method": "knn"}, "treats rows as independent"),
        ({"blocks": 5, "curve": True}, "exclude each other"),
    ],
)
def test_blocks_that_cannot_be_are_refused(options, message):
    p, q = np.random.default_rng(0).normal(size=(2, 200))
    with pytest.raises(FganError, match=message):
        fgan.estimate(p, q, **options)
