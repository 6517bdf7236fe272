"""The base classes of generators and critics, and how they use class labels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fgan.errors import FganError


class Generator(nn.Module):
    """A map from standard normal latents (n, latent), and labels (n,) if it has classes, to samples.

    A class is represented by a learned embedding, concatenated with the latent.

    Args:
        latent: dimension of the latent.
        classes: number of classes, 0 for none.
        layers: the network; its input has `inputs(latent, classes)` numbers.
    """

    notes: tuple[str, ...] = ()
    """What is worth knowing before it trains."""
    draws: bool = False
    """Whether it draws random numbers while it trains, as dropout does."""

    def __init__(self, latent: int, classes: int, layers: list[nn.Module]) -> None:
        super().__init__()
        self.latent, self.classes = latent, classes
        self.layers = nn.Sequential(*layers)
        if classes:
            self.embedding = nn.Embedding(classes, _embedded(classes))

    @staticmethod
    def inputs(latent: int, classes: int) -> int:
        """Return the input size for a latent and its class."""
        return latent + _embedded(classes)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples (n, ...) for latents z (n, latent) and classes `labels` (n,)."""
        if self.classes or labels is not None:
            labels = checked(labels, self.classes, "generator")
            z = torch.cat([z, self.embedding(labels)], 1)
        return self.layers(z)


class Critic(nn.Module):
    r"""A map from samples (n, ...), and labels (n,) if it has classes, to one raw output each.

    With φ the body and ψ the head, v(x) = ψ(φ(x)); with classes, the critic projects on them:

    .. math:: v(x, y) = \psi(\phi(x)) + \langle e_y, \phi(x) \rangle

    Args:
        classes: number of classes, 0 for none.
        body: the layers of φ, to features (n, d).
        head: ψ, a linear layer with one output.

    Source: Miyato and Koyama, "cGANs with projection discriminator" (2018), eq. 3.
    """

    notes: tuple[str, ...] = ()
    """What is worth knowing before it trains."""
    draws: bool = False
    """Whether it draws random numbers while it trains, as dropout does."""

    def __init__(self, classes: int, body: list[nn.Module], head: nn.Linear) -> None:
        super().__init__()
        self.classes = classes
        self.layers = nn.Sequential(*body, head)
        if classes:
            self.embedding = nn.Embedding(classes, head.in_features)
            # Use the scale of the head's weights: with torch's N(0, 1), <e_y, φ> would dominate ψ at the start.
            nn.init.normal_(self.embedding.weight, std=head.in_features**-0.5)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return raw outputs (n,) for samples x (n, ...) with classes `labels` (n,); larger means more real."""
        if self.classes or labels is not None:
            return self._project(x, checked(labels, self.classes, "critic"))
        return self.layers(x).squeeze(1)

    def _project(self, x: Tensor, labels: Tensor) -> Tensor:
        *body, head = self.layers
        features = x
        for layer in body:
            features = layer(features)
        return head(features).squeeze(1) + (self.embedding(labels) * features).sum(1)


def checked(labels: Tensor | None, classes: int, player: str) -> Tensor:
    """Return the labels after checking that they are given if and only if there are classes.

    Raises:
        FganError: if a conditional network gets no labels, or an unconditional one gets some.
    """
    if not classes:
        raise FganError(
            f"a {player} without classes takes no labels; got some. Omit them, or build it with classes."
        )
    if labels is None:
        raise FganError(
            f"a {player} with {classes} classes needs labels (n,); got none. Pass one label per sample."
        )
    return labels


def _embedded(classes: int) -> int:
    # One dimension per class is as expressive as one-hot labels; many classes share dimensions.
    return min(classes, 128)
