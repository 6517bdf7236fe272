"""Weights of samples: the laws that they keep, at every door and by every method that takes them."""

import json
import math

import numpy as np
import pytest
import torch
from cases import one_fast

import fgan
from fgan.cli import main
from fgan.estimation import INFORMATION_METHODS, METHODS
from fgan.estimation.formulas.contingency import _information, table_of
from fgan.estimation.formulas.discrete import shares_of
from fgan.estimation.formulas.gaussian import Normal
from fgan.estimation.permutation import permutation_p_value
from fgan.estimation.weights import effective_size, mean_of, variance_of_mean

SLOW = ("telescoping", "plain", "nwj", "kliep", "rulsif")
TAKE_VECTORS = [
    pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW))
    for name, one in METHODS.items()
    if one.weighted and "vectors" in one.two_samples
]
REFUSE = [("estimate", name) for name, one in METHODS.items() if not one.weighted] + [
    ("mi", name) for name, one in INFORMATION_METHODS.items() if not one.weighted
]


def tilted(n: int = 400, shift: float = 0.5, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Samples of N(0, 1) with the weights that make N(shift, 1) of them, and others of N(0, 1)."""
    random = np.random.default_rng(seed)
    p, q = random.normal(size=(2, n))
    return p, np.exp(shift * p), q


@pytest.mark.parametrize("method", TAKE_VECTORS)
def test_a_row_of_weight_zero_is_not_there(method):
    p, w, q = tilted(150)
    w[::3] = 0
    here = fgan.estimate(p, q, ["kl", "js"], method=method, weights_p=w, weights_q=np.ones(150), folds=2)
    left = w > 0
    there = fgan.estimate(p[left], q, ["kl", "js"], method=method, weights_p=w[left], folds=2)
    for name in ("kl", "js"):
        if name in here.estimates:
            assert (here[name].value, here[name].interval) == (there[name].value, there[name].interval)
    assert here["kl"].n_p == 100


@pytest.mark.parametrize("method", TAKE_VECTORS)
def test_only_ratios_matter_and_equal_weights_are_none(method):
    p, w, q = tilted(150)
    one, other = (
        fgan.estimate(p, q, method=method, weights_p=factor * w, folds=2).value for factor in (1, 2.0**40)
    )
    assert one == pytest.approx(other, rel=1e-6)
    without = fgan.estimate(p, q, method=method, folds=2)
    equal = fgan.estimate(p, q, method=method, weights_p=np.full(150, 0.3), weights_q=[7] * 150, folds=2)
    assert (equal.value, equal.interval, equal.lower_bound) == (
        without.value,
        without.interval,
        without.lower_bound,
    )
    assert any("all equal" in warning for warning in equal.warnings)
    assert equal.n_effective is None and without.n_effective is None


@pytest.mark.parametrize("method", TAKE_VECTORS)
def test_weights_that_tilt_a_normal_distribution(method):
    p, w, q = tilted(2000, 0.8)
    found = fgan.estimate(p, q, method=method, weights_p=w, folds=2)
    assert found.value == pytest.approx(0.32, abs=3 * found.standard_error) and found.lower_bound < 0.32
    assert found.standard_error < 0.05
    swapped = fgan.estimate(q, p, "reverse-kl", method=method, weights_q=w, folds=2)
    assert swapped.value == pytest.approx(0.32, abs=3 * swapped.standard_error)


def test_both_sides_at_once():
    p, w, q = tilted(2000, 0.7)
    found = fgan.estimate(p, q, ["kl", "js"], weights_p=w, weights_q=np.exp(-0.3 * q))
    assert found["kl"].interval[0] <= 0.5 <= found["kl"].interval[1]
    same = fgan.estimate(p, q, weights_p=w, weights_q=np.exp(0.7 * q), permutations=99)
    assert same.interval[0] == 0 and same.p_value > 0.05


@pytest.mark.parametrize("method", one_fast(["copula", "logistic"]))
def test_information_under_weights(method):
    """Weights of x alone leave what y tells of it: ½ log 2."""
    x, w, noise = tilted(1500, 0.6)
    found = fgan.mutual_information(x, x + noise, weights=w, method=method)
    assert found.interval[0] <= math.log(2) / 2 <= found.interval[1]
    assert found.n_effective[0] == pytest.approx(effective_size(torch.tensor(w)))
    assert "weighted, n_eff" in str(found)


@pytest.mark.slow
def test_weights_can_make_and_unmake_dependence():
    """Of independent x and y; and the same by categories."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 3000))
    w = np.exp(0.3 * x * y - 0.1 * (x * x + y * y))
    covariance = np.linalg.inv([[1.2, -0.3], [-0.3, 1.2]])
    truth = -np.log(1 - covariance[0, 1] ** 2 / covariance[0, 0] ** 2) / 2
    found = fgan.mutual_information(x, y, weights=w)
    assert found.lower_bound > 0 and found.interval[0] <= truth <= found.interval[1]
    a, b = random.integers(0, 2, (2, 3000))
    together = fgan.mutual_information(a, b, ["kl", "total-variation"], weights=np.where(a == b, 3.0, 1.0))
    assert together["kl"].value == pytest.approx(
        math.log(2) + 0.75 * math.log(0.75) + 0.25 * math.log(0.25), abs=0.02
    )
    assert together["total-variation"].interval[0] <= 0.25 <= together["total-variation"].interval[1]


def test_whole_weights_are_repeated_rows():
    """To the last digits before the bias is taken off; what is taken off, and the interval, count n_eff."""
    random = torch.Generator().manual_seed(0)
    x, w = torch.randn(200, 2, generator=random).double(), torch.randint(1, 5, (200,), generator=random)
    many = x.repeat_interleave(w, 0)
    one, other = Normal.fitted_to(x, w.double()), Normal.fitted_to(many)
    assert torch.allclose(one.mean, other.mean)
    assert torch.allclose(one.covariance, other.covariance, rtol=0.01)
    a, b = torch.randint(0, 4, (2, 200), generator=random)
    assert torch.allclose(shares_of(a, 4, w.double()).of, shares_of(a.repeat_interleave(w), 4, None).of)
    tables = (
        table_of(a, b, (4, 4), w.double()),
        table_of(a.repeat_interleave(w), b.repeat_interleave(w), (4, 4)),
    )
    assert torch.equal(*tables)
    kl = fgan.divergence("kl")
    values = [float(_information(kl, table[None])[0]) for table in tables]
    assert fgan.mutual_information(a, b, weights=w).value == pytest.approx(values[0], abs=0.03)
    p, q = (x[:, 0] > 0).long(), (x[:, 1] > 0.5).long()
    exact = fgan.between(p.bincount(w).numpy() / float(w.sum()), q.bincount() / 200)
    assert fgan.estimate(p, q, weights_p=w).value == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize("method", ["logistic", "gaussian"])
def test_critics_take_whole_weights_for_repeated_rows(method):
    p, _, q = tilted(600)
    w = np.random.default_rng(1).integers(1, 4, 600)
    found = fgan.estimate(p + 1, q, method=method, weights_p=w)
    many = fgan.estimate(np.repeat(p + 1, w), q, method=method)
    assert found.value == pytest.approx(many.value, abs=0.03)
    assert found.standard_error > many.standard_error


def test_the_mean_and_its_variance():
    random = torch.Generator().manual_seed(0)
    means, variances = [], []
    for _ in range(2000):
        x = torch.randn(200, generator=random).double()
        weight = (0.7 * x).exp()
        means.append(float(mean_of(x, weight)))
        variances.append(variance_of_mean(x, weight))
    assert np.mean(means) == pytest.approx(0.7, abs=0.02)
    assert np.mean(variances) == pytest.approx(np.var(means), rel=0.15)
    x = torch.randn(50, generator=random)
    assert variance_of_mean(x, torch.ones(50)) == pytest.approx(variance_of_mean(x, None))


@pytest.mark.parametrize(("n", "m"), [(150, 150), (80, 200)])
def test_p_values_are_uniform_although_weights_differ_between_the_sets(n, m):
    """N(0, 1) tilted into N(½, 1), against samples of that: no exchangeable rows, and yet no more rejections."""
    random = torch.Generator().manual_seed(0)
    found = []
    for seed in range(400):
        p, q = torch.randn(n, generator=random).double(), 0.5 + torch.randn(m, generator=random).double()
        found.append(permutation_p_value(p, q, 39, seed, ((0.5 * p).exp(), None)))
    assert 0.015 <= np.mean(np.array(found) <= 0.05) <= 0.085


@pytest.mark.slow
@pytest.mark.parametrize("method", ["gaussian", "logistic"])
def test_the_interval_covers(method):
    covered = 0
    for seed in range(40):
        p, w, q = tilted(400, seed=seed)
        found = fgan.estimate(p, q, method=method, weights_p=w, seed=seed)
        covered += found.interval[0] <= 0.125 <= found.interval[1]
    assert covered >= 36


@pytest.mark.parametrize(("door", "name"), REFUSE)
def test_methods_that_know_no_weights_say_so(door, name):
    p, w, q = tilted(100)
    call = {
        "estimate": lambda: fgan.estimate(p, q, method=name, weights_p=w),
        "mi": lambda: fgan.mutual_information(p, q, method=name, weights=w),
    }[door]
    with pytest.raises(fgan.FganError, match=r"does not support weights.*use logistic"):
        call()


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        (
            [-0.5] + [1.0] * 99,
            "1 of 100 are negative, the first -0.5 in row 0. Bounds and intervals need non-negative weights",
        ),
        ([1.0] * 99 + [math.nan], "missing or not finite, the first nan in row 99"),
        ([1.0] * 99 + [math.inf], "missing or not finite"),
        ([1.0] * 99 + [None], "missing or not finite"),
        ([0.0] * 100, "all 0"),
        ([1.0] * 99, "100 rows but 99 weights"),
        ([[1.0, 2.0]] * 100, r"must have the shape"),
        (["a"] * 100, "numbers, one per row"),
        ([1e6] + [1.0] * 99, "effective sample size of 1"),
        ("w", "P is not a table"),
    ],
)
def test_weights_that_are_none_are_refused_with_the_reason(weights, reason):
    p, _, q = tilted(100)
    with pytest.raises(fgan.FganError, match=reason):
        fgan.estimate(p, q, weights_p=weights)
    if weights != "w":
        with pytest.raises(fgan.FganError, match=reason):
            fgan.mutual_information(p, q, weights=weights)


