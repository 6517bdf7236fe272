"""Whether compiling a run's step gains more seconds than it takes, and whether it can be done here."""

from __future__ import annotations

import dataclasses

from fgan.data import Dataset
from fgan.errors import FganError
from fgan.output import Say
from fgan.training.compiling.build import lacking
from fgan.training.config import TrainConfig
from fgan.training.ensemble import Ensemble
from fgan.training.operations import Counted
from fgan.training.trainer import Trainer

SAVED_A_CALL = 2.7e-6
"""Seconds that a compiled step saves for each operation that it need not call one by one."""
SAVED_A_BYTE = 2e-10
"""Seconds for each byte that such an operation would write."""
TO_COMPILE, TO_COMPILE_A_CALL = 11.0, 0.022
"""Seconds that compiling takes, and for each operation of the step; measured on two cores, as the ones above."""
FEWEST_STEPS = 1000
"""Of a shorter run it is not even asked."""


def settled(
    config: TrainConfig,
    dataset: Dataset,
    say: Say,
    *,
    before: str | None = None,
    members: int = 1,
    ranks: int = 1,
) -> TrainConfig:
    """Return a recipe whose `compile` is "on" or "off".

    The answer depends on the recipe alone, not on what is kept or how fast a machine is today: compiled steps round
    otherwise, and the same recipe must give the same run.

    Args:
        config: the recipe, on a device that exists.
        dataset: what it learns from.
        say: told why it is not compiled although it should be, or was before.
        before: what it was when the run that is gone on with began; None for a new run.
        members: how many like it train as one.
        ranks: processes that train it together, whose gradients meet within a step.

    Raises:
        FganError: where it is "on" and there is no compiler.
    """
    wanted = config.compile
    if wanted == "auto" and before in ("on", "off"):
        wanted = before
    if config.device == "mps" or ranks > 1:
        if "on" in (config.compile, before):
            where = "by several ranks" if ranks > 1 else "on mps"
            say(f"steps are not compiled {where}: the run goes on without, which rounds otherwise")
        wanted = "off"
    elif wanted == "auto":
        wanted = "on" if _is_worth_it(config, dataset, members) else "off"
    if wanted == "on" and config.device == "cpu" and (why := lacking()):
        if config.compile == "on":
            raise FganError(f"{why}. Install one, name it in $CXX, or take --compile off.")
        say(f"{why}: going on without, which is slower")
        wanted = "off"
    return dataclasses.replace(config, compile=wanted)


def _is_worth_it(config: TrainConfig, dataset: Dataset, members: int) -> bool:
    if config.steps < FEWEST_STEPS:
        return False
    if config.device == "cuda":  # a graph is captured within a second, and a step is hundreds of launches
        return True
    calls, written = cost_of_a_step(config, dataset)
    saved = config.steps * (SAVED_A_CALL * calls + SAVED_A_BYTE * written * members)
    return saved > TO_COMPILE + TO_COMPILE_A_CALL * calls


def cost_of_a_step(config: TrainConfig, dataset: Dataset) -> tuple[int, int]:
    """Return how many operations a step of one run calls, and how many bytes they write."""
    ensemble = Ensemble([Trainer(dataclasses.replace(config, compile="off"), dataset)])
    with Counted() as counted:
        ensemble.step()
    return counted.calls, counted.written
