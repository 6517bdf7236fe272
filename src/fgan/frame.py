"""The shape and units of samples, shared by data, networks and checkpoints."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from fgan.errors import DataError
from fgan.json_files import shaped

if TYPE_CHECKING:
    from torch import Tensor

MOST_ENTRIES = 2**28
"""Numbers of one sample."""


@dataclass(frozen=True)
class Frame:
    r"""The shape and units of samples, so that networks can work with mean 0 and spread 1.

    Args:
        shape: shape of one sample: (channels, height, width) for images, (features,) for vectors.
        value_range: smallest and largest possible value; None if values are unbounded.
        center, scale: one number, or one per entry of a sample. A critic sees (x - center) / scale.
        origin, unit: one number per entry. A float32 sample x stands for origin + unit \* x in data units, whose values
            float32 could not distinguish; empty if x is already in data units.
        choices: for vectors, one-hot blocks of coordinates as (first, count, gated): `gated` coordinates before the
            first are 0 unless the first is 1.
    """

    shape: tuple[int, ...]
    value_range: tuple[float, float] | None = None
    center: tuple[float, ...] = (0.0,)
    scale: tuple[float, ...] = (1.0,)
    origin: tuple[float, ...] = ()
    unit: tuple[float, ...] = ()
    choices: tuple[tuple[int, int, int], ...] = ()

    @classmethod
    def of_images(cls, shape: tuple[int, ...]) -> Self:
        """Return the frame of images (channels, height, width) with values in [0, 1]; critics see [-1, 1]."""
        return cls(shape, (0.0, 1.0), center=(0.5,), scale=(0.5,))

    @property
    def in_data_units(self) -> Frame:
        """The same frame without centre and scale: a critic sees x itself."""
        return Frame(self.shape, self.value_range, origin=self.origin, unit=self.unit, choices=self.choices)

    def outward(self, samples: Tensor) -> Tensor:
        r"""Return samples (n, \*shape) in data units: as float64 if float32 does not suffice, otherwise unchanged.

        >>> import torch
        >>> frame = Frame((1,), origin=(1.7e9,), unit=(60.0,))
        >>> frame.outward(torch.tensor([[0.5]])).tolist(), frame.inward(torch.tensor([[1_700_000_030]])).tolist()
        ([[1700000030.0]], [[0.5]])
        """
        if not self.origin:
            return samples
        values = samples.double()
        return values.new_tensor(self.origin) + values.new_tensor(self.unit) * values

    def inward(self, samples: Tensor) -> Tensor:
        """Undo `outward`."""
        if not self.origin:
            return samples
        values = samples.double()
        return ((values - values.new_tensor(self.origin)) / values.new_tensor(self.unit)).float()

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-serialisable dict."""
        return {
            "shape": list(self.shape),
            "value_range": list(self.value_range) if self.value_range else None,
            "center": list(self.center),
            "scale": list(self.scale),
            # Only if there are some, so that the frames of other data keep their JSON.
            **({"origin": list(self.origin), "unit": list(self.unit)} if self.origin else {}),
            **({"choices": [list(one) for one in self.choices]} if self.choices else {}),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the frame that `to_json` described.

        Raises:
            DataError: if it is damaged.

        >>> frame = Frame((2,), None, (0.5, 1.0), (2.0, 3.0))
        >>> Frame.from_json(frame.to_json()) == frame
        True
        """
        frame = shaped(values, cls, "the frame of the samples")
        entries = math.prod(frame.shape)
        numbers = (frame.center, frame.scale, frame.origin, frame.unit)
        sound = (
            0 < len(frame.shape) <= 4
            and min(frame.shape) > 0
            and entries <= MOST_ENTRIES
            and all(len(one) in (0, 1, entries) for one in numbers)
            and len(frame.origin) == len(frame.unit)
            and min(*frame.scale, *frame.unit, 1.0) > 0
            and all(
                0 <= gated <= 1 and gated <= first and count > 0 and first + count <= entries
                for first, count, gated in frame.choices
            )
        )
        if not sound:
            raise DataError(
                "the frame of the samples is damaged (its parts do not fit together). Restore the file."
            )
        return frame
