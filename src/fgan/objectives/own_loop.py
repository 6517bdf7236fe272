"""Penalties for your own training loop: every term of `--penalties` as one number to add to the critic's loss."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fgan.errors import FganError
from fgan.objectives.objective import Objective
from fgan.objectives.penalties import squared_gradient
from fgan.objectives.schedule import Penalties


def penalty(text: str, loss: Objective | None = None, *, scale: Tensor | float = 1.0) -> CriticPenalty:
    r"""Return penalties on a critic, to be added to its loss.

    `fgan.penalty("r1:0.2,r2:0.2")` is 0.2 · ½ E_P ‖∇v‖² + 0.2 · ½ E_Q ‖∇v‖² for raw outputs v = critic(x).

    Args:
        text: as `--penalties` has it: NAME:WEIGHT[:every=STEPS][:fade=STEPS],... with the names r1, r2, r1-approx,
            r2-approx, gp, gp-one-sided, dragan, noise and lecam.
        loss: the `fgan.GANLoss` of the loop; only "noise" needs it.
        scale: slopes are taken by x / scale: a number, or one for each entry of a sample. `fgan.train` takes the data's
            root mean square distance from their mean, so that a weight means the same whatever the data's units.

    Returns:
        A callable `(critic, real, fake, step=0, labels=None)` with a scalar, differentiable by the critic's parameters.

    Raises:
        FganError: for an unknown name, another grammar, or "noise" without a loss that it can use.

    >>> import fgan
    >>> critic = torch.nn.Linear(2, 1)
    >>> real, fake = torch.randn(8, 2), torch.randn(8, 2)
    >>> value = fgan.penalty("r1:0.2")(critic, real, fake)
    >>> torch.allclose(value, 0.1 * critic.weight.square().sum())
    True
    """
    return CriticPenalty(text, loss, scale=scale)


class CriticPenalty:
    """Weighted penalties on a critic; made by `fgan.penalty`.

    Args:
        text, loss, scale: as for `fgan.penalty`.
    """

    def __init__(self, text: str, loss: Objective | None = None, *, scale: Tensor | float = 1.0) -> None:
        self.penalties = Penalties(text, loss.linked if loss else None, scale)

    def __repr__(self) -> str:
        """Write the call that makes it."""
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
        """Return the sum of the penalties that count at a step, a scalar; 0 where none does.

        The critic sees all points in one pass. Gradients reach its parameters, and not the generator's.

        Args:
            critic: x (n, ...), and labels if there are any, to raw outputs (n,) or (n, 1).
            real, fake: data and samples, equally many (n, ...).
            step: steps done, for every= and fade=.
            labels: of both (n,), for a conditional critic.
            random: draws the points of gp, dragan and the like; default: torch's own.

        Raises:
            FganError: where real and fake differ in shape, or the critic has other than one output a sample.
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
        """Return what must be saved with a checkpoint: the running means of lecam; nothing for others."""
        return {name: tensor.clone() for name, tensor in self.penalties.memory().items()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take over what `state_dict` returned."""
        self.penalties.load_memory(state)
