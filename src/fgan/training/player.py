"""A player: a network with its optimiser, alone or joined with the same players of other members.

Tensors of K members side by side have a first axis of K; a member alone is a stack of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.func import functional_call

from fgan.networks.own.mapped import tensors_of
from fgan.networks.stacked import Stack
from fgan.training.adam import Adam, JointAdam, Rate
from fgan.training.ranks import ALONE, Ranks

INFINITY = float("inf")


class Player:
    """A network with its optimiser.

    Args:
        network: the network to train.
        lr, betas: Adam's step size and decays.
        clip: the largest norm of the gradient over all parameters; longer gradients are scaled down to it.
        ranks: the processes whose gradients are averaged.
        multiply: the type of the numbers that the network multiplies; its output is float32.
    """

    def __init__(
        self,
        network: nn.Module,
        lr: float,
        betas: tuple[float, float],
        clip: float = INFINITY,
        ranks: Ranks = ALONE,
        multiply: torch.dtype = torch.float32,
    ) -> None:
        self.network, self.clip, self.ranks, self.multiply = network, clip, ranks, multiply
        self.parameters, self.buffers = list(network.parameters()), list(network.buffers())
        self.optimizer = Adam(self.parameters, lr, betas)
        self._gradients: tuple[Tensor, ...] = ()
        self._held: dict[str, Tensor] | None = None
        self._joint: tuple[JointPlayer, int] | None = None

    @staticmethod
    def joined(players: Sequence[Player]) -> Player:
        """Return players of the same side as one; a single player is returned unchanged."""
        players[0]._joint = None
        return JointPlayer(players) if len(players) > 1 else players[0]

    def __call__(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the network's output for x (1, n, ...), with labels (1, n) if there are any."""
        labels = None if labels is None else labels[0]
        with self._multiplying(x):
            output = self._of_one(x[0], labels)
        return output.to(x.dtype).unsqueeze(0)

    def _multiplying(self, x: Tensor) -> AbstractContextManager[None]:
        if self.multiply == torch.float32:
            return nullcontext()
        # Weights change between the passes of a step, so none may be kept in their rounded form.
        return torch.autocast(x.device.type, self.multiply, cache_enabled=False)  # pyright: ignore[reportReturnType]

    def _of_one(self, x: Tensor, labels: Tensor | None) -> Tensor:
        if self._held is None:
            return call(self.network, x, labels)
        inputs = (x,) if labels is None else (x, labels)
        return functional_call(self.network, self._held, inputs, tie_weights=False)

    def memory(self) -> list[Tensor]:
        """Return everything that a step reads or changes: parameters, buffers and Adam's moments."""
        return [*self.parameters, *self.buffers, *self.optimizer.mean, *self.optimizer.square]

    @contextmanager
    def holding(self, memory: Sequence[Tensor], rates: Iterator[Rate]) -> Iterator[None]:
        """Use these tensors instead of `memory()`, as a traced program does.

        Args:
            memory: tensors with the shapes of `memory()`.
            rates: one for each update to come.
        """
        own, optimizer = (self.parameters, self.buffers, self._gradients), self.optimizer
        moments = optimizer.parameters, optimizer.mean, optimizer.square
        count, tensors = len(self.parameters), list(memory)
        self.parameters = [tensor.detach().requires_grad_() for tensor in tensors[:count]]
        self.buffers = tensors[count : -2 * count]
        optimizer.parameters = [parameter.detach() for parameter in self.parameters]
        optimizer.mean, optimizer.square = tensors[-2 * count : -count], tensors[-count:]
        optimizer.rates = rates
        try:
            with self._network_held():
                yield
        finally:
            self.parameters, self.buffers, self._gradients = own
            optimizer.parameters, optimizer.mean, optimizer.square = moments
            optimizer.rates = None

    def _network_held(self) -> AbstractContextManager[None]:
        return self._network_called_with()

    @contextmanager
    def _network_called_with(self) -> Iterator[None]:
        own = (*self.network.parameters(), *self.network.buffers())
        held = dict(zip(map(id, own), (*self.parameters, *self.buffers), strict=True))
        self._held = {name: held[id(tensor)] for name, tensor in tensors_of(self.network).items()}
        try:
            yield
        finally:
            self._held = None

    @property
    def last_gradients(self) -> tuple[Tensor, ...]:
        """The gradients of the last update, before clipping."""
        return self._gradients

    def moved(self, gradients: Sequence[Tensor], moves: int) -> None:
        """Record updates made by a program, with their last gradients."""
        self._gradients = tuple(gradients)
        self.optimizer.count += moves

    def gradients(
        self, loss: Tensor, noted: Tensor | None = None, *, keep_graph: bool = False
    ) -> tuple[Tensor, ...]:
        """Return the gradient of `loss`, one number per member, with respect to these parameters only.

        If several processes train together it is averaged over them, and so are the numbers `noted`.
        """
        # Zeros for parameters of a custom network that were not used.
        own = torch.autograd.grad(
            loss.sum(), self.parameters, retain_graph=keep_graph or None, materialize_grads=True
        )
        return self.ranks.averaged(own, noted)

    def move(self, gradients: tuple[Tensor, ...]) -> None:
        """Take one optimiser step with these gradients."""
        self._gradients = gradients
        if self.clip < INFINITY:
            gradients = self._shortened(gradients)
        self.optimizer.step(gradients)

    def _shortened(self, gradients: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        shrink = (self.clip / self.gradient_norm()).clamp(max=1.0)
        return tuple(torch._foreach_mul(gradients, shrink))  # pyright: ignore[reportPrivateImportUsage]

    def descend(self, loss: Tensor, noted: Tensor | None = None) -> None:
        """Take one optimiser step on `loss`; `noted` as for `gradients`."""
        self.move(self.gradients(loss, noted))

    def gradient_norm(self) -> Tensor:
        """Return the norm of the last gradient before clipping, a scalar; NaN before the first."""
        gradients = self._gradients
        if self._joint:
            joint, member = self._joint
            gradients = [gradient[member] for gradient in joint._gradients]
        if not gradients:
            return torch.tensor(float("nan"))
        if self._held is not None:  # the only form that the compiler supports
            return torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients]).norm()
        return torch.stack(torch._foreach_norm(gradients)).norm()  # pyright: ignore[reportPrivateImportUsage]


