"""CIFAR-10 by the cifar-resnet preset: trains without collapse, and leaves a grid to look at.

    python benchmarks/cifar.py DATA [--divergences gan kl reverse-kl] [--steps 20000] [--device cuda]

DATA is an image folder or archive of CIFAR-10's training images. For each divergence: how often the run went back to a
good state, the spread of the samples over that of the data (near 1 where nothing collapsed), and the mean distance
between two samples over that between two images.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from many import finished

import fgan
from fgan.data import draw_samples, save_picture


def spread(images: torch.Tensor) -> tuple[float, float]:
    """Return the standard deviation of pixels and the mean distance between two, of images (n, 3, 32, 32)."""
    flat = images.flatten(1)
    return flat.std(0).mean().item(), (flat[::2] - flat[1::2]).norm(dim=1).mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--divergences", nargs="+", default=("gan", "kl", "reverse-kl"))
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=Path("runs/cifar"))
    arguments = parser.parse_args()

    data = fgan.load_data(arguments.data)
    real = spread(data.train.draw(2000, torch.Generator().manual_seed(0)))
    print(f"{'divergence':<22} {'went back':>9} {'spread':>7} {'apart':>6} {'seconds':>8}  grid")
    for name in arguments.divergences:
        out = arguments.out / name
        config = fgan.preset(
            "cifar-resnet", arguments.data, divergence=name, steps=arguments.steps, device=arguments.device
        )
        run, summary = finished(config, out)
        samples = run.sample(2000, seed=1, batch_size=250)
        save_picture(draw_samples(samples[:64]), out / "grid.png")
        wide, apart = (ours / theirs for ours, theirs in zip(spread(samples), real, strict=True))
        print(
            f"{name:<22} {summary.backoffs:>9} {wide:>7.2f} {apart:>6.2f} {summary.seconds:>8.0f}  {out}/grid.png",
            flush=True,
        )


if __name__ == "__main__":
    main()
