"""Whether compiling a run's step saves more time than it takes, and whether it is possible here."""

from __future__ import annotations

import dataclasses

from fgan.data import Dataset
from fgan.errors import FganError
from fgan.output import Say
from fgan.training.compiling.build import lacking
from fgan.training.config import TrainConfig
from fgan.training.ensemble import Ensemble
from fgan.training.operations import Counted
from fgan.training.precision import rounded
from fgan.training.trainer import Trainer

SAVED_A_CALL = 2.7e-6
"""Seconds that a compiled step saves per operation that it does not call separately."""
SAVED_A_BYTE = 2e-10
"""Seconds saved per byte that such an operation would write."""
TO_COMPILE, TO_COMPILE_A_CALL = 11.0, 0.022
"""Seconds that compiling takes, plus seconds per operation of the step; measured on two cores, like those above."""
FEWEST_STEPS = 1000
"""Shorter runs are never compiled."""


def settled(
    config: TrainConfig,
    dataset: Dataset,
    say: Say,
    *,
    before: TrainConfig | None = None,
    members: int = 1,
    ranks: int = 1,
) -> TrainConfig:
    """Return a recipe whose `compile` is "on" or "off", and whose `precision` is a type.

    Whether to compile depends on the recipe alone, not on the cache or on the machine's speed: compiled steps round
    differently, and the same recipe must give the same run.

    Args:
        config: the recipe, on a device that exists.
        dataset: the data.
        say: receives a line if the step is not compiled although it should be, or was before.
        before: the recipe with which the resumed run began; None for a new run.
        members: how many such runs train as one ensemble.
        ranks: processes that train the run together and average gradients within a step.

    Raises:
        FganError: if it is "on" and there is no compiler.
    """
    config, wanted = rounded(config, dataset, before, ranks), config.compile
    compiled = before.compile if before else "auto"
    if wanted == "auto":
        wanted = compiled
    if config.device == "mps" or ranks > 1:
        if "on" in (config.compile, compiled):
            where = "with several ranks" if ranks > 1 else "on mps"
            say(f"steps cannot be compiled {where}: the run continues uncompiled, with different rounding")
        wanted = "off"
    elif wanted == "auto":
        wanted = "on" if _is_worth_it(config, dataset, members) else "off"
    if wanted == "on" and config.device == "cpu" and (why := lacking()):
        if config.compile == "on":
            raise FganError(f"{why}. Install one, set $CXX to its path, or use --compile off.")
        say(f"{why}: continuing without, which is slower")
        wanted = "off"
    return dataclasses.replace(config, compile=wanted)


def uncompiled(config: TrainConfig, *, must_compile: bool) -> TrainConfig:
    """Return the recipe with compiling off, for a run whose networks draw random numbers.

    Raises:
        FganError: if it must be compiled.
    """
    if must_compile:
        raise FganError(
            "networks that draw random numbers, such as dropout, cannot be compiled: a resumed run would draw others. "
            "Use --compile off, or networks without dropout."
        )
    return dataclasses.replace(config, compile="off")


def _is_worth_it(config: TrainConfig, dataset: Dataset, members: int) -> bool:
    if config.steps < FEWEST_STEPS:
        return False
    if config.device == "cuda":  # capturing takes a second, and an uncompiled step is hundreds of launches
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
