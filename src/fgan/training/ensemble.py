"""Several trainers that step as one program: stacked parameters, one optimiser step for all."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Literal

import torch

from fgan.errors import CompileError, FganError
from fgan.objectives import Penalties, read_terms
from fgan.objectives.penalties import PENALTIES, Penalty
from fgan.output import Say, silent
from fgan.seeds import SEEDS
from fgan.training.averaging import ExponentialAverage
from fgan.training.compiling.program import Programs, rates_of
from fgan.training.config import TrainConfig
from fgan.training.interruption import StoppedError, StopRequest
from fgan.training.player import Player
from fgan.training.step import Batches, Group, critic_step, generator_step
from fgan.training.trainer import Trainer
from fgan.training.whole_step import WholeStep

GAME = (
    "objective", "divergence", "link", "generator_loss", "generator_divergence", "critic_clamp", "penalties",
    "augment",
)  # fmt: skip
"""The settings that define a game: members that share them are computed together."""
OWN = {*GAME, "seed", "lr", "critic_lr", "lr_fade", "cooldown"}
"""The settings in which the members of an ensemble may differ."""


class Ensemble:
    """Trainers that step together. Each steps as it would alone, up to the rounding of sums.

    A trainer's tensors become views of the stacked ones, so that it can be sampled, saved and restored while it is
    part of the ensemble. A trainer is in one ensemble at a time; to drop some, make a new ensemble of the rest.
    A member whose numbers become NaN or infinite does not affect the others.

    Args:
        trainers: at least one, on the same data and at the same step, with configs for which `together` agrees.
            If their `compile` is "on", the first step compiles.
        say: receives a line about each compilation.
        must_compile: raise if compiling fails; otherwise continue without, and set the trainers' `compile` to "off".
        stop: a request to stop, which interrupts compiling.

    Raises:
        FganError: if the trainers cannot step together.
    """

    def __init__(
        self,
        trainers: Sequence[Trainer],
        say: Say = silent,
        *,
        must_compile: bool = True,
        stop: StopRequest | None = None,
    ) -> None:
        _require_alike(trainers)
        ordered = sorted(trainers, key=lambda trainer: repr(_game(trainer.config)))
        self.trainers = ordered
        generator = Player.joined([trainer.generator for trainer in ordered])
        critic = Player.joined([trainer.critic for trainer in ordered])
        averages = [trainer.average for trainer in ordered if trainer.average]
        average = ExponentialAverage.joined(averages, generator.parameters) if averages else None
        self.groups = [
            _group(list(members)) for _, members in groupby(ordered, lambda trainer: _game(trainer.config))
        ]
        sums = torch.stack([trainer.sums for trainer in ordered])
        for trainer, own in zip(ordered, sums, strict=True):
            trainer.sums = own
        self.whole = WholeStep(generator, critic, self.groups, average, sums)
        self.draws = any(trainer.draws for trainer in ordered)
        if self.draws and len(ordered) > 1:
            raise FganError(
                "networks that draw random numbers, such as dropout, cannot train as an ensemble. Train separately."
            )
        compiled = ordered[0].config.compile == "on" and not self.draws
        self.programs = Programs(self.whole, _recipe(ordered), say, stop) if compiled else None
        self.say, self.must_compile = say, must_compile

    def step(self) -> None:
        """Take one generator step of every member, and the critic steps that go with it.

        Raises:
            CompileError: if it must be compiled and cannot be.
            StoppedError: for a request to stop while compiling; nothing has changed then.
        """
        config, step = self.trainers[0].config, self.trainers[0].steps_done
        self._set_rates()
        due = [group.due(step) for group in self.groups]
        compiles = bool(self.programs) and not self.programs.has(due)
        undrawn = [trainer.random.get_state() for trainer in self.trainers if compiles]
        batches = [self._draw() for _ in range(config.n_critic)]
        share = 1 - self.whole.average.decay_at(step) if self.whole.average else 0.0
        if self.programs:
            lrs = [[player.optimizer.lr for player in (t.critic, t.generator)] for t in self.trainers]
            rates = rates_of(lrs, (config.beta1, config.beta2), step, config.n_critic)
            try:
                self.programs.take(batches, due, share, rates)
            except CompileError as error:
                self._go_on_without(error)
            except StoppedError:
                for trainer, state in zip(self.trainers, undrawn, strict=True):
                    trainer.random.set_state(state)
                raise
        if not self.programs:
            with self._drawing():
                self.whole.take(batches, due, share)
        for trainer in self.trainers:
            trainer.summed += 1
            trainer.steps_done += 1

    def step_alone(self, player: Literal["critic", "generator"]) -> None:
        """Take one step of every critic, or of every generator, and none of the other; `steps_done` stays."""
        self._set_rates()
        batch, due = self._draw(), [group.due(self.trainers[0].steps_done) for group in self.groups]
        take = critic_step if player == "critic" else generator_step
        with self._drawing():
            take(self.whole.generator, self.whole.critic, self.groups, batch, due)

    def _set_rates(self) -> None:
        for trainer in self.trainers:
            trainer.generator.optimizer.lr = trainer.learning_rate
            trainer.critic.optimizer.lr = trainer.critic_learning_rate

    @contextmanager
    def _drawing(self) -> Iterator[None]:
        """Seed what networks draw by the run's own random state, so that a resumed run draws the same."""
        if not self.draws:
            yield
            return
        random = self.trainers[0].random
        seed = torch.randint(SEEDS - 1, (), generator=random, device=random.device).item()
        kind = random.device.type
        with torch.random.fork_rng(
            [] if kind == "cpu" else None, device_type="cuda" if kind == "cpu" else kind
        ):
            torch.manual_seed(int(seed))
            yield

    def _go_on_without(self, error: CompileError) -> None:
        if self.must_compile:
            raise error
        self.say(f"continuing without compiling, which is slower: {error}")
        self.programs = None
        for trainer in self.trainers:
            trainer.config = dataclasses.replace(trainer.config, compile="off")

    def _draw(self) -> Batches:
        sizes = [group.size for group in self.groups]
        return Batches.of([trainer.draw() for trainer in self.trainers], sizes)


