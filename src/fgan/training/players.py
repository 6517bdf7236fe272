"""The two players, and the step in which each moves once against the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from fgan.objectives import Objective, Penalties
from fgan.training.adam import Adam


class Player:
    """A network with the optimiser that moves it.

    Args:
        network: whose parameters are moved.
        lr, betas: Adam's step size and decays.
        clip: the largest norm of a gradient, all parameters together; a longer one is shortened to it.
    """

    def __init__(
        self, network: nn.Module, lr: float, betas: tuple[float, float], clip: float = float("inf")
    ) -> None:
        self.network, self.clip = network, clip
        self.parameters = list(network.parameters())
        self.optimizer = Adam(self.parameters, lr, betas)
        self._gradients: tuple[Tensor, ...] = ()

    def gradients(self, loss: Tensor, *, keep_graph: bool = False) -> tuple[Tensor, ...]:
        """Return the gradient of `loss` by these parameters; nobody else's is computed."""
        return torch.autograd.grad(loss, self.parameters, retain_graph=keep_graph or None)

    def move(self, gradients: tuple[Tensor, ...]) -> None:
        """Take one optimiser step down these gradients."""
        self._gradients = gradients
        if self.clip < float("inf"):
            shrink = (self.clip / self.gradient_norm()).clamp(max=1.0)
            gradients = tuple(torch._foreach_mul(gradients, shrink))  # pyright: ignore[reportPrivateImportUsage]
        self.optimizer.step(gradients)

    def descend(self, loss: Tensor) -> None:
        """Move the parameters one step down the gradient of `loss`."""
        self.move(self.gradients(loss))

    def gradient_norm(self) -> Tensor:
        """Return the norm of the last gradient before it was clipped, a scalar; NaN before the first."""
        if not self._gradients:
            return torch.tensor(float("nan"))
        return torch.stack(torch._foreach_norm(self._gradients)).norm()  # pyright: ignore[reportPrivateImportUsage]


@dataclass(frozen=True)
class Batch:
    """What one critic step draws.

    Args:
        real: data (n, *shape).
        latent: latents (n, latent).
        labels: classes (n,) of the data, which the samples are made for too; None without conditioning.
    """

    real: Tensor
    latent: Tensor
    labels: Tensor | None = None


@dataclass(frozen=True)
class StepResult:
    """What one step saw, all of it detached.

    Args:
        critic_loss: the last critic loss, penalties included, a scalar.
        generator_loss: the generator's loss, a scalar.
        bound: minus the last critic loss without penalties, a scalar.
        v_real, v_fake: the critic's last raw outputs before it moved (n,).
    """

    critic_loss: Tensor
    generator_loss: Tensor
    bound: Tensor
    v_real: Tensor
    v_fake: Tensor


@dataclass(frozen=True)
class Rules:
    """What the players play by.

    Args:
        objective: what each of them minimises.
        penalties: what the critic minimises besides.
        n_critic: critic steps for each generator step.
        single_step: both players move at once from where they stand (the paper's Algorithm 1), instead of the
            generator after the critic.
    """

    objective: Objective
    penalties: Penalties
    n_critic: int = 1
    single_step: bool = False


def two_player_step(
    generator: Player,
    critic: Player,
    rules: Rules,
    draw: Callable[[], Batch],
    random: torch.Generator,
    step: int = 0,
) -> StepResult:
    """Let the critic move n_critic times and the generator once.

    The generator answers with the very samples that the critic last saw, so one generator pass serves both
    players, and real and generated samples go through the critic together.

    Args:
        generator, critic: the players.
        rules: what they play by.
        draw: returns a new batch.
        random: what penalties draw their points from.
        step: the number of this generator step, for what changes with time.
    """
    for _ in range(rules.n_critic - 1):
        batch = draw()
        with torch.no_grad():
            fake = call(generator.network, batch.latent, batch.labels)
        critic.descend(look(critic, rules, batch, fake, random, step).total)
    batch = draw()
    fake = call(generator.network, batch.latent, batch.labels)
    if rules.single_step:
        seen = look(critic, rules, batch, fake, random, step)
        generator_loss = rules.objective.generator(seen.v_fake, seen.v_real)
        downhill = critic.gradients(seen.total, keep_graph=True)
        generator.descend(generator_loss)
        critic.move(downhill)
    else:
        seen = look(critic, rules, batch, fake.detach(), random, step)
        critic.descend(seen.total)
        generator_loss = answer(critic, rules, batch, fake)
        generator.descend(generator_loss)
    return StepResult(
        seen.total.detach(),
        generator_loss.detach(),
        -seen.adversarial.detach(),
        seen.v_real.detach(),
        seen.v_fake.detach(),
    )


@dataclass(frozen=True)
class Look:
    """The critic's view of a batch: its losses with and without penalties, scalars, and raw outputs (n,)."""

    total: Tensor
    adversarial: Tensor
    v_real: Tensor
    v_fake: Tensor


def look(
    critic: Player, rules: Rules, batch: Batch, fake: Tensor, random: torch.Generator, step: int
) -> Look:
    """Return what the critic makes of a batch and of samples (n, *shape), in one pass over all points."""
    due = rules.penalties.due(step)
    own = [penalty.points(batch.real, fake, random) for _, penalty in due]
    parts = [batch.real, fake, *(points for points in own if points is not None)]
    x = torch.cat(parts)
    if not x.requires_grad and any(penalty.needs_slopes for _, penalty in due):
        x.requires_grad_()
    labels = None if batch.labels is None else batch.labels.repeat(len(parts))
    v = call(critic.network, x, labels)
    sizes = [len(batch.real), len(fake), *(0 if points is None else len(points) for points in own)]
    v_real, v_fake, *_ = v.split(sizes)
    adversarial = rules.objective.critic(v_real, v_fake)
    total = adversarial + rules.penalties.total(due, x, v, sizes) if due else adversarial
    return Look(total, adversarial, v_real, v_fake)


def answer(critic: Player, rules: Rules, batch: Batch, fake: Tensor) -> Tensor:
    """Return the generator's loss for its samples, a scalar."""
    if not rules.objective.needs_real:
        return rules.objective.generator(call(critic.network, fake, batch.labels))
    labels = None if batch.labels is None else batch.labels.repeat(2)
    v_fake, v_real = call(critic.network, torch.cat([fake, batch.real]), labels).chunk(2)
    return rules.objective.generator(v_fake, v_real)


def call(network: nn.Module, x: Tensor, labels: Tensor | None) -> Tensor:
    """Call a network, with labels where there are any."""
    return network(x) if labels is None else network(x, labels)
