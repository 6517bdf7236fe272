"""In which numbers the networks of a run multiply."""

from __future__ import annotations

import dataclasses
import math

from fgan.data import Dataset
from fgan.device import multiplies_bfloat16
from fgan.training.config import TrainConfig

SMALLEST = 256
"""Values of a picture from which on products in bfloat16 are faster than those in float32."""


def rounded(
    config: TrainConfig, dataset: Dataset, before: TrainConfig | None = None, ranks: int = 1
) -> TrainConfig:
    """Return a recipe whose `precision` is "float32" or "bfloat16".

    Pixels have 8 bits, as many as bfloat16 keeps; coordinates and columns of tables need more. Of custom networks
    "auto" knows nothing, so they multiply float32.

    Args:
        config: the recipe, on a device that exists.
        dataset: the data.
        before: the recipe with which the resumed run began; None for a new run.
        ranks: processes that train the run together. They may be of different kinds, so "auto" is float32 for several.
    """
    wanted = config.precision
    if wanted == "auto" and ranks > 1:
        wanted = "float32"
    if wanted == "auto":
        wanted = before.precision if before else "auto"
    if wanted == "auto":
        large = dataset.is_image and math.prod(dataset.shape) >= SMALLEST
        own = bool(config.generator or config.critic)
        wanted = "bfloat16" if large and not own and multiplies_bfloat16(config.device) else "float32"
    return dataclasses.replace(config, precision=wanted)
