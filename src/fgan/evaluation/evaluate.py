"""`fgan.evaluate`: measure sample quality, with confidence intervals and real-vs-real baselines."""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable
from importlib.metadata import version
from numbers import Integral
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fgan.cores import working
from fgan.data import Dataset, TensorSource, as_dataset
from fgan.data.dataset import as_float, finite
from fgan.data.passed import Passable
from fgan.device import resolve_device
from fgan.errors import FganError, MemoryLimitError
from fgan.evaluation.copying import nearest_training, repeated
from fgan.evaluation.domain import FEWER
from fgan.evaluation.features import Extractor, extractor_for, mismatch
from fgan.evaluation.frontier import curve_of
from fgan.evaluation.jackknife import GROUPS
from fgan.evaluation.metrics import METRICS, Found, chosen_metrics
from fgan.evaluation.result import Evaluation, caveats_of, measured
from fgan.evaluation.samples import Drawable, Samples, gather, is_run
from fgan.evaluation.sides import FEWEST, Real, Reference, Side, checked_reference, real_of
from fgan.load_options import LoadOptions
from fgan.memory import require_memory, running_out
from fgan.output import Say, on_a_terminal, progress_bar, to_stderr, watching
from fgan.seeds import checked_seed

DISTINCT = 0.99
"""Share of distinct samples below which there is a warning."""


def evaluate(
    samples: Samples,
    data: Dataset | Passable | str | Path,
    *,
    metrics: str | tuple[str, ...] = (),
    n: int = 10_000,
    extractor: str | Extractor | Callable[[Tensor], Tensor] | None = None,
    reference: Reference = "auto",
    seed: int = 0,
    best: bool = False,
    batch_size: int = 250,
    device: str = "auto",
    cache: bool = True,
    options: LoadOptions | None = None,
    say: Say = to_stderr,
) -> Evaluation:
    """Measure samples against real data: every number with a 95% interval and a real-vs-real baseline.

    Args:
        samples: a run (its path or `RunDirectory`), a folder or archive of images, a `.npy` or `.npz` file, an array or
            tensor of vectors (n, D) or images (n, H, W), (n, H, W, C) or (n, C, H, W), uint8 or floats in [0, 1];
            PIL pictures, a torch data set or loader, or anything else that `fgan.data.as_dataset` takes; or an exported
            generator opened by `fgan.load`.
        data: the real data: a `Dataset`, its name or path, or anything that `fgan.data.as_dataset` takes.
        metrics: names of `fgan.evaluation.METRICS`, or of single numbers such as "recall"; a tuple, or a string
            separated by commas (default: all that apply).
        n: maximum number of samples to evaluate. The number is capped by the real samples left for the baseline.
        extractor: computes the features: a name, `module:callable`, an `Extractor`, or a callable on samples (default:
            chosen by the data).
        reference: the real samples to compare with: all "train" samples, all "held-out" samples, or "all" of both.
            "auto" uses as many held-out (or else training) samples as there are samples, and leaves equally many real
            samples for the baseline.
        seed: seed of latents and of random orders.
        best: sample from a run's best checkpoint rather than its newest.
        batch_size: number of samples per pass of the extractor.
        device: "auto", "cpu", "cuda" or "mps".
        cache: cache features on disk.
        options: how files of data and samples are loaded. Pictures of samples are never resized.
        say: function that receives remarks.

    Returns:
        An `Evaluation`: print it as a table, or use `found["fid"].value`, `to_dict()` or `write(path)`.

    Raises:
        FganError: if samples or data cannot be read or compared; for unknown metrics or extractors.

    >>> from fgan.data import load_data
    >>> found = evaluate(load_data("ring8").train.draw(500, torch.Generator()), "ring8", metrics=("modes",))
    >>> found["modes"].value
    8.0
    """
    dataset = as_dataset(data, options=options, say=say)
    evaluator = Evaluator(
        dataset,
        metrics=metrics,
        n=n,
        extractor=extractor,
        reference=reference,
        seed=seed,
        batch_size=batch_size,
        device=device,
        cache=cache,
        options=options,
        say=say,
    )
    return evaluator(samples, best=best)


