"""`fgan.between`: exact divergences of probability vectors and count tables."""

import math
from collections import Counter

import numpy as np
import pytest
import torch

import fgan
from fgan.divergences import EXAMPLES

mpmath = pytest.importorskip("mpmath")

EXACT = {
    "kl": lambda u: u * mpmath.log(u) - (u - 1),
    "reverse-kl": lambda u: -mpmath.log(u) + (u - 1),
    "pearson": lambda u: (u - 1) ** 2,
    "neyman": lambda u: (u - 1) ** 2 / u,
    "squared-hellinger": lambda u: (mpmath.sqrt(u) - 1) ** 2,
    "js": lambda u: u * mpmath.log(2 * u / (1 + u)) + mpmath.log(2 / (1 + u)),
    "jeffreys": lambda u: (u - 1) * mpmath.log(u),
    "alpha:3": lambda u: (u**3 - 1 - 3 * (u - 1)) / 6,
    "total-variation": lambda u: abs(u - 1) / 2,
}
SIDES = {
    "usual": ([0.2, 0.3, 0.5], [0.6, 0.3, 0.1]),
    "near": ([0.2, 0.3, 0.5], [0.2 + 2e-9, 0.3 - 3e-9, 0.5 + 1e-9]),
    "rare": ([1.0, 1e-300], [1e-300, 1.0]),
    "rarer": ([1e-100, 1.0], [1e-255, 1.0]),
    "smallest": ([0.5, 0.5], [5e-324, 1.0]),
}


@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("name", EXACT)
def test_every_digit(name, sides):
    """Against 700 digits, up to the rounding of e^700."""
    p, q = SIDES[sides]
    with mpmath.workdps(700):
        terms = [
            mpmath.mpf(b) * EXACT[name](mpmath.mpf(a) / mpmath.mpf(b)) for a, b in zip(p, q, strict=True)
        ]
        truth = mpmath.fsum(terms)
        truth = float(truth) if truth < mpmath.mpf("1.7e308") else math.inf
    tolerance = 1e-6 if sides == "near" else 1e-12  # the given sums are 1 up to rounding only
    assert fgan.between(p, q, name) == pytest.approx(truth, rel=tolerance)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_divergence_is_within_its_range_and_reaches_its_ends(name):
    lowest, highest = fgan.divergence(name).range
    assert fgan.between([0.25, 0.75], [0.25, 0.75], name) == pytest.approx(lowest, abs=1e-15)
    assert fgan.between([1, 0], [0, 1], name) == pytest.approx(highest)
    for p, q in SIDES.values():
        assert lowest <= fgan.between(p, q, name) <= highest


def test_zeros_cost_what_they_do():
    assert fgan.between([1, 0], [0.5, 0.5]) == pytest.approx(math.log(2))
    assert fgan.between([0.5, 0.5], [1, 0]) == math.inf
    assert fgan.between([0.5, 0.5], [1, 0], "reverse-kl") == pytest.approx(math.log(2))
    assert fgan.between([0.5, 0.5, 0], [1, 0, 0], "total-variation") == 0.5


def test_one_is_what_it_is_among_all():
    p, q = SIDES["usual"]
    every = fgan.between(p, q, "all")
    assert list(every) == list(EXAMPLES)
    assert every["js"] == fgan.between(p, q, fgan.divergence("js")) == fgan.between(p, q, ["js"])["js"]
    assert fgan.between(p, q, "f(u) = u*log(u)") == pytest.approx(every["kl"])


def test_two_histograms_of_normals():
    """100 bins of N(0, 1) and N(1, 1), as arrays, tensors, lists, tables of any rank, and densities made masses."""
    t = np.linspace(-6, 8, 100)
    p, q = np.exp(-(t**2) / 2), np.exp(-((t - 1) ** 2) / 2)
    p, q = p / p.sum(), q / q.sum()
    truth = float((p * np.log(p / q)).sum())
    assert truth == pytest.approx(0.5, abs=1e-6)
    for form in (
        np.array,
        torch.tensor,
        list,
        lambda one: one.reshape(10, 5, 2),
        lambda one: one.reshape(100, 1),
    ):
        assert fgan.between(form(p), form(q)) == pytest.approx(truth)
    assert fgan.between(p.astype(np.float32), torch.tensor(q).float()) == pytest.approx(truth, rel=1e-5)
    with pytest.raises(fgan.FganError, match="by their bin widths"):
        fgan.between(p / 0.14, q / 0.14)


def test_counts_are_divided_by_their_sum_and_names_are_aligned():
    words = Counter("aaab"), Counter("baba")
    assert fgan.between(*words) == pytest.approx(fgan.between([0.75, 0.25], [0.5, 0.5]))
    assert fgan.between({"a": 1, "b": 3}, {"b": 2, "a": 2}) == fgan.between([1, 3], [2, 2])
    assert fgan.between([1, 3], [0.25, 0.75]) == 0  # counts against a model


class Series:
    """What of a pandas Series or DataFrame is looked at."""

    def __init__(self, values, index, columns=None):
        self.values, self.index = np.array(values), index
        if columns:
            self.columns = columns

    def to_numpy(self):
        return self.values


def test_pandas():
    assert fgan.between(Series([3, 1], ["a", "b"]), Series([2, 2], ["b", "a"])) == fgan.between(
        [3, 1], [2, 2]
    )
    assert fgan.between(Series([3, 1], range(2)), [2, 2]) == fgan.between([3, 1], [2, 2])
    table = Series([[1, 2], [3, 4]], ["a", "b"], ["x", "y"])
    turned = Series([[4, 3], [2, 1]], ["b", "a"], ["y", "x"])
    assert fgan.between(table, turned) == 0
    with pytest.raises(fgan.FganError, match=r"q has 1 that p lacks, such as 'c'. Add them to p, with 0"):
        fgan.between(Series([3, 1], ["a", "b"]), {"a": 1, "b": 1, "c": 1})
    with pytest.raises(fgan.FganError, match="both histograms or neither must name"):
        fgan.between(Series([3, 1], ["a", "b"]), [1, 1])
    with pytest.raises(fgan.FganError, match="one twice"):
        fgan.between(Series([3, 1], ["a", "a"]), [1, 1])


@pytest.mark.parametrize(
    ("p", "reason"),
    [
        ([0.5, 0.6, -0.1], "negative, first -0.1 at 2.*exponentiate"),
        ([[0.5, math.nan]], r"not finite, first nan at \(0, 1\)"),
        ([math.inf, 1.0], "not finite"),
        ([0.5, 0.7], "neither|sums to 1.2"),
        ([0, 0], "p is 0 everywhere"),
        ([], "at least one outcome"),
        (["a", "b"], "Count outcomes first"),
        ([[1, 2], [3]], "array of numbers"),
        ([1, 2, 3, 4], r"shape \(4,\), q \(2,\)"),
    ],
)
def test_refusals_say_why(p, reason):
    with pytest.raises(fgan.FganError, match=reason):
        fgan.between(p, [0.5, 0.5])


def test_rounding_is_no_mistake():
    rounded = [0.3333, 0.3333, 0.3333]
    assert fgan.between(rounded, [1, 1, 1]) == pytest.approx(0, abs=1e-15)
