"""Read samples from a run, a folder or archive of images, an array or a tensor."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from fgan.data import Dataset, load_data
from fgan.data.archives import holds_pictures
from fgan.data.dataset import as_uint8, finite
from fgan.data.images import PictureSizeError, load_images
from fgan.data.passed import Passable, kind_of, read_passed
from fgan.data.tables import Table, is_table, read_tables
from fgan.data.tables.memory import table_in
from fgan.errors import DataError
from fgan.evaluation.sides import shuffled
from fgan.load_options import LoadOptions
from fgan.output import Say
from fgan.training.run_directory import RunDirectory
from fgan.training.sampling import Sampler


class Drawable(ABC):
    """What makes samples, away from a run: an exported generator."""

    source: str
    """Where it comes from."""

    @abstractmethod
    def sampler(self) -> Sampler:
        """Return the generator with what it is fed."""


Samples = Passable | str | Path | RunDirectory | Drawable


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
    if best and not isinstance(samples, RunDirectory):
        what = samples.source if isinstance(samples, Drawable) else samples
        what = what if isinstance(what, (str, Path)) else f"the {kind_of(what)}"
        raise DataError(f"--best selects a checkpoint of a run; {what} is not a run. Leave it out.")
    if isinstance(samples, RunDirectory | Drawable):
        name, drawn = _made_by(samples, n, seed, best)
        if isinstance(drawn, Table):  # encoded anew: these data may be others than those of the run
            drawn = _encoded(replace(drawn, name=name), dataset)
        _require_finite(drawn, name)
        # A conditional run makes its classes in turn, and groups of samples must not be classes.
        drawn = as_uint8(drawn) if drawn.ndim == 4 else _held(drawn, dataset)
        return name, shuffled(_like(drawn, dataset, name), seed)
    name, values = _given(samples, dataset, options, say)
    if len(values) > n:
        say(f"{n:,} of {len(values):,} samples of {name} are evaluated; use --n (n=) for more")
    return name, shuffled(_like(values, dataset, name), seed)[:n]


def _made_by(samples: RunDirectory | Drawable, n: int, seed: int, best: bool) -> tuple[str, Tensor | Table]:
    """Return what to call a trained generator, and n of its samples."""
    if isinstance(samples, Drawable):
        return samples.source, samples.sampler().rows(n, seed)
    checkpoints = samples.best_checkpoints() if best else samples.checkpoints()
    name = f"{samples.path}, {'best at ' if best else ''}step {checkpoints.newest():,}"
    return name, samples.sampler(best=best).rows(n, seed)


def _given(
    samples: Passable | str | Path, dataset: Dataset, options: LoadOptions | None, say: Say
) -> tuple[str, Tensor]:
    """Return the name of given samples, and all of them."""
    table = _table_in(samples, dataset, say)
    if table is not None and dataset.table is not None:
        return table.name, _encoded(table, dataset)
    if isinstance(samples, (str, Path)):
        if str(samples).startswith("hub:") or Path(samples).suffix == ".safetensors":
            raise DataError(
                f'{samples} is an exported generator. Load it first: fgan.evaluate(fgan.load("{samples}"), '
                "data)."
            )
        return str(samples), _held(_read(str(samples), dataset, options or LoadOptions(), say), dataset)
    if isinstance(samples, Dataset):
        return samples.name, _held(_all_of(samples), dataset)
    passed = read_passed(samples, options=options, say=say)
    name = f"{'an' if passed.kind[0] in 'aeio' else 'a'} {passed.kind}"
    return name, passed.values(options, say, dataset.frame)


def _table_in(samples: Passable | str | Path, dataset: Dataset, say: Say) -> Table | None:
    """Return samples that are rows of the data's table, read as its columns are; None of all else."""
    if dataset.table is None:
        return None
    if isinstance(samples, (str, Path)) and is_table(samples):
        (table,) = read_tables([samples], [dataset.table.names], kinds=dataset.table.kinds, say=say)
    elif isinstance(samples, Mapping) or hasattr(samples, "columns") or hasattr(samples, "column_names"):
        table = table_in(samples, f"the {kind_of(samples)}")
    else:
        return None
    return table


def _encoded(table: Table, dataset: Dataset) -> Tensor:
    """Return rows of a table as the data set holds its own."""
    if dataset.table is None:
        raise DataError(_kind(dataset, f"{table.name} holds rows of a table"))
    dataset.table.require_columns(table)
    return torch.from_numpy(dataset.table.encode(dataset.table.settled(table))).float()


def is_run(samples: Samples) -> bool:
    """Whether samples are a run, or the path of one."""
    if isinstance(samples, RunDirectory):
        return True
    return isinstance(samples, (str, Path)) and (Path(samples) / "config.json").is_file()


def _read(name: str, dataset: Dataset, options: LoadOptions, say: Say) -> Tensor:
    path = Path(name).expanduser()
    if holds_pictures(path):
        if not dataset.is_image:
            raise DataError(_kind(dataset, f"{name} holds images"))
        _, height, width = dataset.shape
        if height != width:
            raise DataError(_kind(dataset, f"pictures from files, such as {name}, are squares"))
        try:
            loaded = load_images(path, options=replace(options, image_size=height), resize=False, say=say)
        except PictureSizeError as error:
            if error.side is None or not _has_files(dataset):
                raise
            found = f"all pictures in {name} are {error.side}x{error.side}"
            raise DataError(_other_size(dataset, found, error.side)) from error
    else:
        loaded = load_data(name, options=replace(options, image_size=None), say=say)
    return _all_of(loaded)


def _all_of(data: Dataset) -> Tensor:
    """Return the samples of a data set; of a distribution, 50,000."""
    sources = [found for source in (data.train, data.held_out) if (found := finite(source))]
    if len(sources) < 2:
        return data.train.draw(50_000, torch.Generator().manual_seed(0))
    return data.frame.outward(torch.cat([source.values for source in sources]))


def _held(values: Tensor, dataset: Dataset) -> Tensor:
    """Return vectors as the data set holds its own: float32, and in its numbers."""
    return (
        dataset.frame.inward(values).float()
        if values.shape[1:] == dataset.shape and values.ndim == 2
        else values
    )


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
    received = f"{name} has samples of the shape {shape}"
    other_square = len(shape) == 3 and dataset.is_image and shape[1] == shape[2] != dataset.shape[1]
    if other_square and _has_files(dataset):
        raise DataError(_other_size(dataset, received, shape[1]))
    raise DataError(_kind(dataset, received))


def _has_files(dataset: Dataset) -> bool:
    """Whether a data set is of pictures that can be loaded at any size."""
    return holds_pictures(Path(dataset.name).expanduser())


def _other_size(dataset: Dataset, received: str, side: int) -> str:
    _, height, width = dataset.shape
    return (
        f"samples and data must have the same image size; {dataset.name} was loaded at {height}x{width}, but "
        f"{received}. Load the data at that size: --image-size {side} (image_size={side} in fgan.load_data)."
    )


def _kind(dataset: Dataset, received: str) -> str:
    what = "images (channels, height, width)" if dataset.is_image else "vectors"
    return (
        f'samples and data must be of the same kind; "{dataset.name}" holds {what} of the shape '
        f"{dataset.shape}, but "
        f"{received}. Pass --against DATA to name the reference data."
    )


def _require_finite(values: Tensor, name: str) -> None:
    broken = int((~values.isfinite()).flatten(1).any(1).sum())
    if broken:
        raise DataError(
            f"samples must be finite; {broken} of {len(values)} samples of {name} are NaN or infinite. "
            "If training diverged, use an earlier checkpoint."
        )
