"""The report: one HTML file that needs nothing else, the same bytes for the same runs."""

from __future__ import annotations

import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fgan.data import Dataset
from fgan.divergences import Divergence, divergence
from fgan.errors import FganError
from fgan.experiments.result import Comparison
from fgan.files import save_file
from fgan.objectives.build import BASELINES
from fgan.output import Say
from fgan.reporting.character import character_of
from fgan.reporting.formulas import formulas
from fgan.reporting.html import charts, numbers, repeat
from fgan.reporting.html.colours import colours
from fgan.reporting.html.commands import repeating
from fgan.reporting.html.finite import is_finite
from fgan.reporting.html.frontiers import frontier_chart
from fgan.reporting.html.gather import Gathered, Run, gather
from fgan.reporting.html.grids import first_of_each, grids
from fgan.reporting.html.summary import Summary, summarise
from fgan.reporting.wording import leaning
from fgan.seeds import checked_seed
from fgan.training.named_data import is_own_data, require_trained_on
from fgan.training.run import data_of
from fgan.training.run_directory import RunDirectory
from fgan.visible import visible, visible_inside

MARK = "<!-- fgan report -->"
"""Near the top of every report, so that nothing else is ever overwritten by one."""
BORDERS = {"solid": "solid", "dash": "dashed", "dot": "dotted"}
"""CSS's name for a line like that of a chart."""
MOST_RUNS = 60
"""Whose curves and samples are shown; the table has all."""


@dataclass(frozen=True)
class Report:
    """A report that was written.

    Args:
        path: the file.
        size: in bytes.
        runs: the runs that it shows, and how each ended.
        notes: what it could not show, and why.
        summary: what it says in sentences at the top.
    """

    path: Path
    size: int
    runs: dict[str, str]
    notes: list[str]
    summary: Summary


def report(
    *runs: str | Path | RunDirectory | Comparison,
    out: str | Path | None = None,
    seed: int = 0,
    data: str | Path | None = None,
    data_dir: str | Path | None = None,
    say: Say = print,
) -> Path:
    """Write one HTML file about a run, several runs on the same data, or a comparison; return its path.

    Args:
        runs: run directories and folders of comparisons, or what `fgan.load` returns for them.
        out: the file; default: report.html in the folder, or in the working directory for several folders.
        seed: seed of the latents, the same for every run.
        data: the data to show beside the samples; default: those of the runs, if you have trained on them here.
        data_dir: where mnist is, if it has moved since training.
        say: receives messages, such as what is missing.

    Raises:
        FganError: if a folder holds no run, there is nothing to show, the runs have different data, or `out` exists
            and is no report.
    """
    odd = next((one for one in runs if not isinstance(one, str | Path | RunDirectory | Comparison)), None)
    if odd is not None:
        raise FganError(
            f"report takes run directories and comparisons, one argument each; got {odd!r}. Pass a list as "
            "report(*runs)."
        )
    folders = [one if isinstance(one, str | Path) else one.path for one in runs]
    return write_report(folders, out, seed=seed, data=data, data_dir=data_dir, say=say).path


def write_report(
    directories: Sequence[str | Path],
    out: str | Path | None = None,
    *,
    seed: int = 0,
    data: str | Path | None = None,
    data_dir: str | Path | None = None,
    say: Say = print,
) -> Report:
    """Write a report about a run, several runs on the same data, or a comparison.

    Args:
        directories: run directories, or folders of comparisons.
        out: the file; default: `report.html` in the folder, or in the working directory for several folders.
        seed: seed of the latents, the same for every run.
        data: the data to show beside the samples; default: those of the runs, if you have trained on them here.
        data_dir: where mnist is, if it has moved since training.
        say: receives messages, such as what is missing.

    Raises:
        FganError: if a folder holds no run, there is nothing to show, the runs have different data, or `out` exists
            and is no report.
    """
    found = gather(directories)
    folder = Path(directories[0]) if len(directories) == 1 else Path()
    path = Path(out) if out is not None else folder / "report.html"
    check_free(path)
    content = render(found, _data(found, data, data_dir), checked_seed(seed)).encode()
    save_file(path, content, "A report")
    notes = found.said()
    for note in notes:
        say(visible(note))
    return Report(path, len(content), {run.name: run.state for run in found.runs}, notes, summarise(found))


def check_free(path: Path) -> None:
    """Refuse to overwrite what is no report.

    Raises:
        FganError: where something else is there.
    """
    if path.suffix not in (".html", ".htm"):
        raise FganError(f'--out must end in .html; got "{path}".')
    if path.is_dir() or (path.exists() and MARK.encode() not in path.read_bytes()[:200]):
        raise FganError(f"{path} exists and is no report of fgan. Remove it, or choose another --out.")


def _data(found: Gathered, data: str | Path | None, data_dir: str | Path | None) -> Dataset | None:
    """Load the data to set beside the samples; a report goes without where they are gone, or only named by a folder."""
    run = found.runs[0]
    config = replace(run.config, data=str(data)) if data else run.config
    where = str(data_dir) if data_dir else None if data else config.data_dir
    if not data and not is_own_data(run.directory, replace(config, data_dir=where)):
        found.note(
            f"samples are shown without the data: fgan has no record that you trained on {config.data} on this "
            "machine, and it reads nothing just because a folder names it. To show them, add --data DATA"
        )
        return None
    try:
        # What was skipped was said in training.
        dataset = data_of(replace(config, data_dir=where, strict=False), lambda note: None)
        if not data:
            require_trained_on(run.directory, dataset, "Restore it, or add --data DATA.")
    except FganError as error:
        found.note(f"samples are shown without the data: {error}")
        return None
    return dataset


