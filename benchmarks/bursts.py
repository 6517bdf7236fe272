"""How often a run gets worse again: late in training, when gradients have become small.

    python benchmarks/bursts.py [--data grid25] [--runs alpha:-1/0 marton/2 ...] [--steps 12000]
        [--set lr=2e-3 beta2=0.9 ...]

A run is a divergence and a seed, by the default preset with these changes; all of them train as one ensemble. It is in
a burst while the share of 4,000 samples of the averaged weights within three standard deviations of a mode is 10 points
below the best so far, from 70% on. Twice the default learning rate makes bursts frequent enough to count in minutes.
"""

from __future__ import annotations

import argparse

import torch
from many import alone, trainers_of
from quality import setting

import fgan
from fgan.evaluation import mode_coverage
from fgan.training.ensemble import Ensemble
from fgan.training.player import call

RUNS = (
    "alpha:-1/0", "alpha:-1/1", "alpha:-1/2", "marton/0", "marton/1", "marton/2", "neyman/0", "symmetric-chi2/0",
)  # fmt: skip
FROM, DROP = 0.7, 0.1
"""The share within 3σ from which on a run can be in a burst, and by how much it is worse then."""


def bursts(shares: list[float], every: int) -> list[str]:
    """Return the steps of each burst, and its lowest share.

    >>> bursts([0.5, 0.8, 0.6, 0.65, 0.9], 1000)
    ['3,000–4,000: 60%']
    """
    best, found, now = 0.0, [], []
    for number, share in enumerate([*shares, 2.0], 1):
        if best >= FROM and share < best - DROP:
            now.append((number * every, share))
        elif now:
            found.append(f"{now[0][0]:,}–{now[-1][0]:,}: {min(low for _, low in now):.0%}")
            now = []
        best = max(best, share)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="grid25", choices=("ring8", "grid25"))
    parser.add_argument("--runs", nargs="+", default=RUNS)
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--look-every", type=int, default=250)
    parser.add_argument("--set", nargs="*", default=["lr=2e-3"], metavar="FIELD=VALUE")
    arguments = parser.parse_args()
    if not 0 < arguments.look_every <= arguments.steps:
        parser.error(f"--look-every must be between 1 and --steps; got {arguments.look_every}")
    changes = dict(map(setting, arguments.set))

    alone()
    data = fgan.load_data(arguments.data)
    trainers = trainers_of(
        arguments.runs, arguments.data, **{"compile": "on", "steps": arguments.steps} | changes
    )
    ensemble = Ensemble(trainers, say=print)
    latents = torch.randn(4000, trainers[0].latent, generator=torch.Generator().manual_seed(1))
    shares: list[list[float]] = [[] for _ in trainers]
    for step in range(1, arguments.steps + 1):
        ensemble.step()
        if step % arguments.look_every == 0:
            for trainer, own in zip(trainers, shares, strict=True):
                own.append(mode_coverage(call(trainer.sampler, latents, None), data.modes).high_quality)
        if step % 2000 == 0 and step >= arguments.look_every:
            print(f"step {step:,}: " + " ".join(f"{own[-1]:.0%}" for own in shares), flush=True)
    print(f"{'run':<20} {'last':>5} {'best':>5}  bursts")
    for run, own in zip(arguments.runs, shares, strict=True):
        print(f"{run:<20} {own[-1]:>5.0%} {max(own):>5.0%}  {'; '.join(bursts(own, arguments.look_every))}")


if __name__ == "__main__":
    main()
