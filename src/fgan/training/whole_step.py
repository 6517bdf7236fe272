"""One step of an ensemble: both players of all members, the averaged generators, and the sums of metrics.

It reads and changes only the tensors of `memory()`. While `holding` other tensors it uses those instead; this makes it
a pure function that can be traced.
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
    """The inputs of a traced step that depend on the step number.

    Args:
        critic: one for each critic update.
        generator: for the generator update.
        share: the share by which the average moves.
    """

    critic: Sequence[Rate]
    generator: Rate
    share: Tensor


class WholeStep:
    """Both players of all members, the averages and the sums of metrics.

    Args:
        generator, critic: as `Player.joined` makes them.
        groups: the members, in order.
        average: of the generators, if there is one.
        sums: of metrics, (K, 3).
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
        """Take a step.

        Args:
            batches: one for each update of the critic.
            due: the penalties of each group that apply now.
            share: the share by which the average moves.
        """
        result = two_player_step(self.generator, self.critic, self.groups, batches, due)
        if self.average:
            self.average.follow(share)
        self.sums += torch.stack([result.critic_loss, result.generator_loss, result.bound], 1)

    def memory(self) -> list[Tensor]:
        """Return every tensor that a step reads or changes, except random draws, in a fixed order."""
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
        """Use these tensors instead of `memory()`, with these rates."""
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
        """Return the generators' buffers, member by member."""
        members, buffers = len(self.sums), self.generator.buffers
        return buffers if members == 1 else [buffer[k] for k in range(members) for buffer in buffers]
