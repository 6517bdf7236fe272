"""Trains the classifiers that ship as extractors.

    python -m fgan.evaluation.features.train mnist-cnn|digits-cnn|cifar-cnn [--data NAME] [--out FILE] [--device DEVICE]
    python -m fgan.evaluation.features.train cifar-cnn --data FOLDER --finish

The same command gives the same weights on the same machine. They are written in float16, and the accuracy that is
printed is that of the written file on samples that training never saw. With --finish it goes on from the written file,
with images that are only shifted and mirrored: closer to those that the classifier will see. cifar-cnn was trained by
both commands.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save
from torch import Tensor, nn
from tqdm import tqdm

from fgan.data import Dataset, TensorSource, load_data
from fgan.data.dataset import as_float
from fgan.device import resolve_device
from fgan.draws import DrawnFrom
from fgan.errors import DataError, FganError
from fgan.evaluation.features.shipped import SHIPPED, WEIGHTS
from fgan.files import save_file
from fgan.training.averaging import EMA


@dataclass(frozen=True)
class Recipe:
    """How a classifier is trained.

    Args:
        epochs: passes over the data.
        batch: images in a step.
        lr: the highest learning rate; it rises to that and falls to 0.
        bfloat16: whether convolutions compute in it; several times as fast on CPUs and GPUs that can.
        finish: whether images are only shifted and mirrored.
    """

    epochs: int
    batch: int = 128
    lr: float = 2e-3
    bfloat16: bool = False
    finish: bool = False


RECIPES = {
    "mnist-cnn": Recipe(14),
    "digits-cnn": Recipe(120),
    "cifar-cnn": Recipe(14, batch=256, lr=6e-3, bfloat16=True),
}
FINISH = replace(RECIPES["cifar-cnn"], epochs=6, lr=1.5e-3, finish=True)
SHIFT = 3
"""Pixels by which images are shifted at most to finish."""
AVERAGE = 0.995
"""Decay of the weights' moving average, which is what is kept."""


def main() -> None:
    """Parse the arguments, train and write."""
    parser = argparse.ArgumentParser(description="Train a classifier that ships as an extractor.")
    parser.add_argument("name", choices=tuple(SHIPPED))
    parser.add_argument("--data", help="instead of the data set it is named for; cifar-cnn needs a folder")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--epochs", type=int)
    parser.add_argument(
        "--finish", action="store_true", help="go on from the written file, with milder changes"
    )
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    try:
        run(arguments)
    except FganError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


def run(arguments: argparse.Namespace) -> None:
    """Train and write what the arguments name.

    Raises:
        FganError: for data that the network cannot learn, or a device that is not there.
    """
    kind = SHIPPED[arguments.name]
    if not (arguments.data or kind.trained_on):
        raise DataError(f"{arguments.name} needs labelled images. Pass a folder of them with --data.")
    train, held_out = parts_for(arguments.name, load_data(arguments.data or kind.trained_on))
    device = resolve_device(arguments.device)
    recipe = FINISH if arguments.finish else RECIPES[arguments.name]
    recipe = replace(recipe, epochs=arguments.epochs or recipe.epochs)
    out = arguments.out or WEIGHTS / f"{arguments.name}.safetensors"
    with DrawnFrom.seeded(0):
        network = kind.build()
    if arguments.finish:
        network.load_state_dict(load_file(out))
    network = trained(network, train, recipe, device, flip=kind.flip)
    save_file(out, save({key: halved(value.cpu()) for key, value in network.state_dict().items()}), "Weights")
    with DrawnFrom.seeded(0):
        written = kind.build()
    written.load_state_dict(load_file(out))
    print_accuracy(written.float().eval(), held_out, out)


def halved(value: Tensor) -> Tensor:
    """Return it in float16, and counts as they are; in the order in which files hold weights."""
    return (value.half() if value.is_floating_point() else value).contiguous()


