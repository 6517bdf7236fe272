"""Penalties for your own training loop: all terms of `--penalties` as one number to add to the critic's loss."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fgan.errors import FganError
from fgan.objectives.objective import Objective
from fgan.objectives.penalties import squared_gradient
from fgan.objectives.schedule import Penalties


def penalty(text: str, loss: Objective | None = None, *, scale: Tensor | float = 1.0) -> CriticPenalty:
    r"""Return penalties on a critic, to add to its loss.

    `fgan.penalty("r1:0.2,r2:0.2")` is 0.2 · ½ E_P ‖∇v‖² + 0.2 · ½ E_Q ‖∇v‖² for raw outputs v = critic(x).

    Args:
        text: as for `--penalties`: NAME:WEIGHT[:every=STEPS][:fade=STEPS],... with the names r1, r2, r1-approx,
            r2-approx, gp, gp-one-sided, dragan, noise and lecam.
        loss: the `fgan.GANLoss` of the loop; only "noise" needs it.
        scale: slopes are computed with respect to x / scale: a number, or one per entry of a sample. `fgan.train` uses
            the root mean square distance of the data from their mean, so that weights do not depend on units.

    Returns:
        A callable `(critic, real, fake, step=0, labels=None)` that returns a scalar, differentiable with respect to
        the critic's parameters.

    Raises:
        FganError: for an unknown name, a syntax error, or "noise" without a suitable loss.

    >>> import fgan
    >>> critic = torch.nn.Linear(2, 1)
    >>> real, fake = torch.randn(8, 2), torch.randn(8, 2)
    >>> value = fgan.penalty("r1:0.2")(critic, real, fake)
    >>> torch.allclose(value, 0.1 * critic.weight.square().sum())
    True
    """
    return CriticPenalty(text, loss, scale=scale)


class CriticPenalty:
    """Weighted penalties on a critic; created by `fgan.penalty`.

    Args:
        text, loss, scale: as for `fgan.penalty`.
    """

    def __init__(self, text: str, loss: Objective | None = None, *, scale: Tensor | float = 1.0) -> None:
        self.penalties = Penalties(text, loss.linked if loss else None, scale)

    def __repr__(self) -> str:
        """Return the call that creates it."""
        return f'fgan.penalty("{self.penalties.text}")'

    def __call__(
        self,
        critic: Callable[..., Tensor],
        real: Tensor,
        fake: Tensor,
        *,
        step: int = 0,
        labels: Tensor | None = None,
        random: torch.Generator | None = None,
    ) -> Tensor:
        """Return the sum of the penalties that are due at a step, a scalar; 0 if none is.

        The critic sees all points in one pass. Gradients reach its parameters, but not the generator's.

        Args:
            critic: maps x (n, ...), and labels if there are any, to raw outputs (n,) or (n, 1).
            real, fake: data and samples, the same number (n, ...).
            step: steps done, for every= and fade=.
            labels: for both, (n,), for a conditional critic.
            random: generator for the random points of gp, dragan and others; default: torch's global one.

        Raises:
            FganError: if real and fake differ in shape, or the critic does not return one output per sample.
        """
        if real.shape != fake.shape:
            raise FganError(
                f"a penalty needs real and generated samples of the same shape; got {tuple(real.shape)} and "
                f"{tuple(fake.shape)}."
            )
        due, n = self.penalties.due(step), len(real)
        if not due:
            return real.new_zeros(())
        self._move_to(real.device)
        real, fake = real.detach(), fake.detach()
        own = [one.points(real, fake, one.draws(real, random)) for _, one in due]
        x = torch.cat([real, fake, *(points for points in own if points is not None)])
        steep = any(one.needs_slopes for _, one in due)
        with torch.enable_grad():
            x.requires_grad_(steep)
            v = critic(x) if labels is None else critic(x, labels.repeat(len(x) // n))
            if v.numel() != len(x):
                raise FganError(
                    f"the critic must return one raw output per sample, {len(x)} here; it returned {tuple(v.shape)}."
                )
            v = v.reshape(len(x))
            slopes = squared_gradient(v, x, self.penalties.scale) if steep else v
            sizes = [n, n, *(0 if points is None else n for points in own)]
            return self.penalties.total(due, v, slopes, sizes)

    def _move_to(self, device: torch.device) -> None:
        memory = self.penalties.memory()
        if any(tensor.device != device for tensor in memory.values()):
            self.penalties.remember_in({name: tensor.to(device) for name, tensor in memory.items()})

    def state_dict(self) -> dict[str, Tensor]:
        """Return the state to save in a checkpoint: the running means of lecam; empty for others."""
        return {name: tensor.clone() for name, tensor in self.penalties.memory().items()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restore the result of `state_dict`."""
        self.penalties.load_memory(state)
