"""What a user relies on: the number, its interval, the bound, whatever form the samples come in."""

import json
import math

import numpy as np
import pytest
import torch

import fgan
from fgan.divergences import EXAMPLES
from fgan.errors import DataError, FganError
from fgan.estimation import INFORMATION_METHODS, Estimates, Information


def normal_pair(n, dimension=1, nats=0.5, seed=0):
    rho = math.sqrt(1 - math.exp(-2 * nats / dimension))
    random = torch.Generator().manual_seed(seed)
    x, noise = torch.randn(2, n, dimension, generator=random, dtype=torch.float64)
    return x, rho * x + math.sqrt(1 - rho**2) * noise


@pytest.mark.parametrize("name", [name for name, one in INFORMATION_METHODS.items() if one.kind == "vectors"])
def test_every_method_finds_half_a_nat(name):
    found = fgan.mutual_information(*normal_pair(1000), method=name)
    assert isinstance(found, Information) and found.method == name
    # Published estimators have networks alone, trained on a batch of 64.
    assert found.value == pytest.approx(0.5, abs=0.12)
    assert found.interval[0] < found.value < found.interval[1]
    if found.lower_bound is not None:
        assert 0.2 < found.lower_bound < 0.55


@pytest.mark.parametrize("nats", [2.0, 8.0])
def test_twenty_dimensions_on_any_scale(nats):
    x, y = normal_pair(2000, 20, nats)
    plain, cubed = fgan.mutual_information(x, y), fgan.mutual_information(x.exp(), y**3)
    assert plain.interval[0] <= nats <= plain.interval[1]
    assert plain.value == pytest.approx(nats, rel=0.1) and cubed.value == pytest.approx(plain.value, rel=0.05)
    assert plain.lower_bound < nats
    # No honest bound can show more than log n.
    assert any("log n" in warning for warning in plain.warnings) == (nats > 0.8 * math.log(2000))


def test_a_dependence_that_no_correlation_shows():
    random = torch.Generator().manual_seed(0)
    x = torch.rand(1500, 1, generator=random) * 2 * math.pi
    y = torch.sin(2 * x) + 0.3 * torch.randn(1500, 1, generator=random)
    found = fgan.mutual_information(x, y, permutations=99)
    assert found.value == pytest.approx(0.862, abs=0.1) and found.lower_bound > 0.6
    assert found.p_value == 0.01
    assert fgan.mutual_information(x, y, method="copula").value < 0.1


@pytest.mark.parametrize("dimension", [1, 10])
def test_independent_variables_share_nothing(dimension):
    random = torch.Generator().manual_seed(dimension)
    x, y = torch.randn(2, 600, dimension, generator=random)
    found = fgan.mutual_information(x, y)
    assert found.interval[0] == 0 and found.value < 0.02 and found.lower_bound == 0


def test_p_values_of_independent_variables_are_uniform():
    from scipy.stats import kstest

    random = torch.Generator().manual_seed(0)
    values = []
    for seed in range(40):
        x, y = torch.randn(2, 100, 1, generator=random)
        values.append(fgan.mutual_information(x, y, folds=2, permutations=99, seed=seed).p_value)
    assert kstest(values, "uniform").pvalue > 0.01


def test_the_pointwise_information_of_new_rows():
    x, y = normal_pair(3000)
    found = fgan.mutual_information(x, y)
    z = torch.cartesian_prod(torch.linspace(-1, 1, 4), torch.linspace(-1, 1, 4))
    rho2 = 1 - math.exp(-1)
    rho = math.sqrt(rho2)
    a, b = z.T
    exact = -(rho2 * (a**2 + b**2) - 2 * rho * a * b) / (2 * (1 - rho2)) + 0.5
    assert found.log_ratio(z).sub(exact).abs().max() < 0.25


def test_one_critic_prices_the_whole_catalogue():
    found = fgan.mutual_information(*normal_pair(1500, 2), "all")
    assert isinstance(found, Estimates) and list(found) == list(EXAMPLES)
    assert all(check.holds for check in found.checks)
    assert found["kl"].value == fgan.mutual_information(*normal_pair(1500, 2)).value
    assert "I_js(X; Y)" in str(found["js"]) and found["js"].value < found["kl"].value


