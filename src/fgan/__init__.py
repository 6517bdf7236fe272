"""fgan, the workbench for f-divergences in PyTorch: train, compare, measure.

Names are fetched when first used, so that `fgan --help` need not wait for torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fgan.data import load_data as load_data
    from fgan.divergences import Divergence as Divergence
    from fgan.divergences import divergence as divergence
    from fgan.errors import FganError as FganError
    from fgan.estimation import DensityRatio as DensityRatio
    from fgan.estimation import estimate as estimate
    from fgan.estimation import mutual_information as mutual_information
    from fgan.evaluation import evaluate as evaluate
    from fgan.experiments.presets import preset as preset
    from fgan.experiments.train import train as train
    from fgan.objectives import GANLoss as GANLoss
    from fgan.training.config import TrainConfig as TrainConfig
    from fgan.training.run_directory import RunDirectory as RunDirectory

_HOMES = {
    "DensityRatio": "fgan.estimation",
    "Divergence": "fgan.divergences",
    "FganError": "fgan.errors",
    "GANLoss": "fgan.objectives",
    "TrainConfig": "fgan.training.config",
    "RunDirectory": "fgan.training.run_directory",
    "divergence": "fgan.divergences",
    "estimate": "fgan.estimation",
    "evaluate": "fgan.evaluation",
    "load_data": "fgan.data",
    "mutual_information": "fgan.estimation",
    "preset": "fgan.experiments.presets",
    "train": "fgan.experiments.train",
}

__all__ = [
    "DensityRatio",
    "Divergence",
    "FganError",
    "GANLoss",
    "RunDirectory",
    "TrainConfig",
    "divergence",
    "estimate",
    "evaluate",
    "load_data",
    "mutual_information",
    "preset",
    "train",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _HOMES:
        raise AttributeError(f"module 'fgan' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
