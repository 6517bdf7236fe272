import json
import shlex
from types import SimpleNamespace

import pytest
import tyro

from fgan.cli.common import base_recipe, names_in
from fgan.cli.compare import CompareCommand
from fgan.cli.train import TrainCommand
from fgan.experiments.comparison import plan
from fgan.reporting.html import write_report
from fgan.reporting.html.commands import _measured
from fgan.reporting.html.gather import gather
from fgan.reporting.html.repeat import replanned, train_command
from fgan.training.config import TrainConfig

BASE = TrainConfig(data="ring8", steps=30, width=8, latent=3, standardize=False, lr=1e-4)


def parsed(kind, text):
    words = shlex.split(text)
    assert words[0] == "fgan"
    default = kind(recipe=base_recipe(words[2:]))
    return tyro.cli(kind, args=words[2:], default=default, config=(tyro.conf.OmitArgPrefixes,))


@pytest.mark.parametrize(
    ("divergences", "generators", "seeds", "base"),
    [
        (["kl"], [], 1, BASE),
        (["kl", "f(u)=(u-1)**4", "0.5*kl + 0.5*reverse-kl"], [], 2, BASE),
        (["kl", "js"], ["saturating"], 1, BASE),
        (["kl", "js"], ["saturating", "pearson"], 3, TrainConfig(data="ring8", seed=4, single_step=True)),
        (["kl", "js"], [], 2, TrainConfig(data="digits", generator_divergence="pearson", conditional=True)),
    ],
)
def test_the_command_of_a_comparison_plans_the_same_again(divergences, generators, seeds, base):
    members = plan(base, divergences, generators, seeds)
    found = replanned({member.name: member.config for member in members})
    assert found is not None and found[0] == members
    command = parsed(CompareCommand, found[1])
    again = plan(command.recipe, names_in(command.divergences), names_in(command.generators), command.seeds)
    assert again == members


def test_a_plan_that_no_command_makes_is_none():
    members = plan(BASE, ["kl", "js"])
    configs = {member.name: member.config for member in members}
    assert replanned({name: configs[name] for name in reversed(configs)}) is not None
    assert replanned({"mine": configs["kl-seed0"]}) is None
    assert replanned({}) is None


@pytest.mark.parametrize(
    "config",
    [BASE, TrainConfig(data="a folder/it's", divergence="f(u)=(u-1)**4", conditional=True, width=None)],
)
def test_the_command_of_a_run_has_its_recipe(config):
    command = parsed(TrainCommand, train_command(config, "runs/it"))
    assert command.recipe == config and str(command.out) == "runs/it"


def test_a_report_says_how_to_repeat_the_comparison(comparison, tmp_path):
    found = gather([comparison])
    plan_there = json.loads((comparison / "comparison.json").read_text())["members"]
    assert found.repeat is not None
    command = parsed(CompareCommand, found.repeat)
    again = plan(command.recipe, names_in(command.divergences), (), command.seeds)
    assert {member.name: member.config for member in again} == {
        name: TrainConfig(**values) for name, values in plan_there.items()
    }
    report = write_report([comparison], tmp_path / "r.html", say=lambda line: None)
    text = report.path.read_text(encoding="utf-8")
    assert f"{found.repeat} --rank-by fid --metrics fid,precision,recall,density,coverage --n 100" in text
    assert "fgan 0." in text and "torch 2." in text and "Python 3." in text


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            {"metrics": ["fid", "kid"], "n": 50, "reference": "all"},
            "--metrics fid,kid --n 50 --reference all",
        ),
        ({"metrics": ["fid"]}, "--metrics fid"),  # of a file that somebody edited
        ({}, ""),
    ],
)
def test_the_command_measures_as_before_whatever_is_known_of_it(asked, words):
    run = SimpleNamespace(evaluation=SimpleNamespace(asked=asked))
    assert shlex.join(_measured(SimpleNamespace(runs=[run]))) == words