def test_categories_are_counted():
    random = np.random.default_rng(0)
    x = random.integers(0, 3, 2000)
    y = np.where(random.random(2000) < 0.8, x, random.integers(0, 3, 2000))
    share = 0.8 + 0.2 / 3
    exact = math.log(3) + share * math.log(share) + (1 - share) * math.log((1 - share) / 2)
    found = fgan.mutual_information(x, np.array(["red", "green", "blue"])[y])
    assert found.method == "discrete" and found.interval[0] <= exact <= found.interval[1]
    assert found.value == pytest.approx(exact, rel=0.07)
    every = fgan.mutual_information(x, y, "all")
    assert list(every) == list(EXAMPLES) and every["total-variation"].value == pytest.approx(
        share - 1 / 3, rel=0.1
    )


def test_the_bias_of_counting_is_taken_off():
    random = np.random.default_rng(0)
    values = [
        fgan.mutual_information(random.integers(0, 6, 200), random.integers(0, 6, 200)).value
        for _ in range(50)
    ]
    assert np.mean(values) < 0.02  # 25 / 400 = 0.0625 is what plain counting finds where there is nothing


def test_categories_beside_numbers():
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 2000)
    y = 2 * label + random.normal(size=2000)
    words = np.array(["no", "yes"])[label]
    found, same = fgan.mutual_information(label, y), fgan.mutual_information(words, y)
    assert found.value == pytest.approx(0.337, abs=0.04)
    assert found.interval[0] <= 0.337 <= found.interval[1] and same.value == pytest.approx(
        found.value, rel=0.02
    )


def test_it_can_be_written_drawn_and_read(tmp_path):
    found = fgan.mutual_information({"age": normal_pair(400)[0][:, 0]}, {"pay": normal_pair(400)[1][:, 0]})
    assert str(found).startswith("I(age; pay) = ") and "in nats" in str(found)
    told = json.loads(json.dumps(found.to_dict()))
    assert told["value"] == found.value and told["ceiling"] is None
    found.plot().savefig(tmp_path / "mi.png")
    assert (tmp_path / "mi.png").stat().st_size > 10_000


def test_an_estimator_near_its_ceiling_says_so():
    found = fgan.mutual_information(*normal_pair(500, 20, 12.0), method="infonce")
    assert found.ceiling == pytest.approx(math.log(100)) and found.value <= found.ceiling
    assert any("cannot pass" in warning for warning in found.warnings)
    smiling = fgan.mutual_information(*normal_pair(300), method="smile")
    assert smiling.lower_bound is None and any("no lower bound" in warning for warning in smiling.warnings)


@pytest.mark.parametrize(
    ("x", "y", "options", "error", "message"),
    [
        (np.zeros((100, 2)), np.zeros((90, 2)), {}, DataError, "X has 100, Y 90"),
        (np.random.rand(20), np.random.rand(20), {}, DataError, "at least 50"),
        (np.r_[np.nan, np.random.rand(99)], np.random.rand(100), {}, DataError, "1 of 100"),
        (np.random.rand(60, 8, 8), np.random.rand(60), {}, DataError, "holds images"),
        (np.random.rand(60), np.random.rand(60), {"method": "ksgg"}, FganError, 'Did you mean "ksg"'),
        (np.random.rand(60), np.random.rand(60), {"method": "discrete"}, FganError, "Take logistic"),
        (np.arange(60) % 2, np.arange(60) % 3, {"method": "nwj"}, FganError, "Take discrete"),
        (np.array(["a", "b"] * 30), np.random.rand(60), {"method": "ksg"}, FganError, "numbers only"),
        (np.random.rand(60), np.random.rand(60), {"method": "ksg", "permutations": 99}, FganError, "logistic"),
        (np.random.rand(60), np.random.rand(60), {"method": "smile", "divergence": "js"}, FganError, "no formula"),
        (np.random.rand(60), np.random.rand(60), {"folds": 30}, FganError, "folds must"),
        (np.arange(60) // 4 / 7, np.arange(60) // 4 / 7, {"method": "ksg"}, FganError, "coincide"),
    ],
)  # fmt: skip
def test_mistakes_are_said(x, y, options, error, message):
    with pytest.raises(error, match=message):
        fgan.mutual_information(x, y, **options)


def test_a_constant_column_says_nothing():
    x, y = normal_pair(500)
    found = fgan.mutual_information(torch.cat([x, torch.ones_like(x)], 1), y)
    assert found.value == pytest.approx(0.5, abs=0.15)
    assert any("same value in all samples" in warning for warning in found.warnings)
