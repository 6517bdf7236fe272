"""fgan's steps against plain PyTorch loops of the same methods, and against the time of their matrix products.

    FGAN_DATA=... python benchmarks/speed.py [--device cpu] [--only NAME ...] [--json FILE] [--dry-run]

Each figure is the median of the ratios of neighbouring blocks, all in this process. Plain loops run with torch's own
number of threads, fgan with the number that it would choose. Threads wait as fgan's commands let them, which suits
plain loops too: torch's own default, spinning for longer, makes them slower here. Compilation comes before the first
block, but counts in the row of the whole `fgan train`. Real MNIST is used where $FGAN_DATA has it, else random bytes
of the same size: the time is the same.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from plain import Step, original, penalised
from torch.utils._python_dispatch import TorchDispatchMode

import fgan
from fgan.cores import WAITING, in_words, wait_without_spinning, working
from fgan.data import Dataset, TensorSource
from fgan.frame import Frame
from fgan.training.ensemble import Ensemble
from fgan.training.operations import operations_of
from fgan.training.trainer import Trainer

SEVEN = ["kl", "reverse-kl", "pearson", "squared-hellinger", "total-variation", "js", "gan"]
PRODUCTS = {torch.ops.aten.mm, torch.ops.aten.addmm, torch.ops.aten.bmm, torch.ops.aten.baddbmm}


@dataclass(frozen=True)
class Measured:
    """A row of the table: a median with quartiles, and the least that is asked for."""

    name: str
    what: str
    against: str
    asked: float | None
    found: float
    low: float
    high: float
    milliseconds: float

    def line(self) -> str:
        """Return it as a row of Markdown."""
        form = "{:.0%}" if self.name.startswith("floor") else "{:.2f}"
        found, low, high = (form.format(x) for x in (self.found, self.low, self.high))
        asked = "–" if self.asked is None else form.format(self.asked)
        return f"| {self.what} | {self.against} | {asked} | **{found}** ({low}–{high}) | {self.milliseconds:.3g} |"


HEADER = "| what | against | asked: at least | measured | ms a step |\n|---|---|---|---|---|"


@dataclass(frozen=True)
class Work:
    """A step, and the operations by which fgan chooses its threads; without them torch's own number."""

    step: Step
    operations: float | None = None

    def times(self, n: int) -> None:
        """Take n steps."""
        with nullcontext() if self.operations is None else working(self.operations):
            for _ in range(n):
                self.step()


