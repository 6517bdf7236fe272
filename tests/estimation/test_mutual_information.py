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

TRAINED_LONG = ("dv", "flo", "infonce", "js", "mine", "smile")
"""Published estimators; the fast suite has `nwj` for them."""


def normal_pair(n, dimension=1, nats=0.5, seed=0):
    rho = math.sqrt(1 - math.exp(-2 * nats / dimension))
    random = torch.Generator().manual_seed(seed)
    x, noise = torch.randn(2, n, dimension, generator=random, dtype=torch.float64)
    return x, rho * x + math.sqrt(1 - rho**2) * noise


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in TRAINED_LONG else [])
        for name, one in INFORMATION_METHODS.items()
        if "vectors" in one.joint
    ],
)
def test_every_method_finds_half_a_nat(name):
    found = fgan.mutual_information(*normal_pair(700), method=name, folds=2)
    assert isinstance(found, Information) and found.method == name
    # Published estimators have networks alone, trained on a batch of 64.
    assert found.value == pytest.approx(0.5, abs=0.15)
    assert found.interval[0] < found.value < found.interval[1]
    if found.lower_bound is not None:
        assert 0.2 < found.lower_bound < 0.55


@pytest.mark.slow
@pytest.mark.parametrize("nats", [2.0, 8.0])
def test_twenty_dimensions_on_any_scale(nats):
    x, y = normal_pair(2000, 20, nats)
    plain, cubed = fgan.mutual_information(x, y), fgan.mutual_information(x.exp(), y**3)
    assert plain.interval[0] <= nats <= plain.interval[1]
    assert plain.value == pytest.approx(nats, rel=0.1) and cubed.value == pytest.approx(plain.value, rel=0.05)
    assert plain.lower_bound < nats
    # No honest bound can show more than log n.
    assert any("log n" in warning for warning in plain.warnings) == (nats > 0.8 * math.log(2000))


@pytest.mark.slow
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


@pytest.mark.slow
def test_p_values_of_independent_variables_are_uniform():
    from scipy.stats import kstest

    random = torch.Generator().manual_seed(0)
    values = []
    for seed in range(40):
        x, y = torch.randn(2, 100, 1, generator=random)
        values.append(fgan.mutual_information(x, y, folds=2, permutations=99, seed=seed).p_value)
    assert kstest(values, "uniform").pvalue > 0.01


@pytest.mark.slow
def test_the_pointwise_information_of_new_rows():
    x, y = normal_pair(3000)
    found = fgan.mutual_information(x, y)
    z = torch.cartesian_prod(torch.linspace(-1, 1, 4), torch.linspace(-1, 1, 4))
    rho2 = 1 - math.exp(-1)
    rho = math.sqrt(rho2)
    a, b = z.T
    exact = -(rho2 * (a**2 + b**2) - 2 * rho * a * b) / (2 * (1 - rho2)) + 0.5
    assert found.log_ratio(z).sub(exact).abs().max() < 0.25


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize(("n", "folds", "most"), [(500, 2, 250), (2002, 2, 501)])
def test_infonce_is_told_what_it_cannot_pass(n, folds, most):
    from fgan.estimation.published.fitting import at_once

    assert at_once(n, folds) == most
    if n == 500:
        found = fgan.mutual_information(*normal_pair(n, 20, 12.0), method="infonce", folds=folds)
        assert found.ceiling == pytest.approx(math.log(most)) and found.value <= found.ceiling
        assert found.lower_bound is None and any("cannot exceed" in warning for warning in found.warnings)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["nwj", "dv"])
def test_a_mean_over_the_product_that_few_pairs_rule_is_warned_of(method):
    far = fgan.mutual_information(*normal_pair(1000, 20, 14.0), method=method, folds=2)
    near = fgan.mutual_information(*normal_pair(300, 1, 0.3), method=method, folds=2)
    assert any("effective" in warning and "logistic" in warning for warning in far.warnings)
    assert near.warnings == ()


