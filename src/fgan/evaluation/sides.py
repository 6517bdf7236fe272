"""What is compared: samples, and the real samples in their roles."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import torch
from torch import Tensor

from fgan.data import Dataset, Modes, Source
from fgan.data.dataset import as_float, as_uint8, finite
from fgan.data.large import take
from fgan.errors import DataError, FganError
from fgan.estimation.result import Estimates
from fgan.evaluation.copying import nearest_training
from fgan.evaluation.divergences import fit_critics
from fgan.evaluation.features import Classifier, Extractor, features_of
from fgan.evaluation.jackknife import GROUPS

VALIDATION = 500
"""Maximum number of real samples that choose a bandwidth."""
ENOUGH = 500
"""Number of held-out samples that suffices as the reference, even if more were requested."""
FEWEST = 2 * GROUPS
"""Minimum number of samples for a confidence interval."""
Reference = Literal["auto", "train", "held-out", "all"]
REFERENCES: tuple[str, ...] = get_args(Reference)
"""What samples can be compared with."""
SEED = 2**40 + 982_451_653


class Side:
    """One set of samples, with its features, which are extracted when first asked for.

    Args:
        values: uint8 images (n, C, H, W), or float32 vectors (n, D), in an order that says nothing.
        extractor: makes the features.
        device: where they are computed, and where metrics then compute.
        batch_size: samples in one pass of the extractor.
        cache: remember the features on disk by content.
        say: function that receives remarks.
    """

    def __init__(
        self,
        values: Tensor,
        extractor: Extractor,
        *,
        device: str = "cpu",
        batch_size: int = 250,
        cache: bool = True,
        say: Callable[[str], None],
    ) -> None:
        self.values, self.extractor, self.device = values, extractor, device
        self._extract = lambda: features_of(
            extractor, values, batch_size=batch_size, device=device, cache=cache, say=say
        )

        self._near: dict[Side, Tensor] = {}
        self._critics: dict[Side, Estimates] = {}
        self._search = lambda training: nearest_training(self.features, training.features)[0][:, 0]

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.values)

    def near(self, training: Side) -> Tensor:
        """Return the squared distances of features to the nearest of a training set's (n,), searched once."""
        if training not in self._near:
            self._near[training] = self._search(training)
        return self._near[training]

    def critics(self, reference: Side) -> Estimates:
        """Return what critics say of the features of a reference against those of the samples, fitted once."""
        if reference not in self._critics:
            self._critics[reference] = fit_critics(self.features, reference.features)
        return self._critics[reference]

    def part(self, rows: slice) -> Side:
        """Return some of the samples, with the features that are extracted for all."""
        part = copy.copy(self)
        part.__dict__.pop("features", None)
        part.__dict__.pop("logits", None)
        part.values, part._extract = self.values[rows], lambda: self.features[rows]
        part._critics = {}
        part._near, part._search = {}, lambda training: self.near(training)[rows]
        return part

    @cached_property
    def features(self) -> Tensor:
        """Features, float32 (n, d)."""
        return self._extract()

    @cached_property
    def logits(self) -> Tensor:
        """What the extractor's classifier says, float32 (n, K)."""
        if not isinstance(self.extractor, Classifier):
            raise TypeError(f"{self.extractor.name} classifies nothing")
        return self.extractor.logits(self.features)

    @cached_property
    def vectors(self) -> Tensor:
        """The samples themselves, pixels in [0, 1], float32 (n, D)."""
        return as_float(self.values.to(self.device)).flatten(1)


@dataclass(frozen=True)
class Real:
    """The real samples that metrics hold samples against.

    Args:
        name: of the data set.
        reference: what samples are compared with.
        other: further real samples; the floor is what they score. None where there are none.
        validation: a third part, for choices such as a bandwidth.
        validation_apart: whether it is none of the reference.
        training: all that training could see, None for a distribution that is sampled afresh.
        unseen: all that is held out, None likewise.
        modes: the clusters of a synthetic mixture, where they are known.
        description: which samples the reference is made of.
    """

    name: str
    reference: Side
    other: Side | None
    validation: Side
    validation_apart: bool
    training: Side | None
    unseen: Side | None
    modes: Modes | None
    description: str


