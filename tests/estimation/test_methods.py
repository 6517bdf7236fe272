"""Every method against closed forms, and each one's own law."""

import math

import numpy as np
import pytest
import torch

import fgan
from fgan.estimation import METHODS
from fgan.estimation.critics.kernels import KLIEP, LeastSquares
from fgan.estimation.designs.design import TwoSamples
from fgan.estimation.formulas.discrete import count_value
from fgan.estimation.formulas.gaussian import Normal, divergence_of_normals
from fgan.estimation.formulas.nearest import neighbour_value

OF_VECTORS = [name for name, method in METHODS.items() if "vectors" in method.kinds]
WITH_CRITICS = [name for name in OF_VECTORS if METHODS[name].learner]


@pytest.mark.parametrize("method", OF_VECTORS)
def test_kl_of_two_normal_distributions(method, gaussians):
    p, q = gaussians(1500, 2)
    folds = 2 if method == "telescoping" else 5  # eight critics each
    found = fgan.estimate(p, q, ["kl", "squared-hellinger"], method=method, folds=folds)
    assert found["kl"].value == pytest.approx(0.5, rel=0.3)
    assert found["squared-hellinger"].value == pytest.approx(0.235, rel=0.3)
    assert found["kl"].method == method and found["kl"].reason == "asked for"


@pytest.mark.parametrize("method", WITH_CRITICS)
def test_a_lower_bound_stays_below(method, gaussians):
    p, q = gaussians(1500, 2, seed=3)
    folds = 2 if method == "telescoping" else 5
    found = fgan.estimate(p, q, ["kl", "total-variation"], method=method, folds=folds)
    assert 0 <= found["kl"].lower_bound < 0.5
    assert 0 <= found["total-variation"].lower_bound < 0.3829


def test_gaussian_closed_forms():
    p, q = (
        Normal(torch.tensor([m]).double(), torch.tensor([[v]]).double()) for m, v in ((1.0, 1.0), (0.0, 1.0))
    )
    for name, exact in (
        ("kl", 0.5),
        ("pearson", math.e - 1),
        ("squared-hellinger", 0.235006),
        ("jeffreys", 1.0),
    ):
        assert divergence_of_normals(fgan.divergence(name), p, q) == pytest.approx(exact, rel=1e-5)
    wide = Normal(q.mean, 3 * q.covariance)
    assert divergence_of_normals(fgan.divergence("pearson"), wide, q) == math.inf
    assert divergence_of_normals(fgan.divergence("js"), p, q) is None


def test_neighbours_follow_their_formulas(gaussians):
    p, q = gaussians(3000, 2)
    for name, exact in (("kl", 0.5), ("reverse-kl", 0.5), ("alpha:0.5", 2 * 0.235), ("jeffreys", 1.0)):
        found = neighbour_value(fgan.divergence(name), p.double(), q.double())
        assert found.value == pytest.approx(exact, rel=0.12)
        assert abs(found.value - exact) < 4 * found.standard_error
    assert neighbour_value(fgan.divergence("js"), p, q) is None
    assert fgan.estimate(p, q, ["kl", "js"], method="knn").skipped.keys() == {"js"}
    with pytest.raises(fgan.FganError, match="no formula"):
        fgan.estimate(p, q, "js", method="knn")


def test_neighbours_that_coincide_are_refused(gaussians):
    p, q = gaussians(200)
    with pytest.raises(fgan.FganError, match="coincide"):
        fgan.estimate((3 * p).round(), (3 * q).round(), method="knn")


def test_least_squares_is_the_minimum_of_its_own_loss(gaussians):
    job = TwoSamples(*gaussians(500, 2), 2).job(0)
    (critic,) = LeastSquares()([job])
    ridge = float(critic.description.split("ridge ")[1])

    def loss(weights):
        ratio = [
            torch.exp(
                -(torch.cdist(critic.scaling(x).double(), critic.centers.double()) ** 2)
                / (2 * critic.width**2)
            )
            @ weights
            for x in (job.p, job.q)
        ]
        return ratio[1].square().mean() / 2 - ratio[0].mean() + ridge * weights.square().sum() / 2

    slope = torch.func.grad(loss)(critic.weights)
    assert slope.abs().max() < 1e-8


def test_kliep_is_a_ratio_of_mean_one(gaussians):
    job = TwoSamples(*gaussians(500, 2), 2).job(0)
    (critic,) = KLIEP()([job])
    assert critic(job.q).exp().mean() == pytest.approx(1.0, abs=0.01)
    assert (critic.weights >= 0).all()


def test_a_relative_ratio_is_bounded(gaussians):
    p, q = gaussians(300, 1, kl=8.0)
    job = TwoSamples(p, q, 2).job(0)
    (critic,) = LeastSquares(0.1)([job])
    ratio = critic(torch.cat([p, q])).exp()
    assert (ratio / (0.1 * ratio + 0.9)).max() <= 10


