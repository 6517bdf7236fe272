"""The work of a step: operations of its matrix products, number of calls, and bytes written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from fgan.dispatch import DispatchMode
from fgan.objectives import read_terms
from fgan.objectives.penalties import PENALTIES
from fgan.training.player import call
from fgan.training.trainer import Trainer, at_rest


class Counted(DispatchMode):
    """Counts operations while it is entered.

    Attributes:
        calls: number of operations called.
        written: bytes of their results, without views.
        operations: of matrix products and convolutions; a multiplication and an addition count as two.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls = self.written = 0
        self.operations = 0.0

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401 - torch's operators have no public type
        types: tuple[type, ...],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever the operation returns
        """Call an operation and count it."""
        kwargs = kwargs or {}
        made = func(*args, **kwargs)
        self.calls += 1
        if not func.is_view:
            self.written += sum(leaf.nbytes for leaf in tree_leaves(made) if isinstance(leaf, Tensor))
        count: Callable[..., int] | None = flop_registry.get(func.overloadpacket)
        if count:
            self.operations += count(*args, **kwargs, out_val=made)
        return made


def operations_of(trainer: Trainer) -> float:
    """Return about how many operations the matrix products and convolutions of one step take (counted, not timed).

    A backward pass costs two forward passes, or one if only the input or only the weights need a gradient. The critic
    processes 2n points forward and backward, and n more for the generator; a penalty on slopes adds another backward
    pass through that for 2n points.
    """
    generator, critic = _forward(trainer)
    terms = [term for term in read_terms(trainer.config.penalties) if PENALTIES[term.name].needs_slopes]
    slopes = max((1 / term.every for term in terms), default=0.0)
    more = trainer.config.n_critic - 1
    return trainer.config.batch_size * (
        (3 + more) * generator + (8 + 6 * slopes) * critic + more * (6 + 6 * slopes) * critic
    )


@torch.no_grad()
def _forward(trainer: Trainer) -> tuple[float, float]:
    """Return the operations of a forward pass of one sample through each network."""
    latents = torch.zeros(1, trainer.latent, device=trainer.device)
    labels = torch.zeros(1, dtype=torch.long, device=trainer.device) if trainer.classes else None
    counts, x = [], latents
    for player in (trainer.generator, trainer.critic):
        with at_rest(player.network), Counted() as counted:
            x = call(player.network, x, labels)
        counts.append(counted.operations)
    return counts[0], counts[1]
