"""A race: several divergences train on one target, as one ensemble, and can be changed while they do."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Literal

import torch
from torch import Tensor

from fgan.data import Dataset, load_data
from fgan.errors import FganError
from fgan.lab.settings import Member, Settings
from fgan.lab.targets import Target, target_of
from fgan.training.adam import rate_at
from fgan.training.config import TrainConfig
from fgan.training.ensemble import Ensemble
from fgan.training.player import Player
from fgan.training.trainer import Trainer

PlayerName = Literal["both", "critic", "generator"]
PICTURES = {"digits"}
"""Targets of pictures, which come from the library's data."""


class Runner(Trainer):
    """A trainer whose players may begin when others have taken steps already.

    The members of an ensemble share Adam's count of updates, by which it corrects the bias of young moments. For a
    player that began later the learning rate makes up for it; otherwise its first step would be several times too long.
    """

    def __init__(self, config: TrainConfig, dataset: Dataset) -> None:
        super().__init__(config, dataset)
        self.begun = {"generator": 0, "critic": 0}
        """The count of updates at which each player began."""

    @property
    def learning_rate(self) -> float:
        """The generator's learning rate in the next step."""
        return super().learning_rate * self._correction("generator")

    @property
    def critic_learning_rate(self) -> float:
        """The critic's learning rate in the next step."""
        return super().critic_learning_rate * self._correction("critic")

    def _correction(self, name: str) -> float:
        if not (begun := self.begun[name]):
            return 1.0
        optimizer = getattr(self, name).optimizer
        count = int(optimizer.count)
        (own, own_root), (shared, shared_root) = (
            rate_at(1.0, optimizer.betas, taken + 1) for taken in (count - begun, count)
        )
        return own * own_root / (shared * shared_root)


