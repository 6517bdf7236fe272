"""Checkpoints: folders of safetensors and JSON, written atomically, with a digest of every file."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from fgan.errors import DataError, RunError
from fgan.files import digest_of, in_the_way, remove_folder, set_aside, sweep, sync_folder, write_durably
from fgan.frame import Frame
from fgan.json_files import parse_json, reason_of, shaped
from fgan.output import Say, to_stderr
from fgan.training.unusable import DamagedError, ForeignError, UnusableError

Groups = dict[str, dict[str, Tensor]]
Guard = Callable[[], None]
RequireFit = Callable[[Path, Mapping[str, Any]], None]
T = TypeVar("T")

NAME = re.compile(r"step-([0-9]{8,15})")
STATE = "state.json"
SUMS = "SHA256SUMS"
"""Lists the files of a checkpoint with their digests, as `sha256sum` does; what it does not list does not count."""
SUM = re.compile(r"([0-9a-f]{64})  ([a-z_]+\.(?:safetensors|json))")
RECIPE = "recipe"
"""Key of `state.json` for the settings of the run; a checkpoint that has it also has digests."""
SHAPES: dict[str, Any] = {
    "classes": list[str],
    "data": str,
    "frame": dict[str, Any],
    "link": str | None,
    "threads": int,
    "torch": str,
    RECIPE: dict[str, bool | int | float | str | None],
}
"""Types in `state.json`; older versions did not write all of these."""
REQUIRED = ("classes", "data", "frame")
"""Keys of `state.json` that every checkpoint with a recipe has."""
FILES_OF_OLD = ("generator", "critic", "generator_optimizer", "critic_optimizer", "progress")
MORE_FILES_OF_OLD = ("generator_average", "penalties")
"""What versions without digests wrote, always and sometimes."""


def do_nothing() -> None:
    """Allow every write."""


def fits(folder: Path, description: Mapping[str, Any]) -> None:
    """Accept every checkpoint."""


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
        say: receives a line about each unusable checkpoint that is passed over.
        require_fit: called with a checkpoint and its description; raises ForeignError for one of another run.
    """

    def __init__(
        self,
        folder: Path,
        keep: int = 2,
        every: int = 1,
        guard: Guard = do_nothing,
        say: Say = to_stderr,
        require_fit: RequireFit = fits,
    ) -> None:
        self.folder, self.keep, self.every, self.guard, self.say = folder, keep, every, guard, say
        self.require_fit = require_fit
        self._read = dict[int, UnusableError | None]()
        """What `pick` found of each checkpoint, for `set_unusable_aside`."""

    def steps(self) -> list[int]:
        """Return the steps that have a checkpoint, oldest first; it may be damaged."""
        return [step for step in self._named() if self.path(step).is_dir()]

    def _named(self) -> list[int]:
        """Return the steps whose name something has, be it a file; names that fgan does not write are passed over."""
        try:
            names = [path.name for path in self.folder.iterdir()] if self.folder.exists() else []
        except OSError as error:
            raise RunError(
                f"cannot read {self.folder}: {in_the_way(error) or f'{error.strerror or error}.'}"
            ) from error
        matches = map(NAME.fullmatch, names)
        steps = sorted((int(match[1]), match[0]) for match in matches if match)
        return [step for step, name in steps if name == self.path(step).name]

    def regular(self) -> list[int]:
        """Return the steps of regular checkpoints, oldest first; those written because the run was stopped are not."""
        return [step for step in self.steps() if step % self.every == 0]

    def forget_after(self, step: int) -> None:
        """Remove the checkpoints of later steps, the newest first: what is left is always a state that the run had."""
        self.guard()
        for later in reversed(self.steps()):
            if later > step:
                remove_folder(self.path(later))

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
            self.folder.mkdir(parents=True, exist_ok=True)
            sweep(self.folder)
            aside.mkdir()
            sums = ""
            for name, content in self._contents_of(step, groups, description):
                write_durably(aside / name, content)
                sums += f"{digest_of(content)}  {name}\n"
            write_durably(aside / SUMS, sums.encode())
            sync_folder(aside)
            self.guard()
            if target.exists():
                remove_folder(target)
            aside.rename(target)
            sync_folder(self.folder)
            self.prune()
        except OSError as error:
            shutil.rmtree(aside, ignore_errors=True)  # the disk may be full
            raise RunError(self._could_not_write(step, error)) from error

    @staticmethod
    def _contents_of(step: int, groups: Groups, description: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
        for name, tensors in groups.items():
            yield f"{name}.safetensors", save(_apart(tensors))
        yield STATE, json.dumps({"step": step, **description}, indent=2).encode()

    def prune(self) -> None:
        """Remove all but the newest checkpoint and the newest regular ones, the oldest first.

        Raises:
            OSError: if the system refuses.
        """
        kept = self.regular()[-self.keep :]
        for old in self.steps()[:-1]:
            if old not in kept:
                remove_folder(self.path(old))

    def _could_not_write(self, step: int, error: OSError) -> str:
        kept = self.steps()
        last = f"The checkpoint of step {kept[-1]} is intact" if kept else "There is no earlier checkpoint"
        why = in_the_way(error) or f"{error.strerror or error}. Free some disk space."
        return f"cannot write the checkpoint of step {step} to {self.folder}: {why} {last}: continue with --resume."

    def read(self, step: int) -> tuple[Groups, dict[str, Any]]:
        """Return the tensors and the description of a step's checkpoint; every file is checked by its digest.

        Raises:
            DamagedError: if a file is missing or damaged.
            ForeignError: if it is of another run.
        """
        contents = self._checked(step)
        description = self._fitting(step, contents.pop(STATE))
        groups: Groups = {}
        for name in list(contents):
            try:
                groups[name.removesuffix(".safetensors")] = load(contents.pop(name))
            except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
                raise DamagedError(self.path(step), f"{name} is no safetensors file ({error})") from error
        return groups, description

    def _checked(self, step: int) -> dict[str, bytes]:
        """Return the content of each file of a checkpoint."""
        folder = self.path(step)
        sums = self._sums(folder)
        if sums is None:
            self._description(step, self._content(folder, STATE))  # which may say that there were digests
            more = [name for name in MORE_FILES_OF_OLD if (folder / f"{name}.safetensors").exists()]
            names = [STATE, *(f"{name}.safetensors" for name in (*FILES_OF_OLD, *more))]
            return {name: self._content(folder, name) for name in names}
        contents = {name: self._content(folder, name) for name in sums}
        for name, content in contents.items():
            self._require_digest(folder, name, content, sums[name])
        return contents

    @staticmethod
    def _require_digest(folder: Path, name: str, content: bytes, digest: str) -> None:
        if digest_of(content) != digest:
            raise DamagedError(folder, f"{name} is not what was written (its digest in {SUMS} differs)")

    def _fitting(self, step: int, content: bytes) -> dict[str, Any]:
        description = self._description(step, content)
        self.require_fit(self.path(step), description)
        return description

    @staticmethod
    def _content(folder: Path, name: str) -> bytes:
        try:
            return (folder / name).read_bytes()
        except OSError as error:
            raise DamagedError(folder, f"{name} cannot be read ({error.strerror or error})") from error

    def _sums(self, folder: Path) -> dict[str, str] | None:
        """Return the digests by file; None for a checkpoint of an older version."""
        if not folder.is_dir():
            raise DamagedError(folder, "it is not a folder")
        if not (folder / SUMS).exists():
            return None
        lines = self._content(folder, SUMS).decode(errors="replace").splitlines()
        found = [SUM.fullmatch(line) for line in lines]
        sums = {match[2]: match[1] for match in found if match}
        if len(sums) < len(lines) or STATE not in sums:
            raise DamagedError(folder, f"{SUMS} is not a list of digests with {STATE} in it")
        return sums

    def _description(self, step: int, content: bytes) -> dict[str, Any]:
        folder = self.path(step)
        try:
            found = parse_json(content, STATE, RunError)
        except RunError as error:
            raise DamagedError(folder, f"{STATE} is not valid JSON ({reason_of(error)})") from error
        if not isinstance(found, dict) or found.get("step") != step:
            raise DamagedError(folder, f"{STATE} does not describe step {step}")
        if RECIPE in found and not (folder / SUMS).exists():
            raise DamagedError(folder, f"{SUMS} is missing")
        missing = [name for name in REQUIRED if RECIPE in found and name not in found]
        if missing:
            raise DamagedError(folder, f"{STATE} has no {', '.join(missing)}")
        self._check_types(folder, found)
        return found

    @staticmethod
    def _check_types(folder: Path, description: dict[str, Any]) -> None:
        for name in SHAPES.keys() & description.keys():
            try:
                shaped(description[name], SHAPES[name], name)
                if name == "frame":
                    Frame.from_json(description[name])
            except DataError as error:
                raise DamagedError(folder, f"{STATE} has a wrong {name} ({reason_of(error)})") from error

    def newest_intact(self, use: Callable[[int], T]) -> T:
        """Return what `use` makes of the newest usable checkpoint; those that are passed over are named.

        Args:
            use: maps a step to anything; raises UnusableError for an unusable checkpoint.

        Raises:
            RunError: if there is no checkpoint, or none is usable.
        """
        step, found = self.pick(use)
        for error in filter(None, self._read.values()):
            self.say(f"{error.what}; the checkpoint of step {step} is used instead")
        return found

    def pick(self, use: Callable[[int], T]) -> tuple[int, T]:
        """Return the step of the newest usable checkpoint, and what `use` makes of it; see `newest_intact`.

        It says nothing: `set_unusable_aside`, which is to follow, knows what this found.
        """
        self._read.clear()
        while steps := [step for step in self._named() if step not in self._read]:
            step = steps[-1]
            try:
                found = use(step)
            except UnusableError as error:
                if self.path(step).exists():  # else a training removed it just now
                    self._read[step] = error
                continue
            self._read[step] = None
            return step, found
        raise self._none_usable([error for error in self._read.values() if error])

    def at(self, step: int, use: Callable[[int], T]) -> T:
        """Return what `use` makes of one checkpoint.

        Raises:
            RunError: if it is unusable; the run is doubted only if no other checkpoint fits it.
        """
        try:
            return use(step)
        except ForeignError as error:
            if any(self._fault(other) is None for other in self._named() if other != step):
                raise RunError(f"{error.what}. Use another checkpoint.") from error
            raise

    def _none_usable(self, errors: list[UnusableError]) -> RunError:
        foreign = [error for error in errors if isinstance(error, ForeignError)]
        if foreign:
            return foreign[0]
        if errors:
            return RunError(
                f"{'; '.join(error.what for error in errors)}. {self.folder} holds no other checkpoint. "
                "Restore one from a copy, or start a new run with another --out."
            )
        return RunError(f"{self.folder.parent} has no checkpoint yet. Train it for longer first.")

    def newest(self) -> int:
        """Return the newest usable checkpoint's step.

        Raises:
            RunError: if there is none.
        """

        def usable(step: int) -> int:
            self.read(step)
            return step

        return self.newest_intact(usable)

    def newest_description(self) -> dict[str, Any]:
        """Return the description of the newest usable checkpoint without reading its tensors.

        Raises:
            RunError: if there is none.
        """
        return self.newest_intact(self._described)

    def _described(self, step: int) -> dict[str, Any]:
        sums = self._sums(self.path(step))
        content = self._content(self.path(step), STATE)
        if sums:
            self._require_digest(self.path(step), STATE, content, sums[STATE])
        return self._fitting(step, content)

    def set_unusable_aside(self) -> None:
        """Rename unusable checkpoints, such as to `.damaged-step-00010000`, and say so; for the process that trains.

        Those that `pick` has just read are not read again.

        Raises:
            OSError: if the system refuses.
        """
        self.guard()
        for step in self._named():
            if error := self._read[step] if step in self._read else self._fault(step):
                aside = set_aside(self.path(step))
                self.say(f"{error.what}; it was renamed to {aside.name}")
        self._read.clear()

    def _fault(self, step: int) -> UnusableError | None:
        try:
            self.read(step)
        except UnusableError as error:
            return error
        return None
