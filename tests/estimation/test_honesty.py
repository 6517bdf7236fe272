"""No number without sense: nothing contradicts a bound at hand, and NaN is never a value, an interval or a bound."""

import json
import math

import numpy as np
import pytest

import fgan
from fgan.divergences import divergence
from fgan.errors import FganError
from fgan.estimation.prices import HeldOut, independent
from fgan.estimation.sign import sign_bound, sign_value

ALL = 2 * math.log(2)


def apart(kind):
    random = np.random.default_rng(0)
    n = 300
    noise = random.normal(size=(2, n))
    if kind == "words":
        return tuple(
            {"word": [f"{one}{i}" for i in random.integers(0, 10, n)], "x": x}
            for one, x in zip("ab", noise, strict=True)
        )
    if kind == "ranges":
        return random.uniform(0, 1, n), random.uniform(2, 3, n)
    if kind == "constants":
        return tuple(np.column_stack([np.full(n, one), x]) for one, x in zip((0.0, 1.0), noise, strict=True))
    if kind == "images":
        return random.integers(0, 100, (n, 8, 8)).astype(np.uint8), random.integers(
            150, 255, (n, 8, 8)
        ).astype(np.uint8)
    return random.choice(list("abc"), n), random.choice(list("xyz"), n)


@pytest.mark.parametrize(
    "kind",
    [
        "ranges",
        "categories",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("words", "constants", "images")),
    ],
)
def test_what_never_overlaps_is_as_far_apart_as_can_be(kind):
    found = fgan.estimate(*apart(kind), ["js", "kl", "total-variation"], folds=2, say=lambda line: None)
    js, kl, tv = found["js"], found["kl"], found["total-variation"]
    assert js.interval[0] <= ALL <= js.interval[1] + 1e-9 and js.value == pytest.approx(ALL, abs=0.02)
    assert kl.interval[1] == math.inf and kl.interval[0] < math.log(kl.n_p), (
        "extrapolation is no end of an interval"
    )
    assert tv.value == pytest.approx(1.0, abs=0.01)
    json.loads(json.dumps(found.to_dict(), allow_nan=False))


@pytest.mark.slow
@pytest.mark.parametrize("words", [1, 3, 10, 30])
def test_disjoint_words_beside_noise(words):
    random = np.random.default_rng(0)
    p, q = (
        {"word": [f"{side}{i}" for i in random.integers(0, words, 1000)], "x": random.normal(size=1000)}
        for side in "pq"
    )
    found = fgan.estimate(p, q, "js", say=lambda line: None)
    assert (
        found.value == pytest.approx(ALL, abs=1e-3) and found.interval[0] <= ALL <= found.interval[1] + 1e-9
    )


@pytest.mark.parametrize("big", [1e39, -1e200, 1.7e308])
def test_one_cell_that_is_far_out(big):
    random = np.random.default_rng(14)
    p, q = random.normal(1, 1, 1000), random.normal(0, 1, 1000)
    here = fgan.estimate(p[1:], q, folds=2)
    p[0] = big
    there = fgan.estimate(p, q, folds=2)
    assert there.value == pytest.approx(here.value, abs=0.1)
    assert there.interval[0] <= 0.5 <= there.interval[1] and 0 < there.lower_bound < 0.5


@pytest.mark.slow
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_columns_that_span_double_precision_are_estimated_as_others_are():
    random = np.random.default_rng(3)
    p, q = random.uniform(-1, 1, (2, 400, 2))
    q[:, 0] = np.abs(q[:, 0])
    here = fgan.estimate(p, q, "js")
    there = fgan.estimate(1.7e308 * p, 1.7e308 * q, "js")
    assert there.value == pytest.approx(here.value, abs=0.02) and there.value > 0.2
    assert fgan.estimate(*np.abs(1e306 * random.normal(size=(2, 500))), "js").value < 0.1


@pytest.mark.parametrize("method", ["copula", pytest.param("ksg", marks=pytest.mark.slow)])
def test_one_cell_of_a_pair_that_is_far_out(method):
    random = np.random.default_rng(0)
    x = random.normal(size=400)
    y = 0.8 * x + 0.6 * random.normal(size=400)
    here = fgan.mutual_information(x, y, method=method).value
    x[5] = 1e300
    assert fgan.mutual_information(x, y, method=method).value == pytest.approx(here, abs=0.1)


def test_what_has_no_number_is_refused_by_its_cell():
    random = np.random.default_rng(0)
    p, q = random.normal(size=(2, 100, 2))
    p[7, 1] = 1e200
    with pytest.raises(FganError, match=r"coordinate 1 has the value 1e.200"):
        fgan.estimate(p, q, method="gaussian")


@pytest.mark.slow
def test_a_uniform_distribution_within_another():
    random = np.random.default_rng(0)
    found = fgan.estimate(random.uniform(0, 1, 1500), random.uniform(0, 10, 1500), folds=2)
    assert found.interval[0] <= math.log(10) <= found.interval[1]
    assert any("P ends sharply" in warning for warning in found.warnings)


def test_signs_alone_show_a_bound():
    import torch

    sure, none = torch.full((200,), 0.01), torch.zeros(200)
    fitted = type("Fitted", (), {})()
    fitted.p, fitted.q = HeldOut(sure, none), HeldOut(-sure, none)
    fitted.sampling = independent(sure, sure)
    assert sign_value(divergence("js"), fitted) == pytest.approx(ALL)
    assert 1.1 < sign_bound(divergence("js"), fitted) < ALL
    assert sign_value(divergence("kl"), fitted) == math.inf > sign_bound(divergence("kl"), fitted)


def test_the_two_intervals_of_an_estimate(tmp_path):
    """One is for the divergence, the other for what the critics attain."""
    random = np.random.default_rng(0)
    p = random.normal(size=(400, 2))
    p[:, 1] += np.sin(2 * p[:, 0])
    found = fgan.estimate(p, random.normal(size=(400, 2)))
    low, high = found.bound_interval
    assert low < found.bound.value < high and found.interval != found.bound_interval
    assert found.to_dict()["bound_interval"] == [low, high]
    assert fgan.estimate(p, random.normal(size=(400, 2)), method="knn").bound_interval is None


def test_what_twice_the_samples_taught_is_in_the_upper_end():
    """A curve that critics learn slowly: only the upper end counts what is left to learn."""
    random = np.random.default_rng(1)
    p, q = random.normal(size=(2, 1500, 6))
    p[:, 1] += np.sin(3 * p[:, 0])
    found = fgan.estimate(p, q, "js")
    low, high = found.interval
    assert high - found.value > 1.02 * (found.value - low)


def test_kinks_lose_what_chance_costs():
    """Total variation of critics that are off by chance is too small on average; the value gives that back."""
    off = []
    for seed in range(12):
        random = np.random.default_rng(seed)
        p, q = random.normal(size=(2, 500, 10))
        p[:, 0] += 1
        found = fgan.estimate(p, q, "total-variation", seed=seed)
        off.append([(one - 0.382925) / found.standard_error for one in (found.value, found.bound.value)])
    value, bound = np.mean(off, 0)
    assert abs(value) < 0.7 < bound + 2 and value > bound + 0.3
