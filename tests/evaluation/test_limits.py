"""What an evaluation asks of memory, the ends of its intervals, and what it shows meanwhile."""

import pytest
import torch

import fgan
from fgan.data import load_data
from fgan.errors import FganError, MemoryLimitError
from fgan.evaluation import over_runs
from fgan.evaluation.samples import Drawable


class Counting(Drawable):
    """A generator that remembers how many samples it was asked for."""

    source = "made"

    def __init__(self, data):
        self.asked, self.data = [], data

    def sampler(self):
        return self

    def rows(self, n, seed):
        self.asked.append(n)
        return torch.rand(n, *self.data.shape, generator=torch.Generator().manual_seed(seed))


def test_no_more_samples_are_drawn_than_are_evaluated():
    digits = load_data("digits")
    made = Counting(digits)
    found = fgan.evaluate(made, digits, n=100_000_000, metrics="modes", say=lambda line: None)
    assert made.asked == [found.n] and found.n < len(digits.train.values)
    # All are used where nothing is left for a baseline.
    found = fgan.evaluate(made, digits, n=2000, metrics="modes", reference="all", say=lambda line: None)
    assert made.asked[-1] == found.n == 2000


def test_more_samples_of_a_distribution_than_fit_into_memory_are_refused_before_they_are_drawn():
    with pytest.raises(MemoryLimitError, match=r"Evaluating 100,000,000,000 samples needs .* GB.*--n"):
        fgan.evaluate(Counting(load_data("ring8")), "ring8", n=10**11, metrics="fid", say=lambda line: None)


def test_no_interval_of_modes_ends_above_their_number():
    digits, rare = load_data("digits"), torch.Generator().manual_seed(0)
    ring = load_data("ring8")
    drawn = ring.train.draw(2000, rare)
    away = torch.full((1980, 2), 9.0)
    # Rare modes: Chao's estimate of those that another draw might have goes beyond what there is.
    few = [torch.cat([drawn[20 * k : 20 * k + 20], away]) for k in range(3)]
    found = [fgan.evaluate(x, ring, metrics="modes", say=lambda line: None) for x in few]
    assert all(one["modes"].low < one["modes"].value <= one["modes"].high <= 8 for one in found)
    assert any(one["modes"].value < 8 for one in found) and over_runs(found)["modes"].high <= 8
    of_digits = fgan.evaluate(digits.train.values[:30], digits, metrics="modes", say=lambda line: None)
    assert of_digits["modes"].high <= 10


def test_a_mistaken_divergence_is_answered_by_the_nearest_name_not_by_the_catalogue():
    with pytest.raises(FganError, match='Did you mean "js"') as error:
        fgan.divergence("jss")
    assert "`fgan divergences` lists all" in str(error.value) and len(str(error.value)) < 160


def test_a_table_fits_the_terminal_and_says_the_same():
    found = fgan.evaluate(load_data("digits").train.values[:100], "digits", metrics="fid,copying", say=str)
    whole = found.table()
    assert max(map(len, whole.splitlines())) > 120
    for width in (80, 100, 140):
        lines = found.table(width).splitlines()
        assert max(map(len, lines)) <= max(
            width, 90
        )  # three columns of numbers have the width that they need
        assert " ".join(whole.split()).count("exact-copies") == " ".join(lines).count("exact-copies")
        assert sorted(whole.split()) == sorted("\n".join(lines).split())


def test_work_inside_a_metric_is_shown_where_somebody_watches_and_only_there(monkeypatch):
    from fgan import output
    from fgan.evaluation.kernel import kernel_distance

    shown = []
    bar = output.progress_bar
    monkeypatch.setattr(
        output, "progress_bar", lambda total, **more: shown.append(more) or bar(total, **more)
    )
    x = torch.randn(1200, 2)
    kernel_distance(x, x)
    assert shown == []
    with output.watching():
        kernel_distance(x, x)
    assert {one["what"] for one in shown} == {"kid"} and all(one["delay"] == output.SLOW for one in shown)
    shown.clear()
    fgan.evaluate(x, "ring8", metrics="fid,prdc,kde,c2st", n=200, say=str)
    assert {"fid", "prdc", "kde", "c2st", "neighbours"} <= {one["what"] for one in shown}
