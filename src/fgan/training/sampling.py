"""Samples of a generator: latents by a seed, classes in turn or by name."""

from __future__ import annotations

import importlib.util
from typing import Any

import torch
from torch import Tensor, nn

from fgan.data.encoding import TableEncoding
from fgan.data.encoding.write import frame_of
from fgan.data.tables import Table
from fgan.errors import FganError
from fgan.frame import Frame
from fgan.seeds import checked_seed


@torch.no_grad()
def draw(
    generator: nn.Module,
    frame: Frame,
    latent: int,
    labels: Tensor | None,
    *,
    n: int,
    seed: int,
    batch_size: int,
) -> Tensor:
    """Return n samples (n, *shape) in the data's own numbers, the same for the same seed.

    Args:
        generator: on the CPU.
        frame: where samples lie.
        latent: dimension of the latent.
        labels: (n,), None for an unconditional generator.
        n: how many.
        seed: decides the latents.
        batch_size: how many are made at once.
    """
    random = torch.Generator().manual_seed(checked_seed(seed))
    latents = torch.randn(n, latent, generator=random).split(batch_size)
    if labels is None:
        return frame.outward(torch.cat([generator(z) for z in latents]))
    pairs = zip(latents, labels.split(batch_size), strict=True)
    return frame.outward(torch.cat([generator(z, y) for z, y in pairs]))


def labels_for(
    n: int,
    label: str | None,
    classes: list[str],
    source: object,
    kind: type[FganError],
    table: TableEncoding | None = None,
    seed: int = 0,
) -> Tensor | None:
    """Return labels (n,): one class by its name, or all in turn, those of a table by share; None without classes.

    Raises:
        FganError: of the given kind, where there is no such class.
    """
    if label is None and table and table.classes:
        return table.classes.draw(n, seed)
    if label is None:
        return torch.arange(n) % len(classes) if classes else None
    if label not in classes:
        known = f"its classes are {', '.join(classes)}" if classes else "it was trained without --conditional"
        raise kind(f'a label must be a class of {source}; got "{label}", and {known}.')
    return torch.full((n,), classes.index(label))


def shown(rows: Tensor | Table, table: TableEncoding | None) -> Any:  # noqa: ANN401 - pandas is optional
    """Return rows of a table as a DataFrame where pandas is installed, and all else as it is."""
    if table is None or isinstance(rows, Tensor) or importlib.util.find_spec("pandas") is None:
        return rows
    return frame_of(rows, table)