def render(found: Gathered, dataset: Dataset | None, seed: int = 0) -> str:
    """Return the page."""
    import jinja2
    from plotly.offline import get_plotlyjs

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("fgan.reporting.html", ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,  # not what is HTML already
    )
    environment.filters["interval"], environment.filters["written"] = interval, written
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "ensure_ascii": False}
    return environment.get_template("page.html.jinja").render(
        **_parts(found, dataset, seed), mark=MARK, plotly=get_plotlyjs()
    )


def interval(found: Any) -> str:  # noqa: ANN401 - whatever has a value, a low and a high
    """Write the interval of a number.

    >>> from fgan.evaluation.result import Range
    >>> interval(Range(1.0, 0.5, 1.5))
    '[0.5, 1.5]'
    """
    return f"[{found.low:.4g}, {found.high:.4g}]" if is_finite(found) else ""


def written(found: Any) -> str:  # noqa: ANN401 - whatever has a value
    """Write a number to four digits, a dash where there is none.

    >>> from fgan.evaluation.result import Range
    >>> written(Range(1.23456, 0.5, 1.5))
    '1.235'
    """
    return f"{found.value:.4g}" if found.value is not None and math.isfinite(found.value) else "–"


def _parts(found: Gathered, dataset: Dataset | None, seed: int) -> dict[str, Any]:
    runs = found.runs
    paint = colours(run.game for run in runs)
    groups = {run.group: run.game for run in runs}
    shown = first_of_each(runs)[:MOST_RUNS]
    shown = [run for run in runs if run in shown]
    pictures = grids(shown, dataset, paint, seed)
    for text, run in pictures.notes:
        found.note(text, run)
    ranked = charts.ranking_chart(found.ranking, groups, paint) if found.ranking else None
    curves = charts.training_curves(shown, paint)
    if len(shown) < len(runs):
        found.note(
            f"curves and samples show {len(shown)} of {len(runs)} runs: the first seeds of every group"
        )
    means, rows = numbers.mean_rows(runs, found.ranking), numbers.run_rows(runs)
    known = _divergences(runs)
    at = {name: [group for group, game in groups.items() if game == name] for name in known}
    graphs, scatter = charts.graphs_of(known, at, paint), numbers.trade_off([*means, *rows], paint)
    frontier = frontier_chart(shown, paint)
    return {
        "title": _title(runs, paint),
        "data": runs[0].config.data,
        "runs": runs,
        "groups": groups,
        "seeds": sorted({run.config.seed for run in runs}),
        "colours": paint,
        "dashes": {group: BORDERS.get(dash, "double") for group, dash in charts.dashes(runs).items()},
        "notes": found.said(),
        "grids": pictures,
        "by_class": any(picture.classes for picture in pictures.pictures),
        "latents": seed,
        "same_latents": len({run.config.latent for run in runs}) == 1,
        "ranking": found.ranking,
        "ranking_chart": ranked,
        "tables": [part for part in (("Means over seeds", means), ("Every run", rows)) if part[1]],
        "columns": numbers.columns([*means, *rows]),
        "judged": next((run.evaluation for run in runs if run.evaluation), None),
        "trade_off": scatter,
        "frontier": frontier,
        "curves": curves,
        "graphs": graphs,
        "payload": visible_inside(
            {
                "charts": {
                    one.key: {"traces": one.traces, "layout": one.layout}
                    for one in [*curves, *graphs, *filter(None, [ranked, frontier])]
                },
                "tradeOff": scatter,
            }
        ),
        "facts": [_facts(group, runs, known) for group in groups],
        "shared": repeat.shared_settings([run.config for run in runs]),
        "differing": repeat.differing_settings({run.name: run.config for run in runs}),
        "commands": repeating(found),
        "summary": summarise(found),
        "versions": _versions(runs),
    }


def _title(runs: Sequence[Run], games: Sequence[str] | dict[str, str]) -> str:
    data, names = Path(runs[0].config.data).name, list(games)
    if len(names) > 4:
        return f"{data} by {len(names)} divergences"
    return f"{data} by " + " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _divergences(runs: Sequence[Run]) -> dict[str, Divergence]:
    return {run.game: divergence(run.game) for run in runs if run.game not in BASELINES}


def _facts(group: str, runs: Sequence[Run], known: dict[str, Divergence]) -> dict[str, Any]:
    """Say what the critic learns and what the generator of a group does, which may be another divergence."""
    run = next(run for run in runs if run.group == group)
    d, generator = known.get(run.game), character_of(run.config)
    formula = d and formulas(d)["f"]
    return {
        "group": group,
        "game": run.game,
        "title": d.card.title if d else "",
        "f": formula.pretty if formula else "",
        "leaning": leaning(d) if d else "",
        "follows": generator.follows,
        "generator": generator.in_full,
        "same": bool(d) and generator.follows == d.name,
    }


def _versions(runs: Sequence[Run]) -> dict[str, str]:
    judged = {
        f"{name} {number}"
        for run in runs
        if run.evaluation
        for name, number in run.evaluation.versions.items()
    }
    written = [f"{name} {version(name)}" for name in ("fgan", "torch", "plotly")]
    return {
        "this report": ", ".join([*written, f"Python {platform.python_version()}"]),
        **({"the evaluations": ", ".join(sorted(judged))} if judged else {}),
    }
