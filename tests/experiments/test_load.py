import json

import pytest

import fgan
from fgan.data import load_data
from fgan.errors import FganError, RunError
from fgan.evaluation.result import Measurement, Range
from fgan.experiments.comparison import ComparisonDirectory, plan
from fgan.experiments.members import Outcome
from fgan.experiments.ranking import Place
from fgan.experiments.result import Comparison
from fgan.training.config import TrainConfig
from fgan.training.run_directory import RunDirectory

MEASURED = Measurement(2.0, 1.5, 2.5, Range(1.0, 0.5, 1.5), "lower")
PLACES = [Place("kl", 1, 2, ("js",), {"fid": MEASURED}), Place("js", 1, 1, ("kl",), {"fid": MEASURED})]


@pytest.fixture
def folder(tmp_path):
    """A comparison that has come to its end; one of its runs diverged."""
    members = plan(TrainConfig(data="ring8", steps=10), ["kl", "js"])
    ComparisonDirectory(tmp_path / "c").begin(members, resume=False)
    outcomes = {"kl-seed0": Outcome("finished"), "js-seed0": Outcome("diverged", "too fast")}
    Comparison(str(tmp_path / "c"), "fid", PLACES, outcomes).write()
    RunDirectory(tmp_path / "c" / "kl-seed0").path.mkdir()
    RunDirectory(tmp_path / "c" / "kl-seed0").write_config(members[0].config)
    return tmp_path / "c"


def test_a_run_and_a_comparison_with_its_runs(folder):
    found = fgan.load(folder)
    assert isinstance(found, Comparison)
    assert found.places == PLACES and found.unfinished == []
    assert found.outcomes["js-seed0"] == Outcome("diverged", "too fast")
    assert "js-seed0: diverged, too fast" in found.table()
    run = fgan.load(folder / "kl-seed0")
    assert isinstance(run, RunDirectory) and run.config() == found.runs["kl-seed0"].config()


def test_a_comparison_that_was_moved_is_where_it_lies(folder, tmp_path):
    moved = folder.rename(tmp_path / "elsewhere")
    found = fgan.load(str(moved))
    assert isinstance(found, Comparison)
    assert found.path == str(moved) and found.runs["kl-seed0"].config().divergence == "kl"


def test_what_is_no_run_is_said_to_be(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    for path, said in (
        (tmp_path, "it holds c, empty, file"),
        (tmp_path / "empty", "it is empty"),
        (tmp_path / "file", "it is a file"),
        (tmp_path / "nothing", "nothing does not exist"),
    ):
        with pytest.raises(RunError, match=said):
            fgan.load(path)
    (folder / "kl-seed0" / "config.json").write_text("{")
    with pytest.raises(RunError, match="not valid JSON"):
        fgan.load(folder / "kl-seed0")


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"by": "fid", "places": [{}], "outcomes": {}})])
def test_a_ranking_that_is_damaged_or_missing(folder, content):
    (folder / "ranking.json").write_text(content)
    with pytest.raises(RunError, match=r"ranking.json is (damaged|not valid JSON).*--resume"):
        fgan.load(folder)
    (folder / "ranking.json").unlink()
    with pytest.raises(RunError, match=r"is not finished.*--resume"):
        fgan.load(folder)


@pytest.fixture
def planned(monkeypatch):
    """What `fgan.compare` would train, without training it."""
    calls = []

    def note(members, dataset, out, **rest):
        calls.append((members, dataset, out, rest))
        return calls[-1]

    monkeypatch.setattr("fgan.experiments.compare.compare_members", note)
    return calls


def test_compare_by_keywords(planned):
    fgan.compare(
        "ring8", ["kl", "js"], seeds=2, steps=100, seed=3, generators=["saturating"], metrics="fid, prdc"
    )
    ((members, dataset, out, rest),) = planned
    assert [member.name for member in members] == [
        f"{name}_saturating-seed{seed}" for name in ("kl", "js") for seed in (3, 4)
    ]
    assert {member.config.steps for member in members} == {100}
    assert dataset.name == "ring8" and out.as_posix() == "runs/compare-ring8"
    assert rest["metrics"] == ("fid", "prdc") and rest["rank_by"] == "auto"


def test_compare_by_a_recipe(planned):
    recipe = fgan.preset("original", "moons")
    fgan.compare(recipe, "kl", out="here", metrics="all", batch_size=64)
    (((member,), _, out, rest),) = planned
    assert (member.config.lr, member.config.batch_size, out, rest["metrics"]) == (recipe.lr, 64, "here", ())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"divergence": "kl"}, "takes divergences='kl'"),
        ({"preset": "original", "data": TrainConfig(data="ring8")}, "either a TrainConfig or a preset"),
        ({"data": load_data("ring8")}, "a name, a path or samples; got a Dataset"),
        ({"jobs": 0}, "at least 1; got 0"),
        ({"jobs": 1, "ray": "local"}, "Omit one of them"),
        ({"step": 10}, 'unknown setting "step"'),
        ({"preset": "orignal"}, 'unknown preset "orignal"'),
        ({"divergences": "kll"}, "kll"),
    ],
)
def test_mistakes_of_compare(planned, arguments, said):
    with pytest.raises(FganError, match=said):
        fgan.compare(**{"data": "ring8"} | arguments)
    assert not planned
