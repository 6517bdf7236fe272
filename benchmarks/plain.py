"""Plain PyTorch loops of the same methods, written as such loops usually are, to compare fgan with.

They zero gradients, call each network for each batch, draw the generator's batch anew, let `torch.optim.Adam` loop, and
average weights by a loop over parameters. Penalties go through `create_graph`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

import fgan
from fgan.data import Dataset
from fgan.objectives import faded, read_terms
from fgan.training.trainer import Trainer

Step = Callable[[], object]
BATCH = 32


def original(data: Dataset, config: fgan.TrainConfig) -> Step:
    """The classic script, by any divergence's saturating game; its data stay in numpy."""
    device, divergence = config.device, fgan.divergence(config.divergence)
    images = data.train.values.numpy().reshape(-1, 784).astype(np.float32) / 255
    rng = np.random.default_rng(0)
    generator = nn.Sequential(nn.Linear(10, 128), nn.ReLU(), nn.Linear(128, 784), nn.Sigmoid()).to(device)
    critic = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 1)).to(device)
    generator_adam = torch.optim.Adam(generator.parameters(), lr=1e-3)
    critic_adam = torch.optim.Adam(critic.parameters(), lr=1e-3)

    def zero_gradients() -> None:
        generator.zero_grad()
        critic.zero_grad()

    def step() -> None:
        real = torch.from_numpy(images[rng.integers(0, len(images), BATCH)]).to(device)
        fake = generator(torch.randn(BATCH, 10, device=device))
        critic_loss = -(
            torch.mean(divergence.real_term(critic(real))) - torch.mean(divergence.fake_term(critic(fake)))
        )
        critic_loss.backward()
        critic_adam.step()
        zero_gradients()
        fake = generator(torch.randn(BATCH, 10, device=device))
        generator_loss = -torch.mean(divergence.fake_term(critic(fake)))
        generator_loss.backward()
        generator_adam.step()
        zero_gradients()

    return step


def penalised(data: Dataset, config: fgan.TrainConfig, *, half: bool = False) -> Step:
    """A GAN with R1, R2, Adam and an average of the generator, by a recipe's networks, penalties and numbers.

    Args:
        data: what to learn from.
        config: `divergence="gan"`, with penalties r1 and r2 that may be lazy and fade.
        half: bfloat16 by autocast, and images in channels-last order.
    """
    trainer = Trainer(config, data)  # for its networks alone: the same ones, with the same weights
    generator, critic = trainer.generator.network, trainer.critic.network
    average = copy.deepcopy(generator)
    betas = config.beta1, config.beta2
    generator_adam = torch.optim.Adam(generator.parameters(), lr=config.lr, betas=betas)
    critic_adam = torch.optim.Adam(critic.parameters(), lr=config.lr, betas=betas)
    images, n, latent = data.to(config.device).train.values, config.batch_size, trainer.latent
    terms = {term.name: term for term in read_terms(config.penalties)}
    order = torch.channels_last if half else torch.contiguous_format
    if half:
        generator.to(memory_format=order)
        critic.to(memory_format=order)
    autocast = torch.autocast(config.device, torch.bfloat16, enabled=half)
    steps = 0

    def slope(v: Tensor, x: Tensor) -> Tensor:
        (gradient,) = torch.autograd.grad(v.sum(), x, create_graph=True)
        return gradient.square().flatten(1).sum(1).mean()

    def penalty(name: str, v: Tensor, x: Tensor) -> Tensor | float:
        term = terms[name]
        if steps % term.every:
            return 0.0
        return term.weight * term.every * faded(steps, term.fade) * slope(v, x) / 2

    def step() -> None:
        nonlocal steps
        rows = torch.randint(len(images), (n,), device=config.device)
        real = (images[rows].float() / 255).contiguous(memory_format=order).requires_grad_()
        with autocast:
            fake = generator(torch.randn(n, latent, device=config.device)).detach().requires_grad_()
            v_real, v_fake = critic(real), critic(fake)
        critic_loss = softplus(-v_real).mean() + softplus(v_fake).mean()
        critic_loss = critic_loss + penalty("r1", v_real, real) + penalty("r2", v_fake, fake)
        critic_adam.zero_grad()
        critic_loss.backward()
        critic_adam.step()
        with autocast:
            v_fake = critic(generator(torch.randn(n, latent, device=config.device)))
        generator_loss = softplus(-v_fake).mean()
        generator_adam.zero_grad()
        generator_loss.backward()
        generator_adam.step()
        decay = min(config.ema, (1 + steps) / (10 + steps))
        with torch.no_grad():
            for slow, fast in zip(average.parameters(), generator.parameters(), strict=True):
                slow.lerp_(fast, 1 - decay)
        steps += 1

    return step