def test_neighbours_cannot_show_more_than_their_ceiling():
    x = np.random.default_rng(0).normal(size=500)
    found = fgan.mutual_information(x, x, method="ksg")
    assert found.value == pytest.approx(found.ceiling, abs=1e-3)
    assert any("cannot exceed" in warning for warning in found.warnings)


def test_copies_of_rows_are_warned_of():
    random = np.random.default_rng(0)
    x, y = (np.repeat(random.normal(size=(60, 3)), 5, 0) for _ in range(2))
    assert any("duplicates" in warning for warning in fgan.mutual_information(x, y).warnings)
    assert not any(
        "duplicates" in warning for warning in fgan.mutual_information(x[::5], y[::5], folds=2).warnings
    )


def test_copies_of_rows_of_few_values_each_are_warned_of():
    random = np.random.default_rng(0)
    pixels, labels = random.integers(0, 17, (150, 64)), random.integers(0, 10, 150)
    twice = fgan.mutual_information(np.repeat(pixels, 2, 0), np.repeat(labels, 2), folds=2)
    assert any("150 of 300 rows are duplicates" in warning for warning in twice.warnings)


def test_too_many_words_are_counted_in_rows():
    words = np.array([f"word {number % 90}" for number in range(300)])
    with pytest.raises(DataError, match=r'"Y, column 0" has 90 .*at most 30 in 300 rows'):
        fgan.mutual_information(np.random.default_rng(0).normal(size=300), words)


def test_rounded_numbers_that_coincide_are_no_copies():
    random = np.random.default_rng(0)
    age = random.integers(18, 80, 2000)
    income = np.round(1e4 * random.gamma(2, 1, 2000) + 300 * age, -3)
    assert not any(
        "duplicates" in warning for warning in fgan.mutual_information(age, income, method="copula").warnings
    )


def test_rows_of_a_file_belong_to_the_rows_of_an_array(tmp_path):
    x, y = (side.numpy() for side in normal_pair(400, nats=2.0))
    np.save(tmp_path / "x.npy", x[:, 0])
    found = fgan.mutual_information(tmp_path / "x.npy", {"pay": y[:, 0]}, method="copula")
    assert found.value == fgan.mutual_information(x, y, method="copula").value
    assert found.value == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize("turned", [False, True])
def test_data_whose_rows_have_no_order_belong_to_no_array(turned):
    x, y = "moons", np.random.default_rng(0).normal(size=10_000)
    with pytest.raises(DataError, match="moons is a named data set"):
        fgan.mutual_information(*((y, x) if turned else (x, y)))


def test_counting_with_more_cells_than_samples_is_a_guess_and_says_so():
    random = np.random.default_rng(0)
    x, y = random.integers(0, 90, (2, 1000))
    found = fgan.mutual_information(x, y, permutations=99, kinds="category")
    assert found.interval[0] < 0.3 and any("Merge rare categories" in warning for warning in found.warnings)
    assert found.p_value > 0.01


def test_counted_information_under_a_kink_covers_independence():
    random = np.random.default_rng(0)
    for _ in range(5):
        x, y = random.integers(0, 10, (2, 1000))
        found = fgan.mutual_information(x, y, "total-variation")
        assert found.interval[0] == 0.0 and found.value < 0.1  # the table's own number is 0.12
    same = fgan.mutual_information(x, x, "total-variation")
    assert same.value == pytest.approx(0.9, abs=0.01)


def test_a_table_that_one_sample_less_makes_infinite_is_not_nothing():
    x = np.repeat([0, 0, 1, 1], [100, 1, 50, 60])
    y = np.repeat([0, 1, 0, 1], [100, 1, 50, 60])
    found = fgan.mutual_information(x, y, ["kl", "reverse-kl", "neyman"])
    assert found["kl"].value > 0.1 and found["kl"].interval[0] > 0
    assert found["reverse-kl"].value > 0.1 and found["neyman"].interval[1] == math.inf


@pytest.mark.slow
def test_thousands_of_categories_fit_into_memory():
    random = np.random.default_rng(0)
    x = random.integers(0, 1500, 15_000)
    found = fgan.mutual_information(x, x, kinds="category")
    assert found.method == "discrete" and found.value == pytest.approx(math.log(1500), rel=0.05)


