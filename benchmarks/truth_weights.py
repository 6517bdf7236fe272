"""Coverage where samples are not two plain sets: importance weights, tables of counts, unequal sizes, joint samples.

    python benchmarks/truth.py weights [--repeats 200] [--n 1000 10000] [--cases mutual] [--jobs 1] [--file FILE]

Weighted samples come from another distribution than the one asked about, with the weights that restore it. The
information cases call `fgan.mutual_information` on n pairs. The table is that of `coverage`; its widths are relative to
an oracle with n + n plain samples, which pairs and weighted samples are not: a scale, no standard.
"""

from __future__ import annotations

import argparse
import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from truth_coverage import chosen, table
from truth_laws import MAKERS, NAMES, Law, log_normal, normal, on_a_line, powered, shifted_normals
from truth_store import Key, Row, estimates, generator, measured, read, top_up

import fgan
from fgan.estimation.result import Estimate
from fgan.output import silent

Found = Mapping[str, Estimate]
GRID = 1500
"""Points along each of the two coordinates of a pair."""


@dataclass(frozen=True)
class Case:
    """A law, and how to estimate its divergences from n samples with a seed."""

    law: Law
    estimate: Callable[[int, torch.Generator, int], Found]


def weighted(d: int, kl: float, both: bool, spread: float = 1.3) -> Case:
    """Return shifted normals, drawn wider and half as far apart, with weights that restore them."""
    law, shift = shifted_normals(d, kl), math.sqrt(2 * kl / d)

    def side(mean: float, n: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        middle = (mean + shift / 2) / 2
        x = middle + spread * normal(n, d, random)
        return x, (log_normal(x, mean) - log_normal(x, middle, spread)).sum(1).exp()

    def estimate(n: int, random: torch.Generator, seed: int) -> Found:
        p, of_p = side(shift, n, random)
        q, of_q = side(0.0, n, random) if both else (normal(n, d, random), None)
        return estimates(p, q, NAMES, weights_p=of_p, weights_q=of_q, seed=seed)

    return Case(law, estimate)


def weighted_categories() -> Case:
    """Return 50 categories, drawn with equal shares on both sides."""
    law = MAKERS["50 categories"]()

    def side(mass: Tensor, n: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        x = torch.randint(len(mass), (n,), generator=random)
        return x, mass[x]

    def estimate(n: int, random: torch.Generator, seed: int) -> Found:
        (p, of_p), (q, of_q) = (side(mass, n, random) for mass in law.points[:2])
        return estimates(p, q, NAMES, weights_p=of_p, weights_q=of_q, kinds="category", seed=seed)

    return Case(law, estimate)


def counts(categories: int) -> Case:
    """Return tables of counts, whose shares fall to a twelfth under Q."""
    p = torch.full((categories,), 1 / categories, dtype=torch.float64)
    q = torch.exp(-2.5 * torch.arange(categories, dtype=torch.float64) / categories)
    q = q / q.sum()
    law = Law(f"{categories} counts", none, none, (p, q, p.log() - q.log()))

    def estimate(n: int, random: torch.Generator, seed: int) -> Found:
        drawn = (torch.multinomial(mass, n, replacement=True, generator=random) for mass in (p, q))
        tables = [torch.bincount(one, minlength=categories).numpy() for one in drawn]
        return estimates(*tables, NAMES, counts=True, seed=seed)

    return Case(law, estimate)


def unequal(times: int) -> Case:
    """Return samples of shifted normals with so many times as many of Q."""
    law = shifted_normals(5, 1.0)

    def estimate(n: int, random: torch.Generator, seed: int) -> Found:
        return estimates(law.draw(n, random)[0], law.draw(times * n, random)[1], NAMES, seed=seed)

    return Case(law, estimate)


def none(*arguments: Any) -> Any:
    """Stand where a case has no samples of its own kind."""
    raise NotImplementedError


def informed(draw: Callable[[int, torch.Generator], tuple[Any, Any]], points: tuple[Tensor, ...]) -> Case:
    """Return a case of pairs: what X and Y tell of each other."""

    def estimate(n: int, random: torch.Generator, seed: int) -> Found:
        x, y = draw(n, random)
        return dict(fgan.mutual_information(x, y, list(NAMES), seed=seed, say=silent).items())  # pyright: ignore

    p, q, log_ratio = points
    return Case(Law("pairs", draw, none, (p, q, log_ratio)), estimate)


def normal_pairs(rho: float, d: int = 1, power: int = 1) -> Case:
    """Return d pairs of normals, the second one to a power, which changes no information."""
    rest = math.sqrt(1 - rho**2)

    def draw(n: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        x = normal(n, d, random)
        return x, (rho * x + rest * normal(n, d, random)) ** power

    t = torch.linspace(-8, 8, GRID, dtype=torch.float64)
    x, y = t[:, None], t[None]
    alone = log_normal(x) + log_normal(y)
    together = log_normal(x) + log_normal(y, rho * x, rest)  # pyright: ignore[reportArgumentType]
    masses = [one.exp().flatten() / one.exp().sum() for one in (together, alone)]
    points = masses[0], masses[1], (together - alone).flatten()
    return informed(draw, powered(points, d) if d > 1 else points)


def label_and_numbers(d: int, apart: float = 1.0) -> Case:
    """Return a fair label, and d numbers of which one has its mean at -apart or apart by the label."""

    def draw(n: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        label = torch.randint(2, (n,), generator=random)
        y = normal(n, d, random)
        y[:, 0] += apart * (2 * label - 1)
        return label, y

    def mixture(y: Tensor) -> Tensor:
        return torch.logaddexp(log_normal(y, apart), log_normal(y, -apart)) - math.log(2)

    # Both labels have the same law of the log-ratio.
    return informed(draw, on_a_line(lambda y: log_normal(y, apart), mixture, -14, 14))


def two_labels(categories: int = 6, copied: float = 0.4) -> Case:
    """Return a category, and another that copies it now and then."""
    alone = torch.full((categories, categories), 1 / categories**2, dtype=torch.float64)
    together = (1 - copied) * alone + copied * torch.eye(categories, dtype=torch.float64) / categories

    def draw(n: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        cell = torch.multinomial(together.flatten(), n, replacement=True, generator=random)
        return cell // categories, cell % categories

    return informed(draw, (together.flatten(), alone.flatten(), (together / alone).log().flatten()))


CASES: dict[str, Callable[[], Case]] = {
    "weights of P, normal, d = 1, KL 0.5": lambda: weighted(1, 0.5, both=False),
    "weights of both, normal, d = 1, KL 1": lambda: weighted(1, 1.0, both=True),
    "weights of both, normal, d = 5, KL 0.5": lambda: weighted(5, 0.5, both=True),
    "weights of both, 50 categories": weighted_categories,
    "counts, 10 categories": lambda: counts(10),
    "counts, 200 categories": lambda: counts(200),
    "four times as many of Q, normal, d = 5, KL 1": lambda: unequal(4),
    "mutual information, normal, ρ = 0.6": lambda: normal_pairs(0.6),
    "mutual information, normal and cubed, 5 + 5, ρ = 0.5": lambda: normal_pairs(0.5, 5, 3),
    "mutual information, label and number": lambda: label_and_numbers(1),
    "mutual information, label and 100 numbers": lambda: label_and_numbers(100),
    "mutual information, 6 × 6 categories": two_labels,
}


@functools.cache
def case_of(name: str) -> Case:
    return CASES[name]()


def repeat(key: Key) -> Row:
    name, n, seed = key
    return measured(key, lambda: case_of(name).estimate(n, generator(key), seed))


def known(name: str, divergence: str, n: int) -> tuple[float, float]:
    law = case_of(name).law
    return law.truth(divergence), law.oracle_width(divergence, n)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--n", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--cases", nargs="+", default=[], help="parts of names; all unless told")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--file", type=Path, default=Path("runs/truth-weights.jsonl"))
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    names = chosen(CASES, options.cases)
    keys = [(name, n, seed) for seed in range(options.repeats) for n in options.n for name in names]
    top_up(options.file, keys, repeat, options.jobs)
    print(table(read(options.file), known))
