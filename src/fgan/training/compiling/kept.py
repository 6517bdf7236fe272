"""Compiled programs on disk, by their content: the second run of the same shapes need not compile."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from fgan.files import cache_folder

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
        path for room in ("divergences", "networks", "objectives", "training")
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
    """Return a program that is kept, or None: also where it is damaged, since it can be made again."""
    path = folder() / f"{key}.pt2"
    if not path.is_file():
        return None
    try:
        program = _loaded(path)
    except RuntimeError:
        path.unlink(missing_ok=True)
        return None
    os.utime(path)
    return program


def keep(key: str, make: Callable[[Path], None]) -> Callable[[list[Tensor]], Sequence[Tensor]]:
    """Make a program, keep it, and return it; where the folder cannot be written to, without keeping it."""
    try:
        folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        place = tempfile.TemporaryDirectory(dir=folder(), prefix=".")
    except OSError:
        place = tempfile.TemporaryDirectory()
    with place as aside:
        made = Path(aside) / f"{key}.pt2"
        make(made)
        program = _loaded(made)
        if Path(aside).parent == folder():
            made.replace(folder() / made.name)
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
    programs = sorted(folder().glob("*.pt2"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in programs[MOST_PROGRAMS:]:
        path.unlink(missing_ok=True)
