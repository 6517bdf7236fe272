"""Augmentations: each changes some pictures of a batch differentiably, according to given random numbers.

An augmentation T turns a distribution P of pictures into T P. Generated pictures are changed by the same T, so the
critic compares T P with T Q. If different P give different T P, the generator still learns P: nothing leaks.
Every T here is (1 - p) I + p A for a probability p. Source: Karras et al. (2020), section 2.2 and appendix C.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad


@dataclass(frozen=True)
class Levels:
    """The values of pictures.

    Args:
        low, high: black and white.
    """

    low: float
    high: float

    @property
    def grey(self) -> float:
        """The middle value, which fills holes, so that a critic can see what is missing."""
        return (self.low + self.high) / 2

    @property
    def range(self) -> float:
        """White minus black."""
        return self.high - self.low


class Augmentation(ABC):
    """A random change of pictures."""

    probability = 0.8
    """Of a picture to be changed, unless given. A shift by a uniform number, of pixels or of brightness, is undone
    stably below 0.82: its characteristic function is at least -0.22."""
    numbers: int
    """How many uniform random numbers it takes for each picture."""

    def note(self, probability: float) -> str:
        """Return a note for users before training with this probability."""
        return ""

    @abstractmethod
    def __call__(self, x: Tensor, changes: Tensor, drawn: Tensor, levels: Levels) -> Tensor:
        """Return pictures like x; those that do not change are bit-identical.

        Args:
            x: pictures (..., channels, height, width).
            changes: which of them change (...), booleans.
            drawn: uniform on [0, 1), (..., numbers).
            levels: of x.
        """


class Flip(Augmentation):
    """Mirror left and right.

    With p = 1/2 a picture and its mirror image are equally frequent for every P, so the generator cannot know which of
    them are data: this is the only augmentation here that leaks on purpose. With another p it does not leak.
    """

    probability = 0.5
    numbers = 0

    def note(self, probability: float) -> str:
        """Return a note that samples may be mirrored; not if every picture is, since the critic can tell then."""
        if probability == 1:
            return ""
        seen = (
            "mirror images as often as originals, so samples may be mirrored too"
            if probability == 0.5
            else f"{probability:.0%} of the pictures mirrored: samples may be mirrored too, more so near 50%"
        )
        return (
            f"flip: the critic sees {seen}. Use it only if mirror images are plausible data, such as animals; not for "
            "letters, digits or anything else with a left and a right"
        )

    def __call__(self, x: Tensor, changes: Tensor, drawn: Tensor, levels: Levels) -> Tensor:
        """Return pictures, some of them mirrored."""
        return torch.where(_by_picture(changes), x.flip(-1), x)


class Color(Augmentation):
    """Shift the brightness by at most a quarter of the range, and scale saturation by 0 to 2 and contrast by ½ to 1½.

    Saturation is the distance of channels from their mean, contrast that of pixels from the picture's mean. Grey
    pictures have no saturation. Values may leave the range, because clipping would lose them.

    Source: Zhao et al. (2020), the authors' code.
    """

    numbers = 3

    def __call__(self, x: Tensor, changes: Tensor, drawn: Tensor, levels: Levels) -> Tensor:
        """Return pictures, some of them in other colours."""
        centred = ((drawn - 0.5) * changes.unsqueeze(-1)).to(x.dtype)
        brightness, saturation, contrast = (_by_picture(one) for one in centred.unbind(-1))
        contrast = 1 + contrast
        # The three changes are one linear map of a pixel, the mean of its channels, and the mean of the picture.
        mean = x.mean((-3, -2, -1), keepdim=True)
        rest = (1 - contrast) * mean + brightness * (levels.range / 2)
        if x.shape[-3] == 1:
            return x * contrast + rest
        saturation = 1 + 2 * saturation
        pixel = x.mean(-3, keepdim=True)
        return x * (contrast * saturation) + (pixel * (contrast * (1 - saturation)) + rest)


class Translation(Augmentation):
    """Move by at most an eighth of the height and of the width, uniformly in whole pixels; grey fills the edge.

    With p = 1, parts that leave the picture may be lost if the edges of the picture are grey as well.

    Source: Zhao et al. (2020), appendix B, with grey where they have it too: 0 in [-1, 1].
    """

    numbers = 2
    share = 1 / 8

    def __call__(self, x: Tensor, changes: Tensor, drawn: Tensor, levels: Levels) -> Tensor:
        """Return pictures, some of them moved."""
        height, width = x.shape[-2:]
        down, right = int(height * self.share + 0.5), int(width * self.share + 0.5)
        wide = width + 2 * right
        rows = self._sources(height, down, changes, drawn[..., 0])
        columns = self._sources(width, right, changes, drawn[..., 1])
        pixels = (rows.unsqueeze(-1) * wide + columns.unsqueeze(-2)).flatten(-2).unsqueeze(-2)
        padded = pad(x, (right, right, down, down), value=levels.grey).flatten(-2)
        return padded.gather(-1, pixels.expand(*x.shape[:-2], -1)).view(x.shape)

    def _sources(self, length: int, most: int, changes: Tensor, drawn: Tensor) -> Tensor:
        """Return where in the padded picture each row or column comes from (..., length)."""
        shift = _whole(drawn, 2 * most + 1) - most
        places = torch.arange(most, most + length, device=drawn.device)
        return places - (shift * changes).unsqueeze(-1)


class Cutout(Augmentation):
    """Lay a grey rectangle of half the height and width over it, around a uniform pixel; parts may lie outside.

    With p = 1 no picture is ever seen whole, and relations between opposite corners are lost.

    Source: DeVries and Taylor (2017), section 3.2; Zhao et al. (2020), appendix B.
    """

    numbers = 2
    share = 1 / 2

    def __call__(self, x: Tensor, changes: Tensor, drawn: Tensor, levels: Levels) -> Tensor:
        """Return pictures, some of them with a hole."""
        height, width = x.shape[-2:]
        rows, columns = self._hidden(height, drawn[..., 0]), self._hidden(width, drawn[..., 1])
        hole = rows.unsqueeze(-1) & columns.unsqueeze(-2) & changes.view(*changes.shape, 1, 1)
        return torch.where(hole.unsqueeze(-3), levels.grey, x)

    def _hidden(self, length: int, drawn: Tensor) -> Tensor:
        """Return which rows or columns the rectangle covers (..., length)."""
        size = int(length * self.share + 0.5)
        first = _whole(drawn, length + 1 - size % 2).unsqueeze(-1) - size // 2
        places = torch.arange(length, device=drawn.device)
        return (places >= first) & (places < first + size)


def _by_picture(values: Tensor) -> Tensor:
    """Return one value a picture (...) in a shape that goes with pictures (..., channels, height, width)."""
    return values.view(*values.shape, 1, 1, 1)


def _whole(drawn: Tensor, n: int) -> Tensor:
    """Return uniform whole numbers below n for uniform ones on [0, 1), whose product with n may round up to n."""
    return (drawn * n).long().clamp(max=n - 1)


AUGMENTATIONS: dict[str, type[Augmentation]] = {
    "flip": Flip,
    "color": Color,
    "translation": Translation,
    "cutout": Cutout,
}
"""In the order of application: holes come last and stay grey."""
