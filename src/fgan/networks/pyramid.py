"""The resolutions of a convolutional network."""

from __future__ import annotations

from dataclasses import dataclass

from fgan.errors import FganError
from fgan.frame import Frame

BASES = range(4, 8)
"""Sides of the smallest resolution; every larger side is one of these, doubled."""


@dataclass(frozen=True)
class Pyramid:
    """A square image, and how often its side halves.

    Args:
        channels: of the image.
        base: side of the smallest resolution.
        halvings: number of halvings from the image to it.
    """

    channels: int
    base: int
    halvings: int


def pyramid_of(frame: Frame, kind: str) -> Pyramid:
    """Return the resolutions of a frame's images.

    Args:
        frame: of the samples.
        kind: the kind of network, for the error message.

    Raises:
        FganError: if the samples are not images, or have an unsupported size.

    >>> pyramid_of(Frame((1, 28, 28)), "dcgan")
    Pyramid(channels=1, base=7, halvings=2)
    """
    if len(frame.shape) != 3:
        raise FganError(
            f"--network {kind} needs images; got samples of shape {frame.shape}. Use --network mlp."
        )
    channels, height, width = frame.shape
    if height == width and (found := _halved(height)):
        return Pyramid(channels, *found)
    raise FganError(
        f"--network {kind} needs square images of 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, "
        f"128 ... pixels; got {height} x {width}. "
        f"Resize them with --image-size {_nearest(max(height, width))}, or use --network mlp."
    )


def has_pyramid(shape: tuple[int, ...]) -> bool:
    """Return whether convolutional networks can make samples of a shape.

    >>> has_pyramid((1, 28, 28)), has_pyramid((1, 27, 27)), has_pyramid((2,))
    (True, False, False)
    """
    return len(shape) == 3 and shape[1] == shape[2] and _halved(shape[1]) is not None


def _halved(side: int) -> tuple[int, int] | None:
    """Return the smallest side and how often it doubles to this one; None if there is none."""
    for halvings in range(1, side.bit_length()):
        base, rest = divmod(side, 2**halvings)
        if not rest and base in BASES:
            return base, halvings
    return None


def channels_by_level(width: int, levels: int) -> list[int]:
    """Return the channels of each resolution from the highest down: doubled at each level, up to 8 times.

    >>> channels_by_level(32, 5)
    [32, 64, 128, 256, 256]
    """
    return [width * min(2**level, 8) for level in range(levels)]


def _nearest(side: int) -> int:
    sides = [base * 2**halvings for base in BASES for halvings in range(1, max(side, 2).bit_length())]
    return min(sides, key=lambda candidate: abs(candidate - side))
