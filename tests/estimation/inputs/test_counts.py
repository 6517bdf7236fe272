"""Counts at the door of samples, and histograms that come as samples."""

from collections import Counter

import numpy as np
import pytest

import fgan
from fgan.cli import main
from fgan.divergences.histograms import Histogram
from fgan.estimation.inputs import counts as counting
from fgan.estimation.inputs.two_samples import read_two_samples


def test_counts_are_samples_of_categories():
    p, q = np.array([300, 500, 200]), np.array([250, 550, 200])
    found = fgan.estimate(p, q, ["kl", "total-variation"], counts=True, permutations=99)
    rows = [np.repeat(["a", "b", "c"], one) for one in (p, q)]
    same = fgan.estimate(*rows, ["kl", "total-variation"], permutations=99)
    assert found["kl"].method == "discrete" and found["kl"].n_p == 1000
    for name in ("kl", "total-variation"):
        assert (found[name].value, found[name].interval) == (same[name].value, same[name].interval)
    assert found["kl"].p_value == same["kl"].p_value
    assert found["kl"].value < fgan.between(p, q) < found["kl"].interval[1]  # its bias is taken off


def test_counts_have_names_and_ranks():
    p, q = Counter("a" * 60 + "b" * 40), {"b": 50, "a": 50, "c": 0}
    with pytest.raises(fgan.FganError, match="q has 1 that p lacks"):
        fgan.estimate(p, q, counts=True)
    found = fgan.estimate({**p, "c": 0}, q, counts=True)
    assert found.log_ratio(np.array(["a", "b"])).tolist() == pytest.approx(
        [np.log(0.6 / 0.5), np.log(0.4 / 0.5)], abs=0.05
    )
    table = np.array([[30, 20], [25, 25]])
    assert fgan.estimate(table, table[::-1], counts=True).log_ratio([[0, 0], [1, 1]]).shape == (2,)


def test_what_is_no_count_is_refused(monkeypatch):
    with pytest.raises(fgan.FganError, match=r"those of p are probabilities.*fgan.between\(p, q\) is exact"):
        fgan.estimate([0.5, 0.5], [0.4, 0.6], counts=True)
    with pytest.raises(fgan.FganError, match="at least 50"):
        fgan.estimate([3, 4], [1, 5], counts=True)
    with pytest.raises(fgan.FganError, match="cannot be combined with n, blocks or weights"):
        fgan.estimate([30, 40], [10, 50], counts=True, weights_p=[1, 2])
    monkeypatch.setattr(counting, "MOST", 1000)
    with pytest.raises(fgan.FganError, match=r"p has 4,000.*fgan.between"):
        fgan.estimate([3000, 1000], [10, 50], counts=True)


def test_probabilities_among_samples_are_noticed():
    t = np.linspace(-6, 8, 100)
    p, q = np.exp(-(t**2) / 2), np.exp(-((t - 1) ** 2) / 2)
    p, q = p / p.sum(), q / q.sum()
    found = fgan.estimate(p, q)
    assert any("P and Q sum to 1" in one and "fgan.between" in one for one in found.warnings)
    one = fgan.estimate(p.astype(np.float32), t)
    assert any("P sums to 1 and has" in warning for warning in one.warnings)
    with pytest.raises(fgan.FganError, match=r"at least 50 samples.*P has 3.*--counts"):
        fgan.estimate([0.36, 0.48, 0.16], [0.30, 0.50, 0.20])
    grid = np.outer(p, q)
    assert any("sum to 1" in note for note in read_two_samples(grid, grid[::-1]).notes)


def test_rows_that_each_sum_to_one_are_samples():
    soft = np.random.default_rng(0).dirichlet(np.ones(4), (2, 200))
    assert not any("sum to 1" in warning for warning in fgan.estimate(*soft, folds=2).warnings)


def test_on_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("word,count\nyes,300\nno,700\n")
    (tmp_path / "q.csv").write_text("word,count\nno,600\nyes,400\n")
    assert main(["estimate", "p.csv", "q.csv", "--counts", "--divergence", "kl"]) == 0
    said = capsys.readouterr().out
    assert "1,000 samples of P" in said and "discrete" in said
    expected = fgan.estimate([300, 700], [400, 600], counts=True)
    assert f"kl = {expected.value:.4g}" in said
    np.save("p.npy", [300, 700])
    np.save("q.npy", [400, 600])
    assert main(["estimate", "p.npy", "q.npy", "--counts"]) == 0
    assert f"kl = {expected.value:.4g}" in capsys.readouterr().out
    (tmp_path / "q.csv").write_text("word,count\nno,600\nyes,\n")
    assert main(["estimate", "p.csv", "q.csv", "--counts"]) == 2
    assert '"count"' in capsys.readouterr().err
    (tmp_path / "q.csv").write_text("word,count\nno,600\nno,400\n")
    assert main(["estimate", "p.csv", "q.csv", "--counts"]) == 2
    assert "'no' more than once" in capsys.readouterr().err


def test_labels_of_a_table_of_any_rank():
    assert Histogram("p", np.ones(4), (2, 2)).label(3) == "(1, 1)"


BINS = np.linspace(-6, 8, 100)
normal = np.random.default_rng(7).normal
COUNTS = [np.histogram(normal(mean, 1, 5000), BINS)[0] for mean in (0, 1)]


@pytest.mark.parametrize(
    ("p", "q"),
    [
        COUNTS,
        [one.astype(float) for one in COUNTS],
        [one / 50 for one in (np.append(one, 5000 - one.sum()) for one in COUNTS)],  # percent
        [[60, 30, 10], [30, 30, 40]],
        [np.histogram(normal(mean, 1, 5000), BINS, density=True)[0] for mean in (0, 1)],
    ],
)
def test_counts_and_densities_among_samples_are_noticed(p, q):
    said = str(fgan.estimate(p, q).warnings) if len(p) > 50 else ""
    if not said:
        with pytest.raises(fgan.FganError, match="at least 50") as refused:
            fgan.estimate(p, q)
        said = str(refused.value)
    assert "look like histograms" in said and "--counts" in said


@pytest.mark.parametrize("seed", range(3))
def test_ages_and_counts_of_people_are_no_histograms(seed):
    random = np.random.default_rng(seed)
    for p, q in (
        [np.round(random.normal(mean, 9, 100)).astype(int) for mean in (44, 40)],
        [random.poisson(mean, 200) for mean in (3, 4)],
        [1.7e9 + random.normal(mean, 50, 300) for mean in (50, 0)],
    ):
        assert "histograms" not in str(read_two_samples(p, q).notes)
