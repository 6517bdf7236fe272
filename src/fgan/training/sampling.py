"""Samples from a generator: latents from a seed, classes in turn or by name."""

from __future__ import annotations

import importlib.util
import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from fgan.data.encoding import TableEncoding
from fgan.data.encoding.write import frame_of
from fgan.data.tables import Table
from fgan.errors import FganError
from fgan.frame import Frame
from fgan.seeds import checked_count, checked_seed, plain_number


@dataclass(frozen=True)
class Sampler:
    """A trained generator and how to feed it.

    Args:
        generator: maps standard normal latents (n, latent), and labels (n,) if it has classes, to samples; on the CPU.
        frame: shape, range and units of samples.
        latent: dimension of the latent.
        classes: names of the classes; none for an unconditional generator.
        source: where it comes from, for error messages.
        refusal: the class of errors to raise.
        table: how samples become rows of a table; None for other data.
    """

    generator: nn.Module
    frame: Frame
    latent: int
    classes: list[str]
    source: str
    refusal: type[FganError]
    table: TableEncoding | None = None

    def rows(
        self,
        n: int,
        seed: int = 0,
        batch_size: int = 1024,
        label: str | int | None = None,
        truncate: float | None = None,
    ) -> Tensor | Table:
        """Return samples as `sample` does, but rows of a table in a form that does not need pandas."""
        n = checked_count("--n", n, 0)
        labels = self.labels(n, label, seed)
        drawn = self.samples(self.latents(n, seed, truncate), labels, batch_size)
        return drawn if self.table is None else self.table.decode(drawn, labels)

    def sample(
        self,
        n: int,
        seed: int = 0,
        batch_size: int = 1024,
        label: str | int | None = None,
        truncate: float | None = None,
    ) -> Tensor:
        """Return n samples (n, ...) in the units of the data, reproducible by the seed.

        Args:
            n: number of samples.
            seed: determines the latents.
            batch_size: number of samples computed at once.
            label: a class by its name; default: all classes in turn.
            truncate: see `truncated`.
        """
        n = checked_count("--n", n, 0)
        return self.samples(self.latents(n, seed, truncate), self.labels(n, label, seed), batch_size)

    def latents(self, n: int, seed: int, truncate: float | None = None) -> Tensor:
        """Return latents (n, latent)."""
        random = torch.Generator().manual_seed(checked_seed(seed))
        latents = torch.randn(n, self.latent, generator=random)
        return latents if truncate is None else truncated(latents, truncate)

    def labels(self, n: int, label: str | int | None = None, seed: int = 0) -> Tensor | None:
        """Return labels (n,): one class by its name, or all classes in turn; None without classes.

        For a table, classes are drawn in the proportions of the data.

        Raises:
            FganError: if there is no such class.
        """
        if label is None and self.table and self.table.classes:
            return self.table.classes.draw(n, seed)
        if label is None:
            return torch.arange(n) % len(self.classes) if self.classes else None
        # Class names are strings; a class whose name is a number may also be given as a number.
        number = plain_number(label)
        label = str(number) if isinstance(number, int) and not isinstance(number, bool) else label
        if label not in self.classes:
            known = (
                f"its classes are {', '.join(self.classes)}"
                if self.classes
                else "it was trained without --conditional"
            )
            raise self.refusal(f'the label must be a class of {self.source}; got "{label}", but {known}.')
        return torch.full((n,), self.classes.index(str(label)))

    @torch.no_grad()
    def samples(self, latents: Tensor, labels: Tensor | None, batch_size: int = 1024) -> Tensor:
        """Return samples (n, ...) for latents (n, latent), and labels (n,) if there are classes."""
        parts = latents.split(batch_size)
        if labels is None:
            return self.frame.outward(torch.cat([self.generator(z) for z in parts]))
        pairs = zip(parts, labels.split(batch_size), strict=True)
        return self.frame.outward(torch.cat([self.generator(z, y) for z, y in pairs]))


def shown(rows: Tensor | Table, table: TableEncoding | None) -> Any:  # noqa: ANN401 - pandas is optional
    """Return rows of a table as a DataFrame if pandas is installed; anything else unchanged."""
    if table is None or isinstance(rows, Tensor) or importlib.util.find_spec("pandas") is None:
        return rows
    return frame_of(rows, table)


def truncated(latents: Tensor, threshold: float) -> Tensor:
    r"""Return latents from a truncated normal distribution: the truncation trick.

    .. math:: z' = \sqrt 2 \, \mathrm{erf}^{-1}( \mathrm{erf}(z / \sqrt 2) \, \mathrm{erf}(T / \sqrt 2) )

    Each number has the distribution of a normal draw that is repeated until it is at most T from 0 (Brock, Donahue
    and Simonyan 2019). The map from z is monotone, so that a seed still gives a similar picture.

    Args:
        latents: standard normal z, any shape.
        threshold: T > 0; values below 1 give less variety, values above 4 change almost nothing.

    Raises:
        FganError: unless the threshold is positive and finite.

    >>> truncated(torch.tensor([-3.0, 0.0, 1.0]), 0.5)
    tensor([-0.4985,  0.0000,  0.3337])
    """
    number = plain_number(threshold)
    if not isinstance(number, (int, float)) or not 0 < number < math.inf:
        raise FganError(f"--truncate must be above 0 and finite, such as 0.7; got {threshold}.")
    share = math.erf(threshold / math.sqrt(2))
    moved = math.sqrt(2) * torch.erfinv(torch.erf(latents.double() / math.sqrt(2)) * share)
    return moved.clamp(-threshold, threshold).to(latents.dtype)
