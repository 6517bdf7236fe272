"""Claims on a shared folder: one file per run, whose name says who trains it, changed only by renaming.

The only requirement on the file system is that of several renames of one file exactly one succeeds. The owner of a
claim renames its file at every heartbeat. A claim whose file kept its name for a whole lease, measured by the
observer's clock, may be taken over. So no clocks are compared, and a claim that was renewed or taken meanwhile cannot
be taken: its old name is gone. In the same way a suspended process notices that its claim was taken over. Of a process
that has ended on the observer's own machine, claims may be taken at once.
"""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fgan.errors import RunError, TakenError
from fgan.experiments.jobs import LEASE
from fgan.files import in_the_way, sweep
from fgan.output import Say
from fgan.owner import has_died, owner_name
from fgan.visible import fgan_command

WHOLE = "comparison"
"""The claim that `fgan compare` holds while it trains a whole comparison."""
FREE, HELD = "free", "held"
BEATS = 6
"""Heartbeats in a lease."""
SECONDS_BETWEEN_LOOKS = 1.0
NAME = re.compile(r"[^~]+~(free|finished|diverged|failed|[^~]+~[\d.e+]+~\d+)")
"""The name of a claim's file: the run, then its state, or its owner, the lease in seconds and the heartbeats."""


@dataclass(frozen=True)
class Claim:
    """The content of a claim file's name.

    Args:
        thing: a member's name, or `WHOLE`.
        state: "free", "held", or how the run ended: "finished", "diverged", "failed".
        file: its file name.
        owner: the process that holds it.
        expired: held, but not renewed for a whole lease, or by a process of this machine that has ended.
    """

    thing: str
    state: str
    file: str
    owner: str = ""
    expired: bool = False

    @property
    def lives(self) -> bool:
        """Whether a process is working on it, as far as is known."""
        return self.state == HELD and not self.expired

    @property
    def is_open(self) -> bool:
        """Whether it can be taken."""
        return self.state == FREE or self.expired


class Lease:
    """A claim that this process holds.

    Args:
        file: the claim's file, with its present name.
        seconds: the lease, after which others may take it if it is not renewed.
    """

    def __init__(self, file: Path, seconds: float) -> None:
        self.lost = False
        """Whether another process has it now."""
        self.thing = file.name.split("~")[0]
        self._file, self._seconds, self._renewed = file, seconds, _now()
        self._changing = threading.Lock()

    def renew(self) -> None:
        """Rename the file for the next heartbeat, or find that another process has renamed it.

        Raises:
            OSError: if the folder cannot be reached.
        """
        with self._changing:
            began = _now()
            name, beat = self._file.name.rsplit("~", 1)
            self._rename(f"{name}~{int(beat) + 1}")
            self._renewed = began

    def require(self) -> None:
        """Check that the claim is still held; call this before writing anything.

        Raises:
            TakenError: if another process has taken it, or may have because the folder cannot be reached.
        """
        if not self.lost and _now() - self._renewed > self._seconds / 2:
            try:
                self.renew()
            except OSError as error:
                raise TakenError(
                    f"cannot renew the claim on {self.thing} ({error}), so another process may take it over."
                ) from error
        if self.lost:
            raise TakenError(
                f"another process has taken over {self.thing}, because this one did not renew its claim for "
                f"{self._seconds:g} s. Was it suspended?"
            )

    def release(self, state: str) -> None:
        """Release the claim with a state: free, or how the run ended.

        Raises:
            RunError: if the folder cannot be written to.
        """
        try:
            with self._changing:
                self._rename(f"{self.thing}~{state}")
        except OSError as error:
            raise RunError(f"cannot write to {self._file.parent} ({error}).") from error

    def _rename(self, name: str) -> None:
        target = self._file.with_name(name)
        if self.lost or not _renamed(self._file, target):
            self.lost = True
        else:
            self._file = target


