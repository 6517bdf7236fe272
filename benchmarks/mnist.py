"""Every divergence on MNIST by one preset, judged by a small classifier.

    python benchmarks/mnist.py [--preset default|mnist-dcgan] [--divergences NAME ...] [--steps N] [--device cpu]

For the default preset the networks have the classic script's sizes: perceptrons 10-128-784 and 784-128-1. The
distance is a multiple of real against real (see judge.py). What was trained before, under runs/mnist, is not
trained again. On the CPU two runs go on at once, a thread each; on a GPU one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from judge import Judge
from many import finished, in_parallel, trainable_divergences

import fgan
from fgan.errors import DivergedError

CLASSIC_SIZES = {"latent": 10, "width": 128, "depth": 1}


def work(job: tuple[Path, fgan.TrainConfig]) -> tuple[float, int] | None:
    out, config = job
    try:
        _, summary = finished(config, out)
    except DivergedError:
        return None
    return summary.seconds, summary.backoffs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="default")
    parser.add_argument("--divergences", nargs="+", default=trainable_divergences())
    parser.add_argument("--steps", type=int, default=None)
    parser.add_argument("--penalties", default=None, help="other ones than the preset's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--jobs", type=int, default=None, help="runs at once; the number of cores unless told"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/mnist"))
    arguments = parser.parse_args()

    changes = {"seed": arguments.seed, "device": arguments.device}
    changes |= CLASSIC_SIZES | {"steps": 30_000} if arguments.preset == "default" else {}
    changes |= {"steps": arguments.steps} if arguments.steps else {}
    changes |= {"penalties": arguments.penalties} if arguments.penalties else {}
    jobs = [
        (
            arguments.out / f"{arguments.preset}-{name.replace(':', '_')}-{arguments.seed}",
            fgan.preset(arguments.preset, "mnist", divergence=name, **changes),
        )
        for name in arguments.divergences
    ]
    judge = Judge()
    print(f"judge: accuracy {judge.accuracy:.4f}, real against real {judge.floor:.2f} = 1.0")
    print(f"{arguments.preset} preset, {jobs[0][1].steps} steps, 10,000 samples")
    print(f"{'divergence':<30} {'distance':>9} {'rarest class':>13} {'seconds':>8}")
    processes = arguments.jobs or (1 if arguments.device == "cuda" else None)
    for (out, config), done in in_parallel(work, jobs, processes):
        if done is None:
            print(f"{config.divergence:<30} diverged", flush=True)
            continue
        seconds, backoffs = done
        multiple, shares = judge.multiple(fgan.RunDirectory(out).sample(10_000, seed=1))
        note = f"  went back {backoffs} times" if backoffs else ""
        print(
            f"{config.divergence:<30} {multiple:>9.1f} {shares.min():>13.3f} {seconds:>8.0f}{note}",
            flush=True,
        )


if __name__ == "__main__":
    main()