def test_weights_are_of_rows():
    p, w, q = tilted(100)
    with pytest.raises(fgan.FganError, match="drawn at random"):
        fgan.estimate("moons", np.stack([p, q], 1), weights_p=w)
    with pytest.raises(fgan.FganError, match="independence does not support weights"):
        fgan.mutual_information(p, q, weights=w, permutations=99)
    with pytest.raises(fgan.FganError, match=r'no column "v".*it has a, w'):
        fgan.estimate({"a": p, "w": w}, {"a": q}, weights_p="v")
    with pytest.raises(fgan.FganError, match="no column besides the weights"):
        fgan.estimate({"w": w}, {"w": q}, weights_p="w")
    p[1], w[0], p[0] = math.nan, 0, math.nan
    with pytest.raises(fgan.FganError, match=r"1 of 99.*the first in row 1"):
        fgan.estimate(p, q, weights_p=w)


class Frame:
    """What of a pandas DataFrame is looked at."""

    def __init__(self, columns):
        self.held = columns

    @property
    def columns(self):
        return list(self.held)

    def __getitem__(self, key):
        return Frame({one: self.held[one] for one in key}) if isinstance(key, list) else self.held[key]


def test_weights_come_as_arrays_files_and_columns(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    p, w, q = tilted(200)
    np.save("w.npy", w)
    plain = fgan.estimate({"a": p}, {"a": q}, weights_p=w, folds=2)
    for table in ({"a": p, "w": w}, Frame({"w": w, "a": p})):
        assert fgan.estimate(table, {"a": q}, weights_p="w", folds=2).value == plain.value
    for form in ("w.npy", torch.tensor(w), w.tolist(), w[:, None], w.astype(np.float32).astype(float)):
        assert fgan.estimate({"a": p}, {"a": q}, weights_p=form, folds=2).value == pytest.approx(
            plain.value, rel=1e-4
        )
    assert (
        fgan.mutual_information({"a": p}, {"b": q, "w": w}, weights="w").value
        == fgan.mutual_information({"a": p, "w": w}, {"b": q}, weights="w").value
    )
    few = fgan.estimate(p, q, weights_p=w, n=100, folds=2)
    assert few.n_p == 100 and few.n_effective[0] < 100


def test_density_ratios_under_weights():
    p, w, q = tilted(2000)
    ratio = fgan.DensityRatio().fit(p, q, weights_p=w)
    x = torch.linspace(-1, 1, 5)
    assert (ratio.log_ratio(x) - (0.5 * x - 0.125)).abs().max() < 0.15
    assert ratio.estimate_.n_effective[1] == 2000


def test_images_take_weights():
    """Of white and black ones half of each; weights make them nearly all white."""
    random = np.random.default_rng(0)
    white = np.arange(300) % 2
    p = (200 * white[:, None, None] + random.integers(0, 50, (300, 8, 8))).astype(np.uint8)
    q = (200 * white[:, None, None] + random.integers(0, 50, (300, 8, 8))).astype(np.uint8)
    w = np.where(white == 1, 9.0, 1.0)
    found = fgan.estimate(p, q, "total-variation", weights_p=w, folds=2)
    assert found.interval[0] <= 0.4 <= found.interval[1] and found.value == pytest.approx(0.4, abs=0.1)


def test_the_result_says_that_there_were_weights_and_the_curve_has_them():
    p, w, q = tilted(800)
    found = fgan.estimate(p, q, ["kl", "js"], weights_p=w, curve=True, method="gaussian")
    kish = w.sum() ** 2 / (w**2).sum()
    assert f"800 samples of P (weighted, n_eff = {kish:,.4g}), 800 of Q;" in str(found["kl"])
    written = json.loads(json.dumps(found["kl"].to_dict()))
    assert written["n_effective"] == pytest.approx([kish, 800])
    assert "n_effective" not in fgan.estimate(p, q, method="gaussian").to_dict()
    curve = found["kl"].diagnostics.curve
    assert curve[-1][3] == found["kl"].value and curve[0][3] != curve[-1][3]


def written(path, **columns):
    rows = zip(*columns.values(), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n")


def test_on_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    p, w, q = tilted(300)
    written(tmp_path / "p.csv", a=p, w=w)
    written(tmp_path / "q.csv", a=q)
    written(tmp_path / "q1.csv", a=q, w=np.ones(300))
    np.save("w.npy", w)
    np.save("p.npy", p)
    np.save("q.npy", q)
    values = []
    for line in (
        "p.csv q1.csv --weights w",
        "p.csv q.csv --weights-p w",
        "p.csv q1.csv --weights w --columns a",
        "p.npy q.npy --weights-p w.npy",
    ):
        assert main(["estimate", *line.split(), "--json", "--folds", "2"]) == 0
        found = json.loads(capsys.readouterr().out)
        values.append(found["value"])
        assert found["n_effective"][0] == pytest.approx(effective_size(torch.tensor(w)))
    assert np.ptp(values) < 1e-6
    written(tmp_path / "xy.csv", x=p, y=q + p, w=w)
    values = []
    for line in (
        "xy.csv --x x --weights w",
        "xy.csv --x x --y y --weights w",
        "xy.csv --x x --weights w.npy --y y",
    ):
        assert main(["mi", *line.split(), "--json", "--method", "copula"]) == 0
        values.append(json.loads(capsys.readouterr().out)["value"])
    assert np.ptp(values) < 1e-6
