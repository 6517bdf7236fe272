"""Evaluate the finished runs of a comparison, and rank its groups."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from fgan.data import Dataset
from fgan.errors import FganError
from fgan.evaluation import Evaluation, Evaluator
from fgan.experiments.comparison import ComparisonDirectory, Judging, Member
from fgan.experiments.members import Outcome
from fgan.experiments.ranking import rank
from fgan.experiments.result import Comparison
from fgan.output import Say


def evaluator_of(judging: Judging, dataset: Dataset, device: str, say: Say) -> Evaluator:
    """Return the evaluator for the runs of a comparison, with the metrics that apply to the data.

    Raises:
        FganError: for metrics that do not exist or do not apply, and if the ranking metric is not a single number.
    """
    evaluator = Evaluator(
        dataset, metrics=judging.wanted, n=judging.n, reference=judging.reference, device=device, say=say
    )
    if judging.rank_by not in evaluator.asked()["metrics"]:
        raise FganError(f'--rank-by must be a single number such as fid or recall; got "{judging.rank_by}".')
    for metric, why in evaluator.keep_applicable().items():
        say(f"{metric} is skipped: it needs {why}")
    if judging.rank_by not in evaluator.asked()["metrics"]:
        raise FganError(f"--rank-by {judging.rank_by} does not apply to these data. Choose another metric.")
    return evaluator


def ranked(
    directory: ComparisonDirectory,
    members: Sequence[Member],
    outcomes: Mapping[str, Outcome],
    judging: Judging,
    evaluator: Evaluator,
    say: Say,
) -> Comparison:
    """Evaluate finished runs that are not evaluated yet, rank the groups, and write the ranking."""
    evaluations: dict[str, list[Evaluation]] = {member.group: [] for member in members}
    for member in members:
        if outcomes[member.name].state == "finished":
            evaluations[member.group].append(judged(directory, member, evaluator, say))
    for group, found in evaluations.items():
        for text in dict.fromkeys(filter(None, (one.lacking(judging.rank_by) for one in found))):
            say(f"{group} is not ranked by {judging.rank_by}: {text}")
    in_order = {member.name: outcomes[member.name] for member in members}
    comparison = Comparison(
        str(directory.path), judging.rank_by, rank(evaluations, judging.rank_by), in_order
    )
    comparison.write()
    return comparison


def judged(directory: ComparisonDirectory, member: Member, evaluator: Evaluator, say: Say) -> Evaluation:
    """Return the evaluation of a finished member; an existing one if it answers the same request."""
    run = directory.run(member)
    path = run.path / "evaluation.json"
    if path.is_file():
        try:
            there = Evaluation.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError) as error:
            say(f"{path} is damaged ({error}); evaluating again")
        else:
            newer = path.stat().st_mtime >= run.checkpoints().path(member.config.steps).stat().st_mtime
            if there.asked == evaluator.asked() and newer:
                return there
    found = evaluator(run)
    found.write(path)
    say(f"{member.name} evaluated")
    return found
