"""How strong the tests are: break the code in one small place after another, and see whether they notice.

The breaks are in mutants.toml. `make test` alone should catch nearly all of them; with --slow the survivors are tried
by the slow tests too. Each break is made in a copy of the tree, its own room's tests come first, and the first test
that fails ends it.

    python benchmarks/mutants.py                     # all, two at a time
    python benchmarks/mutants.py --only objectives --slow
    python benchmarks/mutants.py --random 50 --near-only divergences objectives estimation/run.py

The last one makes random breaks in these rooms and files instead (mutants_random.py), and tries them by the room's own
tests alone. A break that changes nothing that one could see survives: read the survivors.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from mutants_random import sample

ROOT = Path(__file__).parent.parent
LIST = Path(__file__).with_suffix(".toml")
FAST, SLOW = ("-m", "not slow", "--hypothesis-profile=fast"), ("-m", "slow")
SECONDS = 900
"""Of one run of tests; a break that keeps them busy for longer is noticed as well."""


@dataclass(frozen=True)
class Mutant:
    """One small break: in a file under src/fgan, what stands there once and what is put in its place.

    `near` is the folder of tests that come first, where it is not that of the file's own room.
    """

    name: str
    file: str
    old: str
    new: str
    near: str = ""

    def broken(self, source: str) -> str:
        """Return the source with the break in it."""
        count = source.count(self.old)
        if count != 1:
            raise ValueError(f"{self.name}: {self.old!r} stands {count} times in {self.file}, not once")
        return source.replace(self.old, self.new)


@dataclass(frozen=True)
class RandomMutant(Mutant):
    """A break whose whole source is at hand."""

    text: str = ""

    def broken(self, source: str) -> str:
        """Return the broken source."""
        return self.text


def random_mutants(files: list[str], count: int, seed: int) -> list[Mutant]:
    """Return random breaks in rooms or files."""
    found = sample(ROOT / "src" / "fgan", files, count, seed)
    return [RandomMutant(done, file, "", "", "", text) for file, text, done in found]


def mutants() -> list[Mutant]:
    """Return all breaks of the list."""
    return [Mutant(**one) for one in tomllib.loads(LIST.read_text())["mutant"]]


def copied(target: Path) -> Path:
    """Copy what git knows of the tree, as it is now."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, names.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def stages(mutant: Mutant, slow: bool, near_only: bool) -> Iterator[tuple[str, tuple[str, ...], list[str]]]:
    """Yield what to run, nearest first: a name, pytest's options, and the paths."""
    room = mutant.file.split("/")[0]
    near = [path for path in (f"tests/{mutant.near or room}", f"src/fgan/{room}") if (ROOT / path).exists()]
    if near:
        yield "fast", FAST, near
    if near_only:
        return
    yield "fast", FAST, []
    if slow:
        yield "slow", SLOW, []


def first_failure(tree: Path, options: tuple[str, ...], paths: list[str]) -> str | None:
    """Run tests in a tree; return the first that fails, None where all pass."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider", *options, *paths]
    environment = {**os.environ, "PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"still busy after {SECONDS} s"
    if done.returncode in (0, 5):  # 5: no test was selected
        return None
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    if found is None:
        raise RuntimeError(
            f"pytest ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return found[1]


def tried(mutant: Mutant, tree: Path, slow: bool, near_only: bool) -> tuple[str, str]:
    """Return which tests caught a break, "fast", "slow" or "", and the first of them."""
    path = tree / "src" / "fgan" / mutant.file
    whole = path.read_text()
    path.write_text(mutant.broken(whole))
    try:
        for stage, options, paths in stages(mutant, slow, near_only):
            if failure := first_failure(tree, options, paths):
                return stage, failure
    finally:
        path.write_text(whole)
    return "", "nobody noticed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a part of the name or of the file")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--slow", action="store_true", help="try survivors by the slow tests too")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="random breaks, in these files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--near-only", action="store_true", help="try the room's own tests, no others")
    parser.add_argument("files", nargs="*", help="rooms and files under src/fgan, with --random")
    arguments = parser.parse_args()
    if arguments.random:
        chosen = random_mutants(arguments.files, arguments.random, arguments.seed)
    else:
        chosen = [one for one in mutants() if arguments.only in f"{one.file} {one.name}"]
    with tempfile.TemporaryDirectory() as folder:
        trees: SimpleQueue[Path] = SimpleQueue()
        for job in range(arguments.jobs):
            trees.put(copied(Path(folder) / str(job)))

        def judged(mutant: Mutant) -> str:
            tree, start = trees.get(), time.perf_counter()
            try:
                stage, by = tried(mutant, tree, arguments.slow, arguments.near_only)
            finally:
                trees.put(tree)
            seconds = time.perf_counter() - start
            print(
                f"{stage or 'SURVIVED':<8}  {seconds:4.0f} s  {mutant.file}: {mutant.name}  {by}", flush=True
            )
            return stage

        with ThreadPoolExecutor(arguments.jobs) as pool:
            found = list(pool.map(judged, chosen))
    fast, slow = found.count("fast"), found.count("slow")
    print(
        f"{len(found)} breaks: {fast} caught by make test, {slow} by the slow tests, {found.count('')} by none"
    )
    raise SystemExit("" in found)


if __name__ == "__main__":
    main()
