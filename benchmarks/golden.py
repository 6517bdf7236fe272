"""What fgan computes, written down once and held against later: a net under a rearrangement of the code.

    python benchmarks/golden.py record FILE.json [--only PATTERN] [--small]
    python benchmarks/golden.py compare FILE.json [--tolerance 1e-6] [--only PATTERN]

A recording holds the digest of every array and enough of its numbers to tell a rounding from a change; what a case
says in JSON or words it holds whole. It computes on one thread; times, speeds and paths are left out. The cases, in
golden_cases.py, use the command line and fgan's own names alone, so that they run on the code of before and after.
"""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import hashlib
import itertools
import json
import os
import platform
import random
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

Recording = dict[str, Any]
VOLATILE = {"seconds", "steps_per_second", "samples_per_second", "summary"}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
NEAR_ZERO = 1e-3  # what two numbers below it differ by is held against it


# Recording


def record(only: Callable[[str], bool], tell: Callable[[str], None]) -> Recording:
    """Run cases and return what they found."""
    from golden_cases import all_cases
    from golden_work import write_data

    torch.set_num_threads(1)
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place).resolve()
        os.environ |= {"COLUMNS": "100", "MPLBACKEND": "agg", "XDG_CACHE_HOME": str(root / "cache")}
        write_data(root / "data")
        cases = {}
        for name, case in all_cases().items():
            if only(name):
                start = time.perf_counter()
                with inside(root / re.sub(r"\W", "-", name)):
                    cases[name] = recorded(case, root)
                tell(f"{name}  {time.perf_counter() - start:.1f} s")
        os.chdir(before)
    about = {"torch": torch.__version__, "numpy": np.__version__, "machine": platform.machine()}
    return {"about": about, "cases": cases}


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in a new folder, with nothing left over from the case before."""
    folder.mkdir()
    before = Path.cwd()
    os.chdir(folder)
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    torch.set_flush_denormal(False)  # training turns it on for all that comes after
    try:
        yield
    finally:
        os.chdir(before)


def recorded(case: Callable[[], dict[str, Any]], root: Path) -> dict[str, Any]:
    """Return what a case found, in the form of a recording; a case that fails has its error recorded."""
    try:
        found = case()
    except Exception as error:
        traceback.print_exc()
        found = {"failed": f"{type(error).__name__}: {error}"}
    return {key: entry(value, str(root)) for key, value in found.items()}


def entry(value: Any, root: str) -> Any:
    """Return a value as a recording holds it: an array as its kind, digest and numbers, all else as it is."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if not isinstance(value, np.ndarray):
        return json.loads(json.dumps(without_places(value, root)))
    kind = f"{value.dtype} {'x'.join(map(str, value.shape))}"
    digest = hashlib.sha256(kind.encode() + np.ascontiguousarray(value).tobytes()).hexdigest()
    wide = value.astype(np.float64).ravel()
    numbers = [wide.sum(), np.abs(wide).sum(), *wide[:4]]
    return {"array": kind, "sha256": digest[:24], "numbers": [float(f"{number:.9g}") for number in numbers]}


def without_places(value: Any, root: str) -> Any:
    """Return words and JSON without times and without the folder that they were made in."""
    if isinstance(value, dict):
        return {key: without_places(one, root) for key, one in value.items() if key not in VOLATILE}
    if isinstance(value, list | tuple):
        return [without_places(one, root) for one in value]
    return value.replace(root, "PLACE") if isinstance(value, str) else value


# Comparing


def verdict(old: dict[str, Any], new: dict[str, Any], tolerance: float) -> tuple[str, bool]:
    """Return in words how what a case found differs from its recording, and whether it may."""
    if old == new:
        return "identical", True
    differences = list(
        itertools.chain(*(differing(key, old.get(key), new.get(key)) for key in {**old, **new}))
    )
    most, where = max(differences, key=lambda one: one[0])
    if most <= tolerance:
        return f"within tolerance ({most:.1e}, {where})", True
    others = sum(size > tolerance for size, _ in differences) - 1
    how_far = "" if most == float("inf") else f" by {most:.1e}"
    return f"DIFFERENT: {where}{how_far}" + (f" (and {others} more)" if others else ""), False


