"""Run directories as the page shows them: generators side by side on the same latents, and curves that grow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fgan.errors import FganError, RunError
from fgan.experiments.listing import Listed, list_runs
from fgan.lab.frames import Latents, encoded, pictures
from fgan.training.run_directory import RunDirectory
from fgan.training.sampling import Sampler

MOST_RUNS = 8
CURVES = ("bound", "critic_loss", "generator_loss")
LONGEST_CURVE = 500
PIXELS, SPOTS = 64, 4096
"""Side of the picture of samples that are no pictures, and the samples in it."""
SIDE_AT_MOST = 128
"""Larger pictures are shown at a whole fraction of their size."""


@dataclass
class Shown:
    """A run with its newest generator, if it has a checkpoint yet."""

    folder: RunDirectory
    listed: Listed
    sampler: Sampler | None = None
    step: int = -1
    problem: str = ""
    curves: dict[str, list[Any]] | None = None


def found(paths: list[str]) -> list[Listed]:
    """Return the runs at these paths: each a run directory, a comparison, or a folder with some.

    Raises:
        FganError: if one of them holds no run, or there are too many.
    """
    runs: list[Listed] = []
    for path in paths:
        listing = list_runs(path)
        here = [*listing.runs, *(member for one in listing.comparisons for member in one.members)]
        if not here:
            why = f" ({listing.problems[0]})" if listing.problems else ""
            raise FganError(
                f"{path} holds no run{why}. Pass a folder made by `fgan train` or `fgan compare`."
            )
        runs += here
    if len(runs) > MOST_RUNS:
        names = ", ".join(run.path for run in runs[:MOST_RUNS])
        raise FganError(
            f"the lab shows at most {MOST_RUNS} runs; {', '.join(paths)} hold {len(runs)}. "
            f"Name those to show, such as {names}."
        )
    return runs


class Gallery:
    """Runs that a page looks at. Nothing is written to them.

    Args:
        paths: as for `found`.

    Raises:
        FganError: as for `found`.
    """

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths
        self.runs = [Shown(RunDirectory(one.path), one) for one in found(paths)]
        for run in self.runs:
            run.folder.say = _ignore  # the listing says what is damaged
        self.latents = Latents(1, 0)
        self.classes: list[str] = []
        self.look()

    @property
    def names(self) -> list[str]:
        """The paths of the runs."""
        return [run.listed.path for run in self.runs]

    def look(self) -> bool:
        """Read what has been written since the last look; return whether there was anything."""
        news = False
        try:
            listed = {one.path: one for one in found(self.paths)}
        except FganError as error:  # a folder is gone: what was read of it is still shown, with the reason
            before = [run.problem for run in self.runs]
            for run in self.runs:
                run.problem = str(error)
            return before != [run.problem for run in self.runs]
        for run in self.runs:
            now = listed.get(run.listed.path, run.listed)
            if now != run.listed or run.curves is None:
                news, run.listed, run.curves = True, now, _curves(run.folder)
            news |= _load_newest(run)
        if news:
            self._fit_latents()
        return news

    def _fit_latents(self) -> None:
        """Make latents for the largest generator; the classes, where all agree."""
        samplers = [run.sampler for run in self.runs if run.sampler]
        dimension = max((one.latent for one in samplers), default=1)
        classes = {tuple(one.classes) for one in samplers}
        self.classes = list(classes.pop()) if len(classes) == 1 else []
        if (dimension, len(self.classes)) != (self.latents.dimension, self.latents.classes):
            self.latents = Latents(dimension, len(self.classes))

    def frame(self, state: dict[str, Any]) -> bytes:
        """Return the message about the present state of all runs."""
        images = [self._images(run) for run in self.runs]
        header = {
            "kind": "pictures",
            "step": max(run.listed.step for run in self.runs),
            "names": [Path(run.listed.path).name for run in self.runs],
            "runs": [_described(run) for run in self.runs],
        }
        arrays = {f"images{k}": one for k, one in enumerate(images) if one is not None}
        return encoded(header | state | self.latents.described(self.classes), arrays)

    def _images(self, run: Shown) -> Tensor | None:
        if run.sampler is None:
            return None
        sampler = run.sampler
        shape = sampler.frame.shape
        if len(shape) != 3 or not sampler.frame.value_range:
            return scatter(sampler.sample(SPOTS))
        labels = self.latents.labels if sampler.classes and self.classes else None
        if labels is None:
            labels = sampler.labels(len(self.latents.values))
        samples = sampler.samples(self.latents.values[:, : sampler.latent], labels).float()
        low, high = sampler.frame.value_range
        stride = -(-shape[-1] // SIDE_AT_MOST)
        return pictures((samples[..., ::stride, ::stride] - low) / (high - low))


def scatter(samples: Tensor) -> Tensor:
    """Return samples that are no pictures as one (1, H, W, 1): where the first two numbers of each lie.

    >>> scatter(torch.tensor([[0.0, 0.0], [1.0, 1.0]])).shape
    torch.Size([1, 64, 64, 1])
    """
    plane = samples.flatten(1)[:, :2].float()
    if plane.shape[1] == 1:  # a single number: a line
        plane = torch.cat([plane, torch.zeros_like(plane)], 1)
    plane = plane[plane.isfinite().all(1)]
    counts = torch.zeros(PIXELS * PIXELS)
    if len(plane):
        low, high = plane.amin(0), plane.amax(0)
        cells = ((plane - low) / (high - low).clamp(min=1e-9) * (PIXELS - 1)).long()
        counts = torch.bincount(
            (PIXELS - 1 - cells[:, 1]) * PIXELS + cells[:, 0], minlength=PIXELS**2
        ).float()
    shade = 1 - (counts / counts.max().clamp(min=1)).sqrt()
    return pictures(shade.view(1, 1, PIXELS, PIXELS))


def _load_newest(run: Shown) -> bool:
    """Load the newest checkpoint, if there is one that was not loaded; return whether there was."""
    steps = run.folder.checkpoints().steps()
    if not steps or steps[-1] == run.step:
        return False
    before = run.problem
    try:
        run.sampler, run.step, run.problem = run.folder.sampler(), steps[-1], ""
    except RunError as error:  # also while a training that goes on replaces it: the next look reads the next
        run.problem = str(error)
    return not run.problem or run.problem != before


def _described(run: Shown) -> dict[str, Any]:
    listed = run.listed
    return {
        "name": Path(listed.path).name,
        "divergence": listed.divergence,
        "data": listed.data,
        "step": listed.step,
        "steps": listed.steps,
        "state": listed.state,
        "problem": run.problem or listed.reason,
        "curves": run.curves,
    }


def _curves(folder: RunDirectory) -> dict[str, list[Any]]:
    lines = folder.metrics()
    lines = lines[:: max(-(-len(lines) // LONGEST_CURVE), 1)]
    return {name: [line.get(name) for line in lines] for name in ("step", *CURVES)}


def _ignore(line: str) -> None:
    """Say nothing."""
