"""The classifiers whose last hidden layer serves as features."""

from __future__ import annotations

from torch import Tensor, nn

from fgan.data.dataset import as_float


class DigitNet(nn.Module):
    """Three convolutions and a hidden layer, for grey images of digits.

    Args:
        side: of the images in pixels, even.
        dimension: of the features.
        stride: of the first convolution.
    """

    def __init__(self, side: int, dimension: int, stride: int) -> None:
        super().__init__()
        rest = side // stride // 2
        self.body = nn.Sequential(
            nn.Conv2d(1, 32, 5, stride, padding=2),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 64, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(64 * rest * rest, dimension),
            nn.ReLU(),
        )
        self.head = nn.Linear(dimension, 10)

    def features(self, values: Tensor) -> Tensor:
        """Return features (n, dimension) of uint8 or [0, 1] images (n, 1, side, side)."""
        return self.body(as_float(values) * 2 - 1)

    def forward(self, values: Tensor) -> Tensor:
        """Return logits (n, 10)."""
        return self.head(self.features(values))


class CifarNet(nn.Module):
    """Eight convolutions with batch norm, of which three have a shortcut, for 32×32 colour images in ten classes.

    As an extractor it is in evaluation mode: each image is seen by itself.

    Source: He et al., "Deep residual learning for image recognition" (2016), with as few layers as Page, "How to train
    your ResNet" (2018), and narrower.
    """

    dimension = 256

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_convolution(3, 32),
            *_convolution(32, 64, pool=True),
            _Shortcut(*_convolution(64, 64)),
            *_convolution(64, 192, pool=True),
            _Shortcut(*_convolution(192, 192)),
            *_convolution(192, 256, pool=True),
            _Shortcut(*_convolution(256, 256)),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),
        )
        self.head = nn.Linear(self.dimension, 10)

    def features(self, values: Tensor) -> Tensor:
        """Return features (n, 256) of uint8 or [0, 1] images (n, 3, 32, 32)."""
        return self.body(as_float(values) * 4 - 2)

    def forward(self, values: Tensor) -> Tensor:
        """Return logits (n, 10)."""
        return self.head(self.features(values))


class _Shortcut(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return x + super().forward(x)


def _convolution(inside: int, outside: int, pool: bool = False) -> list[nn.Module]:
    convolution = nn.Conv2d(inside, outside, 3, padding=1, bias=False)
    return [convolution, *([nn.MaxPool2d(2)] if pool else []), nn.BatchNorm2d(outside), nn.ReLU()]
