"""The summary in sentences: what it says of made rankings and of real runs, and that it says no more than they do."""

import dataclasses
import json
import math
import shlex
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import tyro

import fgan
from fgan.cli.common import base_recipe
from fgan.cli.compare import CompareCommand
from fgan.cli.evaluate import EvaluateCommand
from fgan.cli.sample import SampleCommand
from fgan.cli.train import TrainCommand
from fgan.errors import FganError
from fgan.evaluation.metrics import QUANTITIES
from fgan.evaluation.result import Evaluation, Measurement, Range
from fgan.experiments.members import Outcome
from fgan.experiments.ranking import rank
from fgan.experiments.result import Comparison
from fgan.output import silent
from fgan.reporting.html import write_report
from fgan.reporting.html.gather import gather
from fgan.reporting.html.glossary import EXPLAINED, explanation
from fgan.reporting.html.summary import of_folder, summarise
from fgan.reporting.html.summary.progress import course
from fgan.reporting.html.summary.standings import standings
from fgan.training.config import TrainConfig
from fgan.training.diagnosis import advice

FLOOR = Range(1.0, 0.5, 1.5)


def evaluation(fid, half=1.0, **others):
    metrics = {"fid": Measurement(fid, fid - half, fid + half, FLOOR, "lower")} | others
    return Evaluation("made", "ring8", 1000, "fresh samples", {"name": "raw"}, metrics)


def said(groups, by="fid"):
    evaluations = {group: [evaluation(value) for value in values] for group, values in groups.items()}
    return " ".join(standings(rank(evaluations, by), by))


def test_a_clear_winner_is_named_with_its_number_its_interval_and_the_next():
    text = said({"kl": [20.0, 20.1, 19.9], "js": [10.0, 10.1, 9.9], "gan": [15.0, 15.1, 14.9]})
    assert text.startswith("js is best by fid: 10 [9.75")
    assert "differs from each of the 2 other groups by more than the uncertainty" in text
    assert "gan follows with 15 [" in text
    assert "10× the real-vs-real baseline, 1" in text
    assert "corrected" not in text
    assert "one seed" not in text


def test_a_tie_has_no_winner_and_says_who_has_the_lowest_mean():
    text = said({"kl": [10.0, 14.0], "js": [11.0, 13.1]})
    assert text.startswith("No winner: fid does not distinguish kl from any other group.")
    assert "kl has the lowest mean, 12 [" in text and "best" not in text


def test_a_tie_at_the_top_names_what_is_worse_than_the_best_alone():
    text = said({"kl": [10.0, 10.2, 9.8], "js": [10.1, 10.3, 9.9], "gan": [30.0, 30.2, 29.8]})
    assert text.startswith("No single winner: fid does not distinguish kl from js.")
    assert "gan is worse than kl." in text


def test_one_seed_never_makes_a_best():
    text = said({"kl": [20.0], "js": [10.0]})
    assert text.startswith(
        "No winner: fid does not distinguish js from any other group. js has the lowest value, 10"
    )
    assert "only one seed" in text and "another seed may reverse the order" in text
    assert "is best" not in text
    assert "Some groups have only one seed" in said({"kl": [20.0, 20.1], "js": [10.0]})


def test_higher_is_better_where_it_is():
    recall = [
        Measurement(value, value - 0.01, value + 0.01, None, "higher") for value in (0.9, 0.91, 0.2, 0.21)
    ]
    evaluations = {
        "kl": [evaluation(1.0, recall=one) for one in recall[:2]],
        "js": [evaluation(1.0, recall=one) for one in recall[2:]],
    }
    assert " ".join(standings(rank(evaluations, "recall"), "recall")).startswith(
        "kl is best by recall: 0.905 ["
    )


@pytest.mark.parametrize("bad", [math.nan, None])
def test_a_number_that_is_none_wins_nothing(bad):
    places = rank(
        {"kl": [evaluation(20.0), evaluation(20.1)], "js": [evaluation(10.0), evaluation(10.1)]}, "fid"
    )
    broken = dataclasses.replace(
        places[0], metrics={"fid": dataclasses.replace(places[0].metrics["fid"], value=bad)}
    )
    text = " ".join(standings([broken, places[1]], "fid"))
    assert text.startswith("kl reaches fid 20.05 [19.41, 20.69]. There is no other group to compare it with.")
    assert standings([broken], "fid") == ["No group has a usable fid, so nothing is ranked."]


