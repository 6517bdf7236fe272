import json

import pytest

from fgan.data import load_data
from fgan.evaluation import Evaluator
from fgan.experiments.comparison import ComparisonDirectory, plan
from fgan.experiments.members import Outcome
from fgan.experiments.ranking import rank
from fgan.experiments.result import Comparison
from fgan.experiments.train import train
from fgan.training.config import TrainConfig

SMALL = {"width": 8, "depth": 1, "batch_size": 16, "log_every": 2, "checkpoint_every": 10, "sample_every": 0}


def quiet(line):
    pass


@pytest.fixture(scope="session")
def comparison(tmp_path_factory):
    """A finished comparison of kl and js, of two seeds, as `fgan compare` leaves it; not to be changed."""
    folder = tmp_path_factory.mktemp("reported") / "kl-and-js"
    members = plan(TrainConfig(data="ring8", steps=20, device="cpu", **SMALL), ["kl", "js"], seeds=2)
    directory = ComparisonDirectory(folder)
    directory.begin(members, resume=False)
    evaluator = Evaluator(load_data("ring8"), metrics=("fid", "prdc"), n=100, say=quiet)
    evaluations = {member.group: [] for member in members}
    for member in members:
        run = directory.run(member)
        train(member.config, run.path, say=quiet, lines=False)
        found = evaluator(run)
        found.write(run.path / "evaluation.json")
        evaluations[member.group].append(found)
    outcomes = {member.name: Outcome("finished") for member in members}
    result = Comparison(str(folder), "fid", rank(evaluations, "fid"), outcomes)
    (folder / "ranking.json").write_text(json.dumps(result.to_dict()))
    return folder
