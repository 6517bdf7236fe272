"""Evaluate the finished runs of a comparison, and rank its groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fgan.data import Dataset
from fgan.data.load import short_name
from fgan.errors import DataError, FganError
from fgan.evaluation import Evaluation, Evaluator
from fgan.evaluation.basis import deciding_first
from fgan.experiments.comparison import AUTO, ComparisonDirectory, Judging, Member
from fgan.experiments.members import Outcome
from fgan.experiments.ranking import rank
from fgan.experiments.result import Comparison
from fgan.experiments.verdict import verdict
from fgan.output import Say, silent


def settled(judging: Judging, dataset: Dataset, device: str) -> Judging:
    """Return the same with the number that ranks: by default, of those that see what can fail, the first that applies.

    Raises:
        FganError: for an unknown extractor.
    """
    if judging.rank_by != AUTO:
        return judging
    features = _evaluator(judging, (), dataset, device, silent).extractor.name
    candidates = deciding_first(features)
    if len(candidates) == 1:
        return replace(judging, rank_by=candidates[0])
    evaluator = _evaluator(judging, candidates, dataset, device, silent)
    evaluator.keep_applicable()
    applicable = evaluator.asked()["metrics"]
    return replace(judging, rank_by=next(name for name in candidates if name in applicable))


def _evaluator(
    judging: Judging, metrics: tuple[str, ...], dataset: Dataset, device: str, say: Say
) -> Evaluator:
    return Evaluator(
        dataset,
        metrics=metrics,
        n=judging.n,
        reference=judging.reference,
        extractor=judging.extractor,
        device=device,
        say=say,
    )


def evaluator_of(judging: Judging, dataset: Dataset, device: str, say: Say) -> Evaluator:
    """Return the evaluator for the runs of a comparison, with the metrics that apply to the data.

    Args:
        judging: with the number that ranks, as `settled` returns it.
        dataset, device, say: as for `Evaluator`.

    Raises:
        FganError: for metrics that do not exist or do not apply, and if the ranking metric is not a single number.
    """
    evaluator = _evaluator(judging, judging.wanted, dataset, device, say)
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
    lacking: dict[str, str] = {}
    for group, found in evaluations.items():
        for text in dict.fromkeys(filter(None, (one.lacking(judging.rank_by) for one in found))):
            say(f"{group} is not ranked by {judging.rank_by}: {text}")
            lacking[group] = text
    places, features, config = rank(evaluations, judging.rank_by), evaluator.extractor.name, members[0].config
    comparison = Comparison(
        str(directory.path),
        judging.rank_by,
        places,
        {member.name: _outcome(outcomes[member.name], lacking.get(member.group)) for member in members},
        features,
        verdict(places, judging.rank_by, features, short_name(config.data), f"{config.steps:,} steps"),
    )
    directory.require_there()
    comparison.write()
    return comparison


def _outcome(outcome: Outcome, lacking: str | None) -> Outcome:
    return Outcome("unranked", lacking) if lacking and outcome.state == "finished" else outcome


def judged(directory: ComparisonDirectory, member: Member, evaluator: Evaluator, say: Say) -> Evaluation:
    """Return the evaluation of a finished member; an existing one if it answers the same request."""
    run = directory.run(member)
    path = run.path / "evaluation.json"
    if path.is_file():
        try:
            there = Evaluation.read(path)
        except DataError as error:
            say(f"{error} Evaluating again.")
        else:
            newer = path.stat().st_mtime >= run.checkpoints().path(member.config.steps).stat().st_mtime
            same = there.asked == evaluator.asked() and there.extractor == evaluator.described_extractor()
            if same and newer:
                return there
    found = evaluator(run)
    directory.require_there()  # writing would create it again
    found.write(path)
    say(f"{member.name} evaluated")
    return found