def test_one_number_that_looks_good_does_not_hide_others_that_do_not():
    low = Measurement(0.1, 0.05, 0.15, Range(0.95, 0.9, 1.0), "higher")
    places = rank({"kl": [evaluation(1.2, precision=low)]}, "fid")
    text = " ".join(standings(places, "fid"))
    assert "The interval of kl reaches the real-vs-real baseline, 1." in text
    assert "By other metrics kl is far from real samples: precision 0.1 (real samples 0.95)." in text


# Of real runs.


@pytest.fixture
def copy(comparison, tmp_path):
    """The comparison, to be changed."""
    return shutil.copytree(comparison, tmp_path / "copy")


def parsed(command):
    """Parse a command as its verb does."""
    words = shlex.split(command)
    kinds = {
        "train": TrainCommand,
        "compare": CompareCommand,
        "evaluate": EvaluateCommand,
        "sample": SampleCommand,
    }
    kind, rest = kinds[words[1]], words[2:]
    options = {"default": kind(recipe=base_recipe(rest))} if words[1] in ("train", "compare") else {}
    return tyro.cli(kind, args=rest, config=(tyro.conf.OmitArgPrefixes,), **options)


def outcomes(folder, **changed):
    ranking = json.loads((folder / "ranking.json").read_text())
    ranking["outcomes"] |= {name.replace("_", "-"): vars(one) for name, one in changed.items()}
    (folder / "ranking.json").write_text(json.dumps(ranking))


def test_a_comparison_is_summarised_at_the_top_of_its_page_and_in_its_result(copy, tmp_path):
    found = of_folder(copy)
    assert found.compared.startswith(
        "2 divergences compared on ring8: kl and js, 2 seeds each, 20 steps a run"
    )
    report = write_report([copy], tmp_path / "r.html", say=lambda line: None)
    assert report.summary == found
    text = report.path.read_text(encoding="utf-8")
    assert text.index('id="summary"') < text.index('id="samples"')
    assert json.loads(json.dumps(found.to_dict()))["compared"] == found.compared
    assert max(len(line) for line in found.text().splitlines() if not line.startswith("      fgan")) <= 80
    for step in found.next:
        parsed(step.command)


def test_more_seeds_are_proposed_as_the_same_comparison(copy):
    found = gather([copy])
    step = next(step for step in summarise(found).next if "seeds" in step.why)
    command = parsed(step.command)
    assert command.seeds == 4 and command.divergences == "kl,js" and command.rank_by == "fid"
    assert dataclasses.replace(command.recipe, divergence="kl") == found.members[0].config
    assert command.out is not None and not command.out.exists()


def test_a_diverged_member_is_named_and_what_its_group_lost(copy):
    outcomes(copy, kl_seed0=Outcome("diverged", "the loss became NaN"))
    shutil.rmtree(copy / "kl-seed0" / "checkpoints")
    ranking = json.loads((copy / "ranking.json").read_text())
    for place in ranking["places"]:
        place["seeds"] -= place["group"] == "kl"
    (copy / "ranking.json").write_text(json.dumps(ranking))
    found = of_folder(copy)
    problems = " ".join(found.problems)
    assert "1 of 4 runs diverged: kl-seed0." in problems
    assert "The mean of kl covers 1 of 2 seeds" in problems and "may look too good" in problems
    tips = advice(TrainConfig.read(copy / "kl-seed0" / "config.json"))
    asked = parsed(found.next[0].command).recipe
    assert tips and all(getattr(asked, name) == value for tip in tips for name, value in tip.changes.items())


def test_a_group_without_runs_leaves_a_report_without_the_ranking(copy, tmp_path):
    for name in ("kl-seed0", "kl-seed1"):
        shutil.rmtree(copy / name)
    notes = []
    write_report([copy], tmp_path / "page.html", say=notes.append)
    assert any("none of the runs of kl can be read" in note for note in notes)


def test_runs_that_all_failed_leave_no_winner(copy):
    for name in ("kl-seed0", "kl-seed1", "js-seed0", "js-seed1"):
        shutil.rmtree(copy / name / "checkpoints")
        (copy / name / "evaluation.json").unlink()
    names = ("kl_seed0", "kl_seed1", "js_seed0", "js_seed1")
    outcomes(copy, **dict.fromkeys(names, Outcome("stopped")))
    ranking = json.loads((copy / "ranking.json").read_text())
    (copy / "ranking.json").write_text(json.dumps(ranking | {"places": []}))
    found = of_folder(copy)
    assert "nothing can be said about which is better" in found.result[0]
    assert "4 of 4 runs stopped before the last step" in found.problems[0]
    assert parsed(found.next[0].command).resume


