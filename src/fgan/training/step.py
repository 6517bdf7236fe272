"""The two-player step: the critic moves n_critic times and the generator once, for one member or several at once.

A member is a generator and a critic that play against each other. Tensors of K members have a first axis of K; a single
member is a stack of one. Nothing here draws random numbers or branches on values of tensors, so the same function runs
directly or is traced into a program (`fgan.training.compiling`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from fgan.augmentation import NOTHING, Augment
from fgan.objectives import Objective, Penalties, squared_gradient
from fgan.objectives.penalties import Penalty
from fgan.training.player import Player
from fgan.training.ranks import ALONE, Ranks


@dataclass(frozen=True)
class Batch:
    """The random draws for one critic step.

    Args:
        real: data (n, ...).
        latent: latents (n, latent).
        labels: classes (n,) of the data, used for the samples too; None if unconditional.
        noise: the draws of each due penalty for its own points; None for penalties without.
        changes: random numbers for augmenting data and samples (2, n, numbers); None without augmentation.
    """

    real: Tensor
    latent: Tensor
    labels: Tensor | None = None
    noise: tuple[Tensor | None, ...] = ()
    changes: Tensor | None = None


@dataclass(frozen=True)
class Batches:
    """The batches of several members, each tensor with a first axis for members.

    Args:
        real, latent, labels: of all members.
        noise: for each group, for each of its due penalties.
        changes: for each group (K, 2, n, numbers), None without augmentation.
    """

    real: Tensor
    latent: Tensor
    labels: Tensor | None
    noise: tuple[tuple[Tensor | None, ...], ...]
    changes: tuple[Tensor | None, ...]

    @staticmethod
    def of(batches: Sequence[Batch], sizes: Sequence[int] = (1,)) -> Batches:
        """Return the batches of several members as one.

        Args:
            batches: one per member.
            sizes: number of members of each group, in this order.
        """
        labels = [batch.labels for batch in batches if batch.labels is not None]
        noise, changes, first = [], [], 0
        for size in sizes:
            of_group = [batch.noise for batch in batches[first : first + size]]
            noise.append(tuple(_stacked_if_any(drawn) for drawn in zip(*of_group, strict=True)))
            changes.append(_stacked_if_any([batch.changes for batch in batches[first : first + size]]))
            first += size
        return Batches(
            _stacked([batch.real for batch in batches]),
            _stacked([batch.latent for batch in batches]),
            _stacked(labels) if labels else None,
            tuple(noise),
            tuple(changes),
        )


def _stacked(tensors: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(tensors)) if len(tensors) > 1 else tensors[0].unsqueeze(0)


def _stacked_if_any(tensors: Sequence[Tensor | None]) -> Tensor | None:
    drawn = [tensor for tensor in tensors if tensor is not None]
    return _stacked(drawn) if drawn else None


@dataclass(frozen=True)
class StepResult:
    """The results of one step, all detached; for several members with a first axis for members.

    Args:
        critic_loss: the last critic loss, penalties included, a scalar.
        generator_loss: the generator's loss, a scalar.
        bound: minus the last critic loss without penalties, a scalar.
        v_real, v_fake: the critic's last raw outputs before its update (n,).
    """

    critic_loss: Tensor
    generator_loss: Tensor
    bound: Tensor
    v_real: Tensor
    v_fake: Tensor


@dataclass(frozen=True)
class Game:
    """The losses of the players, and how they take turns.

    Args:
        objective: the loss of each player.
        penalties: added to the critic's loss.
        n_critic: critic steps for each generator step.
        single_step: update both players simultaneously (the paper's Algorithm 1) instead of the generator after the
            critic.
        augment: the augmentation of real and generated samples.
    """

    objective: Objective
    penalties: Penalties
    n_critic: int = 1
    single_step: bool = False
    augment: Augment = NOTHING


Due = Sequence[tuple[float | Tensor, Penalty]]
"""The penalties of a group that apply at a step, with their weights."""


@dataclass(frozen=True)
class Group:
    """Members that play the same game.

    Args:
        game: the game.
        size: number of members.
    """

    game: Game
    size: int = 1

    def due(self, step: int) -> Due:
        """Return the penalties that apply at a step, with their weights."""
        return self.game.penalties.due(step)


def two_player_step(
    generator: Player,
    critic: Player,
    groups: Sequence[Group],
    batches: Sequence[Batches],
    due: Sequence[Due],
) -> StepResult:
    """Update every member's critic n_critic times and its generator once; members do not affect each other.

    The generator's loss uses the samples that the critic saw last, so one generator pass serves both players. Real and
    generated samples pass through the critic together. With augmentation, the critic sees only augmented samples: its
    penalties are evaluated there too, and the generator's gradient passes through the augmentation.

    Args:
        generator, critic: the players of all members, as `Player.joined` makes them.
        groups: the members in order; all with the same n_critic and single_step, and with penalties that use the same
            number of extra points.
        batches: one for each update of the critic.
        due: the penalties of each group that apply now.
    """
    game = groups[0].game
    for batch in batches[:-1]:
        critic_step(generator, critic, groups, batch, due)
    batch = batches[-1]
    batch, fake = _augmented(groups, batch, generator(batch.latent, batch.labels))
    if game.single_step:
        seen = critic_pass(critic, groups, batch, fake, due)
        generator_loss = generator_losses(groups, seen.v_fake, seen.v_real, critic.ranks)
        downhill = critic.gradients(seen.total, keep_graph=True)
        generator.descend(generator_loss, noted := _noted(seen, generator_loss))
        critic.move(downhill)
    else:
        seen = critic_pass(critic, groups, batch, fake.detach(), due)
        critic.descend(seen.total)
        generator_loss = generator_pass(critic, groups, batch, fake)
        generator.descend(generator_loss, noted := _noted(seen, generator_loss))
    critic_loss, generator_loss, bound = noted
    return StepResult(critic_loss, generator_loss, bound, seen.v_real.detach(), seen.v_fake.detach())


def critic_step(
    generator: Player, critic: Player, groups: Sequence[Group], batch: Batches, due: Sequence[Due]
) -> None:
    """Update every member's critic once; the generators stay. Arguments as for `two_player_step`."""
    with torch.no_grad():
        batch, fake = _augmented(groups, batch, generator(batch.latent, batch.labels))
    critic.descend(critic_pass(critic, groups, batch, fake, due).total)


def generator_step(
    generator: Player, critic: Player, groups: Sequence[Group], batch: Batches, due: Sequence[Due]
) -> None:
    """Update every member's generator once; the critics stay. Arguments as for `two_player_step`."""
    batch, fake = _augmented(groups, batch, generator(batch.latent, batch.labels))
    generator.descend(generator_pass(critic, groups, batch, fake))


def _augmented(groups: Sequence[Group], batch: Batches, fake: Tensor) -> tuple[Batches, Tensor]:
    """Return data and samples (K, n, ...) as the critics see them."""
    if all(drawn is None for drawn in batch.changes):
        return batch, fake
    sizes, real, fakes = _sizes(groups), [], []
    for group, drawn, *kinds in zip(
        groups, batch.changes, batch.real.split(sizes), fake.split(sizes), strict=True
    ):
        for seen, x, kind in zip((real, fakes), kinds, (0, 1), strict=True):
            seen.append(x if drawn is None else group.game.augment.changed(x, drawn[:, kind]))
    return replace(batch, real=_joined(real)), _joined(fakes)


def _noted(seen: CriticPass, generator_loss: Tensor) -> Tensor:
    """Return the metrics of a step (3, K): both losses and the bound."""
    return torch.stack([seen.total, generator_loss, -seen.adversarial]).detach()


@dataclass(frozen=True)
class CriticPass:
    """The critics' results for a batch: losses with and without penalties (K,), and raw outputs (K, n)."""

    total: Tensor
    adversarial: Tensor
    v_real: Tensor
    v_fake: Tensor


def critic_pass(
    critic: Player, groups: Sequence[Group], batch: Batches, fake: Tensor, due: Sequence[Due]
) -> CriticPass:
    """Return the critics' losses and outputs for a batch and samples (K, n, ...), in one pass over all points."""
    sizes, n = _sizes(groups), batch.real.shape[1]
    points = [
        [penalty.points(real, samples, drawn) for (_, penalty), drawn in zip(penalties, noise, strict=True)]
        for penalties, noise, real, samples in zip(
            due, batch.noise, batch.real.split(sizes), fake.split(sizes), strict=True
        )
    ]
    extra = zip(*([one for one in of_group if one is not None] for of_group in points), strict=True)
    parts = [batch.real, fake, *(_joined(of_groups) for of_groups in extra)]
    labels = None if batch.labels is None else batch.labels.repeat(1, len(parts))
    scale = groups[0].game.penalties.scale
    steep = any(penalty.needs_slopes for penalties in due for _, penalty in penalties)
    v, slopes = _outputs(critic, torch.cat(parts, 1), labels, scale if steep else None)
    adversarial, totals = [], []
    for group, penalties, own, of_v, of_slopes in zip(
        groups, due, points, v.split(sizes), slopes.split(sizes), strict=True
    ):
        objective, v_real, v_fake = group.game.objective, of_v[:, :n], of_v[:, n : 2 * n]
        if objective.joins_samples:
            v_real, v_fake = critic.ranks.gather(v_real, 1), critic.ranks.gather(v_fake, 1)
        loss = objective.critic(v_real, v_fake, dim=-1)
        counts = [n, n, *(0 if one is None else n for one in own)]
        adversarial.append(loss)
        totals.append(
            loss + group.game.penalties.total(penalties, of_v, of_slopes, counts) if penalties else loss
        )
    return CriticPass(_joined(totals), _joined(adversarial), v[:, :n], v[:, n : 2 * n])


def _sizes(groups: Sequence[Group]) -> list[int]:
    return [group.size for group in groups]


def _outputs(
    critic: Player, x: Tensor, labels: Tensor | None, scale: Tensor | float | None
) -> tuple[Tensor, Tensor]:
    """Return the critics' outputs at x and their squared slopes with respect to x / scale (or the outputs twice)."""
    if scale is None:
        v = critic(x, labels)
        return v, v
    if not x.requires_grad:
        x.requires_grad_()
    v = critic(x, labels)
    return v, squared_gradient(v, x, scale)


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return torch.cat(list(parts)) if len(parts) > 1 else parts[0]


def generator_pass(critic: Player, groups: Sequence[Group], batch: Batches, fake: Tensor) -> Tensor:
    """Return the generators' losses (K,) for their samples (K, n, ...), in a new pass through the critics."""
    if not any(group.game.objective.needs_real for group in groups):
        return generator_losses(groups, critic(fake, batch.labels), ranks=critic.ranks)
    labels = None if batch.labels is None else batch.labels.repeat(1, 2)
    v_fake, v_real = critic(torch.cat([fake, batch.real], 1), labels).chunk(2, 1)
    return generator_losses(groups, v_fake, v_real, critic.ranks)


def generator_losses(
    groups: Sequence[Group], v_fake: Tensor, v_real: Tensor | None = None, ranks: Ranks = ALONE
) -> Tensor:
    """Return the generators' losses (K,) for raw outputs (K, n) on samples and, if needed, on data."""
    sizes, losses = _sizes(groups), []
    for group, fake, real in zip(
        groups, v_fake.split(sizes), (v_fake if v_real is None else v_real).split(sizes), strict=True
    ):
        objective = group.game.objective
        if objective.joins_samples:
            fake, real = ranks.gather(fake, 1), ranks.gather(real, 1)
        losses.append(objective.generator(fake, real if objective.needs_real else None, dim=-1))
    return _joined(losses)
