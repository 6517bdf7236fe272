"""A player: a network with the optimiser that moves it, alone or joined with others of its side.

Tensors of K members side by side have a first axis of K; a member alone is a stack of one.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fgan.networks.stacked import Stack
from fgan.training.adam import Adam, JointAdam
from fgan.training.ranks import ALONE, Ranks

INFINITY = float("inf")


class Player:
    """A network with the optimiser that moves it.

    Args:
        network: whose parameters are moved.
        lr, betas: Adam's step size and decays.
        clip: the largest norm of a gradient, all parameters together; a longer one is shortened to it.
        ranks: the processes whose mean gradient it goes by.
    """

    def __init__(
        self,
        network: nn.Module,
        lr: float,
        betas: tuple[float, float],
        clip: float = INFINITY,
        ranks: Ranks = ALONE,
    ) -> None:
        self.network, self.clip, self.ranks = network, clip, ranks
        self.parameters = list(network.parameters())
        self.optimizer = Adam(self.parameters, lr, betas)
        self._gradients: tuple[Tensor, ...] = ()
        self._joint: tuple[JointPlayer, int] | None = None

    @staticmethod
    def joined(players: Sequence[Player]) -> Player:
        """Return players of the same side as one; a single one is its own."""
        players[0]._joint = None
        return JointPlayer(players) if len(players) > 1 else players[0]

    def __call__(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return what the network makes of x (1, n, ...), with labels (1, n) where there are any."""
        return call(self.network, x[0], None if labels is None else labels[0]).unsqueeze(0)

    def gradients(
        self, loss: Tensor, noted: Tensor | None = None, *, keep_graph: bool = False
    ) -> tuple[Tensor, ...]:
        """Return the gradient of `loss`, one number a member, by these parameters; nobody else's is computed.

        Where several processes train together it is the mean of theirs, and the numbers `noted` become means too.
        """
        own = torch.autograd.grad(loss.sum(), self.parameters, retain_graph=keep_graph or None)
        return self.ranks.averaged(own, noted)

    def move(self, gradients: tuple[Tensor, ...]) -> None:
        """Take one optimiser step down these gradients."""
        self._gradients = gradients
        if self.clip < INFINITY:
            gradients = self._shortened(gradients)
        self.optimizer.step(gradients)

    def _shortened(self, gradients: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        shrink = (self.clip / self.gradient_norm()).clamp(max=1.0)
        return tuple(torch._foreach_mul(gradients, shrink))  # pyright: ignore[reportPrivateImportUsage]

    def descend(self, loss: Tensor, noted: Tensor | None = None) -> None:
        """Move the parameters one step down the gradient of `loss`; `noted` as for `gradients`."""
        self.move(self.gradients(loss, noted))

    def gradient_norm(self) -> Tensor:
        """Return the norm of the last gradient before it was clipped, a scalar; NaN before the first."""
        gradients = self._gradients
        if self._joint:
            joint, member = self._joint
            gradients = [gradient[member] for gradient in joint._gradients]
        if not gradients:
            return torch.tensor(float("nan"))
        return torch.stack(torch._foreach_norm(gradients)).norm()  # pyright: ignore[reportPrivateImportUsage]


class JointPlayer(Player):
    """The players of one side of several members as one; what each of them holds becomes a view of it.

    Args:
        players: at least two, whose networks, decays and clips are alike and which took equally many steps.
    """

    def __init__(self, players: Sequence[Player]) -> None:
        self.clip, self.ranks = players[0].clip, players[0].ranks
        self._gradients, self._joint = (), None
        self.stack = Stack([player.network for player in players])
        self.parameters = self.stack.parameters
        self.optimizer = JointAdam(self.parameters, [player.optimizer for player in players])
        for member, player in enumerate(players):
            player._joint = (self, member)

    def __call__(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return what each network makes of its part of x (K, n, ...), with labels (K, n) where there are any."""
        return self.stack(x, labels)

    def _shortened(self, gradients: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        squares = torch.stack([gradient.flatten(1).square().sum(1) for gradient in gradients])
        shrink = (self.clip / squares.sum(0).sqrt()).clamp(max=1.0)
        return tuple(g * shrink.view(-1, *[1] * (g.ndim - 1)) for g in gradients)


def call(network: nn.Module, x: Tensor, labels: Tensor | None) -> Tensor:
    """Call a network, with labels where there are any."""
    return network(x) if labels is None else network(x, labels)
