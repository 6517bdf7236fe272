"""Checkpoints: folders of safetensors and JSON, written atomically."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from fgan.errors import RunError
from fgan.files import sync_folder, write_durably

Groups = dict[str, dict[str, Tensor]]
Guard = Callable[[], None]


def do_nothing() -> None:
    """Allow every write."""


def _apart(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return CPU copies that share no memory; tied weights do, and safetensors cannot store ties."""
    whole, seen = dict[str, Tensor](), set[int]()
    for key, value in tensors.items():
        value = value.detach().cpu().contiguous()
        whole[key] = value.clone() if value.data_ptr() in seen else value
        seen.add(value.data_ptr())
    return whole


class Checkpoints:
    """The folder `checkpoints/` of a run.

    Args:
        folder: the parent of `step-00010000/` and the like; created at the first write.
        keep: how many of the newest regular checkpoints to keep; an irregular one stays until the next is written.
        every: steps between two regular ones.
        guard: called before anything is written; raises if this process may not write.
    """

    def __init__(self, folder: Path, keep: int = 2, every: int = 1, guard: Guard = do_nothing) -> None:
        self.folder, self.keep, self.every, self.guard = folder, keep, every, guard

    def steps(self) -> list[int]:
        """Return the steps that have a checkpoint, oldest first."""
        if not self.folder.is_dir():
            return []
        matches = (re.fullmatch(r"step-(\d+)", path.name) for path in self.folder.iterdir())
        return sorted(int(match[1]) for match in matches if match)

    def regular(self) -> list[int]:
        """Return the steps of regular checkpoints, oldest first; those written because the run was stopped are not."""
        return [step for step in self.steps() if step % self.every == 0]

    def forget_after(self, step: int) -> None:
        """Remove the checkpoints of later steps."""
        self.guard()
        for later in self.steps():
            if later > step:
                shutil.rmtree(self.path(later))

    def path(self, step: int) -> Path:
        """Return the folder of a step's checkpoint."""
        return self.folder / f"step-{step:08d}"

    def write(self, step: int, groups: Groups, description: dict[str, Any]) -> None:
        """Write a checkpoint to a temporary folder, rename it into place, then remove old ones.

        Args:
            step: generator steps done.
            groups: tensors by file and name.
            description: further contents of `state.json`.

        Raises:
            RunError: if it cannot be written; all earlier checkpoints are then still there.
        """
        self.guard()
        target, aside = self.path(step), self.folder / f".step-{step:08d}.part"
        try:
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir(parents=True)
            for name, tensors in groups.items():
                write_durably(aside / f"{name}.safetensors", save(_apart(tensors)))
            write_durably(aside / "state.json", json.dumps({"step": step, **description}, indent=2).encode())
            sync_folder(aside)
            self.guard()
            shutil.rmtree(target, ignore_errors=True)
            aside.rename(target)
            sync_folder(self.folder)
        except OSError as error:
            shutil.rmtree(aside, ignore_errors=True)
            raise RunError(self._could_not_write(step, error)) from error
        for old in set(self.steps()) - {step, *self.regular()[-self.keep :]}:
            shutil.rmtree(self.path(old), ignore_errors=True)

    def _could_not_write(self, step: int, error: OSError) -> str:
        kept = self.steps()
        last = f"The checkpoint of step {kept[-1]} is intact" if kept else "There is no earlier checkpoint"
        return (
            f"cannot write the checkpoint of step {step} to {self.folder}: {error.strerror or error}. "
            f"{last}. Free some disk space, then continue with --resume."
        )

    def read(self, step: int) -> tuple[Groups, dict[str, Any]]:
        """Return the tensors and the description of a step's checkpoint.

        Raises:
            RunError: if a file is missing or damaged.
        """
        folder = self.path(step)
        try:
            description = json.loads((folder / "state.json").read_bytes())
            groups = {path.stem: load(path.read_bytes()) for path in sorted(folder.glob("*.safetensors"))}
        except (OSError, ValueError, SafetensorError) as error:
            raise RunError(
                f"the checkpoint {folder} is damaged ({error}). "
                "Delete this folder to fall back to the previous checkpoint."
            ) from error
        return groups, description

    def newest(self) -> int:
        """Return the newest checkpoint's step.

        Raises:
            RunError: if there is none.
        """
        steps = self.steps()
        if not steps:
            raise RunError(f"{self.folder.parent} has no checkpoint yet. Train it for longer first.")
        return steps[-1]
