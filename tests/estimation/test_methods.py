"""Every method by the one law that all of them keep, and which samples get which."""

import math

import pytest
from cases import one_fast

import fgan
from fgan.estimation import INFORMATION_METHODS, METHODS
from fgan.estimation.methods import REGISTRY

OF_VECTORS = [name for name, method in METHODS.items() if "vectors" in method.two_samples]
WITH_CRITICS = [name for name in OF_VECTORS if METHODS[name].learner]
LONG = ("telescoping", "rulsif", "kliep", "tight", "dv")
"""Methods that take seconds, or are another's kin."""


def few_fast(names: list[str]) -> list:
    return [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in names]


@pytest.mark.parametrize("method", few_fast(OF_VECTORS))
def test_kl_of_two_normal_distributions(method, gaussians):
    p, q = gaussians(1500, 2)
    folds = 2 if method == "telescoping" else 5  # eight critics each
    found = fgan.estimate(p, q, ["kl", "squared-hellinger"], method=method, folds=folds)
    assert found["kl"].value == pytest.approx(0.5, rel=0.3)
    assert found["squared-hellinger"].value == pytest.approx(0.235, rel=0.3)
    assert found["kl"].method == method and found["kl"].reason == "asked for"


@pytest.mark.parametrize("method", few_fast(WITH_CRITICS))
def test_a_lower_bound_stays_below(method, gaussians):
    p, q = gaussians(1500, 2, seed=3)
    folds = 2 if method == "telescoping" else 5
    found = fgan.estimate(p, q, ["kl", "total-variation"], method=method, folds=folds)
    assert 0 <= found["kl"].lower_bound < 0.5
    assert 0 <= found["total-variation"].lower_bound < 0.3829


def test_auto_says_why():
    assert fgan.estimate([0, 1] * 100, [0, 1, 1, 1] * 50).method == "discrete"
    assert "2 categories" in fgan.estimate([0, 1] * 100, [0, 1, 1, 1] * 50).reason
    assert fgan.estimate([True, False] * 50, [True] * 99 + [False]).method == "discrete"


def test_far_apart_is_telescoped(gaussians):
    p, q = gaussians(1000, 4, kl=40.0)
    found = fgan.estimate(p, q, folds=2)
    assert found.method == "telescoping" and "cannot measure so large a distance" in found.reason
    assert found.value == pytest.approx(40, rel=0.15)
    assert found.lower_bound < 10  # no more can be shown by a thousand samples
    assert any("the largest that this number" in warning for warning in found.warnings)


@pytest.mark.parametrize("method", ["plain", "tight"])
def test_a_bound_that_teaches_no_ratio_is_refused(method, gaussians):
    with pytest.raises(fgan.FganError, match='method="logistic"'):
        fgan.estimate(*gaussians(100), "total-variation", method=method)


@pytest.mark.parametrize("divergence", one_fast(["pearson", "squared-hellinger", "js"]))
@pytest.mark.parametrize("method", ["plain", "tight"])
def test_bounds_train_their_own_divergence(method, divergence, gaussians):
    p, q = gaussians(1500, 1, kl=0.2)
    exact = {"pearson": math.exp(0.4) - 1, "squared-hellinger": 2 - 2 * math.exp(-0.05), "js": 0.0949}[
        divergence
    ]
    assert fgan.estimate(p, q, divergence, method=method).value == pytest.approx(exact, rel=0.35)


def test_methods_say_what_they_take(gaussians):
    p, q = gaussians(100)
    with pytest.raises(fgan.FganError, match='Did you mean "ulsif"'):
        fgan.estimate(p, q, method="ulsi")
    with pytest.raises(fgan.FganError, match="takes categories, but the samples are vectors"):
        fgan.estimate(p, q, method="discrete")
    with pytest.raises(fgan.FganError, match="need a method whose critic"):
        fgan.estimate(p, q, method="knn", permutations=99)
    with pytest.raises(fgan.FganError, match="does not estimate a density ratio"):
        fgan.estimate(p, q, method="knn").log_ratio(p)


def test_every_method_of_the_registry_is_found_at_the_doors_that_it_serves():
    for one in REGISTRY:
        assert one.two_samples or one.joint, one
        assert one.learner or one.value or one.published, one
        assert not one.two_samples or METHODS[one.name] is one
        assert not one.joint or INFORMATION_METHODS[one.name] is one


def test_what_one_name_means_at_both_doors():
    """A cross-fitted critic of KL's bound for two samples; the published estimator for joint ones."""
    for name in ("nwj", "dv"):
        assert METHODS[name].learner and not METHODS[name].published
        assert INFORMATION_METHODS[name].published and not INFORMATION_METHODS[name].learner
    assert METHODS["tight"] is INFORMATION_METHODS["tight"]
