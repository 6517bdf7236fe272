"""Who trains what on a shared folder: a file for each thing, whose name says who holds it, changed by renames alone.

A rename is all that is asked of the file system: of several that rename the same file, one succeeds. Whoever holds a
claim gives its file a new name at every heartbeat; a claim whose file kept its name for a whole lease, by the clock of
whoever looks, may be taken. So no clocks are compared, and a claim that was renewed, or taken, in the meantime cannot
be taken: its old name is gone. The same tells a process that was suspended that its claim is another's now.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fgan.errors import RunError, TakenError
from fgan.experiments.jobs import LEASE
from fgan.output import Say

WHOLE = "comparison"
"""What `fgan compare` holds while it trains a comparison by itself."""
FREE, HELD = "free", "held"
BEATS = 6
"""Heartbeats in a lease."""
SECONDS_BETWEEN_LOOKS = 1.0
NAME = re.compile(r"[^~]+~(free|finished|diverged|failed|[^~]+~[\d.e+]+~\d+)")
"""Of a claim's file: what, then its state, or who holds it, for how many seconds, and the heartbeats so far."""


@dataclass(frozen=True)
class Claim:
    """What a file's name says.

    Args:
        thing: a member's name, or `WHOLE`.
        state: "free", "held", or how the member ended: "finished", "diverged", "failed".
        file: its name.
        owner: who holds it.
        expired: held by somebody who has not renewed it for a whole lease.
    """

    thing: str
    state: str
    file: str
    owner: str = ""
    expired: bool = False

    @property
    def lives(self) -> bool:
        """Whether somebody is at work on it, as far as is known."""
        return self.state == HELD and not self.expired

    @property
    def is_open(self) -> bool:
        """Whether it can be taken."""
        return self.state == FREE or self.expired


class Lease:
    """A claim that this process holds.

    Args:
        file: the claim's, under its present name.
        seconds: after which others may take it if it is not renewed.
    """

    def __init__(self, file: Path, seconds: float) -> None:
        self.lost = False
        """Whether another process has it now."""
        self.thing = file.name.split("~")[0]
        self._file, self._seconds, self._renewed = file, seconds, _now()
        self._changing = threading.Lock()

    def renew(self) -> None:
        """Give the file its next name, or find that another process has renamed it.

        Raises:
            OSError: where the folder cannot be reached.
        """
        with self._changing:
            began = _now()
            name, beat = self._file.name.rsplit("~", 1)
            self._rename(f"{name}~{int(beat) + 1}")
            self._renewed = began

    def require(self) -> None:
        """See that the claim is still held; to be asked before anything is written.

        Raises:
            TakenError: where another process has it, or the folder cannot be reached and one might.
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
        """Say what became of it: free, or how it ended.

        Raises:
            RunError: where the folder cannot be written to.
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
        folder: where the files lie.
        seconds: after which others may take a claim that this process has not renewed.

    Raises:
        RunError: for a lease that is too short to be renewed in time.
    """

    def __init__(self, folder: Path, seconds: float = LEASE) -> None:
        if not 1 <= seconds < float("inf"):
            raise RunError(f"--lease must be at least 1 second; got {seconds:g}.")
        self.folder, self.seconds = folder, seconds
        host = re.sub(r"[^\w.-]", "_", socket.gethostname())[:40]
        self.owner = f"{host}-{os.getpid()}-{secrets.token_hex(3)}"
        self._seen: dict[str, float] = {}
        self._held = set[Lease]()

    def prepare(self, things: Iterable[str]) -> None:
        """Make the folder, unless it is there: whole or not at all, since a file must not be made twice.

        Raises:
            RunError: where the file system does not do what claims need.
        """
        try:
            if not self.folder.is_dir():
                aside = self.folder.with_name(f".{self.folder.name}.{self.owner}")
                aside.mkdir()
                for thing in (WHOLE, *things):
                    (aside / f"{thing}~{FREE}").touch()
                with suppress(OSError):  # where another process was faster
                    aside.rename(self.folder)
                shutil.rmtree(aside, ignore_errors=True)
            self._probe()
        except OSError as error:
            raise RunError(
                f"cannot create and rename files in {self.folder.parent} ({error}). "
                "Choose a folder that all workers may write to."
            ) from error

    def _probe(self) -> None:
        first, second, third = (self.folder / f".probe-{self.owner}-{k}" for k in range(3))
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
        """Return the claims by what is claimed; one that is being renamed may be missing.

        Raises:
            RunError: where the folder cannot be read.
        """
        try:
            files = sorted(path.name for path in self.folder.iterdir() if NAME.fullmatch(path.name))
        except OSError as error:
            raise RunError(f"cannot read {self.folder} ({error}).") from error
        now = time.monotonic()  # which stands still where this machine sleeps, unlike the owner's
        self._seen = {file: self._seen.get(file, now) for file in files}
        return {claim.thing: claim for claim in (self._claim(file, now) for file in files)}

    def _claim(self, file: str, now: float) -> Claim:
        thing, state, *held = file.split("~")
        if not held:
            return Claim(thing, state, file)
        return Claim(thing, HELD, file, state, now - self._seen[file] >= float(held[0]))

    def take(self, claim: Claim) -> Lease | None:
        """Take a claim that is open, or return None where another process was faster.

        Raises:
            RunError: where the folder cannot be written to.
        """
        file = self.folder / f"{claim.thing}~{self.owner}~{self.seconds:g}~0"
        lease = Lease(file, self.seconds)  # which counts from before the rename
        try:
            if not _renamed(self.folder / claim.file, file):
                return None
        except OSError as error:
            raise RunError(f"cannot write to {self.folder} ({error}).") from error
        self._held.add(lease)
        return lease

    def release(self, lease: Lease, state: str = FREE) -> None:
        """Give a claim back."""
        self._held.discard(lease)
        lease.release(state)

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Renew what is held, from a thread of its own, however long a step takes."""
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
                # Tried again at the next beat; `Lease.require` tells whoever is about to write.
                with suppress(OSError):
                    lease.renew()

    @contextmanager
    def whole(self, say: Say) -> Iterator[None]:
        """Hold all that is claimed, and free what ended or was left behind.

        Raises:
            RunError: where another process is at work here.
        """
        self._require_nobody(say)
        claim = self.look().get(WHOLE)
        lease = self.take(claim) if claim and claim.is_open else None
        if lease is None:
            raise self._busy(claim.owner if claim else "another process")
        try:
            # Once more: workers look for the whole after they took a member, and one of both sees the other.
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
            f"{owner} is training in {self.folder.parent}. Join it with `fgan compare --worker {self.folder.parent}`, "
            "or wait until it ends."
        )


def _renamed(source: Path, target: Path) -> bool:
    """Rename a file; return whether it was this call that did."""
    try:
        source.rename(target)
    except FileNotFoundError:
        # NFS asks again where an answer was lost, and is told that the file is gone.
        return target.exists()
    return True


def _now() -> float:
    """Return seconds that go on while the machine sleeps, where the system has such a clock."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
