"""Bad input: the rule, what was received, how to mend it; and what is worth a warning."""

import numpy as np
import pytest

import fgan
from fgan.errors import DataError
from fgan.estimation.inputs.two_samples import read_two_samples

FINE = np.random.default_rng(0).normal(size=(100, 2))


def broken(value, row=7):
    array = FINE.copy()
    array[row, 1] = value
    return array


@pytest.mark.parametrize(
    ("p", "message"),
    [
        (FINE[:, :1], r"same shape; P has \(1,\), Q has \(2,\)"),
        (broken(np.nan), "1 of 100 values in column 1 of P are NaN or infinite, the first in row 7"),
        (broken(np.inf), "NaN or infinite"),
        (FINE[:49], "at least 50 samples of each set.*P has 49"),
        (FINE.astype(complex), "real numbers"),
        (np.array([object()] * 100), "real numbers"),
        ([[1.0, 2.0], [3.0]] * 50, "must have the same length"),
        (np.zeros((100, 8, 8)), "both sets hold images, or neither"),
        (np.float64(3.0), "must have the shape"),
        (FINE[:0], "must have the shape"),
        ("mnits", 'Did you mean "mnist"'),
        (np.zeros((60, 2, 2, 2, 2)), "must have 1 to 4 axes"),
    ],
)
def test_a_mistake_is_explained(p, message):
    with pytest.raises(DataError, match=message):
        fgan.estimate(p, FINE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"folds": 1}, "folds must be at least 2"),
        ({"folds": 50}, "folds must be at least 2"),
        ({"permutations": 5}, "at least 19"),
        ({"divergence": "kll"}, 'Did you mean "kl"'),
        ({"divergence": []}, "at least one divergence"),
        ({"method": "knn", "curve": True}, "curve .* needs a method with a critic"),
    ],
)
def test_an_option_is_explained(options, message):
    with pytest.raises(fgan.FganError, match=message):
        fgan.estimate(FINE + 1, FINE, **options)


def test_images_of_two_sizes():
    with pytest.raises(DataError, match="same shape"):
        fgan.estimate(np.zeros((60, 8, 8)), np.zeros((60, 9, 9)))


def warnings_of(p, q, **options):
    return " ".join(fgan.estimate(p, q, method="gaussian", **options).warnings)


def test_constant_columns_are_named():
    random = np.random.default_rng(1)
    p, q = random.normal(size=(2, 100, 3))
    p[:, 1] = q[:, 1] = 4
    found = fgan.estimate(p, q)
    assert any('"column 1" has the same value in all samples' in warning for warning in found.warnings)
    assert found.interval[0] == 0
    q[:, 1] = 5
    found = fgan.estimate(p, q)
    assert any("supports are disjoint" in warning for warning in found.warnings)
    assert found.value > 3


def test_constant_columns_are_no_normal_distribution():
    p, q = FINE.copy(), FINE + 1
    p[:, 0] = 4
    for one, other in ((p, q), (q, p)):
        with pytest.raises(fgan.FganError, match="constant or linear combinations"):
            fgan.estimate(one, other, method="gaussian")


@pytest.mark.parametrize("method", ["logistic", "ulsif", "kliep", "dv", "telescoping"])
def test_few_distinct_values_give_numbers(method):
    random = np.random.default_rng(0)
    p, q = (random.integers(0, 2, size=(120, 3)).astype(float) for _ in range(2))
    p[:, 1] = q[:, 1] = 1
    found = fgan.estimate(p, q, ["kl", "js"], method=method)
    assert all(np.isfinite([one.value, *one.interval, one.lower_bound]).all() for one in found.values())


def test_shared_and_repeated_records_are_counted():
    random = np.random.default_rng(1)
    p, q = random.normal(size=(2, 100, 3))
    assert "copies" not in warnings_of(p, q) and "occur in Q" not in warnings_of(p, q)
    q[:10] = p[:10]
    assert "10 of 100 samples of P also occur in Q" in warnings_of(p, q)
    p[20:25] = p[30]
    assert "5 of 100 samples of P are duplicates" in warnings_of(p, q)


def test_whole_numbers_with_many_values_are_numbers():
    random = np.random.default_rng(0)
    assert read_two_samples(random.poisson(500, 200), random.poisson(500, 200)).kind == "vectors"
    assert read_two_samples(random.poisson(1, 500), random.poisson(1, 500)).kind == "categories"


class Table(dict):
    """What pandas offers of its tables: columns by name."""

    @property
    def columns(self):
        return list(self)


@pytest.mark.parametrize("kind", [dict, Table])
def test_tables_of_numbers_and_words(kind):
    random = np.random.default_rng(0)

    def table(shift, share):
        return kind(
            age=shift + random.normal(size=300), city=random.choice(["A", "B"], 300, p=[share, 1 - share])
        )

    p, q = table(1, 0.8), table(0, 0.2)
    inputs = read_two_samples(p, q)
    assert inputs.columns == ("age", "city = A", "city = B") and inputs.first.shape == (300, 3)
    found = fgan.estimate(p, q, "js")
    alone = fgan.estimate(p["age"], q["age"], "js")
    assert found.lower_bound > alone.lower_bound > 0
    assert found.log_ratio(kind(age=np.zeros(2), city=np.array(["A", "B"]))).diff() < 0
    with pytest.raises(DataError, match='"city" is in P only, and "town" is in Q only'):
        fgan.estimate(p, kind(town=q["city"], age=q["age"]))


