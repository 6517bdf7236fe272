"""Augmentations and their probabilities, as in "color,translation:0.5"."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fgan.augmentation.augmentations import AUGMENTATIONS, Augmentation, Levels
from fgan.errors import FganError, did_you_mean

GRAMMAR = 'NAME or NAME:PROBABILITY separated by commas, or "none"'


def augment(text: str, *, value_range: tuple[float, float] = (-1.0, 1.0)) -> Augment:
    r"""Return random changes of pictures for your own training loop, to apply to both data and samples.

    The critic must see `change(real)` and `change(fake)`, both in its own step and in the generator's; gradients flow
    through. Samples of the trained generator do not look augmented, except for mirror images with "flip".

    Args:
        text: as for `--augment`: NAME[:PROBABILITY],... with the names flip, color, translation and cutout, in any
            order.
        value_range: the values of black and white in the pictures.

    Returns:
        A callable `(pictures, random=None)` that maps pictures (n, channels, height, width) to pictures.

    Raises:
        FganError: for an unknown name, a probability out of range, or a syntax error.

    Source: Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training" (2020); Karras et al., "Training
    Generative Adversarial Networks with Limited Data" (2020).

    >>> import fgan
    >>> change = fgan.augment("color,translation,cutout", value_range=(0, 1))
    >>> change(torch.rand(8, 3, 32, 32)).shape
    torch.Size([8, 3, 32, 32])
    """
    return Augment(text, value_range)


class Augment:
    """Random changes of pictures; created by `fgan.augment`.

    Args:
        text, value_range: as for `fgan.augment`.
    """

    def __init__(self, text: str, value_range: tuple[float, float] = (-1.0, 1.0)) -> None:
        self.text, self.levels = text, _levels(value_range)
        chosen = read(text)
        self.steps: list[tuple[float, Augmentation]] = [
            (chosen[name], kind()) for name, kind in AUGMENTATIONS.items() if name in chosen
        ]

    def __repr__(self) -> str:
        """Return the call that creates it."""
        return f'fgan.augment("{self.text}", value_range=({self.levels.low:g}, {self.levels.high:g}))'

    def __bool__(self) -> bool:
        """Return whether it changes anything."""
        return bool(self.steps)

    def __call__(self, pictures: Tensor, random: torch.Generator | None = None) -> Tensor:
        """Return augmented pictures.

        Args:
            pictures: (n, channels, height, width).
            random: random generator for the changes; default: torch's global one.

        Raises:
            FganError: for a wrong shape or an integer dtype.
        """
        if not isinstance(pictures, Tensor) or pictures.ndim != 4:
            got = tuple(pictures.shape) if isinstance(pictures, Tensor) else type(pictures).__name__
            raise FganError(
                f"augmentations need pictures, a tensor of shape (n, channels, height, width); got {got}."
            )
        if not pictures.is_floating_point():
            raise FganError(
                f"augmentations need floating-point pictures; got {pictures.dtype}. Convert them with "
                "pictures.float()."
            )
        return self.changed(pictures, self.draws((len(pictures),), random, pictures.device))

    def draws(
        self, count: tuple[int, ...], random: torch.Generator | None, device: torch.device | None = None
    ) -> Tensor:
        """Return the random numbers (..., numbers) for pictures in the shape `count` (...)."""
        numbers = sum(1 + step.numbers for _, step in self.steps)
        return torch.rand(*count, numbers, generator=random, device=device)

    def changed(self, x: Tensor, drawn: Tensor) -> Tensor:
        """Return pictures (..., channels, height, width), changed according to the numbers (..., numbers)."""
        parts = drawn.split([size for _, step in self.steps for size in (1, step.numbers)], -1)
        for (probability, step), lot, numbers in zip(self.steps, parts[::2], parts[1::2], strict=True):
            x = step(x, lot.squeeze(-1) < probability, numbers, self.levels)
        return x

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for users before training."""
        return tuple(note for probability, step in self.steps if (note := step.note(probability)))


def read(text: str) -> dict[str, float]:
    """Parse a text into probabilities by augmentation.

    Raises:
        FganError: for an unknown name, a probability out of range, a repeated augmentation, or a syntax error.

    >>> read("cutout:0.5, color"), read("none")
    ({'cutout': 0.5, 'color': 0.8}, {})
    """
    if not isinstance(text, str):
        raise FganError(f"augmentations must be one string, {GRAMMAR}; got {text!r}.")
    chosen: dict[str, float] = {}
    if text.strip() in ("", "none"):
        return chosen
    for part in text.split(","):
        name, colon, value = part.strip().partition(":")
        if name not in AUGMENTATIONS:
            raise FganError(
                f'an augmentation must be one of {", ".join(AUGMENTATIONS)}; got "{name}".'
                f"{did_you_mean(name, AUGMENTATIONS)}"
            )
        if name in chosen:
            raise FganError(f'name each augmentation once; got "{name}" twice in "{text}".')
        chosen[name] = _probability(value, part) if colon else AUGMENTATIONS[name].probability
    return chosen


def _levels(value_range: tuple[float, float]) -> Levels:
    """Return black and white.

    Raises:
        FganError: if white is not above black, or one is infinite.
    """
    try:
        low, high = (float(value) for value in value_range)
    except (TypeError, ValueError):
        low = high = math.nan
    if not -math.inf < low < high < math.inf:
        raise FganError(
            f"value_range must be two finite numbers, (black, white), with white larger; got {value_range}."
        )
    return Levels(low, high)


def _probability(value: str, part: str) -> float:
    try:
        probability = float(value)
    except ValueError:
        raise FganError(f'augmentations must be {GRAMMAR}; got "{part.strip()}".') from None
    if not 0 < probability <= 1:
        raise FganError(
            f'the probability of an augmentation must be above 0 and at most 1; got "{part.strip()}".'
        )
    return probability


NOTHING = Augment("none")
"""No augmentation."""
