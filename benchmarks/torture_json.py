"""Mutated JSON of every kind through every reader, thousands a second in this process."""

from __future__ import annotations

import contextlib
import io
import json
import random
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torture_mutate import mutated
from torture_tally import Tally, until

import fgan
from fgan.data.encoding import TableEncoding
from fgan.errors import FganError
from fgan.evaluation.result import Evaluation
from fgan.experiments.comparison import ComparisonDirectory
from fgan.experiments.result import Comparison
from fgan.exporting.safetensors_file import _rebuilt
from fgan.frame import Frame
from fgan.json_files import parse_json
from fgan.networks import Architecture, build_generator
from fgan.reporting.html.gather import gather
from fgan.reporting.html.page import _parts
from fgan.reporting.html.summary import summarise
from fgan.training.config import TrainConfig

SECONDS = 10
IN_MEMORY = Path("/dev/shm")
WEIGHTS = {"reported": 0.005, "listed": 0.1}
"""How often a slow kind is tried, to the others' 1."""
Reader = Callable[[str], object]


class HangError(BaseException):
    """A reader took longer than 10 s."""


def torture(seconds: float, seed: int) -> Tally:
    """Mutate each kind in turn, and read it."""
    tally, random_ = Tally("json"), random.Random(seed)
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder, alarmed():
        kinds = kinds_in(Path(folder))
        weights = [WEIGHTS.get(name.split()[0], 1.0) for name in kinds]
        for _ in until(seconds):
            (name,) = random_.choices(list(kinds), weights)
            value, read = kinds[name]
            tally.inputs += 1
            tried(tally, name, mutated(value, random_), read)
    return tally


@contextlib.contextmanager
def alarmed() -> Iterator[None]:
    """Let `signal.setitimer` raise a `HangError`."""

    def ring(number: int, frame: object) -> None:
        raise HangError

    before = signal.signal(signal.SIGPROF, ring)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def tried(tally: Tally, kind: str, text: str, read: Reader) -> None:
    """Read one input: an answer and an FganError are fine."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            read(text)
    except FganError:
        pass
    except HangError:
        tally.bad("hang", f"{kind}: {text[:200]!r}")
    except MemoryError:
        tally.bad("memory", f"{kind}: {text[:200]!r}")
    except BaseException as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        tally.bad(
            "traceback", f"{kind}: {type(error).__name__} {error} ({Path(at.filename).name}:{at.lineno})"
        )
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def kinds_in(folder: Path) -> dict[str, tuple[Any, Reader]]:
    """Return a sound value and the reader of each kind."""
    config = json.loads(
        TrainConfig(data="ring8", steps=60, width=8).to_json({"notes": ["a note"], "shape": [2]})
    )
    evaluation = evaluation_of()
    plan = {
        "members": {f"{name}-seed0": config | {"divergence": name} for name in ("kl", "js")},
        "groups": {"kl-seed0": "kl", "js-seed0": "js"},
        "judging": {"metrics": ["fid"], "rank_by": "fid", "n": 50, "reference": "auto", "extractor": "auto"},
        "log_to": [],
        "data": "0" * 64,
    }
    status = {"state": "finished", "step": 60, "reason": ""}
    line = {"step": 60, "bound": 0.25, "critic_loss": 0.1, "generator_loss": None}
    files = Folder(folder, config, plan)
    frame = Frame((2,), None, (0.5, 1.0), (2.0, 3.0), (0.0, 1.0), (1.0, 2.0)).to_json()
    run = Reported(folder / "reported")
    return {
        **{
            f"reported {name}": (value, run.read(name))
            for name, value in run.sound(evaluation, status).items()
        },
        "export": (exported(frame), rebuilt),
        "config": (config, lambda text: TrainConfig.from_json(text, "config.json").load_options()),
        "evaluation": (evaluation, evaluated),
        "ranking": (ranking_of(evaluation), ranked),
        "frame": (frame, lambda text: Frame.from_json(parse_json(text, "x")).outward(torch.zeros(1, 2))),
        "table": (table_of(), decoded),
        "comparison": (plan, files.planned),
        "listed config": (config, files.listed("kl-seed0/config.json")),
        "listed status": (status, files.listed("kl-seed0/status.json")),
        "listed log": (line, files.listed("kl-seed0/metrics.jsonl")),
        "listed evaluation": (evaluation, files.listed("kl-seed0/evaluation.json")),
        "listed plan": (plan, files.listed("comparison.json")),
        "listed ranking": (ranking_of(evaluation), files.listed("ranking.json")),
    }


def evaluation_of() -> dict[str, Any]:
    """Return the content of an evaluation.json."""
    number = {
        "value": 3.5,
        "low": 3.0,
        "high": 4.0,
        "better": "lower",
        "caveats": ["few samples"],
        "usable": True,
    }
    floor = {"value": 1.0, "low": 0.9, "high": 1.1}
    curve = {"precision": [0.5, 0.4], "low": [0.3, 0.2], "high": [0.6, 0.5]}
    return {
        "samples": "run, step 60", "against": "ring8", "n": 50, "reference": "held-out samples",
        "extractor": {"name": "identity", "dimension": 2, "sha256": ""},
        "metrics": {"fid": number | {"floor": floor}, "kid": number | {"floor": None, "value": None}},
        "skipped": {"modes": "classes"}, "warnings": ["few samples"], "versions": {"fgan": "0.1.0"},
        "asked": {"metrics": ["fid", "kid"], "n": 50, "seed": 0, "best": False}, "n_reference": 100, "n_floor": 50,
        "frontier": curve | {"slope": [0.5, 2.0], "floor": curve},
    }  # fmt: skip


def ranking_of(evaluation: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a ranking.json."""
    place = {
        "seeds": 1,
        "tied_with": ["js"],
        "metrics": evaluation["metrics"],
        "letters": "a",
        "p_values": {"js": 0.5},
    }
    return {
        "path": "x", "by": "fid", "features": "identity", "verdict": "kl is first.",
        "places": [place | {"group": "kl", "rank": 1}, place | {"group": "js", "rank": 1, "tied_with": ["kl"]}],
        "outcomes": {"kl-seed0": {"state": "finished", "reason": ""}, "js-seed0": {"state": "diverged", "reason": "x"}},
    }  # fmt: skip


