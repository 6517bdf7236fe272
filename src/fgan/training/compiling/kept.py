"""A cache of compiled programs on disk, keyed by content: a second run with the same shapes need not compile."""

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
"""How many programs to keep; the least recently used go first."""


def folder() -> Path:
    """Return the cache folder. Programs are code, so it belongs to the user alone."""
    return cache_folder() / "programs"


def key_of(recipe: str, names: object, inputs: Sequence[Tensor]) -> str:
    """Return a program's cache key: its recipe, its tensors, fgan's own code, the torch version and the machine."""
    shapes = [(tuple(t.shape), t.stride(), t.dtype, t.device.type) for t in inputs]
    parts = [recipe, names, shapes, _code(), torch.__version__, torch.get_num_threads(), _machine()]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@functools.cache
def _code() -> str:
    """Return a hash of every source file that can affect what a step computes."""
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
    # A program uses all instructions of this processor; a lesser one would stop at an illegal instruction.
    cpu = torch.backends.cpu.get_cpu_capability()
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    return platform.system(), platform.machine(), cpu, _instructions(), gpu


def _instructions() -> str:
    """Return the processor's instruction sets, or its name if the system does not list them."""
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.is_file() else []
    flags = [line.partition(":")[2] for line in lines if line.startswith(("flags", "Features"))]
    return " ".join(sorted(flags[0].split())) if flags else platform.processor()


def load(key: str) -> Callable[[list[Tensor]], Sequence[Tensor]] | None:
    """Return a cached program, or None; also if it is damaged or unreadable, since it can be compiled again."""
    path = folder() / f"{key}.pt2"
    try:
        program = _loaded(path) if _is_whole(path, key) else None
    except (OSError, BadZipFile, RuntimeError):
        return None
    with suppress(OSError):  # another user's file, or a read-only disk
        os.utime(path)
    return program


def _is_whole(path: Path, key: str) -> bool:
    """Return whether a file is intact; torch does not check when it loads, and damaged code crashes."""
    with ZipFile(path) as archive:
        roots = {name.partition("/")[0] for name in archive.namelist()}
        return all(root == key or len(root) != len(key) for root in roots) and archive.testzip() is None


def keep(key: str, make: Callable[[Path], None], say: Say) -> Callable[[list[Tensor]], Sequence[Tensor]]:
    """Compile a program, cache it, and return it.

    Args:
        key: its cache key.
        make: writes the program to a path.
        say: receives a line if it cannot be cached.
    """
    with tempfile.TemporaryDirectory() as aside:
        made = Path(aside) / f"{key}.pt2"
        make(made)
        program = _loaded(made)
        try:
            folder().mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_durably(folder() / made.name, made.read_bytes())
        except OSError as error:
            say(f"cannot cache the compiled step, so the next run will compile again: {error}")
        else:
            _forget_oldest()
    return program


def _loaded(path: Path) -> Callable[[list[Tensor]], Sequence[Tensor]]:
    # `torch._inductor.aoti_load_package` is the public way to this class, but takes a second to import.
    try:
        from torch._C._aoti import AOTIModelPackageLoader

        return AOTIModelPackageLoader(str(path), "model", False, 1, -1).run
    except (ImportError, TypeError):  # other versions of torch
        from torch._inductor import aoti_load_package

        return aoti_load_package(str(path)).loader.run  # pyright: ignore[reportAttributeAccessIssue]


def _forget_oldest() -> None:
    with suppress(FileNotFoundError):  # another process may be removing files too
        programs = sorted(folder().glob("*.pt2"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in programs[MOST_PROGRAMS:]:
            path.unlink()
