"""Your own tensor and networks: compared, evaluated, and exported as ONNX.

python examples/own_networks.py [--steps 1000] [--out runs/own]
"""

import argparse

import torch
from torch import nn

import fgan


class Generator(nn.Module):
    latent = 4

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(4, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 2)
        )

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.layers(z)


def critic() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--out", default="runs/own")
    arguments = parser.parse_args()

    angles = 2 * torch.pi * torch.rand(4000, 1)
    x = torch.cat([angles.cos(), angles.sin()], 1) + 0.05 * torch.randn(4000, 2)
    found = fgan.compare(
        x, ["kl", "js"], seeds=2, steps=arguments.steps, generator=Generator, critic=critic, out=arguments.out
    )
    print(found.table())
    print(fgan.evaluate(found.best.sample(2000), x))
    print(fgan.export(found.best, to="onnx"))


if __name__ == "__main__":  # `fgan sample` imports the networks from here
    main()