class Evaluator:
    """Evaluates several sets of samples against the same data; the baseline is computed once.

    Args:
        dataset: the real data.
        metrics, n, extractor, reference, seed, batch_size, device, cache, options, say: as in `evaluate`.

    Raises:
        FganError: for unknown metrics or extractors.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        metrics: str | tuple[str, ...] = (),
        n: int = 10_000,
        extractor: str | Extractor | Callable[[Tensor], Tensor] | None = None,
        reference: Reference = "auto",
        seed: int = 0,
        batch_size: int = 250,
        device: str = "auto",
        cache: bool = True,
        options: LoadOptions | None = None,
        say: Say = to_stderr,
    ) -> None:
        if isinstance(n, bool) or not isinstance(n, Integral):
            raise FganError(f"--n must be a whole number (n= in Python); got {n!r}.")
        if n < 2 * GROUPS:
            raise FganError(f"--n must be at least {2 * GROUPS} for confidence intervals; got {n}.")
        if batch_size < 1:
            raise FganError(f"--batch-size must be at least 1; got {batch_size}.")
        if isinstance(metrics, str):
            metrics = tuple(name.strip() for name in metrics.split(","))
        self.dataset, self.n, self.seed, self.options = dataset, int(n), checked_seed(seed), options
        self.reference, self.say = checked_reference(reference), say
        self.chosen, self.strict = chosen_metrics(metrics), bool(metrics)
        self.extractor = extractor_for(extractor, dataset)
        self.device = resolve_device(device)
        self._side = functools.partial(
            Side,
            extractor=self.extractor,
            device=self.device,
            batch_size=batch_size,
            cache=cache,
            say=say,
        )
        self._known: dict[int, tuple[Real, dict[str, Found]]] = {}

    def asked(self, best: bool = False) -> dict[str, Any]:
        """Return the settings that affect the numbers."""
        names = [quantity for wanted in self.chosen.values() for quantity in wanted]
        asked = {"metrics": names, "n": self.n, "seed": self.seed, "best": best}
        return asked if self.reference == "auto" else {**asked, "reference": self.reference}

    def described_extractor(self) -> dict[str, Any]:
        """Return the name, dimension and sha256 of the feature extractor."""
        named = self.extractor
        return {"name": named.name, "dimension": named.dimension, "sha256": named.sha256}

    @working()
    def keep_applicable(self) -> dict[str, str]:
        """Restrict the metrics to those that apply to the data; return the others, and what they need."""
        self.chosen, skipped = those_that_apply(self.chosen, self.n, self._real(self.n)[0], strict=False)
        return skipped

    @working()
    def __call__(self, samples: Samples, *, best: bool = False) -> Evaluation:
        """Return the metrics of samples; see `evaluate`.

        Raises:
            FganError: if samples cannot be read or compared, or a metric does not apply.
        """
        drawn = is_run(samples) or isinstance(samples, Drawable)
        n = self._most(self.n) if drawn else self.n
        name, values = gather(
            samples, self.dataset, n, seed=self.seed, best=best, options=self.options, say=self.say
        )
        if len(values) < 2 * GROUPS:
            raise FganError(
                f"confidence intervals need at least {2 * GROUPS} samples; {name} has {len(values)}. Provide more."
            )
        # Not in half precision or TF32: distances between close features would be lost.
        with (
            torch.autocast(torch.device(self.device).type, enabled=False),
            torch.backends.cudnn.flags(allow_tf32=False),
            watching(),
        ):
            return self._measure(name, values, best, drawn)

    def _most(self, n: int) -> int:
        """Return how many of n samples are evaluated: with "auto", as many as there are real ones for the baseline."""
        other = self._real(n)[0].other
        return n if self.reference != "auto" or other is None else min(n, len(other))

    def _measure(self, name: str, values: Tensor, best: bool, drawn: bool) -> Evaluation:
        n = self.n if drawn else len(values)
        real, floors = self._real(n)
        ours = self._side(values[: self._most(n)])
        applicable, skipped = those_that_apply(self.chosen, len(ours), real, strict=self.strict)
        found = {}
        shortage = None
        progress = progress_bar(len(applicable), what="evaluating", unit="metrics", lines=True)
        for metric in applicable:
            progress.set_postfix_str(f"now {metric}", refresh=on_a_terminal(sys.stderr))
            try:
                with running_out(metric, FEWER):
                    if metric not in floors:
                        sides = METRICS[metric].floor(real)
                        floors[metric] = METRICS[metric].measure(*sides) if sides else {}
                    found[metric] = METRICS[metric].measure(ours, real)
            except MemoryLimitError as error:
                if self.strict:
                    raise
                shortage, skipped[metric] = error, f"more memory: {error}"
            progress.update()
        progress.close()
        if shortage and not found:
            raise shortage
        metrics = {
            quantity: measured(quantity, found[metric][quantity], floors[metric].get(quantity))
            for metric in found
            for quantity in applicable[metric]
        }
        cut = [] if drawn or len(ours) == len(values) else [_cut(len(ours), len(values))]
        return Evaluation(
            samples=name,
            against=self.dataset.name,
            n=len(ours),
            reference=real.description,
            extractor=self.described_extractor(),
            metrics=metrics,
            skipped=skipped,
            warnings=(*cut, *_warnings(ours, real, self.dataset), *caveats_of(metrics)),
            asked=self.asked(best),
            versions={"fgan": version("fgan"), "torch": torch.__version__},
            n_reference=len(real.reference),
            n_floor=None if real.other is None else len(real.other),
            frontier=_frontier(found, floors),
        )

    def _real(self, n: int) -> tuple[Real, dict[str, Found]]:
        """Return the real samples for a comparison of n, and their own scores."""
        if n not in self._known:
            if (
                finite(self.dataset.train) is None
            ):  # samples, reference and baseline are all drawn, and shuffled
                numbers = 6 * n * math.prod(self.dataset.shape)
                require_memory(4 * numbers, f"Evaluating {n:,} samples", "Use fewer samples (--n, n=).")
            self._known[n] = (real_of(self.dataset, n, self._side, self.reference), {})
        return self._known[n]


def nearest_images(
    samples: Samples,
    data: Dataset | Passable | str | Path,
    *,
    rows: int = 10,
    count: int = 7,
    extractor: str | Extractor | Callable[[Tensor], Tensor] | None = None,
    seed: int = 0,
    best: bool = False,
    device: str = "auto",
    options: LoadOptions | None = None,
    say: Say = to_stderr,
) -> Tensor:
    """Return samples, each followed by its nearest training images by features: (rows, 1 + count, C, H, W).

    Args:
        rows: number of samples.
        count: number of training images per sample.
        samples, data, extractor, seed, best, device, options, say: as in `evaluate`.

    Raises:
        FganError: if samples or data cannot be read or compared, or the data are not a finite set of images.
    """
    dataset = as_dataset(data, options=options, say=say)
    if not (dataset.is_image and isinstance(dataset.train, TensorSource)):
        raise FganError(f'nearest training images need a finite set of images; "{dataset.name}" is not one.')
    side = functools.partial(
        Side, extractor=extractor_for(extractor, dataset), device=resolve_device(device), say=say
    )
    _, values = gather(samples, dataset, rows, seed=checked_seed(seed), best=best, options=options, say=say)
    training = side(dataset.train.values)
    nearest = nearest_training(side(values, cache=False).features, training.features, count)[1].cpu()
    found = torch.cat([values[:, None], training.values[nearest]], 1)
    return as_float(found.flatten(0, 1)).view(found.shape)


def those_that_apply(
    chosen: dict[str, tuple[str, ...]], n: int, real: Real, *, strict: bool
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Split the chosen metrics into those that apply to n samples, and reasons why the others do not."""
    applicable, skipped = {}, {}
    for name, wanted in chosen.items():
        metric = METRICS[name]
        absent = metric.absent(real)
        here = tuple(quantity for quantity in wanted if quantity not in absent)
        lacking = metric.lacks(n, real) or ("" if here else absent[wanted[0]])
        if lacking:
            skipped[name if here else wanted[0]] = lacking
        else:
            applicable[name] = here
    if strict and skipped:
        name, why = next(iter(skipped.items()))
        raise FganError(f'metric "{name}" needs {why}. Leave it out.')
    return applicable, skipped