def parts_for(name: str, data: Dataset) -> tuple[TensorSource, TensorSource]:
    """Return what a classifier learns from and what it is tested on.

    Raises:
        DataError: where these are not labelled images of its shape, in at most ten classes and enough for a batch.
    """
    train, held_out = data.train, data.held_out
    if not isinstance(train, TensorSource) or not isinstance(held_out, TensorSource) or not data.classes:
        raise DataError(
            f"a classifier needs a finite set of labelled samples; {data.name} has none. "
            "Provide images in one folder per class."
        )
    if data.shape != SHIPPED[name].shape or len(data.classes) > 10 or len(train) < RECIPES[name].batch:
        least, shape = RECIPES[name].batch, SHIPPED[name].shape
        raise DataError(
            f"{name} needs at least {least} images of the shape {shape} in at most 10 classes; "
            f"{data.name} has {len(train)} of {data.shape} in {len(data.classes)}. Pass other --data."
        )
    return train, held_out


def print_accuracy(network: nn.Module, held_out: TensorSource, out: Path) -> None:
    """Print how many of the samples that training never saw are classified rightly."""
    with torch.no_grad():
        predicted = torch.cat([network(part).argmax(1) for part in held_out.values.split(500)])
    right = int((predicted == held_out.labels).sum())
    size = out.stat().st_size / 2**20
    sys.stdout.write(
        f"{right} of {len(held_out)} right, {right / len(held_out):.2%}; {size:.2f} MB in {out}\n"
    )


def trained(network: nn.Module, source: TensorSource, recipe: Recipe, device: str, flip: bool) -> nn.Module:
    """Train a network on labelled images, and return it with weights averaged over the last steps."""
    network = network.to(device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    average = EMA(network, AVERAGE)
    assert source.labels is not None, "checked by main"
    images, labels = source.values.to(device), source.labels.to(device)
    an_epoch = len(images) // recipe.batch
    steps = recipe.epochs * an_epoch
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.lr, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.lr, total_steps=steps, pct_start=0.15)
    random = torch.Generator(device).manual_seed(0)
    order = iter(())
    for step in tqdm(range(steps), disable=None):
        if step % an_epoch == 0:
            order = iter(torch.randperm(len(images), generator=random, device=device).split(recipe.batch))
        rows = next(order)
        change = shifted if recipe.finish else jittered
        batch = change(as_float(images[rows]), random, flip)
        optimizer.zero_grad()
        with torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=recipe.bfloat16):
            logits = network(batch)
        F.cross_entropy(logits.float(), labels[rows], label_smoothing=0.02).backward()
        optimizer.step()
        schedule.step()
        average.update()
    return average.module


def jittered(images: Tensor, random: torch.Generator, flip: bool) -> Tensor:
    """Return images (n, C, H, W) turned by up to 10°, scaled and sheared by up to a tenth and shifted by up to 7%."""
    n, device = len(images), images.device

    def uniform(most: float) -> Tensor:
        return (2 * torch.rand(n, generator=random, device=device) - 1) * most

    angle, scale, shear = uniform(math.radians(10)), 1 + uniform(0.1), uniform(0.1)
    mirror = torch.where(uniform(1) < 0, -1.0, 1.0) if flip else torch.ones(n, device=device)
    cosine, sine = angle.cos() * scale, angle.sin() * scale
    rows = [
        torch.stack([mirror * cosine, shear - sine, uniform(0.14)], 1),
        torch.stack([mirror * sine, cosine, uniform(0.14)], 1),
    ]
    grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def shifted(images: Tensor, random: torch.Generator, flip: bool) -> Tensor:
    """Return images (n, C, H, W) shifted by at most `SHIFT` whole pixels, reflected at the edges, and mirrored."""
    n, device, side = len(images), images.device, images.shape[-1]
    pixels = torch.randint(-SHIFT, SHIFT + 1, (n, 2, 1), generator=random, device=device)
    mirror = (
        torch.randint(2, (n,), generator=random, device=device) * 2 - 1
        if flip
        else torch.ones(n, device=device)
    )
    turn = torch.eye(2, device=device).repeat(n, 1, 1)
    turn[:, 0, 0] = mirror
    grid = F.affine_grid(torch.cat([turn, pixels * (2 / side)], 2), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="nearest", padding_mode="reflection", align_corners=False)


if __name__ == "__main__":
    main()
