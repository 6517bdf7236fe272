"""The classifiers that ship with the package, as extractors."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load
from torch import Tensor
from torch.nn.functional import interpolate

from fgan.data.dataset import as_float
from fgan.draws import DrawnFrom
from fgan.errors import FganError
from fgan.evaluation.features.cnn import CifarNet, DigitNet

WEIGHTS = Path(__file__).parent / "weights"


@dataclass(frozen=True)
class Kind:
    """A network that ships, or can: how it is built, and what for.

    Args:
        build: makes it without its weights.
        shape: of the images that it takes.
        dimension: of its features.
        trained_on: the data set, or "" for a folder that the user has.
        flip: whether mirror images are of the same class.
        things: what it classifies, where its features serve for pictures of other things too.
    """

    build: Callable[[], DigitNet | CifarNet]
    shape: tuple[int, int, int]
    dimension: int
    trained_on: str
    flip: bool = False
    things: tuple[str, ...] = ()


CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

SHIPPED: dict[str, Kind] = {
    "mnist-cnn": Kind(lambda: DigitNet(28, 128, stride=2), (1, 28, 28), 128, "mnist"),
    "digits-cnn": Kind(lambda: DigitNet(8, 64, stride=1), (1, 8, 8), 64, "digits"),
    "cifar-cnn": Kind(CifarNet, (3, 32, 32), CifarNet.dimension, "", flip=True, things=CIFAR),
}


class ShippedCNN:
    """Features of a classifier that ships: its last hidden layer, after the ReLU.

    Args:
        name: a key of `SHIPPED`.

    Raises:
        FganError: where its weights do not ship.

    >>> extractor = ShippedCNN("digits-cnn")
    >>> extractor(torch.zeros(2, 1, 8, 8, dtype=torch.uint8)).shape
    torch.Size([2, 64])
    """

    classes = 10

    def __init__(self, name: str) -> None:
        kind, path = SHIPPED[name], WEIGHTS / f"{name}.safetensors"
        if not path.is_file():
            raise FganError(
                f'the weights of "{name}" are not included yet. Train them with '
                f"python -m fgan.evaluation.features.train {name}"
                f"{'' if kind.trained_on else ' --data FOLDER'}, or use --extractor pixels."
            )
        content = path.read_bytes()
        self.name, self.shape, self.dimension, self.trained_on = (
            name,
            kind.shape,
            kind.dimension,
            kind.trained_on,
        )
        self.sha256 = hashlib.sha256(content).hexdigest()
        with DrawnFrom.seeded(0):  # weights that the file replaces
            self.network = kind.build()
        self.network.load_state_dict({key: value.float() for key, value in load(content).items()})
        # Channels last is what convolutions on a CPU are quickest with.
        self.network.eval().requires_grad_(False)
        self.network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def to(self, device: torch.device | str) -> ShippedCNN:
        """Move it to a device, and return it."""
        self.network.to(device)
        return self

    def __call__(self, values: Tensor) -> Tensor:
        """Return features (n, dimension) of uint8 images (n, *shape)."""
        return self.network.features(values)

    def logits(self, features: Tensor) -> Tensor:
        """Return what the classifier makes of features, (n, 10)."""
        return self.network.head(features)


class Borrowed:
    """Features of a classifier for pictures of other things or sizes. It has no classes: they would mean nothing.

    Args:
        network: whose features they are; it sees every picture in its own size.

    >>> Borrowed(ShippedCNN("cifar-cnn"))(torch.zeros(2, 3, 48, 48, dtype=torch.uint8)).shape
    torch.Size([2, 256])
    """

    trained_on = ""

    def __init__(self, network: ShippedCNN) -> None:
        self.network, self.dimension, self.sha256 = network, network.dimension, network.sha256
        self.side = network.shape[-1]
        self.name = f"{network.name} at {self.side}×{self.side}"

    def to(self, device: torch.device | str) -> Borrowed:
        """Move it to a device, and return it."""
        self.network.to(device)
        return self

    def __call__(self, values: Tensor) -> Tensor:
        """Return features (n, dimension) of uint8 images (n, C, H, W)."""
        if values.shape[2:] != (self.side, self.side):
            values = interpolate(as_float(values), (self.side, self.side), mode="bilinear", antialias=True)
        return self.network(values)


class PerChannel:
    """Each channel of an image seen by a grey extractor of ten classes: stacked MNIST's thousand.

    Args:
        grey: what sees a channel.
        channels: how many.
    """

    def __init__(self, grey: ShippedCNN, channels: int = 3) -> None:
        self.grey, self.channels = grey, channels
        self.name = f"{grey.name} on each channel"
        self.shape = (channels, *grey.shape[1:])
        self.dimension, self.classes = channels * grey.dimension, grey.classes**channels
        self.sha256, self.trained_on = grey.sha256, grey.trained_on

    def to(self, device: torch.device | str) -> PerChannel:
        """Move it to a device, and return it."""
        self.grey.to(device)
        return self

    def __call__(self, values: Tensor) -> Tensor:
        """Return features (n, channels × dimension) of uint8 images (n, channels, H, W)."""
        return self.grey(values.flatten(0, 1).unsqueeze(1)).view(len(values), -1)

    def logits(self, features: Tensor) -> Tensor:
        """Return log-probabilities of all combinations (n, 10^channels); class 100a + 10b + c for digits a, b, c."""
        parts = self.grey.logits(features.view(-1, self.grey.dimension)).log_softmax(1)
        joint = features.new_zeros(len(features), 1)
        for part in parts.view(len(features), self.channels, -1).unbind(1):
            joint = (joint[:, :, None] + part[:, None]).flatten(1)
        return joint