def _frontier(found: dict[str, Found], floors: dict[str, Found]) -> dict[str, Any] | None:
    area = found.get("frontier", {}).get("frontier-area")
    return None if area is None else curve_of(area, floors["frontier"].get("frontier-area"))


def _cut(n: int, given: int) -> str:
    return (
        f"{n} of {given} samples are evaluated: the real samples must suffice for the reference and the "
        "baseline. --reference train, held-out or all (reference=) uses all samples"
    )


def _warnings(ours: Side, real: Real, dataset: Dataset) -> list[str]:
    warnings = []
    other_data = mismatch(ours.extractor, dataset)
    if other_data:
        warnings.append(other_data)
    distinct = len(torch.unique(ours.values.flatten(1), dim=0))
    if distinct < DISTINCT * len(ours):
        warnings.append(f"only {distinct} of {len(ours)} samples are distinct")
    same = 0 if real.training is None else int(repeated(ours.values, real.reference.values).sum())
    if same:
        warnings.append(
            f"{same} of {len(ours)} samples are in the reference itself, so the numbers are too good"
        )
    if dataset.record and dataset.record.streamed and real.training is not None:
        warnings.append(
            f"the data are streamed: only {len(real.training):,} training samples are searched, so copies of "
            "others are missed"
        )
    if real.other is None:
        warnings.append(
            f"there is no real-vs-real baseline: besides the reference, fewer than {FEWEST} real samples are left"
        )
    elif len(real.other) < len(ours):
        warnings.append(
            f"the real-vs-real baseline uses only {len(real.other)} samples instead of {len(ours)}, which "
            "makes fid and others worse"
        )
    if real.training is not None and "training" in real.description:
        warnings.append(
            "the reference is part of the training set, so a generator that repeats it looks good; check "
            "closer-to-training"
        )
    return warnings
