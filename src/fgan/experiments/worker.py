"""Workers: any number of processes that share the runs of a comparison through a folder."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch

from fgan.data import Dataset
from fgan.device import resolve_device
from fgan.errors import FganError
from fgan.evaluation import Evaluator
from fgan.experiments.claims import FREE, SECONDS_BETWEEN_LOOKS, WHOLE, Claim, Claims, Lease
from fgan.experiments.comparison import ComparisonDirectory, Member
from fgan.experiments.jobs import LEASE
from fgan.experiments.judged import evaluator_of, judged, ranked, settled
from fgan.experiments.members import Chunk, Outcome, ended, train_chunk
from fgan.experiments.result import Comparison
from fgan.output import Say
from fgan.training.ensemble import together
from fgan.training.interruption import StopRequest
from fgan.training.memory import members_that_fit, notes_of
from fgan.training.run import data_of
from fgan.training.settings import Network


def work(
    out: str | Path,
    *,
    claim: int = 1,
    lease: float = LEASE,
    generator: Network = "",
    critic: Network = "",
    say: Say = print,
) -> Comparison:
    """Train and evaluate runs of a comparison together with other workers until all have ended, then rank them.

    Workers are processes that share only the comparison's folder. Each claims runs by renaming files, and renews its
    claims while it trains. If it stops renewing for the time of a lease, others continue from the checkpoints.

    Args:
        out: the folder with the plan, written by `fgan.compare(..., plan_only=True)` or any other comparison.
        claim: number of runs to claim at a time, which train as one ensemble. With 1, results have the same bits as
            those of a single run.
        lease: seconds after which others may take over the claims of a worker that no longer responds.
        generator, critic: custom networks of the comparison, if its plan does not lead to them.
        say: receives messages as lines of text.

    Returns:
        The comparison; without a ranking if a signal stopped this worker before all runs had ended.

    Raises:
        FganError: if the folder holds no comparison, if its file system is not safe for several workers, or if the
            data differ from those of the comparison.
    """
    if claim < 1:
        raise FganError(f"--claim must be at least 1; got {claim}.")
    directory = ComparisonDirectory(out)
    members, judging = directory.planned(generator=generator, critic=critic)
    directory.hold()
    claims = Claims(directory.claims_path, lease)
    claims.prepare(member.name for member in members)
    with _one_thread(), StopRequest() as stop, claims.beating():
        config = members[0].config
        dataset = data_of(config, say)
        directory.require_data(dataset, members)
        device = resolve_device(config.device)
        notes_of(replace(config, device=device), dataset)  # fails here if this machine lacks a network
        judging = settled(judging, dataset, device)
        evaluator = evaluator_of(judging, dataset, device, say)
        if claim > 1:
            claim = min(claim, members_that_fit(replace(config, device=device), dataset))
        worker = _Worker(directory, members, claims, dataset, evaluator, claim, stop, say)
        worker.run()
        outcomes = worker.outcomes()
        if any(outcome.state == "stopped" for outcome in outcomes.values()):
            return Comparison(str(out), judging.rank_by, [], outcomes)
        return ranked(directory, members, outcomes, judging, evaluator, say)


class _Worker:
    """Claims, trains and evaluates runs until none is left or it is stopped."""

    def __init__(
        self,
        directory: ComparisonDirectory,
        members: Sequence[Member],
        claims: Claims,
        dataset: Dataset,
        evaluator: Evaluator,
        at_once: int,
        stop: StopRequest,
        say: Say,
    ) -> None:
        self._directory, self._members, self._claims, self._evaluator = directory, members, claims, evaluator
        self._dataset, self._at_once, self._stop, self._say = dataset, at_once, stop, say
        self._not_before: dict[str, float] = {}
        """When to retry a run that another process holds although its claim was free."""
        self._told = ""

    def run(self) -> None:
        """Work until all runs have ended, or a signal arrives."""
        while not self._stop.signal:
            self._directory.require_there()
            if leases := self._take():
                self._train(leases)
            elif not self._wait():
                return

    def outcomes(self) -> dict[str, Outcome]:
        """Return the outcome of each run so far."""
        claims = self._claims.look()
        return {member.name: self._outcome(member, claims.get(member.name)) for member in self._members}

    def _outcome(self, member: Member, claim: Claim | None) -> Outcome:
        if claim is None or claim.state not in ("finished", "diverged", "failed"):
            return Outcome("stopped")
        if end := ended(self._directory, member):
            return end
        status = self._directory.run(member).status()
        known = status is not None and status.state == claim.state
        reason = status.reason if status and known else f"see {self._directory.log_path(member)}"
        return Outcome(claim.state, reason)

    def _take(self) -> dict[str, Lease]:
        """Claim runs that can train as one ensemble, up to the limit; empty if none is open."""
        claims, leases, alike = self._claims.look(), dict[str, Lease](), None
        if WHOLE not in claims or claims[WHOLE].lives:
            return {}
        for member in self._members:
            claim = claims.get(member.name)
            kind = together(member.config)
            if claim is None or not claim.is_open or (leases and kind != alike) or self._is_put_off(member):
                continue
            if lease := self._claims.take(claim):
                leases[member.name], alike = lease, kind
                if claim.expired:
                    self._say(f"{member.name}: {claim.owner} no longer responds; taking over its run")
            if len(leases) == self._at_once:
                break
        # Look again: a process that takes the whole comparison checks the members afterwards, so one sees the other.
        if leases and ((whole := self._claims.look().get(WHOLE)) is None or whole.lives):
            for lease in leases.values():
                self._claims.release(lease)
            return {}
        return leases

    def _is_put_off(self, member: Member) -> bool:
        return time.monotonic() < self._not_before.get(member.name, 0.0)

    def _train(self, leases: dict[str, Lease]) -> None:
        """Train the claimed runs, evaluate those that finish, and release the claims."""
        mine = [member for member in self._members if member.name in leases]
        outcomes = {member.name: end for member in mine if (end := ended(self._directory, member))}
        chunk: Chunk = [member for member in mine if member.name not in outcomes]
        if chunk:
            self._told = ""
            self._say(f"{', '.join(member.name for member in chunk)}: training")
            outcomes |= self._trained(chunk, leases)
        for member in mine:
            lease, outcome = leases[member.name], outcomes[member.name]
            if outcome.state == "finished" and not lease.lost:
                try:
                    judged(self._directory, member, self._evaluator, self._say)
                except FganError as error:
                    outcome = Outcome("failed", str(error))
            if chunk:
                self._say(f"{member.name} {outcome.state}{f': {outcome.reason}' if outcome.reason else ''}")
            if outcome.state == "taken":
                self._not_before[member.name] = time.monotonic() + self._claims.seconds
            self._claims.release(lease, FREE if outcome.state in ("stopped", "taken") else outcome.state)

    def _trained(self, chunk: Chunk, leases: dict[str, Lease]) -> dict[str, Outcome]:
        guards = {member.name: leases[member.name].require for member in chunk}
        try:
            return train_chunk(self._directory, chunk, guards, self._stop, self._dataset)
        except (FganError, OSError) as error:
            lost = Outcome("failed", str(error))
            return {member.name: ended(self._directory, member) or lost for member in chunk}

    def _wait(self) -> bool:
        """Wait a moment; return whether there is still something to wait for."""
        claims = self._claims.look()
        open_still = [
            name
            for member in self._members
            if (claim := claims.get(name := member.name)) is None or claim.state in (FREE, "held")
        ]
        if not open_still:
            return False
        owners = sorted({claim.owner for claim in claims.values() if claim.lives})
        text = (
            f"{len(open_still)} runs are held by {', '.join(owners[:3]) or 'another process'}"
            f"{', ...' if len(owners) > 3 else ''}; waiting to take over any that are abandoned"
        )
        if text != self._told:
            self._told = text
            self._say(text)
        time.sleep(min(SECONDS_BETWEEN_LOOKS, self._claims.seconds / 4))
        return True


@contextmanager
def _one_thread() -> Iterator[None]:
    """Limit torch to one core, since a machine may run many workers; OMP_NUM_THREADS overrides this."""
    before = torch.get_num_threads()
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
