"""Every divergence on MNIST by one preset, judged by a small classifier.

    python benchmarks/mnist.py [--preset default|mnist-dcgan] [--divergences NAME ...] [--steps N] [--device cpu]
        [--penalties P] [--lr X] [--lr-fade N] [--cooldown C] [--ema D] [--link paper]

For the default preset the networks have the classic script's sizes: perceptrons 10-128-784 and 784-128-1. The
distance is a multiple of real against real (see judge.py). All divergences train as ensembles, one a core on the CPU,
one on a GPU; what was trained before, under runs/mnist, is not trained again.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from judge import Judge
from many import add_recipe_flags, folder_of, recipe_of, trainable_divergences, trained

import fgan

CLASSIC_SIZES = {"latent": 10, "width": 128, "depth": 1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="default")
    parser.add_argument("--divergences", nargs="+", default=trainable_divergences())
    parser.add_argument("--steps", type=int, default=None)
    add_recipe_flags(parser)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--jobs", type=int, default=None, help="ensembles at once; the number of cores unless told"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/mnist"))
    arguments = parser.parse_args()

    recipe = recipe_of(arguments)
    changes = {"seed": arguments.seed, "device": arguments.device} | recipe
    changes |= CLASSIC_SIZES | {"steps": 30_000} if arguments.preset == "default" else {}
    changes |= {"steps": arguments.steps} if arguments.steps else {}
    configs = {
        name.replace(":", "_"): fgan.preset(arguments.preset, "mnist", divergence=name, **changes)
        for name in arguments.divergences
    }
    judge = Judge()
    print(f"judge: accuracy {judge.accuracy:.4f}, real against real {judge.floor:.2f} = 1.0")
    print(
        f"{arguments.preset} preset, {recipe or 'unchanged'}, "
        f"{next(iter(configs.values())).steps} steps, 10,000 samples"
    )
    print(f"{'divergence':<30} {'distance':>9} {'rarest class':>13}")
    out = arguments.out / f"{arguments.preset}-{arguments.seed}" / folder_of(recipe)
    start = time.perf_counter()
    for name, run, outcome in trained(configs, out, arguments.jobs):
        if outcome.state != "finished":
            print(f"{configs[name].divergence:<30} {outcome.state}", flush=True)
            continue
        multiple, shares = judge.multiple(run.sample(10_000, seed=1))
        print(f"{configs[name].divergence:<30} {multiple:>9.1f} {shares.min():>13.3f}", flush=True)
    print(f"{time.perf_counter() - start:.0f} s for what was not trained before")


if __name__ == "__main__":
    main()
