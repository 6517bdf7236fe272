"""The f-GAN paper's Table 4: log-likelihood of MNIST's test images under a kernel density of each generator's samples.

A comparison like any other (`fgan.experiments.compare`) by the paper's recipe, as far as our networks go:

- Theirs uses batch normalisation in the generator's hidden layers, ours does not. Without a replacement the recipe does
  not learn, so ours uses this package's usual penalties on the critic, samples from the averaged generator, and
  standardised images for both networks.
- Theirs draws latents from U(-1, 1)^100; ours are normal.
- Theirs uses ELU in the critic, ours ReLU. Their layer widths are unknown; ours have 256 units.
- Theirs trained for an hour on a GPU with batches of 4,096; the time of ours is a flag (default: a few minutes).
- Theirs chose the bandwidth by cross-validation on the samples, ours on 500 test images that are not evaluated.

Kernel densities say little in 784 dimensions (Theis et al. 2016), and the authors saw differences of 50 nats between
repeats: only the order and the rough size can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fgan.data import absolute_name
from fgan.evaluation import Measurement
from fgan.evaluation.result import Range
from fgan.experiments.compare import compare_members
from fgan.experiments.comparison import Member, plan
from fgan.experiments.paper.published import LOG_LIKELIHOOD, LOG_LIKELIHOOD_OF_TRAINING
from fgan.experiments.presets import preset
from fgan.experiments.ranking import Place
from fgan.experiments.result import Comparison
from fgan.output import aligned, jsonable
from fgan.training.config import TrainConfig
from fgan.training.run import data_of

DIVERGENCES = tuple(LOG_LIKELIHOOD)
METRIC = "kde"


def recipe(data: str = "mnist", **changes: Any) -> TrainConfig:  # noqa: ANN401 - any field of the config
    """Return the paper's recipe for MNIST, as far as our networks go.

    Args:
        data: MNIST, or other images.
        changes: fields of `TrainConfig` to set otherwise.

    Raises:
        FganError: for an unknown field, or a value out of range.

    >>> recipe().latent, recipe(steps=10).steps
    (100, 10)
    """
    paper = {
        "latent": 100,
        "width": 256,
        "depth": 2,
        "lr": 2e-4,
        "beta1": 0.5,
        "beta2": 0.999,
        "batch_size": 128,
        "steps": 3000,
    }
    return preset("default", absolute_name(data), **{**paper, **changes})


@dataclass(frozen=True)
class LikelihoodTable:
    """The table.

    Args:
        members: the runs.
        comparison: what became of them.
        published: whether the data are the paper's.
    """

    members: tuple[Member, ...]
    comparison: Comparison
    published: bool

    @property
    def unfinished(self) -> list[str]:
        """The runs that were stopped and can go on."""
        return self.comparison.unfinished

    @property
    def rows(self) -> list[tuple[str, Place | None]]:
        """Every divergence, with its place if it has one."""
        places = {place.group: place for place in self.comparison.places}
        return [(group, places.get(group)) for group in dict.fromkeys(one.group for one in self.members)]

    @property
    def floor(self) -> Range | None:
        """What as many training images give in the samples' place."""
        found = [place.metrics[METRIC].floor for place in self.comparison.places]
        return found[0] if found else None

    def to_list(self) -> list[dict[str, Any]]:
        """Return an object a divergence in JSON's types; what was not measured or published is None."""
        return [self._object(name, place) for name, place in self.rows]

    def _object(self, name: str, place: Place | None) -> dict[str, Any]:
        found: Measurement | None = place.metrics[METRIC] if place else None
        value, error = LOG_LIKELIHOOD.get(name, (None, None)) if self.published else (None, None)
        return jsonable(
            {
                "divergence": name,
                "kde": found and found.value,
                "kde_interval": found and [found.low, found.high],
                "seeds": place.seeds if place else 0,
                "rank": place and place.rank,
                "tied_with": place.tied_with if place else [],
                "published": value,
                "published_standard_error": error,
                "training_images": self.floor and self.floor.value,
                "training_images_interval": self.floor and [self.floor.low, self.floor.high],
                "outcomes": {
                    member.name: self.comparison.outcomes[member.name]
                    for member in self.members
                    if member.group == name
                },
            }
        )

    def text(self) -> str:
        """Return the table for people."""
        paper = ("paper ± SE",) if self.published else ()
        cells = [("rank", "", "nats [95%]", "seeds", *paper)]
        for name, place in self.rows:
            theirs = (_published(LOG_LIKELIHOOD.get(name)),) if self.published else ()
            if place:
                rank = str(place.rank) if place.seeds > 1 else "-"  # nothing is known about another seed
                cells.append((rank, name, _nats(place.metrics[METRIC]), str(place.seeds), *theirs))
            else:
                cells.append(("-", name, self._why_not(name), "0", *theirs))
        if self.floor:
            theirs = (_published(LOG_LIKELIHOOD_OF_TRAINING),) if self.published else ()
            cells.append(("", "training images", _nats(self.floor), "", *theirs))
        return "\n".join(
            ["Log-likelihood of real images under a kernel density of samples", "", *aligned(cells)]
        )

    def _why_not(self, group: str) -> str:
        outcomes = (self.comparison.outcomes[one.name] for one in self.members if one.group == group)
        return ", ".join(dict.fromkeys(outcome.state for outcome in outcomes))


def likelihood_table(
    base: TrainConfig,
    divergences: Sequence[str] = DIVERGENCES,
    out: str | Path | None = None,
    *,
    seeds: int = 1,
    n: int = 16_000,
    resume: bool = False,
    jobs: int | None = None,
    say: Callable[[str], None] = print,
) -> LikelihoodTable:
    """Train by every divergence, from every seed, and measure the kernel density's log-likelihood.

    Args:
        base: as `recipe` makes it.
        divergences: names of the catalogue.
        out: the folder of all runs; default: runs/paper-DATA.
        seeds: number of seeds, counted from the recipe's.
        n: maximum number of samples for the density.
        resume, jobs, say: as for `fgan.compare`.

    Raises:
        FganError: for mistakes, before anything is written.

    Source: Nowozin, Cseke, Tomioka, "f-GAN" (2016), §4.2 and Table 4.
    """
    members = plan(base, divergences, seeds=seeds)
    dataset = data_of(base, say)
    folder = out or Path("runs") / f"paper-{Path(base.data.removeprefix('idx:')).stem}"
    found = compare_members(
        members, dataset, folder, resume=resume, jobs=jobs, metrics=(METRIC,), rank_by=METRIC, n=n, say=say
    )
    return LikelihoodTable(tuple(members), found, base.data == "mnist")


def _nats(found: Range) -> str:
    return f"{found.value:.1f} [{found.low:.1f}, {found.high:.1f}]"


def _published(known: tuple[float, float] | None) -> str:
    return "-" if known is None else f"{known[0]:.0f} ± {known[1]:.1f}"