class JointPlayer(Player):
    """The same player of several members as one; the tensors of each become views of the stacked ones.

    Args:
        players: at least two, with the same architecture, decays, clips and number of steps.
    """

    def __init__(self, players: Sequence[Player]) -> None:
        self.clip, self.ranks, self.multiply = players[0].clip, players[0].ranks, players[0].multiply
        self._gradients, self._held, self._joint = (), None, None
        self.stack = Stack([player.network for player in players])
        self.parameters, self.buffers = self.stack.parameters, self.stack.buffers
        self.optimizer = JointAdam(self.parameters, [player.optimizer for player in players])
        for member, player in enumerate(players):
            player._joint = (self, member)

    def __call__(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return each network's output for its part of x (K, n, ...), with labels (K, n) if there are any."""
        with self._multiplying(x):
            output = self.stack(x, labels)
        return output.to(x.dtype)

    def _network_held(self) -> AbstractContextManager[None]:
        return self.stack.holding([*self.parameters, *self.buffers])

    def _shortened(self, gradients: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        squares = torch.stack([gradient.flatten(1).square().sum(1) for gradient in gradients])
        shrink = (self.clip / squares.sum(0).sqrt()).clamp(max=1.0)
        return tuple(g * shrink.view(-1, *[1] * (g.ndim - 1)) for g in gradients)


def call(network: nn.Module, x: Tensor, labels: Tensor | None) -> Tensor:
    """Call a network, with labels if there are any."""
    return network(x) if labels is None else network(x, labels)
