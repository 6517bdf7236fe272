"""Samples from wherever they are: a run, a folder or archive of images, an array, a tensor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fgan.data import Dataset, TensorSource, load_data
from fgan.data.archives import holds_pictures
from fgan.data.arrays import to_samples
from fgan.data.dataset import as_uint8
from fgan.data.images import load_images
from fgan.errors import DataError
from fgan.evaluation.sides import shuffled
from fgan.load_options import LoadOptions
from fgan.output import Say
from fgan.training.run_directory import RunDirectory

Samples = Tensor | NDArray | str | Path | RunDirectory


def gather(
    samples: Samples,
    dataset: Dataset,
    n: int,
    *,
    seed: int,
    best: bool,
    options: LoadOptions | None = None,
    say: Say,
) -> tuple[str, Tensor]:
    """Return what to call samples, and at most n of them, as the data set holds its own, in a random order.

    Raises:
        DataError: where they cannot be read, or are none of this data set's kind.
        RunError: where a run has no checkpoint to sample from.
    """
    if isinstance(samples, (str, Path)) and is_run(samples):
        samples = RunDirectory(samples)
    if isinstance(samples, RunDirectory):
        drawn = samples.sample(n, seed=seed, best=best)
        checkpoints = samples.best_checkpoints() if best else samples.checkpoints()
        name = f"{samples.path}, {'best at ' if best else ''}step {checkpoints.newest():,}"
        _require_finite(drawn, name)
        # A conditional run makes its classes in turn, and groups of samples must not be classes.
        return name, shuffled(_like(as_uint8(drawn) if drawn.ndim == 4 else drawn, dataset, name), seed)
    if best:
        raise DataError(f"--best chooses a checkpoint of a run; {samples} is none. Leave it out.")
    if isinstance(samples, Tensor):
        samples = samples.detach().cpu()
        samples = (samples.float() if samples.is_floating_point() else samples).numpy()
    if isinstance(samples, (list, tuple)):
        samples = np.asarray(samples)
    if isinstance(samples, np.ndarray):
        name, values = "an array", to_samples(samples, "the array", options, say)
    else:
        name, values = str(samples), _read(str(samples), dataset, options or LoadOptions(), say)
    return name, shuffled(_like(values, dataset, name), seed)[:n]


def is_run(samples: str | Path) -> bool:
    """Whether a path is that of a run directory."""
    return (Path(samples) / "config.json").is_file()


def _read(name: str, dataset: Dataset, options: LoadOptions, say: Say) -> Tensor:
    path = Path(name).expanduser()
    if holds_pictures(path):
        if not dataset.is_image:
            raise DataError(_kind(dataset, f"{name} holds images"))
        _, height, width = dataset.shape
        if height != width:
            raise DataError(_kind(dataset, f"pictures from files are squares, such as those in {name}"))
        loaded = load_images(path, options=replace(options, image_size=height), resize=False, say=say)
    else:
        loaded = load_data(name, options=replace(options, image_size=None), say=say)
    sources = (loaded.train, loaded.held_out)
    if not all(isinstance(source, TensorSource) for source in sources):
        return loaded.train.draw(50_000, torch.Generator().manual_seed(0))
    return torch.cat([source.values for source in sources if isinstance(source, TensorSource)])


def _like(values: Tensor, dataset: Dataset, name: str) -> Tensor:
    """Return samples with the channels of the data, or say why they cannot be compared."""
    shape = tuple(values.shape[1:])
    if shape == dataset.shape:
        return values
    if len(shape) == 3 and dataset.is_image and shape[1:] == dataset.shape[1:]:
        if shape[0] == 1:
            return values.expand(-1, dataset.shape[0], -1, -1)
        grey = values[:, :1]
        if dataset.shape[0] == 1 and bool((values == grey).all()):
            return grey
    raise DataError(_kind(dataset, f"{name} has samples of the shape {shape}"))


def _kind(dataset: Dataset, received: str) -> str:
    what = "images (channels, height, width)" if dataset.is_image else "vectors"
    return (
        f'samples are judged against data of their own kind; "{dataset.name}" holds {what} of the shape '
        f"{dataset.shape}, and {received}. Name the data they are to resemble with --against."
    )


def _require_finite(values: Tensor, name: str) -> None:
    broken = int((~values.isfinite()).flatten(1).any(1).sum())
    if broken:
        raise DataError(
            f"samples must be finite numbers; {broken} of {len(values)} of {name} are not. "
            "The generator has left them: take an earlier checkpoint."
        )
