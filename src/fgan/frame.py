"""Where samples lie, and in what units: what data know, networks work in, and checkpoints keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Frame:
    """Where samples lie, so that a network can work at mean 0 and spread 1 whatever their units.

    Args:
        shape: of one sample: (channels, height, width) for images, (features,) for vectors.
        value_range: smallest and largest possible value, or None where values are unbounded.
        center, scale: one number, or one for each entry of a sample; a critic sees (x - center) / scale.
        origin, unit: one number for each entry of a sample x that is held, drawn and generated as float32 and stands
            for origin + unit * x in the data's own numbers, which float32 could not keep apart; none for x itself.
        choices: of vectors, blocks of coordinates of which one is 1 and the others are 0, as (first, count, gated): so
            many coordinates before the first are 0 unless that is 1.
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
        """Return the frame of images (channels, height, width), in which [0, 1] becomes [-1, 1]."""
        return cls(shape, (0.0, 1.0), center=(0.5,), scale=(0.5,))

    @property
    def in_data_units(self) -> Frame:
        """The same place without a centre and a scale: a critic sees x itself."""
        return Frame(self.shape, self.value_range, origin=self.origin, unit=self.unit, choices=self.choices)

    def outward(self, samples: Tensor) -> Tensor:
        """Return samples (n, *shape) in the data's own numbers: float64 where float32 would not do, else themselves.

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
        """Describe it in JSON's types."""
        return {
            "shape": list(self.shape),
            "value_range": list(self.value_range) if self.value_range else None,
            "center": list(self.center),
            "scale": list(self.scale),
            # Only where there are some: frames of other data read as they always did.
            **({"origin": list(self.origin), "unit": list(self.unit)} if self.origin else {}),
            **({"choices": [list(one) for one in self.choices]} if self.choices else {}),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the frame that `to_json` described.

        >>> frame = Frame((2,), None, (0.5, 1.0), (2.0, 3.0))
        >>> Frame.from_json(frame.to_json()) == frame
        True
        """
        low_high = values["value_range"]
        return cls(
            tuple(values["shape"]),
            (low_high[0], low_high[1]) if low_high else None,
            tuple(values["center"]),
            tuple(values["scale"]),
            tuple(values.get("origin", ())),
            tuple(values.get("unit", ())),
            tuple((first, count, gated) for first, count, gated in values.get("choices", ())),
        )
