"""The ranking's test, its letters, and the sentence that a reader can quote."""

import html
import itertools
import json
import random

import numpy as np
import pytest
import torch

import fgan
from fgan.data import load_data
from fgan.evaluation.basis import deciding_first, explained, named
from fgan.evaluation.result import Evaluation, Measurement, Range
from fgan.experiments.comparison import Judging
from fgan.experiments.judged import evaluator_of, settled
from fgan.experiments.members import Outcome
from fgan.experiments.ranking import LEVEL, holm, letter_groups, rank
from fgan.experiments.result import Comparison
from fgan.experiments.verdict import verdict
from fgan.reporting.html.summary import of_folder


def evaluation(value, by="modes-kl", better="lower"):
    metrics = {
        by: Measurement(value, value - 0.1, value + 0.1, Range(0.001, 0.0, 0.002), better),
        "modes": Measurement(8.0, 8.0, 8.0, None, "higher"),
        "within-3-sigma": Measurement(0.974, 0.97, 0.98, None, "higher"),
    }
    return Evaluation("made", "ring8", 1000, "fresh samples", {"name": "raw"}, metrics)


def ranked(by="modes-kl", **groups):
    return rank({group: [evaluation(value, by) for value in values] for group, values in groups.items()}, by)


def said(by="modes-kl", features="raw", **groups):
    return verdict(ranked(by, **groups), by, features, "ring8", "2,000 steps")


def test_p_values_are_welchs_corrected_as_holm_does():
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(0)
    groups = {name: (rng.normal(size=3) + shift).tolist() for name, shift in (("a", 0), ("b", 3), ("c", 5))}
    raw = {
        pair: ttest_ind(groups[pair[0]], groups[pair[1]], equal_var=False).pvalue
        for pair in itertools.combinations(groups, 2)
    }
    # Holm by its definition: the k-th smallest times m - k, never less than a smaller one's.
    order = sorted(raw, key=raw.__getitem__)
    expected = {
        pair: max(min(1.0, (3 - k) * raw[one]) for k, one in enumerate(order[: place + 1]))
        for place, pair in enumerate(order)
    }
    places = {place.group: place for place in ranked(**groups)}
    for (one, other), p in expected.items():
        assert places[one].p_values[other] == pytest.approx(p, rel=1e-9) == places[other].p_values[one]
        assert (other in places[one].tied_with) == (p >= LEVEL)


def test_with_no_difference_one_comparison_in_twenty_says_that_there_is_one():
    """Each of the 45 pairs at 5% would say so in most of them."""
    rng = np.random.default_rng(1)
    false = 0
    for _ in range(200):
        groups = {f"d{k}": rng.normal(size=4).tolist() for k in range(10)}
        false += any(place.rank > 1 for place in ranked(**groups))
    assert false <= 18  # 10 expected; 18 or fewer with probability 0.99


def test_names_share_a_letter_exactly_if_they_are_tied():
    draw = random.Random(0)
    for _ in range(200):
        names = [f"n{k}" for k in range(draw.randint(1, 9))]
        apart = {pair for pair in itertools.combinations(names, 2) if draw.random() < 0.4}
        letters = letter_groups(names, apart)
        for pair in itertools.combinations(names, 2):
            assert bool(set(letters[pair[0]]) & set(letters[pair[1]])) == (pair not in apart)
    assert holm({}) == {} and letter_groups(["a", "b"], []) == {"a": "a", "b": "a"}


def test_a_winner_is_quoted_with_its_number_the_next_and_the_test():
    text = said(kl=[0.10, 0.11, 0.10], js=[0.30, 0.31, 0.32], gan=[0.9, 0.91, 0.93])
    assert text.startswith("On ring8, kl is better than js and gan by modes-kl: 0.1033 [")
    assert "with modes 8 and within-3-sigma 0.974 against 0.31 [" in text and "for js" in text
    assert text.endswith(
        "(3 seeds, 2,000 steps each; Welch's t-test, Holm-corrected for 3 pairs, p < 0.001)."
    )


@pytest.mark.parametrize("seeds", [1, 2, 3])
def test_no_difference_is_a_result_too(seeds):
    values = {"kl": [0.10, 0.30, 0.20][:seeds], "js": [0.15, 0.20, 0.35][:seeds]}
    text = said(**values)
    assert text.startswith("No difference found on ring8") and text.count(". ") == 0 and text.endswith(").")
    assert ("one seed each cannot distinguish" in text) == (seeds == 1)
    assert ("smallest p" in text) == (seeds > 1)


def test_one_seed_never_wins_however_far_it_is_ahead():
    for groups in ({"kl": [0.001], "js": [5.0]}, {"kl": [0.001], "js": [5.0, 5.1, 5.2]}):
        places = ranked(**groups)
        assert [place.rank for place in places] == [1, 1] and places[0].tied_with == ("js",)
        assert said(**groups).startswith("No difference found on ring8")
    # Those that have seeds are tested beside one that has none.
    text = said(kl=[0.001], js=[0.1, 0.11, 0.12], gan=[5.0, 5.1, 5.2])
    assert "no group is best by modes-kl: kl, at 0.001 [" in text and "js is better than gan" in text


def test_a_tie_at_the_top_is_no_win():
    text = said(kl=[0.10, 0.12, 0.14], js=[0.11, 0.13, 0.15], gan=[9.0, 9.1, 9.2])
    assert text.startswith(
        "On ring8, kl and js are better than gan by modes-kl, and no difference is found between"
    )


def test_nothing_and_one_group_are_said_too():
    assert said() == "Nothing is ranked on ring8: no run has a usable modes-kl."
    assert said(kl=[0.1, 0.2]).startswith("On ring8, kl reaches modes-kl 0.15 [")