def table_of() -> dict[str, Any]:
    """Return the content of a table.json."""
    column = {"kind": "number", "unit": "", "why": "", "missing_as": ""}
    stored = {"dtype": "", "categories": None, "ordered": False, "number": None}
    number = {
        "as": "number", "scores": [-1.0, 0.0, 1.0], "values": [1.0, 2.0, 3.0], "spikes": [0.0], "counts": [5, 2, 1],
        "missing": True, "decimals": 1, "origin": 0, "step": 1, "spread": False,
    }  # fmt: skip
    plain = {"least": 1, "most": 1, "decimal": ".", "thousands": "", "template": "", "offset": 0}
    word = {"as": "category", "values": ["a", "b"], "counts": [3, 4], "missing": False}
    moment = plain | {"template": "{Y:04d}-{m:02d}-{d:02d}"}
    day = number | {"decimals": 0, "values": [10.0, 20.0, 30.0]}
    return {
        "format": 1, "label": "", "separator": ",", "header": True,
        "columns": [
            column | {"name": "x", "spelling": plain, "stored": stored, "encoding": number},
            column | {"name": "w", "kind": "category", "spelling": None, "stored": stored, "encoding": word},
            column | {
                "name": "d", "unit": "days since 1970-01-01", "spelling": moment, "stored": stored, "encoding": day,
            },
        ],
    }  # fmt: skip


def evaluated(text: str) -> None:
    """Read an evaluation, and use it."""
    found = Evaluation.from_dict(parse_json(text, "evaluation.json"), "evaluation.json")
    found.table(80)
    found.to_json()
    found._repr_html_()
    for name in found.metrics:
        found.lacking(name)


def ranked(text: str) -> None:
    """Read a ranking, and use it."""
    found = Comparison.from_dict(parse_json(text, "ranking.json"), "ranking.json")
    found.table()
    found._repr_html_()
    json.dumps(found.to_dict(), allow_nan=False)


