"""Names of runs in a comparison: folders inside it, whoever wrote them."""

from __future__ import annotations

from pathlib import Path

from fgan.errors import RunError


def check_member(name: str, origin: str | Path) -> None:
    """Check that the name of a run is that of a folder directly inside the comparison.

    Raises:
        RunError: if it is not.

    >>> check_member("kl-seed0", "comparison.json")
    >>> check_member("../private", "comparison.json")
    Traceback (most recent call last):
    fgan.errors.RunError: comparison.json has the run "../private", whose name is none of a folder in it...
    """
    if name in ("", ".", "..") or len(name) > 255 or set(name) & set("/\\\0:"):
        raise RunError(
            f'{origin} has the run "{name[:80]}", whose name is none of a folder in it. Restore the file.'
        )


def check_inside(path: Path) -> None:
    """Check that the folder of a run is no link that leads out of its comparison.

    Raises:
        RunError: if it is.
    """
    try:
        inside = path.resolve().is_relative_to(path.parent.resolve())
    except (OSError, RuntimeError) as error:  # a link to itself
        raise RunError(f"{path} cannot be followed ({error}).") from error
    if not inside:
        raise RunError(f"{path} is a link that leads out of its comparison. Name the run itself instead.")
