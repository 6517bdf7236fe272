"""From a folder to what fgan left in it."""

from __future__ import annotations

from pathlib import Path

from fgan.errors import RunError
from fgan.experiments.comparison import ComparisonDirectory
from fgan.experiments.result import Comparison
from fgan.experiments.run import Run


def load(path: str | Path) -> Run | Comparison:
    """Open a folder that fgan wrote: a run, or a comparison with its runs.

    Args:
        path: the folder.

    Raises:
        RunError: where it is neither, or damaged; or where a comparison has no ranking yet.
    """
    path = Path(path)
    run = Run(path)
    if run.config_path.is_file():
        run.config()  # damage is said here rather than at the first use
        return run
    if ComparisonDirectory(path).plan_path.is_file():
        return Comparison.read(path)
    raise RunError(
        f"{path} is no run directory, which has a config.json, and no comparison, which has a comparison.json; "
        f"{_there(path)}. Name a folder made by `fgan train` or `fgan compare`."
    )


def _there(path: Path) -> str:
    """Say what is at a path."""
    if not path.is_dir():
        return "it is a file" if path.exists() else "there is nothing of that name"
    names = sorted(entry.name for entry in path.iterdir())
    more = ", ..." if len(names) > 5 else ""
    return f"it holds {', '.join(names[:5])}{more}" if names else "it is empty"
