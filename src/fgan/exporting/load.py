"""Open a generator by name: a run directory, an exported file or folder, or a hub repository."""

from __future__ import annotations

from pathlib import Path

from fgan.errors import ExportError
from fgan.exporting.hub import CODE, fetched, is_hub_name
from fgan.exporting.hub_folder import WEIGHTS
from fgan.exporting.safetensors_file import read_safetensors
from fgan.exporting.trained import TrainedGenerator
from fgan.files import nothing_at
from fgan.output import Say, to_stderr
from fgan.training.run_directory import RunDirectory
from fgan.training.settings import Network

SUFFIX = ".safetensors"


def is_exported(name: str | Path) -> bool:
    """Whether a name is that of an exported generator: on the hub, a .safetensors file, or a folder with one."""
    path = Path(name)
    return is_hub_name(name) or path.suffix == SUFFIX or (path / WEIGHTS).is_file()


def read_exported(name: str | Path, say: Say = to_stderr, *, generator: Network = "") -> TrainedGenerator:
    """Return an exported generator. Nothing but safetensors is read, and no code is run.

    Args:
        name: `hub:USER/NAME`, a .safetensors file, or a folder that `fgan export --to hub` wrote.
        say: told which files are not looked at.
        generator: the network, where it is none of fgan's: code is not exported.

    Raises:
        ExportError: where there is none, or it is damaged.
    """
    if is_hub_name(name):
        return read_safetensors(fetched(str(name), say), str(name), generator)
    path = Path(name)
    if path.is_dir():
        code = sorted(one.name for one in path.iterdir() if one.suffix.lower() in CODE)
        if code:
            say(f"{path} also contains {', '.join(code[:5])}; fgan neither reads nor runs it")
        path = path / WEIGHTS
    if not path.exists():
        raise ExportError(f"{nothing_at(path)} Pass a file written by `fgan export --to safetensors`.")
    return read_safetensors(path, str(name), generator)


def opened(
    name: str | Path, say: Say = to_stderr, *, generator: Network = ""
) -> RunDirectory | TrainedGenerator:
    """Return what a name stands for: an exported generator, or else a run directory.

    Args:
        name: as `read_exported` takes it, or a run directory.
        say: told which files are not looked at.
        generator: the network, where it is none of fgan's and a run's `config.json` does not lead to it.
    """
    if is_exported(name):
        return read_exported(name, say, generator=generator)
    return RunDirectory(name, generator=generator)
