"""Stacked MNIST: three digits as the channels of one picture, a thousand modes to be found or missed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from fgan.data.dataset import Dataset, TensorSource, as_float
from fgan.data.finite import image_dataset
from fgan.data.mnist import mnist_parts
from fgan.output import Say, to_stderr

CLASSES = tuple(f"{k:03}" for k in range(1000))


@dataclass(frozen=True)
class StackedSource:
    """Three grey digits a, b, c, drawn independently, as red, green and blue; the label is 100a + 10b + c.

    Args:
        digits: uint8 (N, 1, H, W), labelled 0..9.

    >>> source = StackedSource(TensorSource(torch.eye(4).reshape(4, 1, 2, 2), torch.tensor([7, 2, 0, 9])))
    >>> source.draw(5, torch.Generator().manual_seed(0)).shape
    torch.Size([5, 3, 2, 2])
    """

    digits: TensorSource

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw n samples, float32 of shape (n, 3, H, W)."""
        return self._stack(self._rows(n, generator))

    def draw_labelled(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """Draw the samples that `draw` would, and their labels."""
        rows = self._rows(n, generator)
        if self.digits.labels is None:
            return self._stack(rows), None
        hundreds, tens, ones = self.digits.labels[rows].unbind(1)
        return self._stack(rows), 100 * hundreds + 10 * tens + ones

    def to(self, device: torch.device | str) -> StackedSource:
        """Return the same digits on `device`."""
        return StackedSource(self.digits.to(device))

    def fingerprint(self, labels: bool = False) -> str:
        """Return the fingerprint of the digits beneath."""
        return self.digits.fingerprint(labels)

    def _rows(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.randint(len(self.digits), (n, 3), generator=generator, device=generator.device)

    def _stack(self, rows: Tensor) -> Tensor:
        chosen = self.digits.values.index_select(0, rows.flatten())
        return as_float(chosen.reshape(len(rows), 3, *chosen.shape[2:]))


def load_stacked_mnist(data_dir: str | Path | None = None, say: Say = to_stderr) -> Dataset:
    """Load stacked MNIST: 28×28 pictures of three digits, one a channel, stacked afresh at every draw.

    Training samples are made of MNIST's training images and held-out samples of its test images. The classes
    are the 1,000 numbers that three digits spell.

    Args:
        data_dir, say: see `fgan.data.mnist.load_mnist`.

    References:
        Metz et al., Unrolled Generative Adversarial Networks, ICLR 2017.
        Srivastava et al., VEEGAN: Reducing Mode Collapse in GANs using Implicit Variational Learning,
        NeurIPS 2017.
        Lin et al., PacGAN: The power of two samples in generative adversarial networks, NeurIPS 2018.
    """
    train, held_out = mnist_parts(data_dir, say)
    digits = image_dataset("stacked-mnist", train, held_out, CLASSES)
    return replace(
        digits,
        frame=replace(digits.frame, shape=(3, *digits.shape[1:])),
        train=StackedSource(train),
        held_out=StackedSource(held_out),
    )
