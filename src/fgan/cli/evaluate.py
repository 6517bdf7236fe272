"""`fgan evaluate`: how good samples are, with intervals and with what real samples score."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from fgan.cli import print_error, print_out
from fgan.cli.arguments import read
from fgan.cli.common import as_json
from fgan.cli.help import Page
from fgan.cli.memory import MemoryFlag
from fgan.errors import FganError
from fgan.files import nothing_at
from fgan.load_options import LoadOptions
from fgan.output import on_a_terminal
from fgan.visible import fgan_command

if TYPE_CHECKING:
    from fgan.data import Dataset
    from fgan.evaluation import Evaluation
    from fgan.exporting import TrainedGenerator
    from fgan.training.run_directory import RunDirectory

    Source = RunDirectory | TrainedGenerator | str
    Loaded = dict[tuple[str, str | None, LoadOptions], Dataset]


HELP = Page(
    "fgan evaluate",
    examples=(
        "fgan evaluate runs/moons-js-seed0",
        "fgan evaluate generated/ --against photos/ --metrics fid,prdc",
        "fgan evaluate runs/moons-js-seed0 runs/moons-js-seed1 --json",
    ),
    common=(
        "--against",
        "--metrics",
        "--n",
        "--reference",
        "--extractor",
        "--best",
        "--neighbours",
        "--seed",
        "--out",
        "--device",
        "--json",
    ),
)


@dataclass(frozen=True, kw_only=True)
class EvaluateCommand(MemoryFlag):
    """Measure how good samples are. Every number has a 95% interval and a real-vs-real baseline.

    The result of a run is saved as evaluation.json in the run directory. For several runs, such as several seeds, the
    mean over runs is printed too.
    """

    samples: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="RUN|SAMPLES ...")]
    """Run directories, folders or archives of images, .npy or .npz arrays, names of data sets; or exported generators:
    .safetensors files, hub folders, hub:USER/NAME."""
    against: str | None = None
    """Reference data, named as for `fgan train`. (default: the data that the run was trained on)"""
    metrics: str = "all"
    """Metrics separated by commas: fid, kid, is, prdc, modes, kde, copying, c2st, divergences, frontier, or one number
    such as recall; all means every metric that applies."""
    n: int = 10_000
    """Maximum number of samples to evaluate."""
    extractor: str = "auto"
    """Feature extractor: auto, mnist-cnn, digits-cnn, cifar-cnn, pixels, raw, inception, inception:WEIGHTS_FILE, or
    your own as module:callable."""
    reference: Literal["auto", "train", "held-out", "all"] = "auto"
    """Real samples to compare with: train, held-out, or all of both. With auto the number of real samples equals the
    number evaluated, and as many again give the real-vs-real baseline."""
    best: bool = False
    """Use the best checkpoint instead of the newest; needs a run trained with --evaluate-every."""
    seed: int = 0
    """Seed for latents and shuffling."""
    generator: str = ""
    """Where to find a custom generator now, FILE.py:NAME or package.module:NAME, if it is no longer where config.json
    says."""
    neighbours: Path | None = None
    """Save a picture of samples beside their nearest training images. (default: no picture)"""
    out: Path | None = None
    """Also save the result as JSON in this file. (default: only the run's evaluation.json)"""
    data_dir: str | None = None
    """Folder with mnist, used before downloading. (default: $FGAN_DATA, then the download cache)"""
    load: LoadOptions = field(default_factory=LoadOptions)
    batch_size: int = 250
    """Samples per pass through the extractor."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Device; auto uses a GPU if there is one."""
    json: bool = False
    """Print one JSON object to stdout; for several inputs it holds a list and their mean."""


def run(arguments: list[str]) -> None:
    """Parse the arguments, evaluate and print."""
    command = read(EvaluateCommand, arguments, HELP)
    if not command.samples:
        raise FganError(
            "no samples given. Name a run (fgan evaluate RUN), or samples and reference data (fgan evaluate FOLDER "
            "--against DATA)."
        )
    if command.neighbours and len(command.samples) > 1:
        raise FganError(
            f"--neighbours works for one input; got {len(command.samples)}. Evaluate them one at a time."
        )
    from fgan.evaluation import over_runs
    from fgan.evaluation.result import table_of
    from fgan.output import jsonable

    width = shutil.get_terminal_size().columns if on_a_terminal(sys.stdout) else None
    data: Loaded = {}
    evaluations = []
    for samples in command.samples:
        source = source_of(command, samples)
        evaluations.append(evaluate_one(command, samples, source, data))
        if not command.json:
            print_out(evaluations[-1].table(width) + "\n")
        if is_of_run(command, source, data):
            leave_in_run(evaluations[-1], samples)
    several = len(evaluations) > 1
    alike = len({(one.against, one.reference, one.n) for one in evaluations}) == 1
    pooled = over_runs(evaluations) if several and alike else {}
    if several and not alike:
        print_error("no mean over these inputs: their reference data or sample counts differ")
    if pooled and not command.json:
        heading = f"mean over {len(evaluations)} inputs, with the 95% interval of the mean"
        print_out("\n".join([heading, "", *table_of(pooled, evaluations[0].floor_heading, width)]))
    result = {"evaluations": evaluations, "mean": pooled} if several else evaluations[0]
    text = as_json(jsonable(result), 2)
    if command.json:
        print_out(text)
    if command.out:
        from fgan.files import save_file

        save_file(command.out, f"{text}\n".encode(), "An evaluation")


def evaluate_one(command: EvaluateCommand, samples: str, source: Source, loaded: Loaded) -> Evaluation:
    """Judge one set of samples; data are loaded once."""
    from fgan.data import load_data
    from fgan.data.archives import holds_pictures
    from fgan.data.load import is_gone
    from fgan.evaluation import evaluate
    from fgan.training.named_data import require_own_data, require_trained_on
    from fgan.training.run_directory import RunDirectory

    data, data_dir, options = command.against, command.data_dir, command.load
    if isinstance(source, RunDirectory):
        config = source.config()
        if data is None and is_gone(config.data):
            raise FganError(
                f"{samples} was trained on {config.data}, which no longer exists. Pass the new location: "
                f"{fgan_command('evaluate', samples)} --against NEWPATH."
            )
        if data is None:
            again = fgan_command("evaluate", samples, "--against", config.data)
            require_own_data(source, config, f"If you trust it: {again}")
        if data is None or holds_pictures(Path(data)):  # a folder that has moved is loaded as it was
            options = options.over(config.load_options())
        data, data_dir = data or config.data, data_dir or config.data_dir
    if data is None:
        if is_gone(samples):
            raise FganError(f"{nothing_at(samples)} Pass a run directory, or samples and --against DATA.")
        raise FganError(
            f"{samples} is not a run directory (one has a config.json). Pass --against DATA to name the reference data."
        )
    key = (data, data_dir, options)
    if key not in loaded:
        loaded[key] = load_data(data, data_dir=data_dir, options=options, say=print_error)
    if (
        isinstance(source, RunDirectory)
        and command.against is None
        and options == source.config().load_options()
    ):
        again = fgan_command("evaluate", samples, "--against", data)
        require_trained_on(
            source, loaded[key], f"Restore it, or compare with these data all the same: {again}"
        )
    if command.neighbours:
        draw_neighbours(command, source, loaded[key], options)
    if command.metrics == "all" and on_a_terminal(sys.stderr):
        print_error("evaluating all metrics; this can take minutes, --metrics fid is faster")
    return evaluate(
        source,
        loaded[key],
        metrics=() if command.metrics == "all" else tuple(map(str.strip, command.metrics.split(","))),
        n=command.n,
        extractor=command.extractor,
        reference=command.reference,
        seed=command.seed,
        best=command.best,
        batch_size=command.batch_size,
        device=command.device,
        options=options,
        say=print_error,
    )


def source_of(command: EvaluateCommand, samples: str) -> Source:
    """Return what a name stands for: a run, an exported generator, or samples that lie somewhere."""
    from fgan.evaluation.samples import is_run
    from fgan.exporting import is_exported, opened

    if is_exported(samples) or is_run(samples):
        return opened(samples, print_error, generator=command.generator)
    return samples


def is_of_run(command: EvaluateCommand, source: Source, loaded: Loaded) -> bool:
    """Whether samples were judged against the data of their own run, wherever these lie now."""
    from fgan.training.run_directory import RunDirectory

    if command.against is None:
        return True
    return isinstance(source, RunDirectory) and any(source.holds_run_on(one) for one in loaded.values())


def leave_in_run(found: Evaluation, samples: str) -> None:
    """Write a run's evaluation into it; where that cannot be, the result has been printed all the same."""
    from fgan.errors import DataError

    try:
        found.write(Path(samples) / "evaluation.json")
    except DataError as error:
        print_error(f"warning: {error}")


def draw_neighbours(command: EvaluateCommand, source: Source, data: Dataset, options: LoadOptions) -> None:
    """Draw samples, each at the head of a row of the training images that are nearest to it."""
    from fgan.data import draw_samples, save_picture
    from fgan.evaluation import nearest_images

    assert command.neighbours is not None, "asked for"
    rows = nearest_images(
        source,
        data,
        extractor=command.extractor,
        seed=command.seed,
        best=command.best,
        device=command.device,
        options=options,
        say=print_error,
    )
    save_picture(draw_samples(rows.flatten(0, 1), columns=rows.shape[1]), command.neighbours)
    print_error(f"saved {command.neighbours}: each sample with its nearest training images")