def differing(where: str, old: Any, new: Any) -> Iterator[tuple[float, str]]:
    """Yield relative differences and where they are; infinite for what is no number."""
    if old == new:
        return
    if is_array(old) and is_array(new):
        yield differing_arrays(old, new), where
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            if (key in old) != (key in new):
                yield float("inf"), f"{where}/{key}: {'no more' if key in old else 'new'}"
            else:
                yield from differing(f"{where}/{key}", old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differing(f"{where}/{index}", one, other)
    elif is_number(old) and is_number(new):
        yield apart(old, new), where
    elif isinstance(old, str) and isinstance(new, str) and NUMBER.sub("#", old) == NUMBER.sub("#", new):
        pairs = zip(NUMBER.findall(old), NUMBER.findall(new), strict=True)
        yield max(apart(float(one), float(other)) for one, other in pairs), where
    else:
        yield float("inf"), f"{where}: {excerpt(old, new)}"


def is_array(value: Any) -> bool:
    return isinstance(value, dict) and "sha256" in value


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def differing_arrays(old: dict[str, Any], new: dict[str, Any]) -> float:
    """Return how far two arrays of other bits are from each other, infinitely where they hold whole numbers."""
    if old["array"] != new["array"] or not old["array"].startswith(("float", "bfloat")):
        return float("inf")
    total = max(old["numbers"][1], new["numbers"][1], NEAR_ZERO)
    count = (
        int(np.prod([int(size) for size in old["array"].split()[1].split("x")])) if " " in old["array"] else 1
    )
    scales = [total, total, *[total / max(count, 1)] * 4]
    pairs = zip(old["numbers"], new["numbers"], scales, strict=False)
    return max(apart(one, other, scale) for one, other, scale in pairs)


def apart(one: float, other: float, scale: float = NEAR_ZERO) -> float:
    """Return by how much two numbers differ, relative to the larger one or the scale."""
    if one == other or (one != one and other != other):
        return 0.0
    difference = abs(one - other) / max(abs(one), abs(other), scale)
    return difference if difference == difference else float("inf")


def excerpt(old: Any, new: Any) -> str:
    """Return the first words that differ."""
    old, new = (one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in (old, new))
    same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    start = max(same - 20, 0)
    return f"{old[start : same + 40]!r} became {new[start : same + 40]!r}"


def compare(old: Recording, new: Recording, tolerance: float) -> int:
    """Print a line for each case; return how many differ."""
    bad = 0
    for name, found in old["cases"].items():
        if name not in new["cases"]:
            said, good = "DIFFERENT: there is no such case any more", False
        else:
            said, good = verdict(found, new["cases"][name], tolerance)
        bad += not good
        print(f"{name:<28} {said}")
    return bad


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["record", "compare"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--tolerance", type=float, default=1e-6)
    parser.add_argument("--only", default="*", help="a pattern of names of cases, such as 'train/*'")
    parser.add_argument("--small", action="store_true", help="cases of a few seconds in total")
    arguments = parser.parse_args()
    from golden_cases import SMALL

    old = json.loads(arguments.file.read_text()) if arguments.action == "compare" else None

    def wanted(name: str) -> bool:
        small = not arguments.small or any(fnmatch.fnmatch(name, one) for one in SMALL)
        return small and fnmatch.fnmatch(name, arguments.only) and (old is None or name in old["cases"])

    new = record(wanted, lambda line: print(line, file=sys.stderr))
    if old is None:
        arguments.file.write_text(text_of(new))
        print(f"{len(new['cases'])} cases in {arguments.file}")
        return
    if old["about"] != new["about"]:
        print(f"recorded with {old['about']}, here {new['about']}")
    old["cases"] = {name: found for name, found in old["cases"].items() if wanted(name)}
    bad = compare(old, new, arguments.tolerance)
    print(
        f"{len(old['cases'])} cases, {bad} different" if bad else f"{len(old['cases'])} cases, none different"
    )
    sys.exit(bool(bad))


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def text_of(recording: Recording) -> str:
    """Return a recording as JSON with a line for each entry, so that a diff shows what changed."""
    cases = []
    for name, found in recording["cases"].items():
        lines = [f"{json.dumps(key)}: {compact(value)}" for key, value in found.items()]
        cases.append(f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n}")
    return f'{{"about": {json.dumps(recording["about"])},\n"cases": {{\n' + ",\n".join(cases) + "\n}}\n"


if __name__ == "__main__":
    main()
