"""Compiled programs on disk, by their content: the second run of the same shapes need not compile."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import torch
from torch import Tensor

from fgan.files import cache_folder, replace_durably
from fgan.output import Say

MOST_PROGRAMS = 200
"""How many are kept; those that were used last stay."""


def folder() -> Path:
    """Return where programs lie: they are code, so in a folder of the user's own."""
    return cache_folder() / "programs"


def key_of(recipe: str, names: object, inputs: Sequence[Tensor]) -> str:
    """Return what tells a program from others: its recipe, its tensors, fgan's own code, torch and the machine."""
    shapes = [(tuple(t.shape), t.stride(), t.dtype, t.device.type) for t in inputs]
    parts = [recipe, names, shapes, _code(), torch.__version__, torch.get_num_threads(), _machine()]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@functools.cache
def _code() -> str:
    """Return a hash of every file that can have a say in what a step computes."""
    package = Path(__file__).parents[2]
    files = sorted(
        path for room in ("augmentation", "divergences", "networks", "objectives", "training")
        for path in (package / room).rglob("*.py")
    )  # fmt: skip
    whole = hashlib.sha256()
    for path in files:
        whole.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return whole.hexdigest()


@functools.cache
def _machine() -> tuple[str, ...]:
    # A program uses whatever the processor has: on one that has less it would end in an illegal instruction.
    cpu = torch.backends.cpu.get_cpu_capability()
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    return platform.system(), platform.machine(), cpu, _instructions(), gpu


def _instructions() -> str:
    """Return which instructions the processor has; its name where the system does not list them."""
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.is_file() else []
    flags = [line.partition(":")[2] for line in lines if line.startswith(("flags", "Features"))]
    return " ".join(sorted(flags[0].split())) if flags else platform.processor()


def load(key: str) -> Callable[[list[Tensor]], Sequence[Tensor]] | None:
    """Return a program that is kept, or None: also where it is damaged or out of reach, since it can be made again."""
    path = folder() / f"{key}.pt2"
    try:
        program = _loaded(path) if _is_whole(path, key) else None
    except (OSError, BadZipFile, RuntimeError):
        return None
    with suppress(OSError):  # another user's, or on a disk that cannot be written to
        os.utime(path)
    return program


def _is_whole(path: Path, key: str) -> bool:
    """Return whether a file holds this program as it was written; loading does not ask, and damaged code crashes."""
    with ZipFile(path) as archive:
        roots = {name.partition("/")[0] for name in archive.namelist()}
        return all(root == key or len(root) != len(key) for root in roots) and archive.testzip() is None


def keep(key: str, make: Callable[[Path], None], say: Say) -> Callable[[list[Tensor]], Sequence[Tensor]]:
    """Make a program, keep it, and return it.

    Args:
        key: by which it is found again.
        make: writes it to a path.
        say: told where it cannot be kept.
    """
    with tempfile.TemporaryDirectory() as aside:
        made = Path(aside) / f"{key}.pt2"
        make(made)
        program = _loaded(made)
        try:
            folder().mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_durably(folder() / made.name, made.read_bytes())
        except OSError as error:
            say(f"the program cannot be kept, so that the next run compiles again: {error}")
        else:
            _forget_oldest()
    return program


def _loaded(path: Path) -> Callable[[list[Tensor]], Sequence[Tensor]]:
    # `torch._inductor.aoti_load_package` is the public door to this class, and takes a second to import.
    try:
        from torch._C._aoti import AOTIModelPackageLoader

        return AOTIModelPackageLoader(str(path), "model", False, 1, -1).run
    except (ImportError, TypeError):  # other versions of torch
        from torch._inductor import aoti_load_package

        return aoti_load_package(str(path)).loader.run  # pyright: ignore[reportAttributeAccessIssue]


def _forget_oldest() -> None:
    with suppress(FileNotFoundError):  # another process forgets some too
        programs = sorted(folder().glob("*.pt2"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in programs[MOST_PROGRAMS:]:
            path.unlink()
