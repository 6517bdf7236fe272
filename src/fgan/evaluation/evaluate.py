"""`fgan.evaluate`: how good are these samples, and how sure is that?"""

from __future__ import annotations

import functools
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
from fgan.data.dataset import as_float, as_uint8
from fgan.data.passed import Passable
from fgan.device import resolve_device
from fgan.errors import FganError, MemoryLimitError
from fgan.evaluation.copying import nearest_training, repeated
from fgan.evaluation.domain import FEWER
from fgan.evaluation.features import Extractor, extractor_for, mismatch
from fgan.evaluation.jackknife import GROUPS
from fgan.evaluation.metrics import METRICS, Found, chosen_metrics
from fgan.evaluation.result import Evaluation, caveats_of, measured
from fgan.evaluation.samples import Drawable, Samples, gather, is_run
from fgan.evaluation.sides import FEWEST, Real, Reference, Side, checked_reference, real_of
from fgan.load_options import LoadOptions
from fgan.memory import running_out
from fgan.output import Say, on_a_terminal, progress_bar, to_stderr
from fgan.seeds import checked_seed
from fgan.training.judging import EVALUATION_ERROR

DISTINCT = 0.99
"""Share of samples below which repeated ones are worth a warning."""


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
    """Measure samples against data, every number with an interval and with what real samples score.

    Args:
        samples: a run (its path or `RunDirectory`), a folder or archive of images, a `.npy` or `.npz`, or an
            array or tensor: vectors (n, D), or images (n, H, W), (n, H, W, C) or (n, C, H, W), uint8 or floats in
            [0, 1]; or PIL pictures, a torch data set or loader, whatever `fgan.data.as_dataset` takes; or an exported
            generator that `fgan.load` opened.
        data: a `Dataset`, the name or path of one, or whatever `fgan.data.as_dataset` takes.
        metrics: names as in `fgan.evaluation.METRICS`, or of single numbers such as "recall", also as a string
            with commas; all that apply unless told.
        n: samples to judge, at most.
        extractor: what makes features: a name, `module:callable`, an `Extractor` or any callable on samples; chosen by
            the data unless told.
        reference: what samples are compared with: all of the "train" or "held-out" samples, or "all" of both, however
            many samples there are; "auto" takes as many held-out (or training) ones as samples, and cuts both so
            that as many real ones are left to show what chance does.
        seed: decides latents and orders.
        best: draw from a run's best checkpoint rather than the newest.
        batch_size: samples in one pass of the extractor.
        device: "auto", "cpu", "cuda" or "mps".
        cache: remember features on disk by content.
        options: how files of data and of samples are loaded; pictures of samples always keep their size.
        say: told what is worth knowing.

    Raises:
        FganError: for samples or data that cannot be read or compared, unknown metrics or extractors.

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
    """Judges one set of samples after another against the same data, whose own scores it computes once.

    Args:
        dataset: the data.
        metrics, n, extractor, reference, seed, batch_size, device, cache, options, say: as `evaluate` takes them.

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
            raise FganError(f"--n must be at least {2 * GROUPS}, so that intervals can be given; got {n}.")
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
        """Return what decides the numbers besides samples and data."""
        names = [quantity for wanted in self.chosen.values() for quantity in wanted]
        asked = {"metrics": names, "n": self.n, "seed": self.seed, "best": best}
        return asked if self.reference == "auto" else {**asked, "reference": self.reference}

    @working()
    def keep_applicable(self) -> dict[str, str]:
        """From now on compute only the metrics that apply to the data; return the others, and what they need."""
        self.chosen, skipped = _applicable(self.chosen, self.n, self._real(self.n)[0], strict=False)
        return skipped

    @working()
    def __call__(self, samples: Samples, *, best: bool = False) -> Evaluation:
        """Return how good samples are; see `evaluate`.

        Raises:
            FganError: for samples that cannot be read or compared, and metrics that do not apply.
        """
        name, values = gather(
            samples, self.dataset, self.n, seed=self.seed, best=best, options=self.options, say=self.say
        )
        if len(values) < 2 * GROUPS:
            raise FganError(
                f"an interval needs at least {2 * GROUPS} samples; {name} holds {len(values)}. Give more."
            )
        # Half precision and TF32 are for training: distances between near features would not survive them.
        with (
            torch.autocast(torch.device(self.device).type, enabled=False),
            torch.backends.cudnn.flags(allow_tf32=False),
        ):
            return self._measure(name, values, best, drawn=is_run(samples) or isinstance(samples, Drawable))

    def _measure(self, name: str, values: Tensor, best: bool, drawn: bool) -> Evaluation:
        real, floors = self._real(len(values))
        most = len(values) if self.reference != "auto" or real.other is None else len(real.other)
        ours = self._side(values[:most])
        applicable, skipped = _applicable(self.chosen, len(ours), real, strict=self.strict)
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
            extractor={
                "name": self.extractor.name,
                "dimension": self.extractor.dimension,
                "sha256": self.extractor.sha256,
            },
            metrics=metrics,
            skipped=skipped,
            warnings=(*cut, *_warnings(ours, real, self.dataset), *caveats_of(metrics)),
            asked=self.asked(best),
            versions={"fgan": version("fgan"), "torch": torch.__version__},
            n_reference=len(real.reference),
            n_floor=None if real.other is None else len(real.other),
        )

    def _real(self, n: int) -> tuple[Real, dict[str, Found]]:
        """Return the real samples for a comparison of n, and what is known of how they score."""
        if n not in self._known:
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
    """Return samples, each before the training images nearest to it by features: (rows, 1 + count, C, H, W).

    Args:
        rows: samples looked at.
        count: training images for each.
        samples, data, extractor, seed, best, device, options, say: as `evaluate` takes them.

    Raises:
        FganError: for samples or data that cannot be read or compared, or are no finite set of images.
    """
    dataset = as_dataset(data, options=options, say=say)
    if not (dataset.is_image and isinstance(dataset.train, TensorSource)):
        raise FganError(
            f'nearest training images are looked for in a finite set of images; "{dataset.name}" is none.'
        )
    side = functools.partial(
        Side, extractor=extractor_for(extractor, dataset), device=resolve_device(device), say=say
    )
    _, values = gather(samples, dataset, rows, seed=checked_seed(seed), best=best, options=options, say=say)
    training = side(dataset.train.values)
    nearest = nearest_training(side(values, cache=False).features, training.features, count)[1].cpu()
    found = torch.cat([values[:, None], training.values[nearest]], 1)
    return as_float(found.flatten(0, 1)).view(found.shape)


