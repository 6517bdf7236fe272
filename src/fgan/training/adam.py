"""Adam in one call: the kernel behind `torch.optim.Adam(fused=True)`, without the bookkeeping around it.

Traced programs use elementary operations instead, which a compiler can fuse with others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

EPS = 1e-8


@dataclass(frozen=True)
class Rate:
    """The inputs of a traced update that depend on the number of earlier updates.

    Args:
        step_size: lr / (1 - beta1^t), one for each of K stacked members (K,), or one number.
        root: sqrt(1 - beta2^t), a scalar.
    """

    step_size: Tensor
    root: Tensor


def rate_at(lr: float, betas: tuple[float, float], count: int) -> tuple[float, float]:
    """Return the step size and the root of `Rate` for update number `count`, counted from 1.

    >>> rate_at(0.1, (0.5, 0.0), 1)
    (0.2, 1.0)
    """
    return lr / (1 - betas[0] ** count), math.sqrt(1 - betas[1] ** count)


class Adam:
    """Adam for a fixed list of parameters, given their gradients.

    At the sizes of an MLP, `torch.optim.Adam.step` spends more time in Python than in arithmetic; calling
    its fused kernel directly makes a training step about a fifth faster. Tests check that both are equal.

    Args:
        parameters: the parameters to update.
        lr: step size.
        betas: decays of the running means of the gradient and of its square.

    Source: Kingma, Ba, "Adam" (2015), algorithm 1.

    >>> x = torch.tensor([1.0])
    >>> Adam([x], lr=0.1, betas=(0.9, 0.999)).step((torch.tensor([5.0]),))
    >>> x
    tensor([0.9000])
    """

    count: Tensor
    rates: Iterator[Rate] | None = None
    """While a program is traced: one for each update to come."""

    def __init__(self, parameters: Sequence[Tensor], lr: float, betas: tuple[float, float]) -> None:
        self.lr, self.betas = lr, betas
        self.parameters = [parameter.detach() for parameter in parameters]
        self.mean = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.square = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.count = torch.zeros((), device=self.parameters[0].device)

    def step(self, gradients: Sequence[Tensor]) -> None:
        """Update the parameters by one step along the negative gradients."""
        if self.rates is not None:
            self._move_by(next(self.rates), gradients)
            return
        self.count += 1
        self._move_all(gradients)

    def _move_all(self, gradients: Sequence[Tensor]) -> None:
        self._move(self.parameters, gradients, self.mean, self.square, self.lr)

    def _move_by(self, rate: Rate, gradients: Sequence[Tensor]) -> None:
        beta1, beta2 = self.betas
        moved = zip(self.parameters, gradients, self.mean, self.square, strict=True)
        for parameter, gradient, mean, square in moved:
            step_size = rate.step_size.to(parameter.dtype)
            step_size = step_size.view(-1, *[1] * (parameter.ndim - 1)) if step_size.ndim else step_size
            mean.lerp_(gradient, 1 - beta1)
            square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
            parameter.sub_(step_size * mean / (square.sqrt() / rate.root.to(parameter.dtype) + EPS))

    def _move(
        self,
        parameters: list[Tensor],
        gradients: Sequence[Tensor],
        mean: list[Tensor],
        square: list[Tensor],
        lr: float,
    ) -> None:
        # The kernel uses one index for all four tensors, regardless of their strides.
        gradients = [gradient.contiguous() for gradient in gradients]
        torch._fused_adam_(  # pyright: ignore[reportPrivateImportUsage]
            parameters,
            gradients,
            mean,
            square,
            [],
            [self.count] * len(parameters),
            lr=lr,
            beta1=self.betas[0],
            beta2=self.betas[1],
            weight_decay=0.0,
            eps=EPS,
            amsgrad=False,
            maximize=False,
        )

    def state(self) -> dict[str, Tensor]:
        """Return its state by name."""
        means = {f"mean.{i}": value for i, value in enumerate(self.mean)}
        squares = {f"square.{i}": value for i, value in enumerate(self.square)}
        return {"count": self.count, **means, **squares}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Restore the result of `state`.

        Raises:
            KeyError, RuntimeError: if a tensor is missing or has a different shape.
        """
        for name, value in self.state().items():
            value.copy_(state[name])


class JointAdam(Adam):
    """Several optimisers of stacked parameters as one; their states become views of its state.

    Args:
        parameters: the stacked parameters, one slice per member.
        optimizers: one per member, with the same decays and the same number of steps done.
    """

    def __init__(self, parameters: Sequence[Tensor], optimizers: Sequence[Adam]) -> None:
        super().__init__(parameters, optimizers[0].lr, optimizers[0].betas)
        self.optimizers = optimizers
        self.count.copy_(optimizers[0].count)
        for optimizer in optimizers:
            optimizer.count = self.count
        for k, optimizer in enumerate(optimizers):
            torch._foreach_copy_([mean[k] for mean in self.mean], optimizer.mean)  # pyright: ignore[reportPrivateImportUsage]
            torch._foreach_copy_([square[k] for square in self.square], optimizer.square)  # pyright: ignore[reportPrivateImportUsage]
            optimizer.parameters = [parameter[k] for parameter in self.parameters]
            optimizer.mean = [mean[k] for mean in self.mean]
            optimizer.square = [square[k] for square in self.square]

    def _move_all(self, gradients: Sequence[Tensor]) -> None:
        """Update the parameters, each member with its own step size."""
        first = 0
        for lr, run in groupby(optimizer.lr for optimizer in self.optimizers):
            part = slice(first, first + len(list(run)))
            first = part.stop
            lists = (
                [tensor[part] for tensor in tensors]
                for tensors in (self.parameters, gradients, self.mean, self.square)
            )
            self._move(*lists, lr=lr)  # pyright: ignore[reportCallIssue, reportArgumentType]
