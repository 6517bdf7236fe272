"""An f-GAN inside Hugging Face Accelerate, with fgan's loss, penalties and average: points on eight clusters.

pip install accelerate
python examples/in_accelerate.py [--steps 2000] [--divergence js]      or: accelerate launch examples/in_accelerate.py
"""

from __future__ import annotations

import argparse
from itertools import chain, repeat

import torch
from accelerate import Accelerator
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import fgan

LATENT = 4


def network(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, outputs)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--divergence", default="js")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    points = fgan.load_data("ring8").train.draw(10_000, torch.Generator().manual_seed(0))
    batches = DataLoader(TensorDataset(points), batch_size=128, shuffle=True, drop_last=True)
    generator, critic = (
        network(LATENT, 2),
        network(2, 1),
    )  # the critic ends in a raw number, without a sigmoid
    adams = [torch.optim.Adam(one.parameters(), 1e-3, (0.5, 0.99)) for one in (generator, critic)]

    accelerator = Accelerator()
    generator, critic, generator_adam, critic_adam, batches = accelerator.prepare(
        generator, critic, *adams, batches
    )
    average = fgan.EMA(accelerator.unwrap_model(generator), decay=0.999)  # after prepare: on its device
    loss = fgan.GANLoss(arguments.divergence)
    penalty = fgan.penalty("r1:0.2:fade=2000,r2:0.2:fade=2000")

    for step, (real,) in zip(range(arguments.steps), chain.from_iterable(repeat(batches)), strict=False):
        fake = generator(torch.randn(len(real), LATENT, device=accelerator.device))
        critic_adam.zero_grad()
        critic_loss = loss.critic(critic(real), critic(fake.detach()))
        accelerator.backward(critic_loss + penalty(critic, real, fake, step=step))
        critic_adam.step()
        generator_adam.zero_grad()
        accelerator.backward(loss.generator(critic(fake)))
        generator_adam.step()
        average.update()

    if accelerator.is_main_process:
        with torch.no_grad():
            samples = average(torch.randn(2000, LATENT, device=accelerator.device)).cpu()
        fid = fgan.evaluate(samples, "ring8", metrics="fid").metrics["fid"]
        print(f"Fréchet distance {fid.value:.4g}; real samples against real ones: {fid.floor.value:.4g}")


if __name__ == "__main__":
    main()
