"""Draw the figures of docs/benchmarks/ from the tables beside them: `python docs/_ext/benchmark_plots.py`."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from fgan.reporting.catalogue_pictures import STYLE

DOCS = Path(__file__).parents[1]
IMAGES = DOCS / "images" / "benchmarks"
OURS, OTHER, MARK = "#2563eb", "#9ca3af", "#b91c1c"


def table(page: str, head: str) -> list[list[str]]:
    """Return the rows below the header of a page's table that begins with `| head |`."""
    lines = (DOCS / "benchmarks" / page).read_text(encoding="utf-8").splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith(f"| {head} |")) + 2
    stop = next(place for place in range(start, len(lines)) if not lines[place].startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start:stop]]


def numbers(cell: str) -> list[float]:
    """Return the numbers in a cell."""
    return [float(found) for found in re.findall(r"\d*\.?\d+", cell.replace(",", ""))]


def words(cell: str) -> str:
    """Return a cell's text without marks."""
    return re.sub(r"[`*]", "", cell)


def bars(
    axes: Axes,
    names: Sequence[str],
    values: Sequence[float],
    *,
    target: Sequence[float | None] = (),
    what: str,
) -> None:
    """Draw horizontal bars with their values, and a mark at each target."""
    places = range(len(names))
    axes.barh(places, values, color=OURS, height=0.6)
    for place, value in zip(places, values, strict=True):
        axes.text(value, place, f"{value:g} ", va="center", ha="right", color="white")
    for place, aim in enumerate(target):
        if aim is not None:
            axes.plot([aim, aim], [place - 0.4, place + 0.4], color=MARK, linewidth=2)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlabel(what)


def speed(axes: Axes) -> None:
    """Speed relative to plain loops."""
    rows = table("speed.md", "what | compared with | target | measured (quartiles) | ms a step")
    short = [
        words(row[0]).replace("fgan train mnist --preset original --steps 30000", "fgan train")
        for row in rows
    ]
    aims = [numbers(row[2])[0] for row in rows]
    bars(axes, short, [numbers(row[3])[0] for row in rows], target=aims, what="times as fast (red: target)")
    axes.axvline(1, color=OTHER, linewidth=1)


def terms(axes: Axes) -> None:
    """Cost of losses."""
    rows = table("speed.md", "divergence | multiple")
    bars(
        axes, [row[0] for row in rows], [numbers(row[1])[0] for row in rows], what="multiple of one softplus"
    )


def recipe(axes: Axes) -> None:
    """MNIST distance by divergence, best first."""
    found = {
        row[0]: numbers(row[1].partition("(")[0])
        for row in table("recipe.md", "divergence | MNIST | rarest class")
    }
    for place, (_, values) in enumerate(ordered := sorted(found.items(), key=lambda one: min(one[1]))):
        axes.plot(values, [place] * len(values), "o", color=OURS)
    axes.set_yticks(range(len(ordered)), [name for name, _ in ordered])
    axes.invert_yaxis()
    axes.axvline(20, color=MARK, linewidth=1)
    axes.set_xlabel("distance, multiples of real-vs-real (red: target)")
    axes.grid(axis="y", color="#e5e7eb")


def intervals(axes: Axes) -> None:
    """Coverage of intervals."""
    rows = table("evaluation.md", "metric | intervals that hold the truth")
    axes.axvspan(92, 98, color="#dbeafe")
    axes.axvline(95, color=OTHER, linewidth=1)
    for place, row in enumerate(rows):
        axes.plot(numbers(row[1]), [place], "o", color=OURS)
    axes.set_yticks(range(len(rows)), [row[0].partition(" (")[0] for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(90, 100)
    axes.set_xlabel("intervals that hold the truth, % (band: target)")


def accuracy(axes: Axes) -> None:
    """Ranges of relative errors beside an oracle's."""
    rows = table("accuracy.md", "true divergence (nats)")
    for shift, color, row in zip((-0.08, 0.08), (OURS, OTHER), rows, strict=True):
        for place, cell in enumerate(row[1:]):
            low, high = numbers(cell)
            axes.plot(
                [place + shift] * 2, [low, high], color=color, linewidth=6, label="" if place else row[0]
            )
    axes.set_xticks(range(4), ["0.1", "0.5", "1", "3"])
    axes.set_ylim(0)
    axes.set_xlabel("true divergence, nats")
    axes.set_ylabel("relative error, % (range)")
    axes.legend(frameon=False)


def staircase(axes: Axes) -> None:
    """Mutual information by batches, ours and published."""
    stairs = [2, 4, 6, 8, 10]
    axes.plot(stairs, stairs, color=OTHER, linewidth=1, label="truth")
    names: dict[str, str] = {}
    for row in table("information.md", "truth | 2 | 4 | 6 | 8 | 10 | spread"):
        name, published = words(row[0]).removesuffix(", published"), row[0].endswith("published")
        color = names.setdefault(name, f"C{len(names)}")
        values = [numbers(cell)[0] for cell in row[1:6]]
        label = "" if published else name
        axes.plot(stairs, values, "x--" if published else "o-", color=color, label=label, markersize=5)
    axes.set_xticks(stairs)
    axes.set_xlabel("truth, nats")
    axes.set_ylabel("estimate, nats (dashed: published)")
    axes.legend(frameon=False)


def tables(axes: Axes) -> None:
    """Distance of synthetic tables."""
    rows = table("tables.md", "table | fgan | CTGAN")
    for shift, column, color, name in (
        (-0.27, 1, OURS, "fgan"),
        (0, 2, OTHER, "CTGAN"),
        (0.27, 4, "#16a34a", "real rows"),
    ):
        values = [numbers(row[column])[0] for row in rows]
        places = [place + shift for place in range(len(rows))]
        axes.barh(places, values, height=0.25, color=color, label=name)
        for place, value in zip(places, values, strict=True):
            axes.text(value, place, f" {value:g}", va="center")
    axes.set_yticks(range(len(rows)), [row[0] for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("Jensen–Shannon divergence to held-out rows (at most 1.386)")
    axes.legend(frameon=False)


FIGURES: dict[str, tuple[Callable[[Axes], None], float]] = {
    "speed": (speed, 2.6),
    "terms": (terms, 2.8),
    "recipe-mnist": (recipe, 5.6),
    "intervals": (intervals, 3.2),
    "accuracy": (accuracy, 3.0),
    "staircase": (staircase, 3.8),
    "tables": (tables, 2.8),
}
"""By file: what draws it, and its height in inches."""


def draw(name: str, folder: Path = IMAGES) -> Path:
    """Write one figure as an SVG file, the same bytes every time."""
    style: Any = {**STYLE, "axes.edgecolor": "#6b7280"}
    part, height = FIGURES[name]
    with mpl.rc_context(style):
        figure = Figure(figsize=(7.2, height), layout="constrained")
        FigureCanvasSVG(figure)
        part(figure.add_subplot())
        path = folder / f"{name}.svg"
        figure.savefig(path, format="svg", metadata={"Date": None})
    text = re.sub(r"[ \t]+$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")
    return path


if __name__ == "__main__":
    IMAGES.mkdir(parents=True, exist_ok=True)
    for each in FIGURES:
        draw(each)
