"""`fgan.load`: open a folder that fgan wrote."""

from __future__ import annotations

from pathlib import Path

from fgan.errors import RunError
from fgan.experiments.comparison import ComparisonDirectory
from fgan.experiments.result import Comparison
from fgan.experiments.run import Run
from fgan.exporting import TrainedGenerator, is_exported, read_exported
from fgan.files import nothing_at
from fgan.training.settings import Network


def load(path: str | Path, *, generator: Network = "") -> Run | Comparison | TrainedGenerator:
    """Open a run directory, a comparison with its runs, or an exported generator.

    Args:
        path: the folder; for an exported generator a .safetensors file, a hub folder, or `hub:USER/NAME`, from which
            only safetensors are read and no code is run.
        generator: a custom network, if the `config.json` of a run does not lead to it. An exported generator never
            contains code.

    Raises:
        ExportError: if a generator cannot be downloaded or is damaged.
        RunError: if the folder is none of these or damaged, or if a comparison has no ranking yet.
    """
    if is_exported(path):
        return read_exported(path, generator=generator)
    path = Path(path)
    run = Run(path, generator=generator)
    if run.config_path.is_file():
        run.config()  # report damage now rather than at the first use
        return run
    if ComparisonDirectory(path).plan_path.is_file():
        return Comparison.read(path)
    if not path.exists():
        raise RunError(f"{nothing_at(path)} Pass a folder made by `fgan train` or `fgan compare`.")
    raise RunError(
        f"{path} is not a run directory (no config.json) or a comparison (no comparison.json): {_there(path)}. "
        "Pass a folder made by `fgan train` or `fgan compare`."
    )


def _there(path: Path) -> str:
    """Describe what is at a path."""
    if not path.is_dir():
        return "it is a file"
    names = sorted(entry.name for entry in path.iterdir())
    more = ", ..." if len(names) > 5 else ""
    return f"it holds {', '.join(names[:5])}{more}" if names else "it is empty"