def judge_for(
    dataset: Dataset, metrics: tuple[str, ...], n: int, device: str, say: Say
) -> Callable[[Tensor], dict[str, float | str | None]]:
    """Return what measures samples (n, *shape) again and again, as training does; values only.

    A value that says nothing is None, and why stands under `evaluation_error`.

    Raises:
        FganError: for metrics that do not exist, or do not apply to these data.
    """
    extractor = extractor_for(None, dataset)
    side = functools.partial(Side, extractor=extractor, device=resolve_device(device), say=say)
    real = real_of(dataset, n, side)
    applicable, _ = _applicable(chosen_metrics(metrics), n, real, strict=True)

    @working()
    def judge(samples: Tensor) -> dict[str, float | str | None]:
        samples = samples.cpu()
        ours = side(as_uint8(samples) if dataset.is_image else samples, cache=False)
        if not bool(samples.isfinite().all()):
            return {quantity: None for wanted in applicable.values() for quantity in wanted}
        values: dict[str, float | str | None] = {}
        why: dict[str, str] = {}
        for metric, wanted in applicable.items():
            found = METRICS[metric].measure(ours, real)
            for name in wanted:
                values[name] = found[name].value if found[name].usable else None
                why |= {caveat.text: name for caveat in found[name].caveats if caveat.unusable}
        reasons = "; ".join(f"{name} is unusable: {text}" for text, name in why.items())
        return values | ({EVALUATION_ERROR: reasons} if why else {})

    return judge


def _applicable(
    chosen: dict[str, tuple[str, ...]], n: int, real: Real, *, strict: bool
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Part the chosen metrics into those that apply to n samples, and reasons why the others do not."""
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
        raise FganError(f'the metric "{name}" needs {why}. Leave it out.')
    return applicable, skipped


def _cut(n: int, given: int) -> str:
    return (
        f"{n} of {given} samples are judged, so that as many real ones are left to be compared in their place; "
        "--reference train, held-out or all (reference= in Python) takes all samples"
    )


def _warnings(ours: Side, real: Real, dataset: Dataset) -> list[str]:
    warnings = []
    other_data = mismatch(ours.extractor, dataset)
    if other_data:
        warnings.append(other_data)
    distinct = len(torch.unique(ours.values.flatten(1), dim=0))
    if distinct < DISTINCT * len(ours):
        warnings.append(f"only {distinct} of {len(ours)} samples differ from each other")
    same = 0 if real.training is None else int(repeated(ours.values, real.reference.values).sum())
    if same:
        warnings.append(f"{same} of {len(ours)} samples are in the reference itself: numbers are too good")
    if dataset.record and dataset.record.streamed and real.training is not None:
        warnings.append(
            f"the data are streamed: of the training samples {len(real.training):,} are looked at, so copies of others "
            "are not seen"
        )
    if real.other is None:
        warnings.append(
            f"beside the reference fewer than {FEWEST} real samples are left: none are compared in samples' place"
        )
    elif len(real.other) < len(ours):
        warnings.append(
            f"{len(real.other)} real samples are compared in samples' place, not {len(ours)}: fid and others "
            "come out worse for fewer"
        )
    if real.training is not None and "training" in real.description:
        warnings.append(
            "the reference is part of what training saw: a generator that repeats it looks good; "
            "closer-to-training tells"
        )
    return warnings
