"""How samples get better with the steps, and what longer averages of the weights would be worth, of the same runs.

    python benchmarks/averages.py [--data grid25] [--runs kl/0 js/1 ...] [--steps N] [--look-every N]
        [--decays 0.999 ...]

A run is a divergence and a seed, by the default preset. All of them train as one ensemble: where sums round otherwise,
a run alone or among others ends elsewhere. A column is the share of 10,000 samples within three standard deviations of
a mode (and how many modes, where one is missing): of the weights themselves, then of their averages.
"""

from __future__ import annotations

import argparse
from itertools import chain

import torch
from many import alone, trainers_of

import fgan
from fgan.data.dataset import Modes
from fgan.evaluation import mode_coverage
from fgan.training.averaging import ExponentialAverage
from fgan.training.ensemble import Ensemble
from fgan.training.player import call

# The runs of toys.py that fell short, and others of the weakest divergences.
RUNS = (
    "skew-kl:0.5/1", "tsallis:0.5/0", "skew-js:0.5/2", "total-variation/0", "pearson/0", "marton/2", "alpha:-1/1",
    "reverse-kl/2",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="grid25", choices=("ring8", "grid25"))
    parser.add_argument("--runs", nargs="+", default=RUNS)
    parser.add_argument("--steps", type=int, default=30_000)
    parser.add_argument("--look-every", type=int, default=2500)
    parser.add_argument("--decays", type=float, nargs="+", default=[0.999, 0.9995, 0.9998])
    arguments = parser.parse_args()

    alone()
    data = fgan.load_data(arguments.data)
    trainers = trainers_of(arguments.runs, arguments.data)
    ensemble = Ensemble(trainers)
    networks = [trainer.generator.network for trainer in trainers]
    averages = [[ExponentialAverage(network, decay) for decay in arguments.decays] for network in networks]
    print(f"{'step':>6} {'run':<22} {'weights':>9}" + "".join(f"{decay:>10}" for decay in arguments.decays))
    for step in range(1, arguments.steps + 1):
        ensemble.step()
        for average in chain.from_iterable(averages):
            average.update(step - 1)
        if step % arguments.look_every and step != arguments.steps:
            continue
        for run, trainer, network, own in zip(arguments.runs, trainers, networks, averages, strict=True):
            latents = torch.randn(10_000, trainer.latent, generator=torch.Generator().manual_seed(1))
            columns = [
                found(network, latents, data.modes) for network in (network, *(a.network for a in own))
            ]
            print(f"{step:>6} {run:<22}" + "".join(f"{column:>10}" for column in columns), flush=True)


def found(network: torch.nn.Module, latents: torch.Tensor, modes: Modes) -> str:
    coverage = mode_coverage(call(network, latents, None), modes)
    missing = "" if coverage.covered == coverage.total else f"{coverage.covered}: "
    return f"{missing}{coverage.high_quality:.1%}"


if __name__ == "__main__":
    main()
