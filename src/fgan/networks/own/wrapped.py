"""Custom networks with the interface of fgan's own."""

from __future__ import annotations

from torch import Tensor, nn

from fgan.networks.conditioning import Critic, Generator


class OwnGenerator(Generator):
    """A custom generator; names in its state dict begin with "network.".

    Args:
        network: maps z (n, latent), and labels (n,) if there are classes, to samples (n, ...) in the data's range.
        latent: dimension of z.
        classes: number of classes, 0 for none.
        notes: what is worth knowing about it.
        draws: whether it draws random numbers while it trains.
    """

    def __init__(
        self, network: nn.Module, latent: int, classes: int, notes: tuple[str, ...] = (), draws: bool = False
    ) -> None:
        nn.Module.__init__(self)
        self.network, self.latent, self.classes = network, latent, classes
        self.notes, self.draws = notes, draws

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples (n, ...)."""
        return self.network(z) if labels is None else self.network(z, labels)


class OwnCritic(Critic):
    """A custom critic; names in its state dict begin with "network.".

    Args:
        network: maps x (n, ...), and labels (n,) if there are classes, to raw outputs (n,) or (n, 1).
        classes: number of classes, 0 for none.
        notes: what is worth knowing about it.
        draws: whether it draws random numbers while it trains.
    """

    def __init__(
        self, network: nn.Module, classes: int, notes: tuple[str, ...] = (), draws: bool = False
    ) -> None:
        nn.Module.__init__(self)
        self.network, self.classes = network, classes
        self.notes, self.draws = notes, draws

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return raw outputs (n,)."""
        v = self.network(x) if labels is None else self.network(x, labels)
        return v.reshape(len(x))
