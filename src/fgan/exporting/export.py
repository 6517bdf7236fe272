"""`fgan.export`: write a run's generator as a file or folder that works without the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fgan.errors import ExportError, did_you_mean
from fgan.exporting.card import UNKNOWN, evaluation_of
from fgan.exporting.hub_folder import CARD, hub_files, require_free, write_folder
from fgan.exporting.load import opened
from fgan.exporting.of_run import generator_of_run, notes_on, without_folders
from fgan.exporting.onnx_file import onnx_bytes
from fgan.exporting.safetensors_file import safetensors_bytes
from fgan.exporting.torch_program import torch_bytes
from fgan.exporting.trained import TrainedGenerator
from fgan.files import save_file
from fgan.output import Say, to_stderr
from fgan.training.run_directory import RunDirectory
from fgan.training.settings import Network

HUB = "hub"


@dataclass(frozen=True)
class Target:
    """A kind of file: how its name ends, and what makes its content and says how that was checked."""

    suffix: str
    content: Callable[[TrainedGenerator], tuple[bytes, str]]


FILES: dict[str, Target] = {
    "onnx": Target(".onnx", onnx_bytes),
    "torch": Target(".pt2", torch_bytes),
    "safetensors": Target(".safetensors", safetensors_bytes),
}
TARGETS = (*FILES, HUB)
"""What `export` writes."""


def export(
    run: str | Path | RunDirectory | TrainedGenerator,
    to: str = "onnx",
    out: str | Path | None = None,
    *,
    step: int | None = None,
    best: bool = False,
    force: bool = False,
    license: str | None = None,
    generator: Network = "",
    say: Say = to_stderr,
) -> Path:
    """Export a run's generator (the averaged one, if there is one), so that it works without the run.

    The exported program takes latents (n, d) of standard normal numbers, and labels (n,) for a conditional run. It
    returns what `RunDirectory.sample` returns: images (n, C, H, W) with values from 0 to 1, or vectors in data units.

    Args:
        run: a run directory or its path, or a generator that was exported as safetensors or to the hub.
        to: "onnx", "torch" (a .pt2 file of torch.export), "safetensors" (for `fgan.load`) or "hub" (a folder with a
            model card, for `fgan.push`).
        out: the file, or the folder for "hub" (default: `export/` in the run directory).
        step: the checkpoint (default: the newest).
        best: use the best checkpoint of a run that was evaluated during training.
        force: overwrite an existing file or export.
        license: license for the model card, such as "mit".
        generator: the network, if it is custom and the run's `config.json` does not lead to it.
        say: function that receives remarks, such as how the export was checked.

    Returns:
        The path of the file or folder.

    Raises:
        ExportError: for an unknown target, a missing checkpoint, an `out` that exists already, missing packages, or a
            program that differs from the generator by more than 1e-5.
        RunError: if there is no run, or no checkpoint.
    """
    if to not in TARGETS:
        raise ExportError(f'--to must be one of {", ".join(TARGETS)}; got "{to}".{did_you_mean(to, TARGETS)}')
    if license is not None and to != HUB:
        raise ExportError(f"--license applies to --to hub only; got --to {to}. Leave it out.")
    source = opened(run, say, generator=generator) if isinstance(run, str | Path) else run
    path = _place(source, to, None if out is None else Path(out))
    _require_free(path, to, force)
    if isinstance(source, RunDirectory):
        trained = generator_of_run(source, step, best=best)
        notes = notes_on(source, trained.about["step"])
        for note in notes:
            say(note)
    else:
        if step is not None or best:
            raise ExportError(
                f"--step and --best select a checkpoint of a run; {source.source} is not a run."
            )
        trained, notes = source, []
    if to == HUB:
        checked = _write_folder(path, source, trained, license, notes, say)
    else:
        content, checked = FILES[to].content(trained)
        save_file(path, content, "An exported generator")
    say(f"step {trained.about.get('step', 0):,} exported to {path}: {checked}")
    return path


def _write_folder(
    path: Path,
    source: RunDirectory | TrainedGenerator,
    trained: TrainedGenerator,
    license: str | None,
    notes: list[str],
    say: Say,
) -> str:
    evaluation, why = None, ""
    if isinstance(source, RunDirectory):
        evaluation, why = evaluation_of(source, trained.about["step"], trained.about["best"])
    if why:
        say(why)
    if license is None:
        say(f'the model card says "license: {UNKNOWN}"; set one with --license, such as --license mit')
    files, checked = hub_files(trained, license, evaluation, [*notes, *([why] if why else [])])
    if isinstance(source, RunDirectory):
        files[CARD] = without_folders(files[CARD].decode(), source).encode()
    write_folder(path, files)
    return checked


def _place(source: Any, to: str, out: Path | None) -> Path:  # noqa: ANN401 - whatever a user passes
    if not isinstance(source, RunDirectory | TrainedGenerator):
        raise ExportError(
            f"export takes a run directory, its path, or an exported generator; got a {type(source).__name__}."
        )
    if out is None:
        if isinstance(source, TrainedGenerator):
            raise ExportError(f"{source.source} is not a run directory. Pass --out to say where to write.")
        name = "hub" if to == HUB else f"generator{FILES[to].suffix}"
        return source.path / "export" / name
    if to != HUB and out.suffix != FILES[to].suffix:
        fitting = [f"--to {name}" for name, target in FILES.items() if target.suffix == out.suffix]
        other = f", or use {fitting[0]}" if fitting else ""
        raise ExportError(
            f'the file of --to {to} must end in {FILES[to].suffix}; got --out "{out}". Rename it{other}.'
        )
    return out


def _require_free(path: Path, to: str, force: bool) -> None:
    if to == HUB:
        require_free(path, force)
    elif path.is_dir():
        raise ExportError(f"--to {to} writes a file; {path} is a folder. Choose another --out.")
    elif path.exists() and not force:
        raise ExportError(f"{path} exists already. Pass --force to overwrite it, or choose another --out.")
