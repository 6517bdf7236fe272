"""Families: parents, workers and folders that are lost while a comparison or a run trains."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path

from torture_forks import Outcome, differences, digests, run, warm
from torture_small import TINY, flags
from torture_tally import LIGHT, Tally, until

MEMBERS = ("gan-seed0", "js-seed0")
EVERY = {"log-every": 10, "sample-every": 100, **TINY}
COMPARE = [
    *("compare", "ring8"),
    *flags({"divergences": "gan,js", "steps": 600, "checkpoint-every": 20, "jobs": 2, **EVERY}),
    *flags({"n": 200, "metrics": "modes", "rank-by": "modes-kl"}),
]
TRAIN = ["train", "ring8", *flags({"steps": 1_000_000, "checkpoint-every": 100, **EVERY})]
SECONDS_TO_DIE = 2.0
SECONDS_TO_NOTICE = 10.0


def torture(seconds: float, seed: int) -> Tally:
    """Try for some seconds; the kinds of fault take turns. In its light form no comparison is started."""
    end = time.monotonic() + seconds
    warm()
    tally, random_ = Tally("families"), random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        bench = _Bench(Path(folder), tally, random_)
        faults = [bench.vanishes, bench.loses_its_parent, bench.loses_a_worker, bench.meets_its_like]
        faults += [bench.loses_its_folder]
        if seconds < LIGHT:
            faults = faults[:1]
        for k in until(end - time.monotonic()):
            faults[k % len(faults)](k)
            tally.faults += 1
    return tally


class _Bench:
    def __init__(self, folder: Path, tally: Tally, random_: random.Random) -> None:
        self.folder, self.tally, self.random = folder, tally, random_

    @cached_property
    def seconds(self) -> float:
        """How long the comparison takes undisturbed."""
        undisturbed = run([*COMPARE, "--out", str(self.folder / "whole")])
        self._ended(undisturbed, 0, "undisturbed")
        return undisturbed.seconds

    @cached_property
    def whole(self) -> dict[str, str]:
        """The files of the undisturbed comparison."""
        assert self.seconds
        return _files(self.folder / "whole")

    def loses_its_parent(self, k: int) -> None:
        """The parent is killed alone: its workers end, and --resume goes on at once."""
        out, after = self.folder / f"orphans-{k}", self.random.uniform(0, self.seconds)
        told = self.folder / f"parent-{k}"
        run(
            [*COMPARE, "--out", str(out)], setup=lambda: (told.write_text(str(os.getpid())), _in(after, _die))
        )
        group, end = int(told.read_text()), time.monotonic() + SECONDS_TO_DIE
        while (living := _living(group)) and time.monotonic() < end:
            time.sleep(0.05)
        if living:
            self.tally.bad(
                "hang", f"{len(living)} workers live on after their parent, killed at {after:.2f} s"
            )
        self._resumes(out, f"parent killed at {after:.2f} s")

    def loses_a_worker(self, k: int) -> None:
        """A worker is killed: the comparison ends by itself, names the run, and --resume makes it whole."""
        out, after = self.folder / f"worker-{k}", self.random.uniform(0, self.seconds)
        struck = self.folder / f"struck-{k}"
        found = run([*COMPARE, "--out", str(out)], setup=lambda: _in(after, partial(_kill_a_worker, struck)))
        if not struck.exists():
            return  # the comparison had ended, or had not begun
        lost = [name for name in MEMBERS if not _finished(out / name)]
        self._ended(found, 4 if lost else 0, f"worker killed at {after:.2f} s")
        if any(name not in found.last for name in lost):
            self.tally.bad("silent", f"{', '.join(lost)} are lost, but the last line is: {found.last}")
        self._resumes(out, f"worker killed at {after:.2f} s")

    def meets_its_like(self, k: int) -> None:
        """Two processes resume one comparison at once: one does it, the other refuses, or finds it done."""
        out = self.folder / f"twice-{k}"
        run([*COMPARE, "--out", str(out)], setup=lambda: _in(self.random.uniform(1, self.seconds), _die))
        ends: list[Outcome] = []
        resume = [*COMPARE, "--out", str(out), "--resume"] if (out / "comparison.json").exists() else []
        if not resume:
            return
        both = [threading.Thread(target=lambda: ends.append(run(resume))) for _ in range(2)]
        for thread in both:
            thread.start()
            time.sleep(self.random.uniform(0, 1))
        for thread in both:
            thread.join()
        codes = sorted(-1 if end.code is None else end.code for end in ends)
        if codes not in ([0, 2], [0, 0]) or any(end.traceback for end in ends):
            self.tally.bad("silent", f"two resumes at once: {codes}, {[end.last for end in ends]}")
        self._same(out, "two resumes at once")

    def vanishes(self, k: int) -> None:
        """The folder of a run is removed, renamed or replaced while it trains."""
        out, kind = self.folder / f"run-{k}", self.random.choice(LOSSES)
        after = self.random.uniform(0.05, 2)
        found = run(
            [*TRAIN, "--out", str(out)],
            setup=lambda: _in(after, partial(kind, out)),
            seconds=after + SECONDS_TO_NOTICE,
        )
        self._stopped(found, out, f"run {kind.__name__} at {after:.2f} s")

    def loses_its_folder(self, k: int) -> None:
        """The folder of a comparison is removed, renamed or replaced while it trains."""
        out, kind = self.folder / f"lost-{k}", self.random.choice(LOSSES)
        after = self.random.uniform(3, self.seconds)
        longer = [*COMPARE, "--out", str(out), "--steps", "1000000"]
        found = run(
            longer, setup=lambda: _in(after, partial(kind, out)), seconds=after + 2 * SECONDS_TO_NOTICE
        )
        self._stopped(found, out, f"comparison {kind.__name__} at {after:.2f} s")

    def _stopped(self, found: Outcome, out: Path, what: str) -> None:
        self._ended(found, 2, what)
        if str(out) not in found.last:
            self.tally.bad("silent", f"{what}: the last line does not name the folder: {found.last}")
        if out.exists() and any(out.iterdir()):
            self.tally.bad(
                "escape",
                f"{what}: files were written to what is there now: {sorted(path.name for path in out.iterdir())}",
            )

    def _ended(self, found: Outcome, code: int, what: str) -> None:
        if found.code is None:
            self.tally.bad("hang", f"{what}: {found.last}")
        elif found.traceback:
            self.tally.bad("traceback", f"{what}: {found.last}")
        elif found.code != code:
            self.tally.bad("silent", f"{what}: exit code {found.code} instead of {code}: {found.last}")

    def _resumes(self, out: Path, what: str) -> None:
        again = ["--resume"] if (out / "comparison.json").exists() else []
        if not again:
            shutil.rmtree(out, ignore_errors=True)
        self._ended(run([*COMPARE, "--out", str(out), *again]), 0, f"resumed, {what}")
        self._same(out, what)

    def _same(self, out: Path, what: str) -> None:
        if other := differences(self.whole, _files(out)):
            self.tally.bad("differs", f"{what}: {', '.join(other[:5])}")
        shutil.rmtree(out, ignore_errors=True)


def removed(out: Path) -> None:
    """At once: removing file by file may leave a folder into which the process still writes."""
    gone = out.with_name(f"{out.name}-gone")
    out.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def renamed(out: Path) -> None:
    out.rename(out.with_name(f"{out.name}-elsewhere"))


def replaced(out: Path) -> None:
    renamed(out)
    out.mkdir()


LOSSES: list[Callable[[Path], None]] = [removed, renamed, replaced]


def _in(seconds: float, act: Callable[[], None]) -> None:
    """Act in this process after some seconds; what does not exist then is waited for."""

    def wait() -> None:
        time.sleep(seconds)
        while True:
            try:
                return act()
            except (FileNotFoundError, NotADirectoryError):
                time.sleep(0.01)

    threading.Thread(target=wait, daemon=True).start()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_a_worker(struck: Path) -> None:
    workers = [number for number in _living(os.getpid()) if _command(number).count("spawn_main")]
    if not workers:
        raise FileNotFoundError("no worker yet")
    struck.touch()
    os.kill(workers[0], signal.SIGKILL)


def _living(group: int) -> list[int]:
    """Return the processes of a group, without its leader."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != group:
            try:
                state, _, of = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            except OSError:
                continue
            if int(of) == group and state not in "ZX":
                found.append(int(entry.name))
    return sorted(found)


def _command(number: int) -> str:
    try:
        return Path(f"/proc/{number}/cmdline").read_text()
    except OSError:
        return ""


def _finished(run_directory: Path) -> bool:
    status = run_directory / "status.json"
    return status.is_file() and json.loads(status.read_text())["state"] == "finished"


def _files(out: Path) -> dict[str, str]:
    """Return the digests of the members' files; evaluations name the folder, so they are compared by metrics."""
    found = {f"{name}/{file}": digest for name in MEMBERS for file, digest in digests(out / name).items()}
    for name in MEMBERS:
        path = out / name / "evaluation.json"
        if path.is_file():
            found[f"{name}/evaluation.json"] = json.dumps(json.loads(path.read_text())["metrics"])
    return found
