"""The two players, and the step in which each moves once against the other."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from fgan.objectives import GANLoss, squared_gradient
from fgan.training.adam import Adam


class Player:
    """A network with the optimiser that moves it.

    Args:
        network: whose parameters are moved.
        lr, betas: Adam's step size and decays.
    """

    def __init__(self, network: nn.Module, lr: float, betas: tuple[float, float]) -> None:
        self.network = network
        self.parameters = list(network.parameters())
        self.optimizer = Adam(self.parameters, lr, betas)

    def descend(self, loss: Tensor) -> None:
        """Move the parameters one step down the gradient of `loss`; nobody else's gradient is computed."""
        self.optimizer.step(torch.autograd.grad(loss, self.parameters))


def two_player_step(
    generator: Player,
    critic: Player,
    loss: GANLoss,
    draw_real: Callable[[], Tensor],
    draw_latent: Callable[[], Tensor],
    *,
    n_critic: int = 1,
    r1: float = 0.0,
    r2: float = 0.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Let the critic move n_critic times and the generator once.

    The generator answers with the very samples that the critic last saw, so one generator pass serves both
    players, and real and generated samples go through the critic together.

    Args:
        generator, critic: the players.
        loss: what each of them minimises.
        draw_real: returns a batch of data (n, *shape).
        draw_latent: returns a batch of latents (n, latent).
        n_critic: critic steps for this one generator step.
        r1, r2: weights γ of the penalty γ/2 E‖∇v‖² on data and on generated samples.

    Returns:
        The last critic loss (penalties included), the generator loss and the last bound: detached scalars.
    """
    for _ in range(n_critic - 1):
        with torch.no_grad():
            fake = generator.network(draw_latent())
        critic_step(critic, loss, draw_real(), fake, r1, r2)
    fake = generator.network(draw_latent())
    critic_loss, bound = critic_step(critic, loss, draw_real(), fake.detach(), r1, r2)
    generator_loss = loss.generator(critic.network(fake))
    generator.descend(generator_loss)
    return critic_loss, generator_loss.detach(), bound


def critic_step(
    critic: Player, loss: GANLoss, real: Tensor, fake: Tensor, r1: float, r2: float
) -> tuple[Tensor, Tensor]:
    """Move the critic once; return its loss and the bound, detached scalars."""
    n_real = len(real)
    x = torch.cat([real, fake]).requires_grad_(bool(r1 or r2))
    v = critic.network(x)
    adversarial = loss.critic(v[:n_real], v[n_real:])
    total = adversarial
    if r1 or r2:
        steepness = squared_gradient(v, x)
        total = total + (r1 * steepness[:n_real].mean() + r2 * steepness[n_real:].mean()) / 2
    critic.descend(total)
    return total.detach(), -adversarial.detach()
