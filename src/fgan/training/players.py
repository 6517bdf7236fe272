"""The two players, and the step in which each moves once against the other; for one member, or several at once.

A member is a generator and a critic that play against each other. Tensors of K members that play side by side have
a first axis of K; a member that plays alone is a stack of one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from fgan.networks.stacked import Stack
from fgan.objectives import Objective, Penalties, squared_gradient
from fgan.objectives.penalties import Penalty
from fgan.training.adam import Adam, JointAdam

INFINITY = float("inf")


class Player:
    """A network with the optimiser that moves it.

    Args:
        network: whose parameters are moved.
        lr, betas: Adam's step size and decays.
        clip: the largest norm of a gradient, all parameters together; a longer one is shortened to it.
    """

    def __init__(
        self, network: nn.Module, lr: float, betas: tuple[float, float], clip: float = INFINITY
    ) -> None:
        self.network, self.clip = network, clip
        self.parameters = list(network.parameters())
        self.optimizer = Adam(self.parameters, lr, betas)
        self._gradients: tuple[Tensor, ...] = ()
        self._joint: tuple[JointPlayer, int] | None = None

    @staticmethod
    def joined(players: Sequence[Player]) -> Player:
        """Return players of the same side as one; a single one is its own."""
        players[0]._joint = None
        return JointPlayer(players) if len(players) > 1 else players[0]

    def __call__(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return what the network makes of x (1, n, ...), with labels (1, n) where there are any."""
        return call(self.network, x[0], None if labels is None else labels[0]).unsqueeze(0)

    def gradients(self, loss: Tensor, *, keep_graph: bool = False) -> tuple[Tensor, ...]:
        """Return the gradient of `loss`, one number a member, by these parameters; nobody else's is computed."""
        return torch.autograd.grad(loss.sum(), self.parameters, retain_graph=keep_graph or None)

    def move(self, gradients: tuple[Tensor, ...]) -> None:
        """Take one optimiser step down these gradients."""
        self._gradients = gradients
        if self.clip < INFINITY:
            gradients = self._shortened(gradients)
        self.optimizer.step(gradients)

    def _shortened(self, gradients: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        shrink = (self.clip / self.gradient_norm()).clamp(max=1.0)
        return tuple(torch._foreach_mul(gradients, shrink))  # pyright: ignore[reportPrivateImportUsage]

    def descend(self, loss: Tensor) -> None:
        """Move the parameters one step down the gradient of `loss`."""
        self.move(self.gradients(loss))

    def gradient_norm(self) -> Tensor:
        """Return the norm of the last gradient before it was clipped, a scalar; NaN before the first."""
        gradients = self._gradients
        if self._joint:
            joint, member = self._joint
            gradients = [gradient[member] for gradient in joint._gradients]
        if not gradients:
            return torch.tensor(float("nan"))
        return torch.stack(torch._foreach_norm(gradients)).norm()  # pyright: ignore[reportPrivateImportUsage]


class JointPlayer(Player):
    """The players of one side of several members as one; what each of them holds becomes a view of it.

    Args:
        players: at least two, whose networks, decays and clips are alike and which took equally many steps.
    """

    def __init__(self, players: Sequence[Player]) -> None:
        self.clip, self._gradients, self._joint = players[0].clip, (), None
        self.stack = Stack([player.network for player in players])
        self.parameters = self.stack.parameters
        self.optimizer = JointAdam(self.parameters, [player.optimizer for player in players])
        for member, player in enumerate(players):
            player._joint = (self, member)

    def __call__(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return what each network makes of its part of x (K, n, ...), with labels (K, n) where there are any."""
        return self.stack(x, labels)

    def _shortened(self, gradients: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        squares = torch.stack([gradient.flatten(1).square().sum(1) for gradient in gradients])
        shrink = (self.clip / squares.sum(0).sqrt()).clamp(max=1.0)
        return tuple(g * shrink.view(-1, *[1] * (g.ndim - 1)) for g in gradients)


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

    @staticmethod
    def stacked(batches: Sequence[Batch]) -> Batch:
        """Return the batches of several members as one, each tensor with a first axis of its own for them."""
        labels = [batch.labels for batch in batches if batch.labels is not None]
        return Batch(
            _stacked([batch.real for batch in batches]),
            _stacked([batch.latent for batch in batches]),
            _stacked(labels) if labels else None,
        )


def _stacked(tensors: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(tensors)) if len(tensors) > 1 else tensors[0].unsqueeze(0)


@dataclass(frozen=True)
class StepResult:
    """What one step saw, all of it detached; of several members, with a first axis for them.

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


@dataclass(frozen=True)
class Party:
    """Members side by side that play by the same rules.

    Args:
        rules: what they play by.
        randoms: what the penalties of each draw their points from.
    """

    rules: Rules
    randoms: Sequence[torch.Generator]


def two_player_step(
    generator: Player,
    critic: Player,
    rules: Rules,
    draw: Callable[[], Batch],
    random: torch.Generator,
    step: int = 0,
) -> StepResult:
    """Let the critic move n_critic times and the generator once.

    Args:
        generator, critic: the players.
        rules: what they play by.
        draw: returns a new batch.
        random: what penalties draw their points from.
        step: the number of this generator step, for what changes with time.
    """
    seen = step_of_all(generator, critic, [Party(rules, [random])], lambda: Batch.stacked([draw()]), step)
    return StepResult(*(value[0] for value in vars(seen).values()))


def step_of_all(
    generator: Player,
    critic: Player,
    parties: Sequence[Party],
    draw: Callable[[], Batch],
    step: int,
) -> StepResult:
    """Let every member's critic move n_critic times and its generator once; no member feels another.

    The generator answers with the very samples that the critic last saw, so one generator pass serves both
    players, and real and generated samples go through the critic together.

    Args:
        generator, critic: the players of all members, as `Player.joined` makes them.
        parties: the members, in their order; alike in n_critic, single_step and how many points of their own
            their penalties look at.
        draw: returns a new batch, stacked.
        step: the number of this generator step, for what changes with time.
    """
    rules = parties[0].rules
    for _ in range(rules.n_critic - 1):
        batch = draw()
        with torch.no_grad():
            fake = generator(batch.latent, batch.labels)
        critic.descend(look(critic, parties, batch, fake, step).total)
    batch = draw()
    fake = generator(batch.latent, batch.labels)
    if rules.single_step:
        seen = look(critic, parties, batch, fake, step)
        generator_loss = answers(parties, seen.v_fake, seen.v_real)
        downhill = critic.gradients(seen.total, keep_graph=True)
        generator.descend(generator_loss)
        critic.move(downhill)
    else:
        seen = look(critic, parties, batch, fake.detach(), step)
        critic.descend(seen.total)
        generator_loss = answer(critic, parties, batch, fake)
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
    """The critics' view of a batch: losses with and without penalties (K,), and raw outputs (K, n)."""

    total: Tensor
    adversarial: Tensor
    v_real: Tensor
    v_fake: Tensor


def look(critic: Player, parties: Sequence[Party], batch: Batch, fake: Tensor, step: int) -> Look:
    """Return what the critics make of a batch and of samples (K, n, *shape), in one pass over all points."""
    sizes = [len(party.randoms) for party in parties]
    n = batch.real.shape[1]
    due = [party.rules.penalties.due(step) for party in parties]
    own = [
        [_points(penalty, real, samples, party.randoms) for _, penalty in penalties]
        for party, penalties, real, samples in zip(
            parties, due, batch.real.split(sizes), fake.split(sizes), strict=True
        )
    ]
    asked = zip(*([points for points in of_party if points is not None] for of_party in own), strict=True)
    parts = [batch.real, fake, *(_joined(points) for points in asked)]
    x = torch.cat(parts, 1)
    steep = any(penalty.needs_slopes for penalties in due for _, penalty in penalties)
    if steep and not x.requires_grad:
        x.requires_grad_()
    labels = None if batch.labels is None else batch.labels.repeat(1, len(parts))
    v = critic(x, labels)
    slopes = squared_gradient(v, x, parties[0].rules.penalties.scale) if steep else v
    v_real, v_fake = v[:, :n], v[:, n : 2 * n]
    adversarial, totals = [], []
    for party, penalties, points, of_v, of_slopes in zip(
        parties, due, own, v.split(sizes), slopes.split(sizes), strict=True
    ):
        loss = party.rules.objective.critic(of_v[:, :n], of_v[:, n : 2 * n], dim=-1)
        counts = [n, n, *(0 if one is None else n for one in points)]
        adversarial.append(loss)
        totals.append(
            loss + party.rules.penalties.total(penalties, of_v, of_slopes, counts) if penalties else loss
        )
    return Look(_joined(totals), _joined(adversarial), v_real, v_fake)


def _points(
    penalty: Penalty, real: Tensor, fake: Tensor, randoms: Sequence[torch.Generator]
) -> Tensor | None:
    """Return the points (k, n, *shape) that a penalty of k members asks for, each drawn by its own generator."""
    asked = (penalty.points(*one) for one in zip(real, fake, randoms, strict=True))
    points = [one for one in asked if one is not None]
    return _stacked(points) if points else None


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return torch.cat(list(parts)) if len(parts) > 1 else parts[0]


def answer(critic: Player, parties: Sequence[Party], batch: Batch, fake: Tensor) -> Tensor:
    """Return the generators' losses (K,) for their samples (K, n, *shape)."""
    if not any(party.rules.objective.needs_real for party in parties):
        return answers(parties, critic(fake, batch.labels))
    labels = None if batch.labels is None else batch.labels.repeat(1, 2)
    v_fake, v_real = critic(torch.cat([fake, batch.real], 1), labels).chunk(2, 1)
    return answers(parties, v_fake, v_real)


def answers(parties: Sequence[Party], v_fake: Tensor, v_real: Tensor | None = None) -> Tensor:
    """Return the generators' losses (K,) for raw outputs (K, n) on samples and, where they matter, on data."""
    sizes = [len(party.randoms) for party in parties]
    losses = []
    for party, fake, real in zip(
        parties, v_fake.split(sizes), (v_fake if v_real is None else v_real).split(sizes), strict=True
    ):
        objective = party.rules.objective
        losses.append(objective.generator(fake, real if objective.needs_real else None, dim=-1))
    return _joined(losses)


def call(network: nn.Module, x: Tensor, labels: Tensor | None) -> Tensor:
    """Call a network, with labels where there are any."""
    return network(x) if labels is None else network(x, labels)
