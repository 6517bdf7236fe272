"""Adam in one call: the kernel behind `torch.optim.Adam(fused=True)`, without the bookkeeping around it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Adam:
    """Adam for a fixed list of parameters, given their gradients.

    At the sizes of an MLP, `torch.optim.Adam.step` spends more time in Python than in arithmetic; calling
    its fused kernel directly makes a training step about a fifth faster. Tests hold the two equal.

    Args:
        parameters: what to move.
        lr: step size.
        betas: decays of the running means of the gradient and of its square.

    Source: Kingma, Ba, "Adam" (2015), algorithm 1.

    >>> x = torch.tensor([1.0])
    >>> Adam([x], lr=0.1, betas=(0.9, 0.999)).step((torch.tensor([5.0]),))
    >>> x
    tensor([0.9000])
    """

    def __init__(self, parameters: Sequence[Tensor], lr: float, betas: tuple[float, float]) -> None:
        self.lr, self.betas = lr, betas
        self._parameters = [parameter.detach() for parameter in parameters]
        self._mean = [torch.zeros_like(parameter) for parameter in self._parameters]
        self._square = [torch.zeros_like(parameter) for parameter in self._parameters]
        self._count = torch.zeros((), device=self._parameters[0].device)
        self._counts = [self._count] * len(self._parameters)

    def step(self, gradients: tuple[Tensor, ...]) -> None:
        """Move the parameters one step down their gradients."""
        self._count += 1
        torch._fused_adam_(  # pyright: ignore[reportPrivateImportUsage]
            self._parameters,
            gradients,
            self._mean,
            self._square,
            [],
            self._counts,
            lr=self.lr,
            beta1=self.betas[0],
            beta2=self.betas[1],
            weight_decay=0.0,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )

    def state(self) -> dict[str, Tensor]:
        """Return its memory by name."""
        means = {f"mean.{i}": value for i, value in enumerate(self._mean)}
        squares = {f"square.{i}": value for i, value in enumerate(self._square)}
        return {"count": self._count, **means, **squares}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Take over what `state` returned.

        Raises:
            KeyError, RuntimeError: where a tensor is missing or has another shape.
        """
        for name, value in self.state().items():
            value.copy_(state[name])
