"""`fgan paper`: the f-GAN paper's tables, computed anew beside the published ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from fgan.cli import print_error, print_out
from fgan.cli.common import as_json, names_in
from fgan.errors import FganError
from fgan.experiments.jobs import require_jobs


@dataclass(frozen=True, kw_only=True)
class ToyCommand:
    """Section 4.1: fit a Gaussian to a mixture of two by each divergence, beside the exact optimum.

    A minute or two a seed for all seven on two cores.
    """

    divergences: str = "kl,reverse-kl,js,jeffreys,pearson,squared-hellinger,neyman"
    """Names, separated by commas."""
    seeds: int = 1
    """How many, counted from 0; with two or more μ and σ have intervals."""
    steps: int = 1500
    """Steps of both players."""
    n: int = 1_000_000
    """Fresh samples of each kind that a bound is computed from."""
    jobs: int | None = None
    """Runs at once; as many as cores if not given."""
    json: bool = False
    """Print a JSON list on stdout, an object a divergence."""


@dataclass(frozen=True, kw_only=True)
class MnistCommand:
    """Table 4: the log-likelihood of MNIST's test images under a kernel density of each divergence's samples.

    About a minute a divergence on two cores. The runs are ordinary run directories: fgan sample, fgan evaluate and
    fgan report work on them.
    """

    divergences: str = "kl,reverse-kl,pearson,neyman,squared-hellinger,jeffreys,js,gan"
    """Names, separated by commas."""
    seeds: int = 1
    """How many, counted from 0."""
    steps: int = 3000
    """Generator steps of each run."""
    batch_size: int = 128
    """Samples of each kind that one step sees; the paper's is 4096."""
    n: int = 16_000
    """Samples that the kernel density is made of, at most; the paper's number."""
    data: str = "mnist"
    """Other images to do the same with; the published numbers are MNIST's and left out then."""
    data_dir: str | None = None
    """Where to look for mnist before downloading it."""
    out: Path | None = None
    """The folder of all runs; runs/paper-DATA if not given."""
    resume: bool = False
    """Go on in that folder: what is finished stays."""
    jobs: int | None = None
    """Processes at once, each of which trains its share of the runs as one ensemble; as many as cores on a CPU, one on
    a GPU, if not given."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute."""
    json: bool = False
    """Print a JSON list on stdout, an object a divergence."""


Command = (
    Annotated[ToyCommand, tyro.conf.subcommand("toy")]
    | Annotated[MnistCommand, tyro.conf.subcommand("mnist")]
)


def run(arguments: list[str]) -> None:
    """Parse the arguments, compute a table and print it."""
    command = tyro.cli(Command, prog="fgan paper", args=arguments)  # pyright: ignore[reportArgumentType, reportCallIssue]
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
        raise FganError(f"stopped with {len(table.unfinished)} runs to finish; go on with --resume.")
