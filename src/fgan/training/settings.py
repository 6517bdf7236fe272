"""The settings of `TrainConfig` as keywords, for editors and type checkers; tests check that both agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict

from fgan.load_options import FramesName, MissingName, SplitName
from fgan.training.config import (
    ActivationName,
    CompileName,
    DeviceName,
    GeneratorLossName,
    InitName,
    LinkName,
    NetworkName,
    NormName,
    ObjectiveName,
    PrecisionName,
)

if TYPE_CHECKING:
    from torch.nn import Module

    Network = str | Module | Callable[..., Module]
else:
    Network = str  # torch need not be loaded to read this


class Settings(TypedDict, total=False):
    """Every field of `TrainConfig` but its data, none of them required; see there for what each means."""

    divergence: str
    link: LinkName | None
    objective: ObjectiveName
    generator_loss: GeneratorLossName
    generator_divergence: str | None
    single_step: bool
    steps: int
    seed: int
    batch_size: int
    n_critic: int
    lr: float
    critic_lr: float | None
    beta1: float
    beta2: float
    lr_fade: float
    cooldown: float
    penalties: str
    augment: str
    gradient_clip: float
    critic_clamp: float
    ema: float
    network: NetworkName
    generator: Network
    critic: Network
    conditional: bool
    conditional_on: str
    latent: int | None
    width: int | None
    depth: int
    critic_width: int | None
    critic_depth: int | None
    activation: ActivationName
    norm: NormName
    spectral_norm: bool
    init: InitName
    standardize: bool
    log_every: int
    sample_every: int
    sample_count: int
    checkpoint_every: int
    keep_checkpoints: int
    evaluate_every: int
    evaluate_metrics: str
    evaluate_n: int
    data_dir: str | None
    image_size: int | None
    strict: bool
    frames: FramesName | None
    background: str
    value_range: str
    split: SplitName
    columns: str
    drop: str
    numbers: str
    categories: str
    missing: MissingName
    separator: str
    decimal: str
    thousands: str
    encoding: str
    no_header: bool
    device: DeviceName
    compile: CompileName
    precision: PrecisionName