def test_a_run_alone_is_told_by_its_evaluation(comparison):
    found = of_folder(comparison / "kl-seed0")
    assert found.compared.startswith("One run: kl on ring8 (20 of 20 steps, seed 0")
    metrics = json.loads((comparison / "kl-seed0" / "evaluation.json").read_text())["metrics"]
    assert (
        f"fid is {metrics['fid']['value']:.4g} [" in found.result[0] and "lower is better" in found.result[0]
    )


def test_a_run_that_was_not_judged_says_so_and_how_to(copy):
    (copy / "kl-seed0" / "evaluation.json").unlink()
    found = of_folder(copy / "kl-seed0")
    assert found.result == ("There are no numbers on the quality of its samples yet.",)
    assert "not evaluated" in found.problems[0]
    assert found.next[0].command == f"fgan evaluate {copy / 'kl-seed0'}"
    assert found.problems[1] == "The run is short: 20 steps (default: 30,000)."
    assert found.next[1].why == "Train longer: 20 steps are few."
    assert "--steps 200 " in found.next[1].command and found.next[1].command.endswith("--resume")
    assert "--evaluate-every" not in " ".join(step.command for step in found.next)


def run_with(fids):
    log = {"step": np.arange(1.0, len(fids) + 1) * 100, "fid": np.array(fids)}
    return SimpleNamespace(config=TrainConfig(data="ring8"), judged=log)


@pytest.mark.parametrize(
    ("fids", "best_step", "worsened", "improving"),
    [
        ([9.0, 5.0, 3.0, 2.0], 400, False, True),
        ([9.0, 2.0, 3.0, 5.0], 200, True, False),
        ([2.0, 2.0, 2.0, 1.99], 400, False, False),
        ([math.nan, 2.0, 4.0, math.nan], 200, True, False),
    ],
)
def test_the_course_of_a_run_knows_its_best_and_its_end(fids, best_step, worsened, improving):
    found = course(run_with(fids))
    assert (found.best_step, found.worsened > 0.1, found.improving) == (best_step, worsened, improving)
    assert course(run_with([math.nan, 2.0])) is None


def test_a_run_that_ended_worse_than_its_best_is_said_to(tmp_path):
    often = {"checkpoint_every": 10, "evaluate_every": 10, "evaluate_n": 50}
    run = fgan.train("ring8", tmp_path / "run", steps=20, width=8, compile="off", say=silent, **often)
    run.evaluations_path.unlink()
    for step, fid in ((10, 1.0), (20, 3.0)):
        run.append("evaluations", step, {"fid": fid})
    found = of_folder(run.path)
    assert "The run ended worse than its best checkpoint: fid 1 at step 10, 3 at step 20." in found.problems
    assert any(step.command.endswith("--best") for step in found.next)
    assert not any("longer" in step.why for step in found.next)


def test_a_folder_of_nothing_has_no_summary(tmp_path):
    assert of_folder(tmp_path) is None
    with pytest.raises(FganError):
        gather([tmp_path])


def test_a_number_that_is_not_finite_leaves_the_page_whole(copy, tmp_path):
    ranking = json.loads((copy / "ranking.json").read_text())
    ranking["places"][0]["metrics"]["fid"] |= {"value": None, "low": None, "high": None}
    (copy / "ranking.json").write_text(json.dumps(ranking))
    evaluations = json.loads((copy / "kl-seed0" / "evaluation.json").read_text())
    evaluations["metrics"]["recall"] |= {"value": None, "low": None, "high": None}
    (copy / "kl-seed0" / "evaluation.json").write_text(json.dumps(evaluations))
    write_report([copy], tmp_path / "r.html", say=lambda line: None)
    assert "Without a place in the ranking: " in " ".join(of_folder(copy).problems)


def test_every_metric_is_explained():
    assert set(EXPLAINED) == set(QUANTITIES)
    for name, quantity in QUANTITIES.items():
        assert explanation(name, quantity.better).endswith(("better.", "best."))


def test_a_comparison_that_was_written_elsewhere_has_no_summary():
    assert of_folder(Comparison("nowhere", "fid", [], {}).path) is None