class Claims:
    """The folder `claims/` of a comparison.

    Args:
        folder: the folder of the files.
        seconds: the lease, after which others may take a claim that was not renewed.

    Raises:
        RunError: if the lease is too short to be renewed in time.
    """

    def __init__(self, folder: Path, seconds: float = LEASE) -> None:
        if not 1 <= seconds < float("inf"):
            raise RunError(f"--lease must be at least 1 second; got {seconds:g}.")
        self.folder, self.seconds = folder, seconds
        self.owner = owner_name()
        self._seen: dict[str, float] = {}
        self._held = set[Lease]()

    def prepare(self, things: Iterable[str]) -> None:
        """Create the folder atomically if it does not exist, since no file may be created twice.

        Raises:
            RunError: if the file system does not support claims.
        """
        try:
            sweep(self.folder.parent, self.folder.name)
            sweep(self.folder)
            if not self.folder.is_dir():
                aside = self.folder.with_name(f".{self.folder.name}.{self.owner}")
                aside.mkdir()
                for thing in (WHOLE, *things):
                    (aside / f"{thing}~{FREE}").touch()
                with suppress(OSError):  # another process was faster
                    aside.rename(self.folder)
                shutil.rmtree(aside, ignore_errors=True)
            self._probe()
        except OSError as error:
            why = (
                in_the_way(error)
                or f"{error.strerror or error}. Choose a folder that all workers may write to."
            )
            raise RunError(f"cannot create and rename files in {self.folder.parent}: {why}") from error

    def _probe(self) -> None:
        first, second, third = (self.folder / f".probe{k}.{self.owner}" for k in range(3))
        try:
            first.touch()
            first.rename(second)
            once = not first.exists() and second.exists()
            with suppress(FileNotFoundError):
                first.rename(third)
                once = False
        finally:
            for path in (first, second, third):
                path.unlink(missing_ok=True)
        if not once:
            raise RunError(
                f"the file system of {self.folder.parent} is not safe for several workers: of two renames of one file, "
                "both succeeded. Choose a folder on another file system (a local disk, NFS, Lustre), or train with a "
                "single `fgan compare`."
            )

    def look(self) -> dict[str, Claim]:
        """Return the claims by run; one that is being renamed may be missing.

        Raises:
            RunError: if the folder cannot be read.
        """
        try:
            files = sorted(path.name for path in self.folder.iterdir() if NAME.fullmatch(path.name))
        except OSError as error:
            raise RunError(f"cannot read {self.folder} ({error}).") from error
        now = time.monotonic()  # stands still while this machine sleeps, unlike the owner's
        self._seen = {file: self._seen.get(file, now) for file in files}
        return {claim.thing: claim for claim in (self._claim(file, now) for file in files)}

    def _claim(self, file: str, now: float) -> Claim:
        thing, state, *held = file.split("~")
        if not held:
            return Claim(thing, state, file)
        expired = now - self._seen[file] >= float(held[0]) or has_died(state)
        return Claim(thing, HELD, file, state, expired)

    def take(self, claim: Claim) -> Lease | None:
        """Take an open claim, or return None if another process was faster.

        Raises:
            RunError: if the folder cannot be written to.
        """
        file = self.folder / f"{claim.thing}~{self.owner}~{self.seconds:g}~0"
        lease = Lease(file, self.seconds)  # the lease starts before the rename
        try:
            if not _renamed(self.folder / claim.file, file):
                return None
        except OSError as error:
            raise RunError(f"cannot write to {self.folder} ({error}).") from error
        self._held.add(lease)
        return lease

    def release(self, lease: Lease, state: str = FREE) -> None:
        """Release a claim."""
        self._held.discard(lease)
        lease.release(state)

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Renew all held claims from a separate thread, however long a step takes."""
        done = threading.Event()
        thread = threading.Thread(target=self._beat, args=(done,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _beat(self, done: threading.Event) -> None:
        while not done.wait(self.seconds / BEATS):
            for lease in tuple(self._held):
                # Retried at the next heartbeat; `Lease.require` reports it before the next write.
                with suppress(OSError):
                    lease.renew()

    @contextmanager
    def whole(self, say: Say) -> Iterator[None]:
        """Hold the whole comparison, and free claims that were abandoned.

        Raises:
            RunError: if another process is working here.
        """
        self._require_nobody(say)
        claim = self.look().get(WHOLE)
        lease = self.take(claim) if claim and claim.is_open else None
        if lease is None:
            raise self._busy(claim.owner if claim else "another process")
        try:
            # Check again: workers check for the whole after taking a run, so one of both sees the other.
            self._require_nobody(say)
            for other in self.look().values():
                if other.thing != WHOLE and other.state != FREE:
                    _renamed(self.folder / other.file, self.folder / f"{other.thing}~{FREE}")
            with self.beating():
                yield
        finally:
            self.release(lease)

    def _require_nobody(self, say: Say) -> None:
        before, told = self.look(), False
        while True:
            now = self.look()
            held = [claim for claim in now.values() if claim.lives and claim.owner != self.owner]
            for claim in held:
                if claim.thing not in before or before[claim.thing].file != claim.file:
                    raise self._busy(claim.owner)
            if not held:
                return
            if not told:
                told = True
                say(f"waiting to see whether {held[0].owner} is still working here")
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _busy(self, owner: str) -> RunError:
        return RunError(
            f"{owner} is training in {self.folder.parent}. Join it, or wait until it ends: "
            f"{fgan_command('compare', '--worker', self.folder.parent)}"
        )


def _renamed(source: Path, target: Path) -> bool:
    """Rename a file; return whether this call succeeded."""
    try:
        source.rename(target)
    except FileNotFoundError:
        # NFS retries if a reply was lost, and then reports that the file is gone.
        return target.exists()
    return True


def _now() -> float:
    """Return seconds from a clock that also runs while the machine sleeps, if there is one."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
