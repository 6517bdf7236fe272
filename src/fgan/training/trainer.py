"""The trainer: two networks, their optimisers and random state, and one more step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fgan.data import Dataset
from fgan.networks import Frame, MLPCritic, MLPGenerator
from fgan.objectives import GANLoss
from fgan.training.averaging import ExponentialAverage
from fgan.training.config import TrainConfig
from fgan.training.players import Player, two_player_step

METRICS = ("critic_loss", "generator_loss", "bound")


class Trainer:
    """Everything that decides the steps still to come; `state` and `load_state` are its whole memory.

    Args:
        config: the recipe; `config.device` must be resolved (not "auto").
        dataset: what to learn from, on any device.
    """

    def __init__(self, config: TrainConfig, dataset: Dataset) -> None:
        self.config = config
        self.device = torch.device(config.device)
        self.source = dataset.to(self.device).train
        self.frame = frame_of(dataset, config.standardize)
        self.loss = GANLoss(config.divergence, generator=config.generator_loss, link=config.link)
        # Weights are drawn on the CPU, so that a seed means the same networks on every device.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            generator = build_generator(config, self.frame)
            critic = MLPCritic(self.frame, config.width, config.depth, config.activation)
        betas = (config.beta1, config.beta2)
        self.generator = Player(generator.to(self.device), config.lr, betas)
        self.critic = Player(critic.to(self.device), config.lr, betas)
        self.average = ExponentialAverage(self.generator.network, config.ema) if config.ema else None
        self.random = torch.Generator(self.device).manual_seed(config.seed)
        self.steps_done = 0
        self._sums = torch.zeros(len(METRICS), device=self.device)
        self._summed = 0

    @property
    def sampler(self) -> nn.Module:
        """The generator that samples are drawn from: the averaged one, where there is one."""
        return self.average.network if self.average else self.generator.network

    def step(self) -> None:
        """Take one generator step and the critic steps that go with it."""
        config = self.config
        values = two_player_step(
            self.generator,
            self.critic,
            self.loss,
            draw_real=lambda: self.source.draw(config.batch_size, self.random),
            draw_latent=lambda: torch.randn(
                config.batch_size, config.latent, generator=self.random, device=self.device
            ),
            n_critic=config.n_critic,
            r1=config.r1,
            r2=config.r2,
        )
        if self.average:
            self.average.update(self.steps_done)
        self._sums += torch.stack(values)
        self._summed += 1
        self.steps_done += 1

    def metrics(self) -> dict[str, float]:
        """Return the mean of each metric over the steps since `reset_metrics`; NaN before the first step."""
        means = (self._sums / self._summed).tolist() if self._summed else [float("nan")] * len(METRICS)
        return dict(zip(METRICS, means, strict=True))

    def reset_metrics(self) -> None:
        """Begin a new window of means."""
        self._sums.zero_()
        self._summed = 0

    def is_finite(self) -> bool:
        """Whether every metric of this window and every weight is a finite number."""
        tensors = [self._sums, *self.generator.parameters, *self.critic.parameters]
        return all(bool(tensor.isfinite().all()) for tensor in tensors)

    @torch.no_grad()
    def sample(self, latents: Tensor) -> Tensor:
        """Return samples (n, *shape) on the CPU for latents (n, latent)."""
        return self.sampler(latents.to(self.device)).cpu()

    def state(self) -> dict[str, dict[str, Tensor]]:
        """Return all memory as named groups of tensors, a group a file of the checkpoint."""
        groups = {
            "generator": dict(self.generator.network.state_dict()),
            "critic": dict(self.critic.network.state_dict()),
            "generator_optimizer": self.generator.optimizer.state(),
            "critic_optimizer": self.critic.optimizer.state(),
            "progress": {
                "random": self.random.get_state(),
                "sums": self._sums,
                "summed": torch.tensor(self._summed),
                "steps_done": torch.tensor(self.steps_done),
            },
        }
        if self.average:
            groups["generator_average"] = dict(self.average.network.state_dict())
        return groups

    def load_state(self, groups: dict[str, dict[str, Tensor]]) -> None:
        """Take over what `state` returned, from a trainer with the same config.

        Raises:
            KeyError, RuntimeError: where groups or tensors are missing or have other shapes.
        """
        self.generator.network.load_state_dict(groups["generator"])
        self.critic.network.load_state_dict(groups["critic"])
        if self.average:
            self.average.network.load_state_dict(groups["generator_average"])
        self.generator.optimizer.load_state(groups["generator_optimizer"])
        self.critic.optimizer.load_state(groups["critic_optimizer"])
        progress = groups["progress"]
        self.random.set_state(progress["random"].cpu())
        self._sums.copy_(progress["sums"])
        self._summed = int(progress["summed"])
        self.steps_done = int(progress["steps_done"])


def frame_of(dataset: Dataset, standardize: bool) -> Frame:
    """Return the frame in which networks for this data set work."""
    if not standardize:
        return Frame(dataset.shape, dataset.value_range)
    return Frame(
        dataset.shape,
        dataset.value_range,
        center=tuple(dataset.center.flatten().tolist()),
        scale=tuple(dataset.scale.flatten().tolist()),
    )


def build_generator(config: TrainConfig, frame: Frame) -> MLPGenerator:
    """Return an untrained generator as the config describes it."""
    return MLPGenerator(frame, config.latent, config.width, config.depth, config.activation)
