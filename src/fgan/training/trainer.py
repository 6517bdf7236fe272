"""The trainer: two networks, their optimisers and random state. An `Ensemble` takes its steps, even a single one's."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from fgan.augmentation import Augment
from fgan.data import Dataset, Source
from fgan.draws import DrawnFrom
from fgan.errors import FganError
from fgan.frame import Frame
from fgan.networks import NETWORKS, Architecture, Critic, Generator, build_critic, build_generator
from fgan.networks.own import own_critic, own_generator
from fgan.objectives import Objective, Penalties, build_objective, cooled, faded
from fgan.objectives.part import WHOLE, Part
from fgan.seeds import SEEDS
from fgan.training.alike import require_alike
from fgan.training.averaging import ExponentialAverage
from fgan.training.config import TrainConfig
from fgan.training.player import Player, call
from fgan.training.ranks import ALONE, Ranks
from fgan.training.step import Batch, Game
from fgan.training.telemetry import finite_or_none, telemetry

METRICS = ("critic_loss", "generator_loss", "bound")
PROBE = 256
"""Real and generated samples used by telemetry."""
SAMPLES_AT_ONCE = 1024
SPREAD_SAMPLES, SPREAD_VALUES = 2048, 2**22
"""Number of samples for measuring the spread of the data, and a limit on their total size."""


class Trainer:
    """Everything that determines the remaining steps; `state` and `load_state` save and restore all of it.

    Args:
        config: the recipe; `config.device` must be resolved (not "auto").
        dataset: the data, on any device.
        ranks: the processes that train this run together.

    Raises:
        FganError: if the divergence, objective, penalties or networks do not exist or do not fit together.
    """

    backoff: int
    """How often the learning rate was halved after NaN or infinity."""
    returned_to: int
    """The step of the last rollback; -1 for none."""

    def __init__(self, config: TrainConfig, dataset: Dataset, ranks: Ranks = ALONE) -> None:
        self.config, self.ranks = config, ranks
        self.device = torch.device(config.device)
        self.source, self.table = dataset.to(self.device).train, dataset.table
        self.frame = dataset.frame if config.standardize else dataset.frame.in_data_units
        self.classes = classes_of(config, dataset)
        self.game = game_of(config, dataset.frame, self._spread(), ranks)
        # Weights are drawn on the CPU, so that a seed means the same networks on every device.
        with DrawnFrom.seeded(config.seed):
            generator = generator_of(config, self.frame, self.classes)
            critic = critic_of(config, self.frame, self.classes)
        self.latent, self.draws = generator.latent, generator.draws or critic.draws
        self.notes = generator.notes + critic.notes + self.game.augment.notes
        self.generator, self.critic = (
            Player(
                network.to(self.device),
                config.lr,
                (config.beta1, config.beta2),
                config.gradient_clip or math.inf,
                ranks,
                torch.bfloat16 if config.precision == "bfloat16" else torch.float32,
            )
            for network in (generator, critic)
        )
        if unused := config.unused():
            self.notes += (
                f"{', '.join(unused)} ignored: these apply to fgan's own networks, but yours are trained",
            )
        self.average = ExponentialAverage(self.generator.network, config.ema) if config.ema else None
        self.random = torch.Generator(self.device).manual_seed(config.seed)
        self.steps_done = 0
        self.backoff, self.returned_to = 0, -1
        self.sums = torch.zeros(len(METRICS), device=self.device)
        self.summed = 0

    def _spread(self) -> Tensor:
        """Return the units of x for slopes in penalties: the typical distance of the data from their mean.

        In the critic's own frame this distance grows with the square root of the dimension, so a weight would have
        different effects for vectors and for images.
        """
        random = torch.Generator(self.device).manual_seed(0)
        scale = torch.tensor(self.frame.scale, device=self.device)
        scale = scale if len(scale) == 1 else scale.view(self.frame.shape)
        n = max(SPREAD_VALUES // math.prod(self.frame.shape), 64)
        x = self.source.draw(min(n, SPREAD_SAMPLES), random) / scale
        radius = (x - x.mean(0)).square().flatten(1).sum(1).mean().sqrt()
        return scale * radius if radius > 0 else scale

    @property
    def objective(self) -> Objective:
        """What each player minimises."""
        return self.game.objective

    @property
    def sampler(self) -> nn.Module:
        """The generator for sampling: the averaged one, if there is one."""
        return self.average.network if self.average else self.generator.network

    @property
    def learning_rate(self) -> float:
        """The generator's learning rate in the next step."""
        return self.config.lr * self._eased()

    @property
    def critic_learning_rate(self) -> float:
        """The critic's learning rate in the next step."""
        return (self.config.critic_lr or self.config.lr) * self._eased()

    def _eased(self) -> float:
        config, step = self.config, self.steps_done
        slowed = faded(step, config.lr_fade or math.inf) * cooled(step, config.steps, config.cooldown)
        return slowed * 0.5**self.backoff

    def draw(self) -> Batch:
        """Draw a batch for one critic step; with several ranks, this rank's part of a batch that all draw alike."""
        n = self.config.batch_size
        batch = draw_batch(self.ranks.shard(self.source), n, self.latent, self.classes, self.random)
        batch = dataclasses.replace(batch, latent=batch.latent[self.ranks.of(n)])
        if due := self.game.penalties.due(self.steps_done):
            noise = tuple(penalty.draws(batch.real, self.random) for _, penalty in due)
            batch = dataclasses.replace(batch, noise=noise)
        if self.game.augment:
            changes = self.game.augment.draws((2, n), self.random, self.device)
            batch = dataclasses.replace(batch, changes=changes[:, self.ranks.of(n)])
        return batch

    def metrics(self) -> dict[str, float]:
        """Return the mean of each metric over the steps since `reset_metrics`; NaN before the first step."""
        means = (self.sums / self.summed).tolist() if self.summed else [float("nan")] * len(METRICS)
        return dict(zip(METRICS, means, strict=True))

    def reset_metrics(self) -> None:
        """Start a new averaging window."""
        self.sums.zero_()
        self.summed = 0

    @torch.no_grad()
    def telemetry(self) -> dict[str, float | None]:
        """Return the telemetry on a separate batch; see `fgan.training.telemetry`.

        The batch depends only on the seed and the step, so this does not change the run.
        """
        random = torch.Generator(self.device).manual_seed((self.config.seed + self.steps_done) % 2**63)
        batch = draw_batch(self.source, PROBE, self.latent, self.classes, random)
        with at_rest(self.critic.network), at_rest(self.generator.network):
            v_real = call(self.critic.network, batch.real, batch.labels)
            fake = call(self.generator.network, batch.latent, batch.labels)
            v_fake = call(self.critic.network, fake, batch.labels)
        norms = {
            f"{who}_gradient_norm": finite_or_none(player.gradient_norm())
            for who, player in (("critic", self.critic), ("generator", self.generator))
        }
        return telemetry(self.objective, v_real, v_fake) | norms | {"learning_rate": self.learning_rate}

    def is_finite(self) -> bool:
        """Whether all metrics of this window, all weights and all moments of Adam are finite.

        Moments matter: a weight with an infinite second moment stays finite but never changes again.
        """
        tensors = [self.sums]
        for player in (self.generator, self.critic):
            tensors += [*player.parameters, *player.optimizer.state().values()]
        return all(bool(tensor.isfinite().all()) for tensor in tensors)

    @torch.no_grad()
    def sample(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples (n, ...) on the CPU for latents (n, latent), and labels (n,) if it is conditional."""
        labels = None if labels is None else labels.to(self.device)
        with at_rest(self.sampler):
            return call(self.sampler, latents.to(self.device), labels).cpu()

    def sample_in_turn(self, n: int, random: torch.Generator) -> Tensor:
        """Return n samples (n, ...) on the CPU, of all classes in turn if conditional; for a table in proportion.

        Args:
            n: how many.
            random: random generator for the latents, on the CPU, so that seeds agree on every device.
        """
        latents = torch.randn(n, self.latent, generator=random).split(SAMPLES_AT_ONCE)
        by_share = self.table and self.table.classes  # rows are evaluated together, so proportions matter
        labels = by_share.draw(n, self.config.seed) if by_share else torch.arange(n) % max(self.classes, 1)
        labels = labels.split(SAMPLES_AT_ONCE)
        pairs = zip(latents, labels, strict=True)
        return torch.cat([self.sample(z, y if self.classes else None) for z, y in pairs])

    def state(self) -> dict[str, dict[str, Tensor]]:
        """Return the complete state as named groups of tensors, one checkpoint file per group."""
        groups = {
            "generator": dict(self.generator.network.state_dict()),
            "critic": dict(self.critic.network.state_dict()),
            "generator_optimizer": self.generator.optimizer.state(),
            "critic_optimizer": self.critic.optimizer.state(),
            "progress": {
                "random": self.random.get_state(),
                "sums": self.sums,
                "summed": torch.tensor(self.summed),
                "steps_done": torch.tensor(self.steps_done),
                "backoff": torch.tensor(self.backoff),
                "returned_to": torch.tensor(self.returned_to),
            },
        }
        if self.average:
            groups["generator_average"] = dict(self.average.network.state_dict())
        if memory := self.game.penalties.memory():
            groups["penalties"] = memory
        return groups

    def load_state(self, groups: dict[str, dict[str, Tensor]]) -> None:
        """Restore the result of `state` of a trainer with the same config.

        Raises:
            KeyError, RuntimeError: if groups or tensors are missing or have different shapes or types.
        """
        for name, tensors in self.state().items():
            require_alike(groups[name], tensors, name, but="random")  # which depends on the device
        self.generator.network.load_state_dict(groups["generator"])
        self.critic.network.load_state_dict(groups["critic"])
        if self.average:
            self.average.network.load_state_dict(groups["generator_average"])
        self.generator.optimizer.load_state(groups["generator_optimizer"])
        self.critic.optimizer.load_state(groups["critic_optimizer"])
        self.game.penalties.load_memory(groups.get("penalties", {}))
        progress = groups["progress"]
        self._restore_random(progress["random"].cpu())
        self.sums.copy_(progress["sums"])
        self.summed = int(progress["summed"])
        self.steps_done = int(progress["steps_done"])
        self.backoff = int(progress["backoff"])
        self.returned_to = int(progress["returned_to"])

    def _restore_random(self, state: Tensor) -> None:
        """Restore the state of a random generator; from another kind of device, use it as a seed."""
        if state.shape == self.random.get_state().shape:
            self.random.set_state(state)
        else:
            digest = hashlib.sha256(state.numpy().tobytes()).digest()
            self.random.manual_seed(int.from_bytes(digest[:8], "little") % SEEDS)


@contextmanager
def at_rest(network: nn.Module) -> Iterator[None]:
    """Evaluate a network without side effects on its training, such as power iterations of spectral norm."""
    was_training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(was_training)


def draw_batch(source: Source, n: int, latent: int, classes: int, random: torch.Generator) -> Batch:
    """Draw n latents and n samples, with their labels if there are classes."""
    z = torch.randn(n, latent, generator=random, device=random.device)
    if not classes:
        return Batch(source.draw(n, random), z)
    real, labels = source.draw_labelled(n, random)
    return Batch(real, z, labels)


def classes_of(config: TrainConfig, dataset: Dataset) -> int:
    """Return the number of classes of a conditional run; 0 if it is unconditional.

    Raises:
        FganError: if classes are requested and the data have none.
    """
    if not config.conditional:
        return 0
    if not dataset.classes:
        if dataset.table:
            raise FganError(
                "--conditional on a table needs a column of categories: name one with --conditional-on COLUMN. The "
                f"columns are {', '.join(dataset.table.names)}."
            )
        why = f": {dataset.record.labels}" if dataset.record and dataset.record.labels else ""
        raise FganError(
            f'--conditional needs labels; "{dataset.name}" has none{why}. Labels come with digits, mnist, idx:DIR, one '
            'folder of images per class, a table of labels beside the images, or an array "labels" in a .npz.'
        )
    return len(dataset.classes)


def game_of(config: TrainConfig, frame: Frame, scale: Tensor, part: Part = WHOLE) -> Game:
    """Return the game of a config; penalties use slopes with respect to x / scale, and this part of a batch.

    Raises:
        FganError: as for `build_objective`, `Penalties` and `augment_of`, and if the device lacks float64.
    """
    if config.device == "mps" and config.objective in ("tight", "reweighted"):
        raise FganError(
            f'--objective {config.objective} needs float64, which the device "mps" does not support. '
            "Use --device cpu, or --objective plain."
        )
    objective = objective_of(config)
    return Game(
        objective,
        Penalties(config.penalties, objective.linked, scale, part),
        n_critic=config.n_critic,
        single_step=config.single_step,
        augment=augment_of(config, frame),
    )


def augment_of(config: TrainConfig, frame: Frame) -> Augment:
    """Return the augmentation of real and generated samples.

    Raises:
        FganError: as for `Augment`, and if there is an augmentation but the data are not pictures.
    """
    chosen = Augment(config.augment)
    if chosen and (len(frame.shape) != 3 or not frame.value_range):
        what = (
            "numbers without a range"
            if len(frame.shape) == 3
            else f"vectors of {math.prod(frame.shape)} numbers"
        )
        raise FganError(f'--augment works on pictures only; "{config.data}" holds {what}. Omit --augment.')
    return Augment(config.augment, frame.value_range) if chosen and frame.value_range else chosen


def objective_of(config: TrainConfig) -> Objective:
    """Return the objective.

    Raises:
        FganError: as for `build_objective`.
    """
    return build_objective(
        config.objective,
        config.divergence,
        link=config.link,
        generator=config.generator_loss,
        generator_divergence=config.generator_divergence,
        critic_clamp=config.critic_clamp,
    )


def latent_of(config: TrainConfig, frame: Frame) -> int:
    """Return the dimension of the latent: that of the config, or a default for the data.

    A latent with many more dimensions than the data blurs clusters, because more of it lies near the boundaries between
    them.

    >>> latent_of(TrainConfig(data="ring8"), Frame((2,))), latent_of(TrainConfig(data="mnist"), Frame((1, 28, 28)))
    (4, 32)
    """
    return config.latent or min(2 * math.prod(frame.shape), 32)


def architecture_of(config: TrainConfig, frame: Frame, classes: int) -> Architecture:
    """Return the architecture of a config."""
    return Architecture(
        kind=config.network,
        latent=latent_of(config, frame),
        width=config.width or NETWORKS[config.network].width,
        depth=config.depth,
        activation=config.activation,
        norm=config.norm,
        spectral_norm=config.spectral_norm,
        init=config.init,
        classes=classes,
    )


def generator_of(config: TrainConfig, frame: Frame, classes: int) -> Generator:
    """Return an untrained generator for a config, possibly a custom one."""
    if config.generator:
        latent, wanted = latent_of(config, frame), config.latent is not None
        return own_generator(config.generator, frame, latent, classes, wants_latent=wanted)
    return build_generator(architecture_of(config, frame, classes), frame)


def critic_of(config: TrainConfig, frame: Frame, classes: int) -> Critic:
    """Return an untrained critic for a config, possibly a custom one."""
    if config.critic:
        return own_critic(config.critic, frame, classes)
    architecture = architecture_of(config, frame, classes)
    width, depth = config.critic_width or architecture.width, config.critic_depth
    depth = architecture.depth if depth is None else depth
    return build_critic(dataclasses.replace(architecture, width=width, depth=depth), frame)
