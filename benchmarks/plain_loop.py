"""Seconds a step of `fgan train mnist --preset original` against a plain PyTorch loop of the same method.

Both run in this process, in turns; the figure is the median of the ratios of neighbouring blocks.

    python benchmarks/plain_loop.py [--blocks 30] [--steps 200] [--divergence reverse-kl] [--device cpu]

Real MNIST is used where $FGAN_DATA has it, else random bytes of the same size: the time is the same.
The plain loop is written as such loops usually are: it zeroes gradients, calls each network for each batch,
lets the critic's gradient run into the generator and back, and draws the generator's batch anew.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

import fgan
from fgan.data import Dataset, TensorSource
from fgan.frame import Frame
from fgan.training.ensemble import Ensemble
from fgan.training.trainer import Trainer

BATCH = 32


def load() -> Dataset:
    if os.environ.get("FGAN_DATA"):
        return fgan.load_data("mnist")
    images = torch.randint(0, 256, (60_000, 1, 28, 28), dtype=torch.uint8)
    source = TensorSource(images)
    return Dataset("random bytes", Frame.of_images((1, 28, 28)), source, source)


def plain_step(data: Dataset, divergence: fgan.Divergence, device: str) -> Callable[[], object]:
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


def seconds_a_step(step: Callable[[], object], steps: int) -> float:
    began = time.perf_counter()
    for _ in range(steps):
        step()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return (time.perf_counter() - began) / steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=30)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--divergence", default="reverse-kl")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    arguments = parser.parse_args()

    # As `fgan train` does; the plain loop gains by it too, and without it slows down as units fall silent.
    torch.set_flush_denormal(True)
    data = load()
    config = fgan.preset("original", "mnist", divergence=arguments.divergence, device=arguments.device)
    steps = {
        "plain": plain_step(data, fgan.divergence(arguments.divergence), arguments.device),
        "fgan": Ensemble([Trainer(config, data)]).step,
    }
    for step in steps.values():
        seconds_a_step(step, 50)
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(arguments.blocks):
        for name, step in steps.items():
            times[name].append(seconds_a_step(step, arguments.steps))
    ratios = [plain / ours for plain, ours in zip(times["plain"], times["fgan"], strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(
        f"torch {torch.__version__}, {torch.get_num_threads()} threads, {data.name}, {arguments.divergence}"
    )
    print(f"plain loop / fgan step: {middle:.2f} (quartiles {low:.2f} to {high:.2f})")

    # The same preset through the whole of `fgan train`: lines, pictures and checkpoints included.
    with tempfile.TemporaryDirectory() as folder:
        whole = fgan.preset(
            "original", "mnist", divergence=arguments.divergence, device=arguments.device, steps=3000
        )
        summary = fgan.train(whole, f"{folder}/run", dataset=data, say=lambda line: None)
    plain = seconds_a_step(steps["plain"], 3000)
    print(f"plain loop without any output / whole fgan train: {plain * summary.steps / summary.seconds:.2f}")


if __name__ == "__main__":
    main()