class Race:
    """Divergences that train side by side with fgan's own step, from the same weights and the same draws.

    Args:
        settings: what to train on what, and how.

    Raises:
        FganError: if a divergence does not exist or cannot be trained with these settings.

    >>> race = Race(Settings(members=["kl", "js"], width=8, critic_width=8))
    >>> race.run(until=3)
    >>> race.change(lr=5e-4)
    >>> race.step("critic")
    >>> race.steps, race.settings.lr
    (3, 0.0005)
    >>> print(race.snippet)
    from fgan.lab import Member, Race, Settings
    <BLANKLINE>
    race = Race(Settings(members=["kl", "js"], width=8, critic_width=8))
    race.run(until=3)
    race.change(lr=0.0005)
    race.step("critic")
    """

    def __init__(self, settings: Settings) -> None:
        self.began, self.settings, self.steps = settings, settings, 0
        self.target: Target | None = None if settings.target in PICTURES else target_of(settings)
        self.data: Dataset = self.target.dataset() if self.target else load_data(settings.target)
        self.trainers = [self._trainer(settings, member) for member in members_of(settings)]
        self._events: list[str] = []
        self._assemble()

    def _trainer(self, settings: Settings, member: Member) -> Runner:
        try:
            return Runner(config_of(settings, member), self.data)
        except FganError as error:
            raise FganError(f"{member.divergence}: {error}") from error

    def _assemble(self) -> None:
        self.ensemble = Ensemble(self.trainers)
        # The ensemble puts members that play the same game side by side.
        order = [self.ensemble.trainers.index(trainer) for trainer in self.trainers]
        self.order = torch.tensor(order)

    @property
    def latent(self) -> int:
        """The dimension of the latents."""
        return self.trainers[0].latent

    def step(self, player: PlayerName = "both") -> None:
        """Take one step of both players, or one of the critics or of the generators only."""
        if player == "both":
            self.ensemble.step()
            self.steps += 1
            return
        self.ensemble.step_alone(player)
        self._note(f'race.step("{player}")')

    def run(self, until: int) -> None:
        """Take steps until so many have been taken in all."""
        while self.steps < until:
            self.step()

    def change(self, **settings: Any) -> None:  # noqa: ANN401 - fields of `Settings`
        """Change settings and go on. Networks are kept where they fit.

        Generators of another width or depth begin anew. Of a member whose divergence is another, the critic does.

        Args:
            settings: fields of `Settings`, except those that only a new race can change.

        Raises:
            FganError: for a value that is not allowed; nothing has changed then.
        """
        wanted = self.settings.changed(settings)
        new: list[Runner] = []
        for at, member in enumerate(members_of(wanted)):
            trainer = self._trainer(wanted, member)
            old = self._predecessor(member, at, len(wanted.members))
            self._take_over(trainer, old)
            new.append(trainer)
        self.trainers, self.settings = new, wanted
        self._note(f"race.change({_arguments({name: getattr(wanted, name) for name in settings})})")
        self._assemble()

    def _predecessor(self, member: Member, at: int, count: int) -> int | None:
        """Return which of the present members a changed one goes on from: the one in its place, or else itself."""
        present = list(members_of(self.settings))
        if count == len(present):
            return at
        return present.index(member) if member in present else None

    def _take_over(self, trainer: Runner, old: int | None) -> None:
        predecessor = self.trainers[old or 0]
        trainer.steps_done = self.steps
        trainer.random.set_state(predecessor.random.get_state())
        goes_on = {
            "generator": old is not None,
            "critic": old is not None and _play_alike(trainer, predecessor),
        }
        for name, kept in goes_on.items():
            player: Player = getattr(trainer, name)
            before: Player = getattr(predecessor, name)
            if kept and _shapes(player) == _shapes(before):
                player.network.load_state_dict(before.network.state_dict())
                player.optimizer.load_state(before.optimizer.state())
                trainer.begun[name] = predecessor.begun[name]
            else:
                trainer.begun[name] = int(before.optimizer.count)
            player.optimizer.count.copy_(before.optimizer.count)  # one number for all members

    @property
    def snippet(self) -> str:
        """Python that repeats the race up to here, changes included."""
        heading = "from fgan.lab import Member, Race, Settings"
        lines = [heading, "", f"race = Race(Settings({_arguments(self.began.differing())}))", *self._events]
        return "\n".join(self._until(lines))

    def _note(self, line: str) -> None:
        self._events = self._until(self._events)
        self._events.append(line)

    def _until(self, lines: list[str]) -> list[str]:
        """Add the steps since the last line."""
        run = f"race.run(until={self.steps})"
        last = next((line for line in reversed(lines) if line.startswith("race.run(")), "race.run(until=0)")
        return lines if last == run else [*lines, run]

    @torch.no_grad()
    def generated(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return every member's samples (K, n, ...) for the same latents (n, latent)."""
        count = len(self.trainers)
        z = latents.expand(count, *latents.shape)
        y = None if labels is None else labels.expand(count, *labels.shape)
        return self.ensemble.whole.generator(z, y)[self.order]

    def outputs(self, x: Tensor) -> Tensor:
        """Return every critic's raw outputs (K, n) at its own points (K, n, ...), differentiable."""
        inverse = torch.empty_like(self.order)
        inverse[self.order] = torch.arange(len(self.order))
        return self.ensemble.whole.critic(x[inverse])[self.order]


def members_of(settings: Settings) -> list[Member]:
    """Return the members; `Settings` has read them all."""
    return [member for member in settings.members if isinstance(member, Member)]


def _play_alike(one: Trainer, other: Trainer) -> bool:
    """Whether the outputs of two trainers' critics mean the same."""
    divergences = [trainer.objective.divergence for trainer in (one, other)]
    games = [(divergence.name, divergence.link) for divergence in divergences if divergence]
    return games[0] == games[1]


def config_of(settings: Settings, member: Member) -> TrainConfig:
    """Return the recipe of one member."""
    return TrainConfig(
        data=settings.target,
        divergence=member.divergence,
        generator_loss=member.loss,
        generator_divergence=member.follow,
        penalties=settings.penalties,
        lr=settings.lr,
        critic_lr=settings.critic_lr,
        width=settings.width,
        depth=settings.depth,
        critic_width=settings.critic_width,
        critic_depth=settings.critic_depth,
        batch_size=settings.batch,
        n_critic=settings.n_critic,
        seed=settings.seed,
        ema=0.0,  # what is shown is the generator that the critic sees
        conditional=settings.target in PICTURES,
        device="cpu",
        compile="off",
        precision="float32",
    )


def _shapes(player: Player) -> list[torch.Size]:
    return [parameter.shape for parameter in player.network.parameters()]


def _arguments(values: dict[str, Any]) -> str:
    return ", ".join(f"{name}={_written(value)}" for name, value in values.items())


def _written(value: Any) -> str:  # noqa: ANN401 - a setting
    """Return a setting as Python code; a member with usual settings as its name."""
    if isinstance(value, Member):
        given = {
            field.name: own
            for field in dataclasses.fields(value)
            if (own := getattr(value, field.name)) != field.default
        }
        name = given.pop("divergence")
        return f"Member({_text(name)}, {_arguments(given)})" if given else _text(name)
    if isinstance(value, tuple) and value and isinstance(value[0], Member):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, str):
        return _text(value)
    assert not isinstance(value, float) or math.isfinite(value)
    return repr(value)


def _text(value: str) -> str:
    return f'"{value}"' if '"' not in value and "\\" not in value and value.isprintable() else repr(value)
