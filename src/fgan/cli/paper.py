"""`fgan paper`: the f-GAN paper's tables, computed anew beside the published ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fgan.cli import print_error, print_out
from fgan.cli.arguments import read
from fgan.cli.common import as_json, names_in
from fgan.cli.help import FLAGS, Page
from fgan.errors import FganError, did_you_mean
from fgan.experiments.jobs import require_jobs

HELP = """usage: fgan paper TABLE [FLAGS]

Recompute a table of the f-GAN paper and print it beside the published numbers.

Examples:
  fgan paper toy
  fgan paper mnist --seeds 3

Tables:
  toy                   Section 4.1: fit a Gaussian to a mixture of two.
  mnist                 Table 4: log-likelihood of MNIST's test images.

`fgan paper toy --help` and `fgan paper mnist --help` list their flags."""


@dataclass(frozen=True, kw_only=True)
class ToyCommand:
    """Section 4.1: fit a Gaussian to a mixture of two with each divergence, beside the exact optimum.

    All seven divergences take 1 to 2 minutes per seed on two cores.
    """

    divergences: str = "kl,reverse-kl,js,jeffreys,pearson,squared-hellinger,neyman"
    """Names separated by commas."""
    seeds: int = 1
    """Number of seeds, counted from 0; two or more give intervals for μ and σ."""
    steps: int = 1500
    """Training steps of both players."""
    n: int = 1_000_000
    """Number of fresh samples of each kind for computing a bound."""
    jobs: int | None = None
    """Number of parallel runs. (default: one per core)"""
    json: bool = False
    """Print a JSON list to stdout, one object per divergence."""


@dataclass(frozen=True, kw_only=True)
class MnistCommand:
    """Table 4: log-likelihood of MNIST's test images under a kernel density of each divergence's samples.

    Each divergence takes about a minute on two cores. The runs are ordinary run directories: fgan sample, fgan evaluate
    and fgan report work on them.
    """

    divergences: str = "kl,reverse-kl,pearson,neyman,squared-hellinger,jeffreys,js,gan"
    """Names separated by commas."""
    seeds: int = 1
    """Number of seeds, counted from 0."""
    steps: int = 3000
    """Generator steps of each run."""
    batch_size: int = 128
    """Batch size; the paper uses 4096."""
    n: int = 16_000
    """Maximum number of samples for the kernel density; the paper uses 16,000."""
    data: str = "mnist"
    """Images to use. For images other than mnist the published numbers are left out."""
    data_dir: str | None = None
    """Folder with mnist, used before downloading. (default: $FGAN_DATA, then the download cache)"""
    out: Path | None = None
    """Folder for all runs. (default: runs/paper-DATA)"""
    resume: bool = False
    """Continue in that folder; finished runs are kept."""
    jobs: int | None = None
    """Number of parallel processes. Each trains its share of the runs as one ensemble. (default: one per CPU core, or
    one on a GPU)"""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Device; auto uses a GPU if there is one."""
    json: bool = False
    """Print a JSON list to stdout, one object per divergence."""


PAGES = {
    "toy": Page(
        "fgan paper toy", examples=("fgan paper toy", "fgan paper toy --divergences kl,js --seeds 5")
    ),
    "mnist": Page(
        "fgan paper mnist", examples=("fgan paper mnist", "fgan paper mnist --divergences kl,gan --seeds 3")
    ),
}


def run(arguments: list[str]) -> None:
    """Parse the arguments, compute a table and print it."""
    table, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if table in FLAGS:
        print_out(HELP)
        return
    if table not in PAGES:
        got = f'got "{table}".{did_you_mean(table, PAGES)}' if table else "got none."
        raise FganError(f"the table must be {' or '.join(PAGES)}; {got}")
    command = read(ToyCommand if table == "toy" else MnistCommand, rest, PAGES[table])
    require_jobs(command.jobs)
    names = names_in(command.divergences)
    if isinstance(command, ToyCommand):
        toy(command, names)
    else:
        mnist(command, names)


def toy(command: ToyCommand, names: list[str]) -> None:
    """Print the toy's two tables."""
    from fgan.experiments.paper.toy import ToySettings
    from fgan.experiments.paper.toy_table import text_of, toy_table

    settings = ToySettings(steps=command.steps, n=command.n)
    rows = toy_table(names, seeds=command.seeds, settings=settings, jobs=command.jobs, say=print_error)
    print_out(as_json([row.to_dict() for row in rows]) if command.json else text_of(rows))


def mnist(command: MnistCommand, names: list[str]) -> None:
    """Print the table of log-likelihoods."""
    from fgan.experiments.paper.mnist import likelihood_table, recipe

    base = recipe(
        command.data,
        steps=command.steps,
        batch_size=command.batch_size,
        data_dir=command.data_dir,
        device=command.device,
    )
    table = likelihood_table(
        base,
        names,
        command.out,
        seeds=command.seeds,
        n=command.n,
        resume=command.resume,
        jobs=command.jobs,
        say=print_error,
    )
    print_out(as_json(table.to_list()) if command.json else table.text())
    if table.unfinished:
        raise FganError(f"stopped; unfinished runs: {len(table.unfinished)}. Continue with --resume.")
