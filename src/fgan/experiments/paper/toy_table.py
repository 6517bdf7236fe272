"""The table of the paper's section 4.1: the Gaussian that each divergence fits, and the exact optimum."""

from __future__ import annotations

import math
import multiprocessing
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

import torch

from fgan.cores import usable_cores
from fgan.divergences import divergence
from fgan.errors import FganError
from fgan.evaluation.jackknife import student
from fgan.evaluation.result import CONFIDENCE, Range
from fgan.experiments.lifeline import call_with_lifeline, packed
from fgan.experiments.paper.published import CROSS, FITS
from fgan.experiments.paper.quadrature import Gaussian, best_gaussian
from fgan.experiments.paper.toy import Price, ToyRun, ToySettings, link_of, train_toy
from fgan.objectives import GANLoss
from fgan.output import aligned, jsonable, progress_bar

DIVERGENCES = ("kl", "reverse-kl", "js", "jeffreys", "pearson", "squared-hellinger", "neyman")
"""The paper's five, and two whose optima we know as well."""


@dataclass(frozen=True)
class Priced:
    """The divergence of the data from trained Gaussians: exactly, and as a bound with its interval."""

    exact: float
    estimate: Range


@dataclass(frozen=True)
class ToyRow:
    """What training by one divergence gave, a mean over seeds.

    Args:
        divergence: its name.
        optimum: the exact one.
        mu, sigma: of the trained Gaussians; intervals are Student's for the mean over seeds, NaN with one seed.
        own: that divergence, by the bound of its own critic; the interval is that of the fresh samples.
        prices: every divergence, by one critic that knows log(p/q).
        runs: each seed's.
    """

    divergence: str
    optimum: Gaussian
    mu: Range
    sigma: Range
    own: Priced
    prices: dict[str, Priced]
    runs: tuple[ToyRun, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it in JSON's types: None in place of what is infinite or not known."""
        published = FITS.get(self.divergence)
        return jsonable(
            {
                "divergence": self.divergence,
                "mu": self.mu.value,
                "mu_interval": _ends(self.mu),
                "sigma": self.sigma.value,
                "sigma_interval": _ends(self.sigma),
                "bound": self.own.estimate.value,
                "bound_interval": _ends(self.own.estimate),
                "exact": self.own.exact,
                "optimum": self.optimum,
                "tested_by": {
                    name: {
                        "exact": price.exact,
                        "estimate": price.estimate.value,
                        "estimate_interval": _ends(price.estimate),
                        "published": CROSS.get(self.divergence, {}).get(name),
                    }
                    for name, price in self.prices.items()
                },
                "published": published,
                "runs": [
                    {"seed": run.seed, "mu": run.mu, "sigma": run.sigma, "exact": run.own.exact}
                    | {"bound": run.own.estimate.value, "bound_error": run.own.estimate.standard_error}
                    for run in self.runs
                ],
            }
        )


def _ends(found: Range) -> list[float] | None:
    return None if math.isnan(found.low) else [found.low, found.high]


def toy_table(
    divergences: Sequence[str] = DIVERGENCES,
    *,
    seeds: int = 1,
    settings: ToySettings | None = None,
    jobs: int | None = None,
    say: Callable[[str], None] = print,
) -> list[ToyRow]:
    """Train a Gaussian by every divergence, from every seed, and return a row a divergence.

    Runs are processes, so a script that calls this needs its `if __name__ == "__main__":`.

    Args:
        divergences: names of the catalogue.
        seeds: how many, counted from 0.
        settings: how long to train and how well to measure.
        jobs: number of parallel runs; default: the number of cores.
        say: receives a message when a run ends.

    Raises:
        FganError: for an empty or repeated list and for what cannot be trained, before anything is begun.
        DivergedError: where a run leaves no Gaussian.

    Source: Nowozin, Cseke, Tomioka, "f-GAN" (2016), §4.1.
    """
    settings = settings or ToySettings()
    names = tuple(divergences)
    if not names or len(set(names)) < len(names):
        raise FganError(f"--divergences must be different names; got {','.join(names)!r}.")
    for rule, value, least in (("seeds", seeds, 1), ("steps", settings.steps, 3), ("n", settings.n, 2)):
        if value < least:
            raise FganError(f"--{rule} must be at least {least}; got {value}.")
    for name in names:
        GANLoss(name, generator="saturating", link=link_of(name))
    optima = {name: best_gaussian(divergence(name)) for name in names}
    runs = _train_all([(name, seed) for seed in range(seeds) for name in names], names, settings, jobs, say)
    return [_row(optima[name], [run for run in runs if run.divergence == name], names) for name in names]


def _train_all(
    wanted: list[tuple[str, int]],
    priced: tuple[str, ...],
    settings: ToySettings,
    jobs: int | None,
    say: Callable[[str], None],
) -> list[ToyRun]:
    """Train everything, `jobs` at once, and return the runs in the order of their seeds."""
    found = []
    # Spawned, since a fork would inherit torch's threads.
    context = multiprocessing.get_context("spawn")
    jobs = min(jobs or usable_cores(), len(wanted))
    with (
        ProcessPoolExecutor(
            jobs, mp_context=context, initializer=call_with_lifeline, initargs=(packed(_prepare),)
        ) as pool,
        progress_bar(len(wanted), unit="runs") as bar,
    ):
        try:
            futures = [pool.submit(train_toy, name, seed, priced, settings) for name, seed in wanted]
            for future in as_completed(futures):
                run = future.result()
                found.append(run)
                bar.update()
                line = f"{run.divergence}, seed {run.seed}: μ {run.mu:.4f}, σ {run.sigma:.4f}"
                if bar.disable:
                    say(line)
                else:
                    bar.write(line, file=sys.stderr)
        except BrokenProcessPool as error:
            raise FganError("the process of a run was killed. Try again with fewer --jobs.") from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return sorted(found, key=lambda run: run.seed)


def _prepare() -> None:
    """Set up a process: a core, and no traceback at Ctrl-C, which the parent reports."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def _row(optimum: Gaussian, runs: list[ToyRun], names: tuple[str, ...]) -> ToyRow:
    return ToyRow(
        divergence=runs[0].divergence,
        optimum=optimum,
        mu=_over_seeds([run.mu for run in runs]),
        sigma=_over_seeds([run.sigma for run in runs]),
        own=_mean_price([run.own for run in runs]),
        prices={name: _mean_price([run.prices[name] for run in runs]) for name in names},
        runs=tuple(runs),
    )


def _over_seeds(values: list[float]) -> Range:
    count = len(values)
    mean = sum(values) / count
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / max(count - 1, 1))
    half = student(count - 1, CONFIDENCE) * spread / math.sqrt(count)
    return Range(mean, mean - half, mean + half)


def _mean_price(prices: list[Price]) -> Priced:
    """Return means over seeds; the interval is that of the samples, for these very networks."""
    count = len(prices)
    value = sum(price.estimate.value for price in prices) / count
    error = math.sqrt(sum(price.estimate.standard_error**2 for price in prices)) / count
    half = student(math.inf, CONFIDENCE) * error
    return Priced(sum(price.exact for price in prices) / count, Range(value, value - half, value + half))


def text_of(rows: Sequence[ToyRow]) -> str:
    """Return both tables for people."""
    fits = [("", "", "exact optimum", "ours", "off by", "paper's optimum", "paper trained")]
    for row in rows:
        fits += _fit(row)
    return "\n".join(["A Gaussian fitted to paper-mixture", "", *aligned(fits), "", *_matrix(rows)])


def _fit(row: ToyRow) -> list[tuple[str, ...]]:
    """Return a divergence's lines of the first table."""
    best, published = row.optimum, FITS.get(row.divergence)
    theirs = [("-", "-")] * 4
    if published:
        theirs = [
            (f"{published.best_mu:.4f}", f"{published.mu:.4f}"),
            (f"{published.best_sigma:.4f}", f"{published.sigma:.4f}"),
            (f"{published.divergence:.4f}", "-"),
            ("-", f"{published.bound:.4f}"),
        ]
    ours = [
        (row.divergence, "μ", f"{best.mu:.4f}", _text(row.mu), _off(row.mu.value, best.mu)),
        ("", "σ", f"{best.sigma:.4f}", _text(row.sigma), _off(row.sigma.value, best.sigma)),
        ("", "D", f"{best.divergence:.4f}", f"{row.own.exact:.4f}", _off(row.own.exact, best.divergence)),
        ("", "bound", "-", _text(row.own.estimate), _off(row.own.estimate.value, best.divergence)),
    ]
    return [mine + paper for mine, paper in zip(ours, theirs, strict=True)]


def _off(value: float, best: float) -> str:
    return f"{100 * (value / best - 1):+.2f}%"


def _matrix(rows: Sequence[ToyRow]) -> list[str]:
    """Return the lines of the second table: trained by the row, tested by the column."""
    names = list(rows[0].prices)
    cells = [("trained by", "", *names)]
    for row in rows:
        prices, published = row.prices.values(), CROSS.get(row.divergence, {})
        cells.append((row.divergence, "exact", *(f"{price.exact:.4f}" for price in prices)))
        cells.append(("", "estimate", *(_text(price.estimate) for price in prices)))
        if published:
            cells.append(("", "paper", *(f"{published[n]:.4f}" if n in published else "-" for n in names)))
    return ["Tested by: exact at the trained Gaussian, and the bound of one critic", "", *aligned(cells)]


def _text(found: Range) -> str:
    """Write a number, with half the width of its interval where there is one."""
    half = (found.high - found.low) / 2
    return f"{found.value:.4f}" + ("" if math.isnan(half) else f" ± {half:.4f}")
