"""`fgan evaluate`: how good samples are, with intervals and with what real samples score."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from fgan.cli import print_error, print_out
from fgan.cli.common import as_json
from fgan.errors import FganError
from fgan.load_options import LoadOptions

if TYPE_CHECKING:
    from fgan.data import Dataset
    from fgan.evaluation import Evaluation
    from fgan.exporting import TrainedGenerator
    from fgan.training.run_directory import RunDirectory

    Source = RunDirectory | TrainedGenerator | str
    Loaded = dict[tuple[str, str | None, LoadOptions], Dataset]


@dataclass(frozen=True, kw_only=True)
class EvaluateCommand:
    """Measure samples against data: every number with a 95% interval and with what real samples score in its place.

    A run keeps the result as its evaluation.json. Several runs, such as of several seeds, are also pooled.
    """

    samples: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="RUN|SAMPLES ...")]
    """Run directories, folders or archives of images, .npy or .npz arrays, names of data sets; or exported generators:
    .safetensors files, hub folders, hub:USER/NAME."""
    against: str | None = None
    """The data, as `fgan train` takes them; those of the run if not given. A run keeps the result also where these
    are its own data in another place."""
    metrics: str = "all"
    """Names, separated by commas: fid, kid, is, prdc, modes, kde, copying, c2st, divergences, or single numbers such as
    recall; all that apply if not given."""
    n: int = 10_000
    """How many samples to judge, at most."""
    extractor: str = "auto"
    """What makes features: mnist-cnn, digits-cnn, cifar-cnn, pixels, raw, inception, inception:WEIGHTS_FILE, or
    module:callable of your own."""
    reference: Literal["auto", "train", "held-out", "all"] = "auto"
    """What samples are compared with: all train or all held-out samples, or all of both, without cutting samples to
    match; auto takes as many held-out (or training) ones, and leaves as many to show what real samples score."""
    best: bool = False
    """Draw from the best checkpoint of a run that was judged while it trained, rather than from the newest."""
    seed: int = 0
    """Decides latents and orders."""
    generator: str = ""
    """The generator of a run with one of your own, FILE.py:NAME or package.module:NAME; where it cannot be found by
    what config.json says."""
    neighbours: Path | None = None
    """Write a picture here: samples beside the training images that are nearest to them."""
    out: Path | None = None
    """Write the result to this file too."""
    data_dir: str | None = None
    """Where to look for mnist and stacked-mnist before downloading them."""
    load: LoadOptions = field(default_factory=LoadOptions)
    batch_size: int = 250
    """Samples in one pass of the extractor."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute."""
    json: bool = False
    """Print JSON on stdout: an object, or for several samples a list of them and what they have in common."""


def run(arguments: list[str]) -> None:
    """Parse the arguments, evaluate and print."""
    command = tyro.cli(
        EvaluateCommand, prog="fgan evaluate", args=arguments, config=(tyro.conf.OmitArgPrefixes,)
    )
    if not command.samples:
        raise FganError("name what to judge: fgan evaluate RUN, or fgan evaluate FOLDER --against DATA.")
    if command.neighbours and len(command.samples) > 1:
        raise FganError("--neighbours draws one picture of one set of samples; name one, or leave it out.")
    from fgan.evaluation import over_runs
    from fgan.evaluation.result import table_of
    from fgan.output import jsonable

    data: Loaded = {}
    evaluations = []
    for samples in command.samples:
        source = source_of(command, samples)
        evaluations.append(evaluate_one(command, samples, source, data))
        if not command.json:
            print_out(evaluations[-1].table() + "\n")
        if is_of_run(command, source, data):
            leave_in_run(evaluations[-1], samples)
    several = len(evaluations) > 1
    alike = len({(one.against, one.reference, one.n) for one in evaluations}) == 1
    pooled = over_runs(evaluations) if several and alike else {}
    if several and not alike:
        print_error("no mean is taken: the samples were not held against the same, or are not as many")
    if pooled and not command.json:
        heading = f"mean over {len(evaluations)}, with the interval of that mean"
        print_out("\n".join([heading, "", *table_of(pooled, evaluations[0].floor_heading)]))
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
    from fgan.files import nothing_at
    from fgan.training.run_directory import RunDirectory

    data, data_dir, options = command.against, command.data_dir, command.load
    if isinstance(source, RunDirectory):
        config = source.config()
        if data is None and is_gone(config.data):
            raise FganError(
                f"{samples} was trained on {config.data}, which is not there any more. Say where the data lie now: "
                f"fgan evaluate {samples} --against NEWPATH."
            )
        if data is None or holds_pictures(Path(data)):  # a folder that has moved is loaded as it was
            options = options.over(config.load_options())
        data, data_dir = data or config.data, data_dir or config.data_dir
    if data is None and is_gone(samples):
        raise FganError(f"{nothing_at(samples)} Check the path.")
    if data is None:
        raise FganError(f"{samples} is no run directory: say with --against DATA what it is to resemble.")
    key = (data, data_dir, options)
    if key not in loaded:
        loaded[key] = load_data(data, data_dir=data_dir, options=options, say=print_error)
    if command.neighbours:
        draw_neighbours(command, source, loaded[key], options)
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
    print_error(f"samples, each before the training images nearest to it, in {command.neighbours}")
