"""A run directory damaged in many ways, and what each verb makes of it: the same bits, or the file is named.

    python benchmarks/torture.py storage

"Silently wrong" is found by comparing with a run that nothing disturbed.
"""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from torture_damage import Damage, Fault, faults
from torture_forks import Outcome, digests, run, warm
from torture_kills import QUICK
from torture_small import TINY, flags
from torture_tally import Tally, until

FLAGS = flags(
    {
        **TINY,
        **{"batch-size": 8, "latent": 2, "sample-count": 4, "evaluate-n": 32},
        **{"log-every": 2, "checkpoint-every": 4, "sample-every": 8, "evaluate-every": 4},
    }
)
STEPS, MORE_STEPS = 12, 16
VERBS = ("resume", "sample", "best", "evaluate", "report", "runs")
PATIENCE = 60.0


def torture(seconds: float, seed: int) -> Tally:
    """Try every fault with every verb, in random order, while there is time."""
    warm()
    tally = Tally("storage")
    with tempfile.TemporaryDirectory(dir=QUICK if Path(QUICK).is_dir() else None) as place:
        bench = Bench(Path(place).resolve())
        tries = [(fault, verb) for fault in faults(bench.base) for verb in VERBS]
        random.Random(seed).shuffle(tries)
        for number in until(seconds):
            if number == len(tries):
                break
            tally.faults += 1
            for kind, what in bench.tried(*tries[number]):
                tally.bad(kind, what)
    return tally


class Bench:
    """A run, the same run made longer, and what each verb makes of them.

    Args:
        place: an empty folder.
    """

    def __init__(self, place: Path) -> None:
        self.place, self.case, self.base = place, place / "case", place / "base"
        self.data = place / "data.npy"
        np.save(self.data, np.random.default_rng(0).integers(0, 256, (64, 4, 4), np.uint8))
        outcome = run(("train", str(self.data), "--out", str(self.base), "--steps", str(STEPS), *FLAGS))
        assert outcome.code == 0, outcome.text
        self.expected: dict[str, Any] = {}
        for verb in VERBS:
            outcome, found = self.asked(verb, lambda folder: None)
            assert outcome.code == 0, outcome.text
            self.expected[verb] = found

    def asked(self, verb: str, damage: Damage) -> tuple[Outcome, Any]:
        """Return what a verb says about a damaged copy, and what it makes."""
        shutil.rmtree(self.case, ignore_errors=True)
        made = self.place / "made.npy", self.place / "made.html"
        for path in made:
            path.unlink(missing_ok=True)
        shutil.copytree(self.base, self.case, symlinks=True)
        damage(self.case)
        case, sample, page = str(self.case), *map(str, made)
        lines = {
            "resume": ("train", "--resume", "--out", case, "--steps", str(MORE_STEPS)),
            "sample": ("sample", case, "--n", "8", "--out", sample),
            "best": ("sample", case, "--best", "--n", "8", "--out", sample),
            "evaluate": ("evaluate", case, "--n", "32", "--metrics", "fid", "--device", "cpu", "--json"),
            "report": ("report", case, "--out", page),
            "runs": ("runs", case, "--json"),
        }
        outcome = run(lines[verb], seconds=PATIENCE)
        if verb == "resume":
            return outcome, as_made(self.case)
        if verb in ("sample", "best"):
            return outcome, made[0].read_bytes() if made[0].exists() else None
        if verb == "report":
            return outcome, made[1].read_bytes() if made[1].exists() else None
        return outcome, numbers_in(outcome.text)

    def tried(self, fault: Fault, verb: str) -> Iterator[tuple[str, str]]:
        """Yield the kinds and words of what went wrong."""
        outcome, found = self.asked(verb, fault.damage)
        said = f"{fault.name}, {verb}: {outcome.last}"
        if outcome.traceback:
            yield "traceback", said
        elif outcome.code is None:
            yield "hang", said
        elif not any(word in outcome.text for word in fault.named):
            if outcome.code:
                yield "silent", f"refused without naming {fault.named[0]}: {said}"
            elif found != self.expected[verb] and verb != "runs":  # which shows the last line of each file
                yield "silent", said
        if verb == "resume" and outcome.code == 0 and "Delete" in outcome.text:
            yield "silent", f"asks to delete something: {said}"


def as_made(folder: Path) -> dict[str, str]:
    """Return the digests of what fgan makes: without what it set aside, and files that others put there."""
    strays = ("stray", "/._", ".DS_Store", "zz.")
    made = ("checkpoints/step-", "best/step-", "samples/step-", "metrics", "evaluations", "config", "status")
    return {
        name: digest
        for name, digest in digests(folder).items()
        if name.startswith(made)
        and not any(stray in name for stray in strays)
        and name != "samples/step-00000012.png"
    }


def numbers_in(text: str) -> Any:
    """Return the JSON at the end of what was printed, without what differs between two calls."""
    start = text.find("{\n")
    if start < 0:
        return None
    try:
        found, _ = json.JSONDecoder().raw_decode(text[start:])
    except ValueError:
        return None
    return {name: value for name, value in found.items() if name not in ("seconds", "updated", "run", "runs")}
