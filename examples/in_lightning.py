"""An f-GAN inside Lightning, with fgan's loss, penalties and average: two-dimensional points on eight clusters.

pip install lightning
python examples/in_lightning.py [--steps 2000] [--divergence js]
"""

from __future__ import annotations

import argparse

import lightning
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import fgan

LATENT = 4


def network(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, outputs)
    )


class FGAN(lightning.LightningModule):
    """Both players; the critic ends in a raw number, without a sigmoid."""

    def __init__(self, divergence: str) -> None:
        super().__init__()
        self.automatic_optimization = False  # two optimisers take turns
        self.generator, self.critic = network(LATENT, 2), network(2, 1)
        self.average = fgan.EMA(self.generator, decay=0.999)  # a module: checkpoints hold it
        self.loss = fgan.GANLoss(divergence)
        self.penalty = fgan.penalty("r1:0.2:fade=2000,r2:0.2:fade=2000")

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        return [
            torch.optim.Adam(one.parameters(), 1e-3, (0.5, 0.99)) for one in (self.critic, self.generator)
        ]

    def training_step(self, batch: list[Tensor], index: int) -> None:
        (real,) = batch
        critic_adam, generator_adam = self.optimizers()
        fake = self.generator(torch.randn(len(real), LATENT, device=self.device))
        critic_loss = self.loss.critic(self.critic(real), self.critic(fake.detach()))
        critic_adam.zero_grad()
        # Each optimiser counts as a step of Lightning.
        self.manual_backward(critic_loss + self.penalty(self.critic, real, fake, step=self.global_step // 2))
        critic_adam.step()
        generator_adam.zero_grad()
        self.manual_backward(self.loss.generator(self.critic(fake)))
        generator_adam.step()
        self.average.update()
        self.log("bound", -critic_loss, prog_bar=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--divergence", default="js")
    arguments = parser.parse_args()
    lightning.seed_everything(0)
    points = fgan.load_data("ring8").train.draw(10_000, torch.Generator().manual_seed(0))
    model = FGAN(arguments.divergence)
    trainer = lightning.Trainer(
        max_steps=2 * arguments.steps,
        accelerator="auto",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
    )
    trainer.fit(model, DataLoader(TensorDataset(points), batch_size=128, shuffle=True, drop_last=True))
    with torch.no_grad():
        samples = model.average(torch.randn(2000, LATENT))
    fid = fgan.evaluate(samples, "ring8", metrics="fid").metrics["fid"]
    print(f"Fréchet distance {fid.value:.4g}; real samples against real ones: {fid.floor.value:.4g}")


if __name__ == "__main__":
    main()
