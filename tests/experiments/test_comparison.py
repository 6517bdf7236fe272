from dataclasses import replace

import numpy as np
import pytest

import fgan
from fgan.data import load_data
from fgan.errors import FganError, RunError
from fgan.evaluation.domain import Caveat
from fgan.evaluation.jackknife import Jackknife
from fgan.evaluation.result import Evaluation, measured, over_runs
from fgan.experiments.comparison import ComparisonDirectory, plan, trainable_divergences
from fgan.experiments.ranking import rank
from fgan.training.config import TrainConfig

BASE = TrainConfig(data="ring8", steps=10)


def evaluation(fid, name="fid", spread=0.1):
    found = Jackknife(fid, tuple(fid + spread * (-1) ** k for k in range(10)))
    return Evaluation("a run", "ring8", 100, "100", {"name": "raw"}, {name: measured(name, found, None)})


def test_all_is_one_of_each_entry_of_the_catalogue_with_every_seed():
    members = plan(BASE, ["all"], seeds=3)
    assert len(members) == 3 * len(trainable_divergences())
    assert len({member.name for member in members}) == len(members)
    assert {member.config.seed for member in members} == {0, 1, 2}


def test_generators_multiply_the_groups():
    members = plan(BASE, ["kl", "js"], ["saturating", "non-saturating", "pearson"])
    assert [member.group for member in members][:3] == ["kl saturating", "kl non-saturating", "kl pearson"]
    assert members[0].config.generator_loss == "saturating"
    assert members[2].config.generator_divergence == "pearson"


@pytest.mark.parametrize(
    ("divergences", "generators", "message"),
    [
        ([], (), "must be names separated by commas, or all"),
        (["kl", ""], (), "must be names"),
        (["kll"], (), "kll"),
        (["kl", "kl"], (), "kl-seed0 would be trained twice"),
        (["kl"], ("sturating",), "sturating"),
        (["total-variation"], ("kl",), "knows log"),
    ],
)
def test_what_cannot_be_trained_is_said_before_anything_begins(divergences, generators, message):
    with pytest.raises(FganError, match=message):
        plan(BASE, divergences, generators)


def test_a_folder_holds_one_comparison(tmp_path):
    directory = ComparisonDirectory(tmp_path / "c")
    members = plan(BASE, ["kl", "js"])
    with pytest.raises(RunError, match="is not a comparison to continue"):
        directory.begin(members, resume=True)
    directory.begin(members, resume=False)
    directory.begin(members, resume=True)
    with pytest.raises(RunError, match=r"already holds a comparison.*--resume"):
        directory.begin(members, resume=False)
    with pytest.raises(
        RunError, match=r"different comparison \(not requested now: js-seed0; not there: gan-seed0\)"
    ):
        directory.begin(plan(BASE, ["kl", "gan"]), resume=True)
    with pytest.raises(RunError, match="with different settings: kl-seed0"):
        directory.begin(plan(TrainConfig(data="ring8", steps=11), ["kl", "js"]), resume=True)
    directory.plan_path.write_text("{")
    with pytest.raises(RunError, match=r"damaged|not valid JSON"):
        directory.begin(members, resume=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("mine")
    with pytest.raises(RunError, match="is not empty"):
        ComparisonDirectory(tmp_path / "other").begin(members, resume=False)


def test_groups_that_differ_beyond_chance_have_places_and_others_tie():
    places = rank(
        {
            "worst": [evaluation(9.0), evaluation(9.2), evaluation(9.1)],
            "good": [evaluation(1.0), evaluation(1.2), evaluation(1.1)],
            "as good": [evaluation(1.05), evaluation(1.25), evaluation(1.15)],
            "failed": [],
        },
        "fid",
    )
    assert [(place.group, place.rank) for place in places] == [("good", 1), ("as good", 1), ("worst", 3)]
    assert places[0].tied_with == ("as good",) and places[2].tied_with == ()
    assert places[0].metrics["fid"].value == pytest.approx(1.1)


def test_a_number_that_says_nothing_or_is_missing_has_no_place_and_a_mean_with_it_says_nothing():
    found = Jackknife(0.9, (0.9,) * 10).with_caveats(Caveat("no radius", unusable=True))
    bad = replace(evaluation(0.9, "recall"), metrics={"recall": measured("recall", found, None)})
    missing = replace(bad, metrics={}, skipped={"prdc": "more memory: 9 GB"})
    good = evaluation(0.4, "recall", 0.001)
    places = rank({"bad": [good, bad], "good": [good, good], "missing": [missing]}, "recall")
    assert [place.group for place in places] == ["good"]
    assert (bad.lacking("recall"), good.lacking("recall")) == ("no radius", "")
    assert missing.lacking("recall") == "prdc needs more memory: 9 GB"
    pooled = over_runs([good, bad])["recall"]
    assert not pooled.usable and pooled.caveats == ("no radius",)


def test_more_is_better_where_it_is():
    lower, higher = ([evaluation(value + k, "recall", 0.001) for k in (0, 0.001)] for value in (0.5, 0.9))
    places = rank({"a": lower, "b": higher}, "recall")
    assert [(place.group, place.rank) for place in places] == [("b", 1), ("a", 2)]


def test_the_difference_of_means_has_welchs_interval():
    from scipy.stats import ttest_ind

    a, b = [1.0, 1.3, 0.8, 1.1], [1.4, 1.9, 1.5]
    for shift in (0.0, 0.1, 0.3, 0.6):
        told_apart = ttest_ind(a, [value + shift for value in b], equal_var=False).pvalue < 0.05
        places = rank(
            {"a": [evaluation(value) for value in a], "b": [evaluation(value + shift) for value in b]}, "fid"
        )
        assert (places[0].tied_with == ()) == told_apart, shift


def test_nothing_finished_is_an_empty_ranking():
    assert rank({"kl": []}, "fid") == []


def test_a_comparison_goes_on_where_its_data_lie_now(tmp_path):
    rows = np.random.default_rng(0).normal(size=(60, 2))
    for name, values in (("here.npy", rows), ("there.npy", rows), ("other.npy", rows + 1)):
        np.save(tmp_path / name, values)

    def begin(name, resume):
        path = str(tmp_path / name)
        members = plan(TrainConfig(data=path, steps=2, checkpoint_every=2), ["kl", "js"])
        directory = ComparisonDirectory(tmp_path / "c")
        directory.begin(members, resume=resume, dataset=load_data(path))
        return directory, members

    directory, members = begin("here.npy", resume=False)
    with pytest.raises(RunError, match="different comparison"):  # nothing has begun that could tell
        begin("there.npy", resume=True)
    fgan.train(members[0].config, directory.path / members[0].name)
    with pytest.raises(RunError, match="different comparison"):
        begin("other.npy", resume=True)
    begin("there.npy", resume=True)
    begin("there.npy", resume=True)
    with pytest.raises(RunError, match="different comparison"):
        directory.begin(members, resume=True)
