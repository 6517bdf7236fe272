"""Checkpoints: folders of safetensors and JSON that appear whole or not at all."""

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
    """Let everything be written."""


def _apart(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors on the CPU, of which no two share memory, as tied weights do: safetensors has no ties."""
    whole, seen = dict[str, Tensor](), set[int]()
    for key, value in tensors.items():
        value = value.detach().cpu().contiguous()
        whole[key] = value.clone() if value.data_ptr() in seen else value
        seen.add(value.data_ptr())
    return whole


class Checkpoints:
    """The folder `checkpoints/` of a run.

    Args:
        folder: where `step-00010000/` and its like lie; made when first written to.
        keep: how many of the newest regular ones stay; one that is not regular stays until the next is written.
        every: steps between two regular ones.
        guard: called before anything is written; raises where this process may not.
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
        """Return the steps whose checkpoint was due, not asked for by who stopped the run, oldest first."""
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
        """Write a checkpoint aside, rename it into place, then remove the ones too many.

        Args:
            step: generator steps done.
            groups: tensors by file and name.
            description: what `state.json` holds besides the step.

        Raises:
            RunError: where it cannot be written; every earlier checkpoint is still there then.
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
        last = f"the last good one, step {kept[-1]}, is intact" if kept else "there is no earlier one"
        return (
            f"could not write the checkpoint of step {step} to {self.folder}: {error.strerror or error}; "
            f"{last}. Free some space, then go on with --resume."
        )

    def read(self, step: int) -> tuple[Groups, dict[str, Any]]:
        """Return the tensors and the description of a step's checkpoint.

        Raises:
            RunError: where a file is missing or damaged.
        """
        folder = self.path(step)
        try:
            description = json.loads((folder / "state.json").read_bytes())
            groups = {path.stem: load(path.read_bytes()) for path in sorted(folder.glob("*.safetensors"))}
        except (OSError, ValueError, SafetensorError) as error:
            raise RunError(
                f"the checkpoint {folder} is damaged ({error}). "
                "Delete that folder to go back to the one before."
            ) from error
        return groups, description

    def newest(self) -> int:
        """Return the newest checkpoint's step.

        Raises:
            RunError: where there is none.
        """
        steps = self.steps()
        if not steps:
            raise RunError(f"{self.folder.parent} has no checkpoint yet: train it for longer first.")
        return steps[-1]