def checked_reference(name: str) -> str:
    """Return the name of a reference.

    Raises:
        FganError: where it is none.
    """
    if name not in REFERENCES:
        raise FganError(f"reference (--reference) must be one of {', '.join(REFERENCES)}; got {name!r}.")
    return name


def real_of(dataset: Dataset, n: int, side: Callable[[Tensor], Side], wanted: str = "auto") -> Real:
    """Part a data set into the roles of `Real`.

    By default the reference is of held-out samples if there are n, or at least 500, of them. Otherwise it is half of
    the training samples; then a generator that repeats them looks good, which `closer-to-training` shows.

    Args:
        dataset: the data.
        n: samples in the reference and in the other part, at most; in the other part alone if a reference is wanted.
        side: makes a side of values.
        wanted: one of `REFERENCES`: "train", "held-out" or "all" is all of these samples.

    Raises:
        DataError: where there are too few samples.
    """
    train, held_out = _values(dataset.train, 0), _values(dataset.held_out, 1)
    validation_apart = True
    if train is None or held_out is None:
        draws = [(dataset.held_out, n), (dataset.train, n), (dataset.train, VALIDATION)]
        # Seeds that nobody would draw samples to judge with.
        reference, other, validation = (
            _native(source.draw(count, torch.Generator().manual_seed(SEED + number)), dataset)
            for number, (source, count) in enumerate(draws)
        )
        description = f"{n} new samples"
    elif wanted != "auto":
        reference, other, description = _wanted(train, held_out, wanted)
        other = other if len(other) < n else other[:n]
        validation, validation_apart = held_out[:VALIDATION], wanted == "train"
    else:
        # What training saw would choose a bandwidth that suits copies of it.
        apart = min(VALIDATION, len(held_out) // 4)
        validation, rest = _parts(held_out, apart, len(held_out))
        if len(rest) >= min(n, ENOUGH):
            reference, other = rest[:n], train[:n]
            description = f"{len(reference)} of {len(held_out)} held-out samples"
        else:
            validation = held_out[:VALIDATION]
            reference, other = _parts(train, min(n, len(train) // 2), min(n, len(train) // 2))
            description = f"{len(reference)} training samples (only {len(held_out)} are held out)"
    few = min(len(reference), len(other)) < FEWEST
    if few and (wanted == "auto" or len(reference) < FEWEST):
        mend = "Provide more data"
        if wanted == "auto":
            mend += ', or evaluate with --reference all (reference="all")'
        raise DataError(
            f"an evaluation needs at least {FEWEST} real samples as the reference, and {FEWEST} more for the "
            "baseline; "
            f'"{dataset.name}" gives {len(reference)} and {len(other)}. {mend}.'
        )
    return Real(
        name=dataset.name,
        reference=side(reference),
        other=None if few else side(other),
        validation=side(validation),
        validation_apart=validation_apart,
        training=None if train is None else side(train),
        unseen=None if held_out is None else side(held_out),
        modes=dataset.modes,
        description=description,
    )


def _wanted(train: Tensor, held_out: Tensor, wanted: str) -> tuple[Tensor, Tensor, str]:
    """Return all of a reference, the real samples besides, and which it is."""
    if wanted == "train":
        return train, held_out, f"all {len(train)} training samples"
    if wanted == "held-out":
        return held_out, train, f"all {len(held_out)} held-out samples"
    every = shuffled(torch.cat([train, held_out]))
    text = f"all {len(every)} real samples ({len(train)} training, {len(held_out)} held-out)"
    return every, every[:0], text


def shuffled(values: Tensor, seed: int = 0) -> Tensor:
    r"""Return values (n, \*shape) in a random order, since files may be sorted by class or by difficulty."""
    return take(values, torch.randperm(len(values), generator=torch.Generator().manual_seed(seed)))


def _values(source: Source, seed: int) -> Tensor | None:
    found = finite(source)
    return shuffled(found.values, seed) if found else None


def _parts(values: Tensor, first: int, rest: int) -> tuple[Tensor, Tensor]:
    return values[:first], values[first : first + rest]


def _native(drawn: Tensor, dataset: Dataset) -> Tensor:
    """Return drawn samples as they are held: images as uint8."""
    return as_uint8(drawn) if dataset.is_image else drawn