@dataclass
class Bench:
    """What is measured, on what, and how long."""

    device: str
    dry: bool

    def __post_init__(self) -> None:
        """Load the data once."""
        self.mnist = mnist(64 if self.dry else 60_000)

    def config(self, preset: str, data: str, compile: str = "on", **changes: Any) -> fgan.TrainConfig:
        if "compile" in {field.name for field in dataclasses.fields(fgan.TrainConfig)}:
            changes["compile"] = "off" if self.dry else compile
        if self.dry and preset == "mnist-dcgan":
            changes["width"] = 2
        return fgan.preset(preset, data, device=self.device, **changes)

    def data(self, name: str) -> Dataset:
        return self.mnist if name == "mnist" else fgan.load_data(name)

    def ratios(
        self, numerator: Work, denominator: Work, *, seconds: float = 0.4, blocks: int = 15
    ) -> tuple[float, float, float, float]:
        """Return median and quartiles of numerator's time by denominator's, and denominator's seconds a step."""
        blocks, seconds = (2, 0.0) if self.dry else (blocks, seconds)
        both = numerator, denominator
        steps = [max(1, round(seconds / self.timed(work, 2))) for work in both]
        times = [[self.timed(work, n) for work, n in zip(both, steps, strict=True)] for _ in range(blocks)]
        low, middle, high = statistics.quantiles([a / b for a, b in times], n=4)
        return middle, low, high, statistics.median(b for _, b in times)

    def timed(self, work: Work, steps: int) -> float:
        """Return the seconds of a step."""
        self.wait()
        began = time.perf_counter()
        work.times(steps)
        self.wait()
        return (time.perf_counter() - began) / steps

    def wait(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()

    def ours(self, configs: Sequence[fgan.TrainConfig], data: Dataset) -> Work:
        """Return the steps of one ensemble, warmed up."""
        ensemble = Ensemble([Trainer(config, data) for config in configs])
        return self.warm(Work(ensemble.step, sum(map(operations_of, ensemble.trainers))))

    def plain(self, *steps: Step) -> Work:
        """Return the steps of loops, one of each in turn, warmed up."""
        return self.warm(Work(in_turn(steps)))

    def warm(self, work: Work) -> Work:
        work.times(1 if self.dry else 20)
        return work


def in_turn(steps: Sequence[Step]) -> Step:
    def step() -> None:
        for one in steps:
            one()

    return step


def mnist(n: int) -> Dataset:
    if os.environ.get("FGAN_DATA"):
        return fgan.load_data("mnist")
    source = TensorSource(torch.randint(0, 256, (n, 1, 28, 28), dtype=torch.uint8))
    return Dataset("random bytes", Frame.of_images((1, 28, 28)), source, source)


def step_of_original(bench: Bench) -> Measured:
    config, data = bench.config("original", "mnist"), bench.mnist
    found = bench.ratios(bench.plain(original(data, config)), bench.ours([config], data))
    return row("original", "`original`, a step", "plain loop", 2.5, found)


def whole_of_original(bench: Bench) -> Measured:
    data, steps = bench.mnist, 3 if bench.dry else 30_000
    config = bench.config("original", "mnist", "auto", steps=steps)
    loop = bench.plain(original(data, config))
    calls = 3 if bench.dry else 3000
    plain = [bench.timed(loop, calls)]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        fgan.train(config, f"{folder}/run", dataset=data, say=lambda line: None)
        ours = (time.perf_counter() - began) / steps
    plain.append(bench.timed(loop, calls))
    low, high = sorted(one / ours for one in plain)
    found = statistics.mean(plain) / ours, low, high, ours
    what = f"`fgan train mnist --preset original --steps {steps}`, compilation included"
    return row("train", what, "plain loop without any output", 2.2, found)


def default_on_digits(bench: Bench) -> Measured:
    config, data = bench.config("default", "digits"), bench.data("digits")
    found = bench.ratios(bench.plain(penalised(data, config)), bench.ours([config], data))
    return row("digits", "default recipe on digits, a step", "plain loop with R1 + R2, EMA", 2.5, found)


def dcgan(bench: Bench) -> Measured:
    config, data = bench.config("mnist-dcgan", "mnist"), bench.mnist
    loop = bench.plain(penalised(data, config))
    found = bench.ratios(loop, bench.ours([config], data), seconds=1.0, blocks=11)
    return row("dcgan", "`mnist-dcgan`, a step", "plain loop with lazy R1 + R2, EMA", 1.5, found)


def dcgan_against_half(bench: Bench) -> Measured:
    config, data = bench.config("mnist-dcgan", "mnist"), bench.mnist
    loop = bench.plain(penalised(data, config, half=True))
    found = bench.ratios(loop, bench.ours([config], data), seconds=1.0, blocks=11)
    return row("dcgan-half", "`mnist-dcgan`, a step", "the same loop in bfloat16, channels last", None, found)


def many_originals(bench: Bench) -> Measured:
    seeds, names = (1, SEVEN[:2]) if bench.dry else (4, SEVEN)
    configs = [
        bench.config("original", "mnist", divergence=name, seed=seed)
        for name in names
        for seed in range(seeds)
    ]
    loops = bench.plain(*(original(bench.mnist, config) for config in configs))
    found = bench.ratios(loops, bench.ours(configs, bench.mnist), seconds=1.0, blocks=9)
    return row(
        "members", f"{len(configs)} members of `original`, a step of all", "as many plain loops", 5, found
    )


def five_on_digits(bench: Bench) -> Measured:
    names, data = ["gan", "kl", "js", "reverse-kl", "squared-hellinger"], bench.data("digits")
    alone = [bench.ours([bench.config("default", "digits", "off", divergence=name)], data) for name in names]
    eager = Work(in_turn([one.step for one in alone]), alone[0].operations)
    configs = [bench.config("default", "digits", divergence=name) for name in names]
    found = bench.ratios(eager, bench.ours(configs, data), seconds=1.0, blocks=9)
    return row("five", "5 members of the default recipe on digits", "5 runs one by one, eager", 2, found)


class Recorder(TorchDispatchMode):
    """Keeps every matrix product with what it multiplied."""

    def __init__(self) -> None:
        super().__init__()
        self.products: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function.overloadpacket in PRODUCTS:
            self.products.append((function, args, kwargs or {}))
        return function(*args, **(kwargs or {}))


def share_of_floor(bench: Bench, name: str, preset: str, data_name: str, asked: float) -> Measured:
    """Return which share of a step's time its matrix products take, done one after the other and nothing else."""
    data = bench.data(data_name)
    eager = Ensemble([Trainer(bench.config(preset, data_name, "off"), data)])
    eager.step()
    with Recorder() as recorder:
        eager.step()
    products = [
        (function, [a.detach() if isinstance(a, torch.Tensor) else a for a in args], kwargs)
        for function, args, kwargs in recorder.products
    ]
    operations = operations_of(eager.trainers[0])

    @torch.no_grad()
    def floor() -> None:
        for function, args, kwargs in products:
            function(*args, **kwargs)

    found = bench.ratios(
        bench.warm(Work(floor, operations)), bench.ours([bench.config(preset, data_name)], data)
    )
    what = f"share of the matrix products, {'`original`' if preset == 'original' else 'default on ring8'}"
    return row(
        name, what, f"{len(products)} products of {operations / 1e6:.0f} million operations", asked, found
    )


def floor_of_original(bench: Bench) -> Measured:
    return share_of_floor(bench, "floor-original", "original", "mnist", 0.45)


def floor_of_default(bench: Bench) -> Measured:
    return share_of_floor(bench, "floor-ring8", "default", "ring8", 0.6)


def row(
    name: str, what: str, against: str, asked: float | None, found: tuple[float, float, float, float]
) -> Measured:
    middle, low, high, seconds = found
    return Measured(name, what, against, asked, middle, low, high, seconds * 1e3)


ROWS: dict[str, Callable[[Bench], Measured]] = {
    "original": step_of_original,
    "train": whole_of_original,
    "digits": default_on_digits,
    "dcgan": dcgan,
    "members": many_originals,
    "five": five_on_digits,
    "floor-original": floor_of_original,
    "floor-ring8": floor_of_default,
    "dcgan-half": dcgan_against_half,
}
ON_A_GPU = {"dcgan-half"}


def rows(bench: Bench, only: Sequence[str]) -> Iterator[Measured]:
    for name in only or [
        name for name in ROWS if name not in ON_A_GPU or bench.device == "cuda" or bench.dry
    ]:
        yield ROWS[name](bench)


def begin_as_commands_do() -> None:
    """Begin anew where torch was loaded before its threads were told how to wait, which they read once."""
    if not any(name in os.environ for name in WAITING):
        wait_without_spinning()
        os.execv(sys.executable, [sys.executable, *sys.argv])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--only", nargs="+", default=[], choices=ROWS, help="these rows alone")
    parser.add_argument(
        "--json", type=Path, help="where the figures go too; benchmarks/speed-DEVICE.json unless told"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="every row in a few steps: the figures mean nothing"
    )
    arguments = parser.parse_args()

    # As `fgan train` does; the plain loop gains by it too, and without it slows down as units fall silent.
    torch.set_flush_denormal(True)
    begin_as_commands_do()
    bench = Bench(arguments.device, arguments.dry_run)
    where = torch.cuda.get_device_name() if arguments.device == "cuda" else in_words()
    print(f"torch {torch.__version__}, {where}, {bench.mnist.name}\n\n{HEADER}", flush=True)
    found = []
    for measured in rows(bench, arguments.only):
        found.append(measured)
        print(measured.line(), flush=True)
    path = arguments.json or Path(__file__).with_name(f"speed-{arguments.device}.json")
    about = {"torch": torch.__version__, "where": where, "dry_run": arguments.dry_run}
    path.write_text(json.dumps(about | {"rows": [dataclasses.asdict(one) for one in found]}, indent=2) + "\n")


if __name__ == "__main__":
    main()
