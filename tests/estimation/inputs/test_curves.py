"""Whether y follows from x: seen from nearest neighbours, and not where there is noise."""

import math

import numpy as np
import pytest

import fgan
from fgan.estimation.inputs.curves import note_on_functions
from fgan.estimation.inputs.joint import read_joint

random = np.random.default_rng(1)
X, NOISE = random.normal(size=(2, 1000))
PLANE = random.normal(size=(1000, 2))
WIDE = random.normal(size=(1000, 10))


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (X, X**2),
        (X, 2 * X),
        (np.cos(3 * X), np.sin(3 * X)),
        (PLANE, PLANE[:, 0] * PLANE[:, 1]),
        (WIDE, np.abs(WIDE[:, 3])),
        (X[:300], np.sin(3 * X[:300])),
    ],
)
def test_functions_are_seen(x, y):
    assert "rows lie on a curve" in note_on_functions(read_joint(x, y))


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (X, NOISE),
        (X, X + 0.03 * NOISE),
        (X, X * NOISE),
        (X.round(2), (X + 0.1 * NOISE).round(2)),
        (X, np.floor(3 * X)),
        (WIDE, WIDE + 0.3 * random.normal(size=(1000, 10))),
        (np.arange(1000.0), random.permutation(1000) * 1.0),
        (np.cumsum(X), np.cumsum(NOISE)),
        (X > 0, X),
        (X, np.full(1000, 1.5)),
    ],
)
def test_noise_is_no_function(x, y):
    assert note_on_functions(read_joint(x, y)) == ""


def test_information_of_a_function_has_no_upper_end():
    found = fgan.mutual_information(X, X**2, ["kl", "js"], method="ksg")["kl"]
    assert found.interval[1] == math.inf and found.interval[0] <= found.value
    assert "information is +inf" in found.warnings[0]
    assert found.to_dict()["interval"][1] is None
    noisy = fgan.mutual_information(X, X**2 + NOISE, method="ksg")
    assert noisy.interval[1] < 2