def test_raw_pixels_are_named_first_and_in_the_sentence():
    places = ranked("fid", kl=[1.0, 1.1], js=[5.0, 5.1])
    found = Comparison("c", "fid", places, {}, "pixels", verdict(places, "fid", "pixels", "photos"))
    assert found.table().startswith("Ranked by fid of raw pixels, lower is better. Raw pixels say little")
    assert "by fid of raw pixels" in found.verdict and found.table().endswith(found.verdict[-20:])
    assert "--extractor" in explained("fid", "pixels") and explained("fid", "mnist-cnn") == ""
    assert named("fid", "mnist-cnn") == "fid of features by mnist-cnn"


def test_points_are_never_ranked_by_moments_unasked():
    assert deciding_first("raw")[0] == "modes-kl" and deciding_first("pixels") == ("fid",)
    assert "means and covariances only" in explained("fid", "raw")


def test_a_ranking_of_an_older_version_is_read_and_is_not_called_corrected():
    places = ranked("fid", kl=[1.0, 1.1], js=[5.0, 5.1])
    old = Comparison("c", "fid", places, {"kl-seed0": Outcome("finished")}).to_dict()
    del old["features"], old["verdict"]
    for place in old["places"]:
        del place["letters"], place["p_values"]
    found = Comparison.from_dict(json.loads(json.dumps(old)))
    assert (found.features, found.verdict) == ("", "") and found.places[0].letters == ""
    assert "not corrected for the number of pairs" in found.table()
    assert "not corrected" in verdict(found.places, "fid", "", "ring8")


# What ranks by default.


def by_default(data, n=200, **judging):
    return settled(Judging(n=n, **judging), fgan.data.as_dataset(data, say=quiet), "cpu")


def quiet(line):
    pass


@pytest.mark.parametrize("name", ["ring8", "grid25"])
def test_toys_of_known_modes_are_ranked_by_their_modes(name):
    assert by_default(name).rank_by == "modes-kl"


@pytest.mark.parametrize("name", ["moons", "paper-mixture"])
def test_other_toys_and_rows_are_ranked_by_a_divergence_of_the_distributions(name, tmp_path):
    assert by_default(name).rank_by == "js"
    lines = [f"{x},{'abc'[k % 3]}" for k, x in enumerate(np.random.default_rng(0).normal(size=300))]
    (tmp_path / "rows.csv").write_text("\n".join(["x,city", *lines]))
    assert by_default(str(tmp_path / "rows.csv")).rank_by == "js"
    # It needs 50 samples; what is left is named as what it is.
    assert by_default(name, n=30).rank_by == "fid" and by_default(name, rank_by="kid").rank_by == "kid"


def test_pictures_are_ranked_by_features_and_by_pixels_only_where_there_is_nothing_else():
    assert by_default("digits").rank_by == "fid"
    photos = np.random.default_rng(0).integers(0, 255, (200, 8, 8), dtype=np.uint8)
    for extractor, features in (("auto", "pixels"), ("digits-cnn", "digits-cnn")):
        judging = by_default(photos, n=50, extractor=extractor)
        evaluator = evaluator_of(judging, fgan.data.as_dataset(photos, say=quiet), "cpu", quiet)
        assert (judging.rank_by, evaluator.extractor.name) == ("fid", features)


def test_an_octagon_is_ranked_behind_the_ring_that_it_has_the_moments_of():
    """By fid of points it is not: that was the default, and ranked octagons beside perfect rings."""
    ring = load_data("ring8")
    draw = torch.Generator().manual_seed(0)
    corners, k, t = (
        ring.modes.centers,
        torch.randint(8, (1000,), generator=draw),
        torch.rand(1000, 1, generator=draw),
    )
    edges = corners[k] * (1 - t) + corners[(k + 1) % 8] * t
    octagon = edges * (ring.train.draw(1000, draw).square().mean() / edges.square().mean()).sqrt()
    judged = {
        name: fgan.evaluate(x, ring, metrics="fid,modes", say=quiet)
        for name, x in (("octagon", octagon), ("ring", ring.train.draw(1000, draw)))
    }
    fids = [judged[name]["fid"] for name in ("octagon", "ring")]
    assert fids[0].low < fids[1].high  # beside each other
    assert judged["octagon"]["modes-kl"].low > 10 * judged["ring"]["modes-kl"].high


@pytest.mark.slow
def test_a_comparison_of_two_seeds_agrees_with_itself_everywhere(tmp_path):
    few = {"steps": 20, "width": 8, "n": 100, "sample_every": 0, "jobs": 1, "say": quiet}
    found = fgan.compare("ring8", ["kl", "js"], seeds=2, out=tmp_path / "c", **few)
    assert found.by == "modes-kl" and found.features == "raw" and found.verdict
    written = json.loads((tmp_path / "c" / "ranking.json").read_text())
    assert written["verdict"] == found.verdict and fgan.load(tmp_path / "c").table() == found.table()
    summary = of_folder(tmp_path / "c")
    assert summary.verdict == found.verdict and summary.text().endswith(found.verdict[-15:])
    page = fgan.report(tmp_path / "c", say=quiet).read_text()
    assert found.verdict in html.unescape(page) and found.basis in html.unescape(page)
    # As it was planned before: resumed, it is ranked by what its plan says.
    plan = json.loads((tmp_path / "c" / "comparison.json").read_text())
    plan["judging"] = {
        "metrics": ["fid", "kid", "prdc", "modes"],
        "rank_by": "fid",
        "n": 100,
        "reference": "auto",
    }
    (tmp_path / "c" / "comparison.json").write_text(json.dumps(plan))
    again = fgan.compare("ring8", ["kl", "js"], seeds=2, out=tmp_path / "c", resume=True, **few)
    assert again.by == "fid" and "means and covariances only" in again.basis