def test_counts_less_their_bias():
    """Over many draws the mean is right to a third of the bias that the plug-in has."""
    random = np.random.default_rng(0)
    p, q = np.array([0.4, 0.3, 0.2, 0.05, 0.05]), np.full(5, 0.2)
    exact = float((p * np.log(p / q)).sum())
    found, plain = [], []
    for _ in range(400):
        a, b = (torch.from_numpy(random.choice(5, 200, p=share)) for share in (p, q))
        found.append(count_value(fgan.divergence("kl"), a, b).value)
        shares = [side.bincount(minlength=5).double() / 200 for side in (a, b)]
        plain.append(float((shares[0] * (shares[0] / shares[1]).clamp(min=1e-9).log()).sum()))
    assert abs(np.mean(found) - exact) < abs(np.mean(plain) - exact) / 3


def test_a_kink_and_an_infinite_end_leave_the_shares_their_number():
    """Draws from the shares may miss the category of which there is one sample; none of them tells the bias."""
    p, q = torch.tensor([0] * 500 + [1] * 498 + [2] * 2), torch.tensor([0] * 505 + [1] * 494 + [2])
    found = fgan.estimate(p, q, fgan.divergence("f(u)=u*log(u)+abs(u-1)"))
    assert 0.005 < found.value < 0.05 and found.interval == (0.0, math.inf)
    x, y = torch.tensor([0] * 60 + [1] * 39 + [2]), torch.tensor([0, 1] * 49 + [1, 2])
    assert math.isfinite(fgan.mutual_information(x, y, fgan.divergence("f(u)=u*log(u)+abs(u-1)")).value)


def test_categories_on_one_side_only():
    p, q = ["a", "b", "c"] * 100, ["a", "b"] * 150
    found = fgan.estimate(p, q, ["kl", "reverse-kl", "js", "total-variation", "pearson"])
    assert found["kl"].value == found["pearson"].value == math.inf
    assert found["kl"].to_dict()["infinite"] and found["kl"].to_dict()["value"] is None
    assert found["reverse-kl"].value == pytest.approx(math.log(1.5), abs=0.01)
    assert found["total-variation"].value == pytest.approx(1 / 3, abs=0.01)
    assert 0 < found["kl"].lower_bound < math.inf
    for one in found.values():
        assert any('"c" occurs in P only' in warning and "+inf" in warning for warning in one.warnings)


def test_auto_says_why():
    assert fgan.estimate([0, 1] * 100, [0, 1, 1, 1] * 50).method == "discrete"
    assert "2 categories" in fgan.estimate([0, 1] * 100, [0, 1, 1, 1] * 50).reason
    assert fgan.estimate([True, False] * 50, [True] * 99 + [False]).method == "discrete"


def test_far_apart_is_telescoped(gaussians):
    p, q = gaussians(1000, 4, kl=40.0)
    found = fgan.estimate(p, q, folds=2)
    assert found.method == "telescoping" and "cannot tell how far" in found.reason
    assert found.value == pytest.approx(40, rel=0.15)
    assert found.lower_bound < 10  # no more can be shown by a thousand samples
    assert any("more than so many" in warning for warning in found.warnings)


@pytest.mark.parametrize("method", ["plain", "tight"])
def test_a_bound_that_teaches_no_ratio_is_refused(method, gaussians):
    with pytest.raises(fgan.FganError, match='method="logistic"'):
        fgan.estimate(*gaussians(100), "total-variation", method=method)


@pytest.mark.parametrize("divergence", ["pearson", "squared-hellinger", "js"])
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
    with pytest.raises(fgan.FganError, match="takes categories; the samples are vectors"):
        fgan.estimate(p, q, method="discrete")
    with pytest.raises(fgan.FganError, match="permutation test asks a critic"):
        fgan.estimate(p, q, method="knn", permutations=99)
    with pytest.raises(fgan.FganError, match="has no density ratio"):
        fgan.estimate(p, q, method="knn").log_ratio(p)


@pytest.mark.parametrize("name", ["total-variation", "hockey-stick:1", "chi:1"])
@pytest.mark.parametrize("apart", [0.0, 0.3])
def test_counts_under_a_kink_are_less_their_bias(name, apart):
    """Of twenty categories and 1,000 samples the shares' own total variation is 0.08 where there is none."""
    one = fgan.divergence(name)
    q = torch.full((20,), 0.05, dtype=torch.float64)
    p = q * (1 + apart * torch.tensor([1.0, -1.0]).repeat(10))
    truth, plain, found = float(one.f(p / q) @ q), [], []
    for seed in range(40):
        random = torch.Generator().manual_seed(seed)
        a, b = (share.multinomial(1000, replacement=True, generator=random) for share in (p, q))
        shares = [side.bincount(minlength=20) / 1000 for side in (a, b)]
        plain.append(float(one.f(shares[0] / shares[1]) @ shares[1]))
        found.append(count_value(one, a, b))
    low, high = zip(*(each.interval() for each in found), strict=True)
    assert np.mean((np.array(low) <= truth) & (truth <= np.array(high))) >= 0.85
    mean = np.mean([each.value for each in found])
    if apart == 0.0:
        assert mean < 0.7 * np.mean(plain)
    else:
        assert mean == pytest.approx(truth, rel=0.1)
