"""One step of everything that an ensemble holds: both players of all members, the average, the sums of the metrics.

It reads and changes the tensors of `memory()`, and nothing else that lasts. While it is `holding` others it does the
same to those, which makes it a pure function of them: so it is traced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.training.adam import Rate
from fgan.training.averaging import ExponentialAverage
from fgan.training.player import Player
from fgan.training.step import Batches, Due, Group, two_player_step


@dataclass(frozen=True)
class Rates:
    """What a traced step takes from how far the runs have come.

    Args:
        critic: one for each of its moves.
        generator: of its one move.
        share: by how much the average follows.
    """

    critic: Sequence[Rate]
    generator: Rate
    share: Tensor


class WholeStep:
    """Both players of all members, their average and their sums, as one.

    Args:
        generator, critic: as `Player.joined` makes them.
        groups: the members, in their order.
        average: of the generators, where there is one.
        sums: of the metrics, (K, 3).
    """

    def __init__(
        self,
        generator: Player,
        critic: Player,
        groups: Sequence[Group],
        average: ExponentialAverage | None,
        sums: Tensor,
    ) -> None:
        self.generator, self.critic, self.groups = generator, critic, groups
        self.average, self.sums = average, sums

    def take(self, batches: Sequence[Batches], due: Sequence[Due], share: float | Tensor) -> None:
        """Take the step.

        Args:
            batches: one for each move of the critic.
            due: the penalties of each group that count now.
            share: by how much the average follows.
        """
        result = two_player_step(self.generator, self.critic, self.groups, batches, due)
        if self.average:
            self.average.follow(share)
        self.sums += torch.stack([result.critic_loss, result.generator_loss, result.bound], 1)

    def memory(self) -> list[Tensor]:
        """Return every tensor that a step reads or changes, but for what is drawn; always in this order."""
        return [tensor for part in self._parts() for tensor in part]

    def _parts(self) -> list[list[Tensor]]:
        penalties = [group.game.penalties for group in self.groups]
        scale = penalties[0].scale
        return [
            self.generator.memory(),
            self.critic.memory(),
            self.average.memory() if self.average else [],
            *(list(one.memory().values()) for one in penalties),
            [scale] if isinstance(scale, Tensor) else [],
            [self.sums],
        ]

    @contextmanager
    def holding(self, memory: Sequence[Tensor], rates: Rates) -> Iterator[None]:
        """Work on these tensors in place of `memory()`'s, by these rates."""
        tensors, sums = iter(memory), self.sums
        generator, critic, average, *remembered, scale, (own_sums,) = (
            [next(tensors) for _ in part] for part in self._parts()
        )
        with ExitStack() as stack:
            stack.enter_context(self.generator.holding(generator, iter([rates.generator])))
            stack.enter_context(self.critic.holding(critic, iter(rates.critic)))
            if self.average:
                stack.enter_context(
                    self.average.holding(average, self.generator.parameters, self._buffers_of_each())
                )
            for group, own in zip(self.groups, remembered, strict=True):
                penalties = group.game.penalties
                stack.enter_context(penalties.holding(own, scale[0] if scale else penalties.scale))
            self.sums = own_sums
            try:
                yield
            finally:
                self.sums = sums

    def _buffers_of_each(self) -> list[Tensor]:
        """Return the generators' buffers, member after member."""
        members, buffers = len(self.sums), self.generator.buffers
        return buffers if members == 1 else [buffer[k] for k in range(members) for buffer in buffers]
