"""Both forms of the Fréchet distance are the same number, wherever either can be had."""

import sys

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from peak_memory import peak_memory

from fgan import memory
from fgan.errors import FganError, MemoryLimitError
from fgan.evaluation.frechet import _folds_of_covariances, _folds_of_products, frechet_distance
from fgan.evaluation.jackknife import GROUPS, group_of


def normals(n, m, d, seed=0):
    random = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(count, d, generator=random, dtype=torch.float64) for count in (n, m))
    return x @ torch.randn(d, d, generator=random, dtype=torch.float64) / d**0.5 + 0.3, y


def by_scipy(x, y):
    """Return the formula as it is written, with the root of a matrix that is not symmetric."""
    x, y = x.numpy(), y.numpy()
    s, t = np.cov(x.T), np.cov(y.T)
    root = scipy.linalg.sqrtm(s @ t).real
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(s + t - 2 * root)


@settings(max_examples=25, deadline=None)
@given(st.integers(20, 90), st.integers(20, 90), st.integers(1, 60), st.integers(0, 100))
def test_products_and_covariances_give_the_same_number_for_every_fold(n, m, d, seed):
    x, y = normals(n, m, d, seed)
    # The root of a covariance of less than full rank is exact to 1e-8 of the largest only.
    exact = 1e-10 if d < 0.8 * min(n, m) else 3e-8
    products, covariances = (list(form(x, y)) for form in (_folds_of_products, _folds_of_covariances))
    assert products[0] == pytest.approx(covariances[0], rel=exact, abs=1e-9)
    assert products[1:] == pytest.approx(covariances[1:], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("n", "m", "d"), [(300, 200, 8), (200, 300, 40)])
def test_both_are_scipys(n, m, d):
    x, y = normals(n, m, d)
    for form in (_folds_of_products, _folds_of_covariances):
        assert next(iter(form(x, y))) == pytest.approx(by_scipy(x, y), rel=1e-9)


@pytest.mark.parametrize(("n", "m", "d"), [(40, 40, 500), (30, 700, 100), (25, 60, 61)])
def test_fewer_samples_than_features_give_the_nuclear_norm_of_their_products(n, m, d):
    x, y = normals(n, m, d)
    found = frechet_distance(x, y)

    def directly(x, y):
        a, b = x - x.mean(0), y - y.mean(0)
        cross = torch.linalg.matrix_norm(a @ b.T, "nuc") / ((len(x) - 1) * (len(y) - 1)) ** 0.5
        spread = a.square().sum() / (len(x) - 1) + b.square().sum() / (len(y) - 1)
        return float((x.mean(0) - y.mean(0)).square().sum() + spread - 2 * cross)

    assert found.value == pytest.approx(directly(x, y), rel=1e-12)
    folds = [directly(x[group_of(n) != g], y[group_of(m) != g]) for g in range(GROUPS)]
    assert list(found.without) == pytest.approx(folds, rel=1e-7)


@pytest.mark.parametrize("far", [0.0, 1e3, 1e6])
def test_where_the_features_lie_changes_nothing(far):
    x, y = normals(40, 50, 200)
    assert frechet_distance(x + far, y + far).value == pytest.approx(frechet_distance(x, y).value, rel=1e-7)


@pytest.mark.parametrize("d", [5, 400])
def test_degenerate_sets_have_the_number_of_the_formula(d):
    x, y = normals(60, 40, d)
    point, other = torch.ones(30, d), torch.zeros(25, d)
    assert frechet_distance(point, other).value == pytest.approx(d)
    # Against a point: the mean squared distance to it, with n - 1.
    spread = float(x.var(0).sum() + x.mean(0).square().sum())
    assert frechet_distance(x, other.double()).value == pytest.approx(spread, rel=1e-9)
    assert frechet_distance(x, x).value == pytest.approx(0, abs=1e-6 * spread)
    repeated = torch.cat([x, x])
    # Twice the same samples have the same moments but for n / (n - 1).
    assert frechet_distance(repeated, x).value == pytest.approx(0, abs=1e-4 * spread)
    constant = torch.cat([x, torch.full((60, 1), 3.0)], 1), torch.cat([y, torch.full((40, 1), 3.0)], 1)
    assert frechet_distance(*constant).value == pytest.approx(frechet_distance(x, y).value, rel=1e-9)


@pytest.mark.parametrize("n", [2, 19])
@pytest.mark.parametrize("d", [2, 100])
def test_too_few_samples_are_refused_by_number(n, d):
    x, y = normals(n, 50, d)
    with pytest.raises(FganError, match=f"at least 20 samples of each kind; got {n}"):
        frechet_distance(x, y)


def test_what_does_not_fit_is_refused_with_the_numbers_before_it_is_made(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda device="cpu": 10**9)
    x = torch.zeros(1, 1).expand(30_000, 20_000)
    with pytest.raises(
        MemoryLimitError, match=r"fid of 30,000 against 30,000 .* needs .* GB .* only 1 GB are free.*--n"
    ):
        frechet_distance(x, x)


def test_bias_that_is_most_of_the_value_is_said():
    random = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 100, 30, generator=random)
    (caveat,) = frechet_distance(x, y).caveats
    assert "is bias from only 100 samples against 100" in caveat.text and not caveat.unusable
    assert not frechet_distance(x + 10, y).caveats


COLOUR = """
import torch
from fgan.evaluation.frechet import frechet_distance
x, y = torch.rand(2, 600, 12288, generator=torch.Generator().manual_seed(0))
assert frechet_distance(x, y).value > 0
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_600_colour_pictures_of_64_pixels_take_less_than_2_gb():
    assert peak_memory(COLOUR) < 2e9


@pytest.mark.parametrize(("n", "d"), [(40, 60), (80, 5)])
def test_small_matrices_are_decomposed_by_one_thread(n, d, monkeypatch):
    """Two threads wait for each other at every column, for tenfold the time where other programs run too."""
    asked, before = [], torch.get_num_threads()
    for name in ("svdvals", "eigvalsh", "eigh"):
        real = getattr(torch.linalg, name)
        monkeypatch.setattr(
            torch.linalg, name, lambda x, real=real: (asked.append(torch.get_num_threads()), real(x))[1]
        )
    torch.set_num_threads(2)
    try:
        frechet_distance(*normals(n, n, d))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert set(asked) == {1}
