"""What the command line lists by hand, so as not to wait for torch, is what the registries hold."""

import ast
import inspect
import itertools
import re
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from fgan.augmentation import AUGMENTATIONS
from fgan.cli.compare import CompareCommand
from fgan.cli.estimate import EstimateCommand
from fgan.cli.evaluate import EvaluateCommand
from fgan.cli.export import ExportCommand
from fgan.cli.frontier import FrontierCommand
from fgan.cli.mi import MutualInformationCommand
from fgan.cli.paper import MnistCommand
from fgan.cli.train import TrainCommand
from fgan.data.load import BUILDERS
from fgan.divergences import EXAMPLES, divergence
from fgan.estimation import INFORMATION_METHODS, METHODS
from fgan.evaluation.metrics import METRICS
from fgan.experiments.comparison import LOSSES
from fgan.experiments.presets import PRESETS
from fgan.exporting import TARGETS
from fgan.load_options import FramesName, MissingName, SplitName
from fgan.networks.build import NETWORKS
from fgan.networks.initialisation import INITS
from fgan.networks.layers import ACTIVATIONS, NORMS
from fgan.objectives.build import OBJECTIVES
from fgan.objectives.gan_loss import GENERATOR_LOSSES
from fgan.objectives.penalties import PENALTIES
from fgan.tracking import TRACKERS
from fgan.training.config import TrainConfig

LINKS = {link for name in (*EXAMPLES, "kl + js") for link in divergence(name).links}
CHOICES = {
    "link": LINKS,
    "objective": OBJECTIVES,
    "generator_loss": GENERATOR_LOSSES,
    "network": NETWORKS,
    "activation": ACTIVATIONS,
    "norm": NORMS,
    "init": INITS,
    "frames": get_args(FramesName),
    "split": get_args(SplitName),
    "missing": get_args(MissingName),
}


def literals(command: type) -> dict[str, set[str]]:
    """The choices of each field whose type is a Literal, or one or None."""
    found = {}
    for name, hint in get_type_hints(command).items():
        for option in (hint, *get_args(hint)):
            if get_origin(option) is Literal:
                found[name] = set(get_args(option))
    return found


def said(command: type, field: str) -> set[str]:
    """The words of a flag's help, which is the text below its field."""
    (body,) = (
        node.body for node in ast.parse(inspect.getsource(command)).body if isinstance(node, ast.ClassDef)
    )
    for statement, below in itertools.pairwise(body):
        if isinstance(statement, ast.AnnAssign) and ast.unparse(statement.target) == field:
            return set(re.findall(r"[\w-]+", ast.unparse(below)))
    raise AssertionError(f"{command.__name__} has no field {field}")


def test_choices_of_a_recipe():
    found = literals(TrainConfig)
    assert set(found) == {*CHOICES, "device", "compile", "precision"}, (
        "a new Literal has a registry: name it here"
    )
    for field, names in CHOICES.items():
        assert found[field] == set(names), field
    assert set(LOSSES) == set(GENERATOR_LOSSES)


def test_targets_of_an_export():
    assert literals(ExportCommand)["to"] == set(TARGETS) <= said(ExportCommand, "to")


@pytest.mark.parametrize("command", [EvaluateCommand, MnistCommand])
def test_every_verb_offers_the_same_devices(command):
    assert literals(command)["device"] == literals(TrainConfig)["device"]


@pytest.mark.parametrize(
    ("command", "field", "names"),
    [
        (TrainConfig, "penalties", PENALTIES),
        (TrainConfig, "augment", AUGMENTATIONS),
        (TrainConfig, "data", BUILDERS),
        (TrainCommand, "preset", PRESETS),
        (CompareCommand, "generators", GENERATOR_LOSSES),
        (TrainCommand, "log_to", TRACKERS),
        (CompareCommand, "log_to", TRACKERS),
        (EstimateCommand, "method", METHODS),
        (MutualInformationCommand, "method", INFORMATION_METHODS),
        (FrontierCommand, "method", [name for name, one in METHODS.items() if one.learner]),
        (EvaluateCommand, "metrics", METRICS),
    ],
)
def test_help_names_all_there_is(command, field, names):
    assert set(names) <= said(command, field)
