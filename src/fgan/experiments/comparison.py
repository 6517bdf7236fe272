"""A comparison: many runs that differ in divergence, generator and seed, in one folder."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from fgan.data import Dataset
from fgan.divergences import EXAMPLES
from fgan.errors import FganError, RunError
from fgan.evaluation.sides import Reference
from fgan.experiments.names import check_inside, check_member
from fgan.files import replace_durably
from fgan.json_files import read_json, shaped
from fgan.networks.own import refer_to
from fgan.output import jsonable
from fgan.training.config import TrainConfig
from fgan.training.run_directory import RunDirectory
from fgan.training.same_folder import SameFolder
from fgan.training.settings import Network
from fgan.training.trainer import objective_of

# Not for training: its bound is 0 and flat as soon as p/q is on one side of its parameter everywhere.
UNDEFINED = ("hockey-stick",)
LOSSES = ("non-saturating", "saturating")
AUTO = "auto"
"""Rank by what can fail on these data; see `fgan.evaluation.basis`."""


class Plan(TypedDict):
    """The content of comparison.json."""

    members: dict[str, dict[str, Any]]
    groups: NotRequired[dict[str, str]]
    judging: NotRequired[Judging]
    log_to: NotRequired[list[str]]
    data: NotRequired[str]


def read_plan(path: Path) -> dict[str, Any]:
    """Read a comparison.json, which anyone may have written.

    Raises:
        RunError: if it is damaged, or names a run outside its folder.
    """
    values = read_json(path, RunError)
    for name in shaped(values, Plan, str(path), RunError)["members"]:
        check_member(name, path)
        check_inside(path.parent / name)
    return values


@dataclass(frozen=True)
class Member:
    """One run of a comparison.

    Args:
        name: of its folder.
        group: what runs with other seeds share: divergence and generator.
        config: its recipe.
    """

    name: str
    group: str
    config: TrainConfig


@dataclass(frozen=True)
class Judging:
    """How the runs of a comparison are evaluated and ranked; see `fgan.compare`."""

    metrics: tuple[str, ...] = ()
    rank_by: str = AUTO
    n: int = 10_000
    reference: Reference = "auto"
    extractor: str = "auto"

    @property
    def wanted(self) -> tuple[str, ...]:
        """The metrics to measure, including the ranking one; empty for all that apply."""
        return tuple(dict.fromkeys((*self.metrics, self.rank_by))) if self.metrics else ()


def trainable_divergences() -> list[str]:
    """Return one name for each entry of the catalogue that can be trained.

    >>> names = trainable_divergences()
    >>> len(names) > 20, "hockey-stick" in names
    (True, False)
    """
    first = {name.split(":")[0]: name for name in reversed(EXAMPLES)}
    return [name for entry, name in reversed(first.items()) if entry not in UNDEFINED]


def plan(
    base: TrainConfig, divergences: Sequence[str], generators: Sequence[str] = (), seeds: int = 1
) -> list[Member]:
    """Return the members of a comparison: divergences × generators × seeds, the seeds counted from the base's.

    Args:
        base: the recipe that they share.
        divergences: names; "all" stands for the whole catalogue.
        generators: "non-saturating", "saturating", or a divergence that the generator follows instead; default: that
            of the base.
        seeds: number of seeds.

    Raises:
        FganError: for an empty or repeated list, and for anything that cannot be trained, before anything starts.

    >>> [member.name for member in plan(TrainConfig(data="ring8"), ["kl", "js"], seeds=2)]
    ['kl-seed0', 'kl-seed1', 'js-seed0', 'js-seed1']
    """
    names = [one for name in divergences for one in (trainable_divergences() if name == "all" else [name])]
    if not names or "" in names:
        raise FganError(
            f"--divergences must be names separated by commas, or all; got {','.join(divergences)!r}. "
            "`fgan divergences` lists the names."
        )
    if seeds < 1:
        raise FganError(f"--seeds must be at least 1; got {seeds}.")
    members = []
    for name in names:
        for generator in generators or ("",):
            changes = _generator(generator)
            of_game = dataclasses.replace(base, divergence=name, **changes)
            objective_of(of_game)
            group = f"{name} {generator}".strip()
            for seed in range(base.seed, base.seed + seeds):
                config = dataclasses.replace(of_game, seed=seed)
                folder = re.sub(r"[^\w.+-]+", "_", f"{group}-seed{seed}")
                members.append(Member(folder, group, config))
    folders = [member.name for member in members]
    repeated = sorted({folder for folder in folders if folders.count(folder) > 1})
    if repeated:
        raise FganError(
            f"name every divergence and generator once; {', '.join(repeated)} would be trained twice."
        )
    return members


def _generator(name: str) -> dict[str, str]:
    if not name:
        return {}
    return {"generator_loss": name} if name in LOSSES else {"generator_divergence": name}


class ComparisonDirectory:
    """A folder of run directories with their plan, `comparison.json`.

    Args:
        path: the folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._held: SameFolder | None = None

    def hold(self) -> None:
        """Remember which folder this is, since the process works in it from now on."""
        self._held = SameFolder(self.path, "this comparison")

    def require_there(self) -> None:
        """Check that a held folder is still there.

        Raises:
            RunError: if it was removed, renamed or replaced.
        """
        if self._held:
            self._held.require()

    @property
    def plan_path(self) -> Path:
        """Path of the plan."""
        return self.path / "comparison.json"

    def run(self, member: Member) -> RunDirectory:
        """Return the run directory of a member."""
        own = {"generator": member.config.generator, "critic": member.config.critic}
        return RunDirectory(self.path / member.name, **own)

    def log_path(self, member: Member) -> Path:
        """Return the path of a member's log of messages."""
        return self.path / f"{member.name}.log"

    def finished(self, member: Member) -> bool:
        """Whether a member has done all its steps."""
        return member.config.steps in self.run(member).checkpoints().steps()

    @property
    def claims_path(self) -> Path:
        """Path of the claims."""
        return self.path / "claims"

    def begin(
        self,
        members: Sequence[Member],
        *,
        resume: bool,
        dataset: Dataset | None = None,
        judging: Judging | None = None,
        log_to: Sequence[str] = (),
    ) -> None:
        """Write the plan, or check that the existing one is the same; see `agreed`."""
        self.write(self.agreed(members, resume=resume, dataset=dataset, judging=judging, log_to=log_to))

    def agreed(
        self,
        members: Sequence[Member],
        *,
        resume: bool,
        dataset: Dataset | None = None,
        judging: Judging | None = None,
        log_to: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Return the plan to write, after checking that it agrees with an existing one.

        Args:
            members: the runs.
            resume: continue with the existing plan.
            dataset: the data of all runs; they may have moved, and are recognised by their content.
            judging: how to evaluate the runs, for workers.
            log_to: trackers, which may differ from before.

        Raises:
            RunError: when starting, if the folder is not empty; when resuming, if it holds no comparison, or a
                different one.
        """
        content: dict[str, Any] = {
            "members": {member.name: dataclasses.asdict(member.config) for member in members},
            "groups": {member.name: member.group for member in members},
        }
        if judging:
            content["judging"] = jsonable(judging)
        if log_to:
            content["log_to"] = list(log_to)
        if dataset:
            content["data"] = _fingerprint(dataset, members)
        if not resume:
            if self.path.is_dir() and any(self.path.iterdir()):
                what = "already holds a comparison" if self.plan_path.is_file() else "is not empty"
                raise RunError(f"{self.path} {what}. Continue it with --resume, or choose another --out.")
            return content
        there = self._read()
        if "log_to" in there:
            content["log_to"] = list(log_to)
        self._require_same(there["members"], content["members"], members, dataset)
        if dataset:
            self._require_data(there, dataset, members)
        return there | content

    def write(self, plan: dict[str, Any]) -> None:
        """Write a plan, unless it exists.

        Raises:
            RunError: if it cannot be written.
        """
        if self.plan_path.is_file() and self._read() == plan:
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            replace_durably(self.plan_path, (json.dumps(plan, indent=2) + "\n").encode())
        except OSError as error:
            raise RunError(f"cannot write to {self.path} ({error}). Choose another --out.") from error

    def require_data(self, dataset: Dataset, members: Sequence[Member]) -> None:
        """Check that the data have the same content as when the comparison was started, if the plan records it.

        Raises:
            RunError: if they differ.
        """
        self._require_data(self._read() if self.plan_path.is_file() else {}, dataset, members)

    def _require_data(self, there: dict[str, Any], dataset: Dataset, members: Sequence[Member]) -> None:
        then = there.get("data")  # comparisons of older versions did not say
        if then and then != _fingerprint(dataset, members):
            raise RunError(
                f"{self.path} holds a comparison on different samples: {members[0].config.data} has changed, or you "
                "passed different samples. Resume with the original ones, or choose another --out."
            )

    def planned(self, **own: Network) -> tuple[list[Member], Judging]:
        """Return the planned runs, and how to evaluate them.

        Args:
            own: custom networks, `generator` and `critic`, if the plan does not lead to them.

        Raises:
            RunError: if there is no comparison, if its plan is damaged or from a version without workers, or for a
                custom network if the plan uses fgan's own.
        """
        there = self._read()
        try:
            members = [
                Member(
                    name,
                    there["groups"][name],
                    TrainConfig.from_values(config, str(self.plan_path)),
                )
                for name, config in there["members"].items()
            ]
            judging = Judging(**there["judging"])
        except (KeyError, TypeError) as error:
            raise RunError(
                f"{self.plan_path} does not record how to evaluate its runs ({error}); it is from an older version of "
                "fgan. Repeat its `fgan compare` with --resume --plan."
            ) from error
        for player, network in own.items():
            if network != "" and not all(getattr(member.config, player) for member in members):
                raise RunError(f"{self.path} was planned with fgan's own {player}s. Omit {player}.")
        own = {player: refer_to(network, player) for player, network in own.items() if network != ""}
        if own:
            members = [replace(member, config=replace(member.config, **own)) for member in members]
        return members, replace(judging, metrics=tuple(judging.metrics))

    def first_recipe(self) -> TrainConfig:
        """Return the recipe of the first run of an existing plan.

        Raises:
            RunError: if there is no comparison, or its plan is damaged.
        """
        recipes = list(self._read()["members"].values())
        if not recipes:
            raise RunError(f"{self.plan_path} plans no run. Start the comparison in another folder.")
        return TrainConfig.from_values(recipes[0], str(self.plan_path))

    def ranked_by(self) -> str:
        """Return the number that ranks by an existing plan; "auto" if it does not say.

        Raises:
            RunError: if there is no comparison, or its plan is damaged.
        """
        return self._read().get("judging", {}).get("rank_by", AUTO)

    def log_to(self) -> tuple[str, ...]:
        """Return the trackers that the runs log to.

        Raises:
            RunError: if there is no comparison, or its plan is damaged.
        """
        return tuple(self._read().get("log_to", ()))

    def _read(self) -> dict[str, Any]:
        try:
            there = self.plan_path.exists()
        except OSError as error:
            raise RunError(f"{self.plan_path} cannot be read ({error}).") from error
        if not there:
            what = "has no comparison.json" if self.path.exists() else "does not exist"
            raise RunError(
                f"{self.path} is not a comparison to continue: it {what}. Pass a folder made by `fgan compare`, or "
                "start one there: without --resume, or with --plan for workers."
            )
        return read_plan(self.plan_path)

    def _as_read(self, config: dict[str, object]) -> dict[str, object]:
        """Return a recipe with the fields that were added to recipes since it was written."""
        return dataclasses.asdict(TrainConfig.from_values(config, str(self.plan_path)))

    def _require_same(
        self,
        there: dict[str, dict[str, object]],
        wanted: dict[str, dict[str, object]],
        members: Sequence[Member],
        dataset: Dataset | None,
    ) -> None:
        there = {name: self._as_read(config) for name, config in there.items()}
        if there != wanted and not (dataset and self._have_moved(there, wanted, members, dataset)):
            missing, more = sorted(set(there) - set(wanted)), sorted(set(wanted) - set(there))
            other = [name for name in wanted if name in there and wanted[name] != there[name]]
            parts = (("not requested now", missing), ("not there", more), ("with different settings", other))
            details = "; ".join(f"{what}: {', '.join(names[:5])}" for what, names in parts if names)
            raise RunError(
                f"{self.path} holds a different comparison ({details}). Resume with the same flags, or choose "
                "another --out."
            )

    def _have_moved(
        self,
        there: dict[str, dict[str, object]],
        wanted: dict[str, dict[str, object]],
        members: Sequence[Member],
        dataset: Dataset,
    ) -> bool:
        """Whether only the path of the data differs, and started runs confirm that the content is the same."""
        nowhere = {"data": "", "data_dir": None}
        anywhere = [{name: config | nowhere for name, config in one.items()} for one in (there, wanted)]
        begun = [self.run(member) for member in members if self.run(member).checkpoints().steps()]
        return anywhere[0] == anywhere[1] and bool(begun) and all(run.holds_run_on(dataset) for run in begun)


def _fingerprint(dataset: Dataset, members: Sequence[Member]) -> str:
    return dataset.train.fingerprint(labels=members[0].config.conditional)