def test_categories_can_be_tested_for_independence():
    random = np.random.default_rng(0)
    x = random.integers(0, 3, 300)
    y = np.where(random.random(300) < 0.5, x, random.integers(0, 3, 300))
    assert fgan.mutual_information(x, y, permutations=99).p_value == 0.01


@pytest.mark.slow
def test_labels_are_labels_in_new_rows_too():
    random = np.random.default_rng(0)
    label = random.integers(0, 2, 1000)
    y = 2 * label + random.normal(size=1000)
    found = fgan.mutual_information({"label": label}, {"y": y})
    rows = {"label": np.array([0, 1, 0, 1]), "y": np.array([-1.0, -1.0, 3.0, 3.0])}
    as_table, side_by_side = found.log_ratio(rows), found.log_ratio(np.stack(list(rows.values()), 1))
    assert torch.equal(as_table, side_by_side) and as_table[0] > 0.3 > -0.3 > as_table[1]
    with pytest.raises(DataError, match="label of x holds 7"):
        found.log_ratio({"label": np.array([7]), "y": np.array([0.0])})


@pytest.mark.slow
def test_many_whole_numbers_are_numbers_beside_real_ones():
    random = np.random.default_rng(0)
    age = random.integers(18, 68, 600)
    pay = age / 15 + random.normal(size=600)
    found = fgan.mutual_information(age, pay, method="ksg")
    assert found.value > 0.2
    assert fgan.mutual_information(age, pay).value == fgan.mutual_information(age.astype(float), pay).value


@pytest.mark.parametrize("unit", [1e307, 1e-300])
def test_units_do_not_matter_whose_squares_are_no_numbers(unit):
    x, y = normal_pair(300)
    assert fgan.mutual_information(x * unit, y * unit).value == fgan.mutual_information(x, y).value > 0.1


@pytest.mark.parametrize("far", [1e9, -1.7e9])
def test_where_a_column_lies_does_not_matter(far):
    x, y = normal_pair(300)
    plain = fgan.mutual_information(x, y)
    moved = fgan.mutual_information(x + far, torch.cat([y, torch.full_like(y, far)], 1))
    assert moved.value == pytest.approx(plain.value, rel=0.05) and math.isfinite(moved.lower_bound)


@pytest.mark.parametrize(
    ("x", "y", "options", "error", "message"),
    [
        (np.zeros((100, 2)), np.zeros((90, 2)), {}, DataError, "X has 100, Y has 90"),
        (np.random.rand(20), np.random.rand(20), {}, DataError, "at least 50"),
        (np.r_[np.nan, np.random.rand(99)], np.random.rand(100), {}, DataError, "1 of 100"),
        (np.random.rand(60, 8, 8), np.random.rand(60), {}, DataError, "holds images"),
        (np.random.rand(60), np.random.rand(60), {"method": "ksgg"}, FganError, 'Did you mean "ksg"'),
        (np.random.rand(60), np.random.rand(60), {"method": "discrete"}, FganError, "Use logistic"),
        (np.arange(60) % 2, np.arange(60) % 3, {"method": "nwj"}, FganError, "Use discrete"),
        (np.array(["a", "b"] * 30), np.random.rand(60), {"method": "ksg"}, FganError, "numbers only"),
        (np.random.rand(60), np.random.rand(60), {"method": "ksg", "permutations": 99}, FganError, "logistic"),
        (np.random.rand(60), np.random.rand(60), {"method": "smile", "divergence": "js"}, FganError, "no formula"),
        (np.random.rand(60, 80), np.random.rand(60), {"method": "copula"}, FganError, "two rows per column"),
        (np.random.rand(60), np.random.rand(60), {"folds": 30}, FganError, "folds must"),
        (np.sqrt(np.arange(60) // 4), np.sqrt(np.arange(60) // 4), {"method": "ksg"}, FganError, "distinct samples"),
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