def together(config: TrainConfig) -> Hashable:
    """Return what configs must agree in for their runs to train as one ensemble.

    >>> one, other = TrainConfig(data="ring8", divergence="kl"), TrainConfig(data="ring8", divergence="js", seed=7)
    >>> together(one) == together(other), together(one) == together(TrainConfig(data="ring8", width=8))
    (True, False)
    """
    shared = {name: value for name, value in dataclasses.asdict(config).items() if name not in OWN}
    # A penalty's extra points are rows of the critic's single pass, which must have the same length for all.
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
    return Group(game, len(trainers))


def _recipe(trainers: Sequence[Trainer]) -> str | None:
    """Return what determines the operations of a step, apart from tensor shapes; None with user networks."""
    config = trainers[0].config
    if config.generator or config.critic:
        return None
    games = [[getattr(trainer.config, name) for name in GAME if name != "penalties"] for trainer in trainers]
    terms = [[(term.name, term.every) for term in read_terms(t.config.penalties)] for t in trainers]
    networks = [trainers[0].generator.network, trainers[0].critic.network]
    settings = [
        getattr(config, name)
        for name in ("beta1", "beta2", "n_critic", "single_step", "gradient_clip", "precision")
    ]
    return repr([games, terms, networks, settings])


def _require_alike(trainers: Sequence[Trainer]) -> None:
    first = trainers[0]
    for other in trainers[1:]:
        if together(other.config) != together(first.config):
            pairs = dataclasses.asdict(first.config), dataclasses.asdict(other.config)
            names = [name for name in pairs[0] if name not in OWN and pairs[0][name] != pairs[1][name]]
            raise FganError(
                f"runs that train as an ensemble may differ only in {', '.join(sorted(OWN))}; these differ in "
                f"{', '.join(names) or 'penalties that use extra points'}. Train them separately."
            )
        if other.steps_done != first.steps_done:
            raise FganError(
                f"runs of an ensemble must be at the same step; got {first.steps_done} and {other.steps_done}."
            )