def decoded(text: str) -> None:
    """Read a table's encoding, and draw rows by it."""
    found = TableEncoding.from_json(text, "table.json")
    if found.width < 10_000:
        found.frame  # noqa: B018 - computed when asked for
        labels = torch.zeros(3, dtype=torch.int64) if found.label else None
        found.decode(torch.randn(3, found.width), labels)


def exported(frame: dict[str, Any]) -> dict[str, Any]:
    """Return the description in the header of an exported generator."""
    architecture = {"kind": "mlp", "latent": 2, "width": 4, "depth": 1, "activation": "relu", "classes": 0}
    return {
        "format": 1, "fgan": "0.1.0", "data": "ring8", "divergence": "kl", "step": 60, "classes": [], "frame": frame,
        "latent": {"dimension": 2, "law": "standard normal"}, "architecture": architecture, "table": table_of(),
    }  # fmt: skip


def rebuilt(text: str) -> None:
    """Read an exported generator, and draw from it."""
    about = parse_json(text, "header")
    architecture = about.get("architecture") if isinstance(about, dict) else None
    weights = {}
    if isinstance(architecture, dict) and architecture.get("width") == 4:
        network = build_generator(Architecture(latent=2, width=4, depth=1, activation="relu"), Frame((2,)))
        weights = network.state_dict()
    found = _rebuilt(text, dict(weights), Path("x.safetensors"), "x", "")
    repr(found)
    found.sampler().sample(2)


class Reported:
    """A trained run, of which a report is made with one file replaced."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with contextlib.redirect_stderr(io.StringIO()):
            fgan.train(
                "ring8", path, steps=4, batch_size=8, width=4, log_every=1, say=lambda line: None, bar=False
            )

    def sound(self, evaluation: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
        """Return the content of each file."""
        config = json.loads((self.path / "config.json").read_text())
        line = {"step": 2, "bound": 0.2, "critic_loss": 0.1, "generator_loss": 0.3, "evaluation_error": "x"}
        return {
            "config.json": config, "evaluation.json": evaluation | {"samples": "run, step 4"}, "status.json": status,
            "metrics.jsonl": line, "evaluations.jsonl": {"step": 4, "fid": 2.0}, "speed.jsonl": {"step": 2, "x": 1.0},
        }  # fmt: skip

    def read(self, name: str) -> Reader:
        """Return a reader of all that a report shows with this file replaced."""

        def read(text: str) -> None:
            file = self.path / name
            before = file.read_bytes() if file.exists() else None
            file.write_bytes(text.encode("utf-8", "surrogatepass") + b"\n")
            try:
                found = gather([self.path])
                _parts(found, None, 0)
                json.dumps(summarise(found).to_dict(), allow_nan=False)
            finally:
                file.unlink() if before is None else file.write_bytes(before)

        return read


class Folder:
    """A comparison on disk, one file of which is replaced at a time."""

    def __init__(self, folder: Path, config: dict[str, Any], plan: dict[str, Any]) -> None:
        self.folder, self.turn = folder, False
        self.sound = {"comparison.json": plan, "kl-seed0/config.json": config, "js-seed0/config.json": config}
        for name, value in self.sound.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(json.dumps(value))

    def planned(self, text: str) -> None:
        """Read a plan."""
        self._write("comparison.json", text)
        directory = ComparisonDirectory(self.folder)
        for member in directory.planned()[0]:
            inside = (self.folder / member.name).resolve().parent == self.folder.resolve()
            assert inside, f"{member.name!r} leads out"
        directory.log_to()
        directory.ranked_by()

    def listed(self, name: str) -> Reader:
        """Return a reader that lists the folder with this file replaced."""

        def read(text: str) -> None:
            self._write(name, text)
            try:
                self._list()
            finally:
                (self.folder / name).unlink()
                if name in self.sound:
                    (self.folder / name).write_text(json.dumps(self.sound[name]))

        return read

    def _list(self) -> None:
        from fgan.cli.runs import run

        self.turn = not self.turn
        run([str(self.folder), *(["--json"] if self.turn else [])])

    def _write(self, name: str, text: str) -> None:
        (self.folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