def test_words_and_truth_values_in_several_columns():
    rows = np.array([["a", "x"], ["a", "y"], ["b", "x"]] * 100)
    other = np.array([["a", "x"], ["b", "y"]] * 150)
    found = fgan.estimate(rows, other, "total-variation")
    assert found.value == pytest.approx(2 / 3, abs=0.01)
    with pytest.raises(DataError, match="only the categories of the fitted samples; got c, x"):
        found.log_ratio(np.array([["c", "x"]]))


def test_names_and_runs(tmp_path):
    found = fgan.estimate("moons", "ring8", "js", n=300)
    assert (found.n_p, found.n_q) == (300, 300) and found.value > 0.5
    assert "300 samples of moons, 300 of ring8" in str(found)
    run = tmp_path / "run"
    fgan.train(fgan.TrainConfig(data="ring8", steps=3, batch_size=16), run, say=lambda line: None)
    for source in (run, str(run), fgan.RunDirectory(run)):
        found = fgan.estimate("ring8", source, "js", n=200, method="gaussian")
        assert found.value > 0.1 and str(run) in str(found)


def test_half_precision_and_gradients(gaussians):
    p, q = gaussians(200)
    found = fgan.estimate(p.requires_grad_(), q.bfloat16())
    assert not found.log_ratio(p).requires_grad


STRAY = np.where(np.arange(100) == 7, "12a", np.arange(100).astype(float).astype(str))


@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        (
            {"code": np.arange(100.0)},
            {"code": STRAY},
            '"code" is words in Q but not in P: the first "12a" in row 7',
        ),
        ({"code": STRAY}, {"code": np.arange(100)}, '"code" is words in P but not in Q: the first "12a"'),
        ({"a": np.zeros(60), "b": np.zeros(59)}, {"a": FINE[:, 0]}, '"a" has 60 rows and "b" has 59'),
        ({"a": FINE}, {"a": FINE}, r'"a" of P has the shape \(100, 2\)'),
        ({}, {"a": FINE[:, 0]}, "at least one column; P has none"),
        ({0: FINE[:, 0], "0": FINE[:, 1]}, {"a": FINE[:, 0]}, 'P has "0" more than once'),
        ({"a": FINE[:, 0].astype(str)}, {"a": FINE[:, 0]}, "all of which are numbers. Convert them"),
        (
            {"id": np.arange(100).astype(str), "x": FINE[:, 0]},
            {"id": np.arange(100).astype(str), "x": FINE[:, 0]},
            '"id" has 100 distinct values.*at most 20 in 200 rows',
        ),
    ],
)
def test_a_table_that_is_none_is_explained(p, q, message):
    with pytest.raises(DataError, match=message):
        fgan.estimate(p, q)


def test_arrays_in_files_are_what_they_are_in_memory(tmp_path):
    """Not what training makes of them: rows in their order, any rank, float64, whole numbers categories."""
    random = np.random.default_rng(0)
    for values in (1.7e9 + random.normal(size=300), random.integers(0, 3, 300), random.normal(size=(300, 2))):
        np.save(tmp_path / "p.npy", values)
        from_file = read_two_samples(tmp_path / "p.npy", str(tmp_path / "p.npy"))
        given = read_two_samples(values, values)
        assert (
            from_file.kind == given.kind
            and from_file.first.equal(given.first)
            and from_file.second.equal(given.second)
        )
        assert from_file.names == (str(tmp_path / "p.npy"),) * 2


def test_a_file_under_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    np.save(tmp_path / "p.npy", FINE)
    assert read_two_samples("~/p.npy", FINE).first.equal(read_two_samples(FINE, FINE).first)


def test_objects_are_what_they_hold():
    """As columns of a table come that was put together from several."""
    truths, numbers = np.arange(100) % 3 > 0, np.arange(100) % 4
    for values in (truths, numbers):
        inputs = read_two_samples(values, values.astype(object))
        assert inputs.kind == "categories" and inputs.first.equal(inputs.second)
    assert read_two_samples([10**20, 10**21] * 50, [10**20] * 100).kind == "categories"


def test_n_is_at_most_so_many_of_anything():
    inputs = read_two_samples(FINE, FINE.tolist(), n=60)
    assert len(inputs.first) == len(inputs.second) == 60 and len(np.unique(inputs.first[:, 0])) == 60
    assert len(read_two_samples(np.zeros((80, 8, 8)), np.ones((90, 8, 8)), n=55).second) == 55
    for bad in (49, -5, 60.5, True):
        with pytest.raises(DataError, match="n must be a whole number of samples, at least 50"):
            read_two_samples(FINE, FINE, n=bad)


def test_further_samples_are_told_apart_by_their_columns():
    random = np.random.default_rng(0)
    p, q = ({"a": shift + random.normal(size=200), "b": random.normal(size=200)} for shift in (1, 0))
    for found in (
        fgan.estimate(p, q, method="gaussian"),
        fgan.estimate(*({name: one > 0 for name, one in side.items()} for side in (p, q))),
    ):
        x = {"a": p["a"][:3], "b": p["b"][:3]} if found.method == "gaussian" else {"a": [True], "b": [False]}
        assert found.log_ratio(x).isfinite().all()
        assert found.log_ratio({"b": x["b"], "a": x["a"]}).equal(found.log_ratio(x))
        with pytest.raises(DataError, match='"a" is in the fitted samples only, and "c" is in x only'):
            found.log_ratio({"c": x["a"], "b": x["b"]})
    with pytest.raises(
        DataError, match='"a" is words in x but not in the fitted samples: the first "old" in row 0'
    ):
        fgan.estimate(p, q, method="gaussian").log_ratio({"a": ["old"], "b": ["1"]})
