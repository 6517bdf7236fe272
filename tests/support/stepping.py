"""Steps of one trainer, or of one pair of players, as an ensemble of one takes them."""

from collections.abc import Callable
from dataclasses import replace

import torch

from fgan.training.ensemble import Ensemble
from fgan.training.player import Player
from fgan.training.step import Batch, Batches, Game, Group, StepResult, two_player_step
from fgan.training.trainer import Trainer


def take_steps(trainer: Trainer, count: int = 1) -> None:
    """Take steps of a trainer alone."""
    ensemble = Ensemble([trainer])
    for _ in range(count):
        ensemble.step()


def step_alone(
    generator: Player,
    critic: Player,
    game: Game,
    draw: Callable[[], Batch],
    random: torch.Generator,
    step: int = 0,
) -> StepResult:
    """Take one step of two players without others beside them."""
    group = Group(game)
    due = group.due(step)
    batches = []
    for _ in range(game.n_critic):
        batch = draw()
        noise = tuple(penalty.draws(batch.real, random) for _, penalty in due)
        batches.append(Batches.of([replace(batch, noise=noise)]))
    seen = two_player_step(generator, critic, [group], batches, [due])
    return StepResult(*(value[0] for value in vars(seen).values()))
