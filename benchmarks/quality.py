"""Quality against time: what a preset's samples are worth after so many seconds of training.

    FGAN_DATA=... python benchmarks/quality.py mnist [--presets auto mnist-dcgan ...] [--divergences kl ...]
        [--seconds 720] [--marks 60 300 ...] [--seeds 3] [--set width=16 lr=2e-4 ...] [--clock wall|processor]
        [--out runs/quality]

At each mark, and at the end, the averaged generator draws --n samples, which `fgan.evaluate` holds against the data;
that time does not count. Points are judged by their modes or js, pictures by fid. The second table has the seconds
after which a run was at most so many times real against real. A picture of the curves, a row of pictures of each run
and all numbers are left in --out. "auto" is the preset that fits the data; "icons" are 600 drawn ones (icons.py).

A recipe with a cooldown takes as many steps as should fit into the seconds, by a short run before, unless --set says
how many, and is judged after the last one however long they took.

On a machine that does other things too, --clock processor counts the seconds of this process on all its cores.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import json
import math
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import product, starmap
from pathlib import Path
from typing import Any

import icons
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import fgan
from fgan.data import draw_samples, save_picture
from fgan.data.dataset import as_uint8
from fgan.experiments.fitting import fitting
from fgan.experiments.presets import FITTING, PRESETS
from fgan.output import aligned, silent

MARKS = (15, 30, 60, 90, 120, 180, 240, 300, 420, 540, 720, 960, 1200, 1800, 2700, 3600)
MULTIPLES, NATS = (32, 16, 8, 4, 3, 2), (0.5, 0.2, 0.1, 0.05, 0.02)
"""Levels of quality: of fid as multiples of real against real, of a divergence in nats."""
OF_PICTURES = ("fid", "precision", "recall", "coverage", "c2st")
OF_MODES = ("modes-kl", "modes", "within-3-sigma")
OF_POINTS = ("js", "c2st")
ICONS = 600
ROW = 20
"""Samples of each run that stand in a row, one run below the other."""
TRIAL = 400
"""Steps of the run that tells how long one takes; the first quarter does not count."""
CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "processor": time.process_time}


@dataclass
class Curve:
    """A run's quality at each mark.

    Args:
        preset, divergence, seed: of the run.
        points: of each mark the seconds, the step, and each number; `floors` the same numbers of real samples.
    """

    preset: str
    divergence: str
    seed: int
    points: list[dict[str, float]] = field(default_factory=list)
    floors: dict[str, float] = field(default_factory=dict)

    @property
    def recipe(self) -> tuple[str, str]:
        """The preset and the divergence."""
        return self.preset, self.divergence


class Judging:
    """Callback that stops the clock at each mark, judges, and ends the run after the last.

    Args:
        curve: filled.
        data: to hold samples against.
        marks: seconds.
        n: samples.
        clock: counts the seconds.
        show: told of each point.
    """

    def __init__(
        self,
        curve: Curve,
        data: fgan.Dataset,
        marks: list[float],
        n: int,
        clock: Callable[[], float],
        show: Callable[[Curve], None],
    ) -> None:
        self.curve, self.data, self.marks, self.n, self.clock, self.show = curve, data, marks, n, clock, show
        self.aside, self.began = 0.0, None
        self.samples: torch.Tensor | None = None

    def on_step(self, state: Any) -> object:
        """Judge if a mark has been reached; the first step, which may compile, does not count."""
        now = self.clock()
        if self.began is None:
            self.began = now
        seconds = now - self.began - self.aside
        if seconds < self.marks[0] and state.step < state.steps:
            return None
        self.samples = state.sample(self.n, seed=1)
        self.judge({"seconds": seconds, "step": state.step})
        self.marks = [mark for mark in self.marks if mark > seconds]
        self.aside += self.clock() - now
        return None if self.marks else fgan.STOP

    def judge(self, point: dict[str, float]) -> None:
        """Add what the samples are worth."""
        assert self.samples is not None
        shown = columns(self.data)
        samples = as_uint8(self.samples) if self.data.is_image else self.samples
        found = fgan.evaluate(samples, self.data, n=self.n, metrics=shown, say=silent)
        for name in shown:
            if name in found:
                point[name] = found[name].value
                self.curve.floors[name] = found[name].floor.value
        self.curve.points.append(point)
        self.show(self.curve)


def columns(data: fgan.Dataset) -> tuple[str, ...]:
    """Return what is shown of samples; the first number decides."""
    return OF_PICTURES if data.is_image else (*(OF_MODES if data.modes else ()), *OF_POINTS)


def fill(curve: Curve, arguments: argparse.Namespace, data: fgan.Dataset) -> torch.Tensor:
    """Train the run of a curve, judging at each mark, and return some of its last samples."""
    out = place_of(arguments, curve)
    clock, seconds = CLOCKS[arguments.clock], arguments.seconds
    changes = {"steps": 10**6} | arguments.set
    config = fgan.preset(
        curve.preset, arguments.data, divergence=curve.divergence, seed=curve.seed, **changes
    )
    config = dataclasses.replace(config, sample_every=0, keep_checkpoints=1)
    if config.cooldown and "steps" not in arguments.set:
        if config.compile == "auto":  # which would depend on the number of steps
            config = dataclasses.replace(config, compile="on")
        steps = int(seconds / seconds_a_step(config, data, clock))
        config = dataclasses.replace(config, steps=max(steps, 1))
    last = math.inf if config.cooldown else seconds
    judging = Judging(
        curve,
        data,
        [mark for mark in arguments.marks if mark < seconds] + [last],
        arguments.n,
        clock,
        show_point,
    )
    run = fgan.train(config, out, dataset=data, callbacks=[judging], say=silent, bar=False)
    if run.warning:
        print(run.warning)
    assert judging.samples is not None
    save_picture(draw_samples(judging.samples[:100]), out / "samples.png")
    (out / "quality.json").write_text(json.dumps(asdict(curve), indent=1))
    return judging.samples[:ROW].clone()  # a view would keep them all


def seconds_a_step(config: fgan.TrainConfig, data: fgan.Dataset, clock: Callable[[], float]) -> float:
    """Return the seconds of a step, by a run of a few that is thrown away."""
    times: list[float] = []

    class Timing:
        def on_step(self, state: Any) -> object:
            times.append(clock())
            return fgan.STOP if len(times) == TRIAL else None

    with tempfile.TemporaryDirectory() as folder:
        fgan.train(config, Path(folder) / "run", dataset=data, callbacks=[Timing()], say=silent, bar=False)
    return (times[-1] - times[TRIAL // 4]) / (TRIAL - 1 - TRIAL // 4)


def place_of(arguments: argparse.Namespace, curve: Curve) -> Path:
    """Return the folder of a run."""
    label = "-".join([arguments.label, *curve.recipe, str(curve.seed)])
    return arguments.out / re.sub(r"[^\w.-]", "_", label)


def show_point(curve: Curve) -> None:
    """Print the newest point of a curve."""
    point = curve.points[-1]
    numbers = "  ".join(f"{name} {point[name]:.3g}" for name in curve.floors)
    run = f"{curve.preset} {curve.divergence} seed {curve.seed}"
    print(f"{run}  {point['seconds']:5.0f} s  step {point['step']:>6,}  {numbers}", flush=True)


def levels_of(curve: Curve, decisive: str) -> dict[str, float]:
    """Return the levels of quality by name."""
    if decisive == "fid":
        return {f"≤ {level}×": level * curve.floors[decisive] for level in MULTIPLES}
    return {f"≤ {level}": level for level in NATS}


def summed_up(curves: list[Curve], decisive: str) -> None:
    """Print the last point of each recipe, as a mean over seeds, and the median seconds to each level."""
    names, levels = list(curves[0].floors), list(levels_of(curves[0], decisive))
    rows = [["preset", "divergence", "seconds", *names, *levels]]
    for recipe in dict.fromkeys(curve.recipe for curve in curves):
        own = [curve for curve in curves if curve.recipe == recipe]
        last = [curve.points[-1] for curve in own]
        means = [statistics.fmean(point[name] for point in last) for name in ("seconds", *names)]
        times = [[seconds_to(curve, decisive)[level] for curve in own] for level in levels]
        medians = [statistics.median(found) if None not in found else None for found in times]
        rows.append(
            [
                *recipe,
                *(f"{mean:.3g}" for mean in means),
                *("–" if median is None else f"{median:.0f}" for median in medians),
            ]
        )
    floors = [statistics.fmean(curve.floors[name] for curve in curves) for name in names]
    rows.append(["real against real", "", "", *(f"{floor:.3g}" for floor in floors), *[""] * len(levels)])
    print("\n" + "\n".join(aligned(rows)))


def seconds_to(curve: Curve, decisive: str) -> dict[str, float | None]:
    """Return after how many seconds a curve first reached each level."""
    return {
        name: next((point["seconds"] for point in curve.points if point[decisive] <= level), None)
        for name, level in levels_of(curve, decisive).items()
    }


def drawn(curves: list[Curve], decisive: str, path: Path) -> None:
    """Draw the curves, a line for each run."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    colours = {recipe: f"C{k}" for k, recipe in enumerate(dict.fromkeys(curve.recipe for curve in curves))}
    for curve in curves:
        axes.plot(
            [point["seconds"] for point in curve.points],
            [point[decisive] for point in curve.points],
            color=colours[curve.recipe],
            label=" ".join(curve.recipe) if curve.seed == curves[0].seed else None,
        )
    axes.axhline(curves[0].floors[decisive], color="grey", linestyle=":", label="real against real")
    axes.set(xscale="log", yscale="log", xlabel="seconds of training", ylabel=decisive)
    axes.legend()
    FigureCanvasAgg(figure).print_figure(path)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--presets", nargs="+", default=[FITTING], choices=(FITTING, *PRESETS))
    parser.add_argument("--divergences", nargs="+", default=["kl"])
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument(
        "--marks", type=float, nargs="*", default=MARKS, help="seconds; none: judge the end alone"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--clock", choices=tuple(CLOCKS), default="wall")
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE")
    parser.add_argument("--out", type=Path, default=Path("runs/quality"))
    arguments = parser.parse_args()
    arguments.label = "-".join([Path(arguments.data).name, *arguments.set])
    arguments.set = dict(map(setting, arguments.set))
    return arguments


def setting(text: str) -> tuple[str, Any]:
    """Return a field of the recipe and its value, a Python literal or a word."""
    name, _, value = text.partition("=")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def main() -> None:
    arguments = parsed()
    data = icons.loaded(ICONS) if arguments.data == "icons" else fgan.load_data(arguments.data)
    conditional, augment = arguments.set.get("conditional", False), arguments.set.get("augment", "none")
    fits = fitting(data, conditional=conditional, augmented=augment != "none")
    presets = dict.fromkeys(fits if name == FITTING else name for name in arguments.presets)
    curves = list(starmap(Curve, product(presets, arguments.divergences, range(arguments.seeds))))
    if taken := [str(place) for curve in curves if (place := place_of(arguments, curve)).exists()]:
        raise SystemExit(f"already there: {', '.join(taken)}. Name another --out.")
    rows = [fill(curve, arguments, data) for curve in curves]
    decisive = columns(data)[0]
    summed_up(curves, decisive)
    label = "-".join([arguments.label, *arguments.presets]).replace("/", "_")
    drawn(curves, decisive, arguments.out / f"{label}.svg")
    if data.is_image:
        save_picture(draw_samples(torch.cat(rows), columns=ROW), arguments.out / f"{label}.png")


if __name__ == "__main__":
    main()
