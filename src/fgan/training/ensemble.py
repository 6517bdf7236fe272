"""Several trainers that take their steps as one program: the parameters stacked, one optimiser step for all."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Sequence
from itertools import groupby

import torch

from fgan.errors import FganError
from fgan.objectives import Penalties, read_terms
from fgan.objectives.penalties import PENALTIES, Penalty
from fgan.training.averaging import ExponentialAverage
from fgan.training.config import TrainConfig
from fgan.training.player import Player
from fgan.training.step import Batch, Group, two_player_step
from fgan.training.trainer import Trainer

GAME = (
    "objective", "divergence", "link", "generator_loss", "generator_divergence", "critic_clamp", "penalties"
)  # fmt: skip
"""The settings that make a game: members that share them are played together."""
OWN = {*GAME, "seed", "lr", "lr_fade"}
"""The settings in which the members of an ensemble may differ."""


class Ensemble:
    """Trainers that step together, each exactly as it would alone, up to the rounding of sums; one steps alone.

    Everything a trainer has stays its own: what it holds becomes a view of the stacked whole, so that it can be
    sampled, saved and restored while it is part of the ensemble. A trainer is in one ensemble at a time; to leave
    some of them out, make another of the rest. A member whose numbers are no longer finite changes no other.

    Args:
        trainers: at least one, of the same data and at the same step, with configs for which `together` agrees.

    Raises:
        FganError: for trainers that cannot step together.
    """

    def __init__(self, trainers: Sequence[Trainer]) -> None:
        _require_alike(trainers)
        ordered = sorted(trainers, key=lambda trainer: repr(_game(trainer.config)))
        self.trainers = ordered
        self.generator = Player.joined([trainer.generator for trainer in ordered])
        self.critic = Player.joined([trainer.critic for trainer in ordered])
        averages = [trainer.average for trainer in ordered if trainer.average]
        self.average = ExponentialAverage.joined(averages, self.generator.parameters) if averages else None
        self.groups = [
            _group(list(members)) for _, members in groupby(ordered, lambda trainer: _game(trainer.config))
        ]
        self._sums = torch.stack([trainer.sums for trainer in ordered])
        for trainer, sums in zip(ordered, self._sums, strict=True):
            trainer.sums = sums

    def step(self) -> None:
        """Take one generator step of every member, and the critic steps that go with it."""
        for trainer in self.trainers:
            trainer.generator.optimizer.lr = trainer.critic.optimizer.lr = trainer.learning_rate
        step = self.trainers[0].steps_done
        result = two_player_step(self.generator, self.critic, self.groups, self._draw, step)
        if self.average:
            self.average.update(step)
        self._sums += torch.stack([result.critic_loss, result.generator_loss, result.bound], 1)
        for trainer in self.trainers:
            trainer.summed += 1
            trainer.steps_done += 1

    def _draw(self) -> Batch:
        return Batch.stacked([trainer.draw() for trainer in self.trainers])


def together(config: TrainConfig) -> Hashable:
    """Return what configs must agree in for their runs to take their steps as one.

    >>> one, other = TrainConfig(data="ring8", divergence="kl"), TrainConfig(data="ring8", divergence="js", seed=7)
    >>> together(one) == together(other), together(one) == together(TrainConfig(data="ring8", width=8))
    (True, False)
    """
    shared = {name: value for name, value in dataclasses.asdict(config).items() if name not in OWN}
    # Points of their own are rows of the critic's one pass, which must be as long for all.
    rows = tuple(
        term.every
        for term in read_terms(config.penalties)
        if PENALTIES[term.name].points is not Penalty.points
    )
    return tuple(shared.items()), rows


def _game(config: TrainConfig) -> tuple[object, ...]:
    return tuple(getattr(config, name) for name in GAME)


def _group(trainers: Sequence[Trainer]) -> Group:
    penalties = Penalties.joined([trainer.game.penalties for trainer in trainers])
    game = dataclasses.replace(trainers[0].game, penalties=penalties)
    return Group(game, [trainer.random for trainer in trainers])


def _require_alike(trainers: Sequence[Trainer]) -> None:
    first = trainers[0]
    for other in trainers[1:]:
        if together(other.config) != together(first.config):
            pairs = dataclasses.asdict(first.config), dataclasses.asdict(other.config)
            names = [name for name in pairs[0] if name not in OWN and pairs[0][name] != pairs[1][name]]
            raise FganError(
                f"runs that train as one must agree in all but {', '.join(sorted(OWN))}; they differ in "
                f"{', '.join(names) or 'the penalties that look at points of their own'}. Train them apart."
            )
        if other.steps_done != first.steps_done:
            raise FganError(
                f"runs that train as one must be at the same step; got {first.steps_done} and {other.steps_done}."
            )
