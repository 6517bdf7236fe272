"""Ways to damage a run directory, for torture_storage.py."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

NEWEST, BEST = "checkpoints/step-00000012", "best"
Damage = Callable[[Path], None]
Change = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Fault:
    """One way of damage.

    Args:
        name: what is done to what.
        damage: does it to a run directory.
        named: the words of which one must be in what is said, where the result is not that of an undisturbed run.
    """

    name: str
    damage: Damage
    named: tuple[str, ...]


def faults(base: Path) -> list[Fault]:
    """Return every fault; `base` is a whole run to look at."""
    newest_best = sorted(path.name for path in (base / BEST).iterdir())[-1]
    found: list[Fault] = []
    for folder in (NEWEST, f"{BEST}/{newest_best}"):
        for path in sorted((base / folder).iterdir()):
            found += of_file(f"{folder}/{path.name}")
    for name in ("state.json", "SHA256SUMS"):
        found += of_text(f"{NEWEST}/{name}")
    for name in ("metrics.jsonl", "evaluations.jsonl", "speed.jsonl"):
        found += of_log(name)
    for name in ("status.json", "evaluation.json", "table.json", "config.json"):
        found += of_text(name)
    return [*found, *of_folders(), *of_config(), *signed()]


def of_file(name: str) -> list[Fault]:
    """Return damage to a file of a checkpoint: its folder and its name must be said."""
    path = Path(name)

    def at(share: float, bit: int) -> Change:
        def flipped(content: bytes) -> bytes:
            changed = bytearray(content)
            changed[min(int(share * len(content)), len(content) - 1)] ^= 1 << bit
            return bytes(changed)

        return flipped

    changes: dict[str, Change] = {
        "first bit flipped": at(0, 0),
        "bit in the middle flipped": at(0.5, 3),
        "last bit flipped": at(1, 6),
        "content zeroed": zeroed,
        "all zeroed": lambda content: bytes(len(content)),
        "last byte cut": lambda content: content[:-1],
        "half cut": lambda content: content[: len(content) // 2],
        "empty": lambda content: b"",
        "a byte too many": lambda content: content + b"\0",
        "another file's": lambda content: b"# not mine\n",
    }
    found = [Fault(f"{name} {how}", edited(name, change), (path.name,)) for how, change in changes.items()]

    def older(run: Path) -> None:
        others = sorted(run.glob(f"{path.parent.parent}/*/{path.name}"))
        content = others[0].read_bytes() if len(others) > 1 else b"none"
        (run / path).write_bytes(content)

    return [
        *found,
        Fault(f"{name} of an older checkpoint", older, (path.name,)),
        Fault(f"{name} deleted", lambda run: (run / path).unlink(), (path.name,)),
        Fault(f"{name} is a folder", lambda run: in_its_place(run / path), (path.name,)),
        Fault(f"{name} leads nowhere", lambda run: led(run / path), (path.name,)),
    ]


def zeroed(content: bytes) -> bytes:
    """Return a safetensors file with zeros for numbers."""
    if len(content) < 8:
        return content
    head = min(8 + struct.unpack("<Q", content[:8])[0], len(content) // 2)
    return content[:head] + bytes(len(content) - head)


def edited(name: str, change: Change) -> Damage:
    """Return damage that changes the content of a file."""

    def damage(run: Path) -> None:
        path = run / name
        path.write_bytes(change(path.read_bytes() if path.exists() else b"{}"))

    return damage


def in_its_place(path: Path) -> None:
    """Put a folder in the place of a file, or a file in the place of a folder."""
    if path.is_dir():
        shutil.rmtree(path)
        path.write_text("x")
    else:
        path.unlink(missing_ok=True)
        path.mkdir()


def led(path: Path) -> None:
    """Put a link that leads nowhere in the place of a file."""
    path.unlink()
    path.symlink_to("nowhere")


def of_text(name: str) -> list[Fault]:
    """Return contents that JSON files should not have."""
    contents = {
        "empty": b"",
        "[]": b"[]",
        "{}": b"{}",
        "null": b"null",
        "a number": b"7",
        "cut": b'{"step": 12, "fr',
        "zeros": bytes(200),
        "deep": b"[" * 100_000,
        "a long number": b'{"step": ' + b"9" * 5000 + b"}",
        "1e999": b'{"step": 1e999}',
        "a key twice": b'{"step": 12, "step": 12}',
        "no UTF-8": b'\xff{"step": 12}',
        "a surrogate": b'{"step": "\\ud800"}',
    }
    file = Path(name).name
    found = [
        Fault(f"{name} {how}", edited(name, lambda _, content=content: content), (file,))
        for how, content in contents.items()
    ]
    return [*found, Fault(f"{name} is a folder", lambda run: in_its_place(run / name), (file,))]


def of_log(name: str) -> list[Fault]:
    """Return damage to lines of a log."""

    def second(new: bytes) -> Change:
        def changed(content: bytes) -> bytes:
            first, _, *rest = content.splitlines(keepends=True)
            return b"".join([first, new, *rest])

        return changed

    changes: dict[str, Change] = {
        "garbage": second(b"GARBAGE\n"),
        "zeros": second(bytes(90) + b"\n"),
        "a cut line": second(b'{"step": 4, "bou\n'),
        "a number": second(b"123\n"),
        "null": second(b"null\n"),
        "{}": second(b"{}\n"),
        "a text for a step": second(b'{"step": "x"}\n'),
        "a step below 0": second(b'{"step": -4}\n'),
        "true for a step": second(b'{"step": true}\n'),
        "a text for a number": second(b'{"step": 4, "bound": "x", "fid": "x", "samples_per_second": "x"}\n'),
        "a list for a number": second(b'{"step": 4, "bound": [1], "fid": [1]}\n'),
        "NaN": second(b'{"step": 4, "bound": NaN}\n'),
        "10^400": second(b'{"step": 4, "bound": 1' + b"0" * 400 + b"}\n"),
        "10^5000": second(b'{"step": 4, "bound": 1' + b"0" * 5000 + b"}\n"),
        "deep": second(b'{"step": 4, "bound": ' + b"[" * 100_000 + b"\n"),
        "no UTF-8": second(b"\xff\xfe\n"),
        "an empty line": second(b"\n"),
        "the last line twice": lambda content: content + content.splitlines(keepends=True)[-1],
        "the last line cut": lambda content: content[:-9],
        "CRLF": lambda content: content.replace(b"\n", b"\r\n"),
        "zeros at the end": lambda content: content + bytes(100) + b"\n",
        "a bit of the last step flipped": lambda content: content.replace(b'"step": 12', b'"step": 52'),
        "empty": lambda content: b"",
    }
    found = [Fault(f"{name}: {how}", edited(name, change), (name,)) for how, change in changes.items()]
    return [
        *found,
        Fault(f"{name} deleted", lambda run: (run / name).unlink(), (name,)),
        Fault(f"{name} is a folder", lambda run: in_its_place(run / name), (name,)),
        Fault(f"{name} leads nowhere", lambda run: led(run / name), (name,)),
    ]


def of_folders() -> list[Fault]:
    """Return what may lie around in a run directory, or be missing."""

    def folder(name: str) -> Damage:
        return lambda run: (run / name).mkdir(parents=True)

    def file(name: str, content: bytes = b"stray") -> Damage:
        def damage(run: Path) -> None:
            (run / name).parent.mkdir(parents=True, exist_ok=True)
            (run / name).write_bytes(content)

        return damage

    def removed(name: str) -> Damage:
        return lambda run: shutil.rmtree(run / name)

    strays = {
        "a Mac's file": file(f"{NEWEST}/._generator.safetensors"),
        "a Mac's folder": file(f"{NEWEST}/.DS_Store"),
        "one more file": file(f"{NEWEST}/zz.safetensors"),
        "one more folder": folder(f"{NEWEST}/stray"),
        "step-5": folder("checkpoints/step-5"),
        "step-00000099": folder("checkpoints/step-00000099"),
        "step-00000099 as a file": file("checkpoints/step-00000099"),
        "step-99999999999999999999": folder("checkpoints/step-99999999999999999999"),
        "step-999999999999999": folder("checkpoints/step-999999999999999"),
        "step-000000000000012": folder("checkpoints/step-000000000000012"),
        "step-٧٧": folder("checkpoints/step-٧٧"),
        "step-٠٠٠٠٠٠١٢": folder("checkpoints/step-٠٠٠٠٠٠١٢"),
        "step--0000012": folder("checkpoints/step--0000012"),
        "STEP-00000012": folder("checkpoints/STEP-00000012 stray"),
        "a half-written checkpoint": file("checkpoints/.step-00000016.part/generator.safetensors"),
        "a half-removed checkpoint": file("checkpoints/.step-00000004.gone/state.json"),
        "a half-written config": file(".config.json.123.part"),
        "a picture that is a folder": folder("samples/step-00000099.png"),
        "a picture of step ²": file("samples/step-².png"),
        "a picture of step ٧٧": file("samples/step-٧٧.png"),
        "best step-00000099": folder("best/step-00000099"),
    }
    found = [
        Fault(f"stray: {name}", damage, ("step-00000099", "step-999999999999999"))
        for name, damage in strays.items()
    ]
    return [
        *found,
        Fault("newest checkpoint empty", lambda run: emptied(run / NEWEST), ("step-00000012",)),
        Fault("newest checkpoint is a file", lambda run: in_its_place(run / NEWEST), ("step-00000012",)),
        Fault("newest checkpoint removed", removed(NEWEST), ("step 8", "step-00000008", "no best")),
        Fault("all checkpoints removed", removed("checkpoints"), ("has no checkpoint", "no checkpoint")),
        Fault("all checkpoints damaged", all_flipped, ("generator.safetensors",)),
        Fault("no best", removed("best"), ("no best", "best")),
        Fault("checkpoints is a file", lambda run: in_its_place(run / "checkpoints"), ("checkpoint",)),
        Fault("samples is a file", lambda run: in_its_place(run / "samples"), ("samples",)),
        Fault("no samples", removed("samples"), ("samples",)),
    ]


def emptied(folder: Path) -> None:
    """Remove what a folder holds."""
    shutil.rmtree(folder)
    folder.mkdir()


def all_flipped(run: Path) -> None:
    """Damage every checkpoint."""
    for path in run.glob("*/step-*/generator*.safetensors"):
        path.write_bytes(zeroed(path.read_bytes()))


def of_config() -> list[Fault]:
    """Return edits of a config: what is not said to be free to change must be refused."""
    values: dict[str, list[Any]] = {
        "lr": [0.002, 10**400],
        "seed": [7],
        "batch_size": [16, 10**12],
        "divergence": ["kl", "no such"],
        "objective": ["tight"],
        "ema": [0.5, 0.0],
        "width": [9, 10**9, 10**30],
        "depth": [2, 10**6],
        "latent": [3],
        "activation": ["tanh"],
        "network": ["dcgan"],
        "standardize": [False],
        "penalties": ["none", "r1:1e308"],
        "log_every": [4, 10**25],
        "checkpoint_every": [2],
        "evaluate_every": [8],
        "evaluate_n": [16],
        "sample_count": [9, 10**12],
        "beta1": [0.9],
        "conditional": [True],
        "data": ["ring8", "/nowhere/x.npy", 5, "a\0b"],
        "unknown": [1],
    }

    def changed(name: str, value: Any) -> Change:
        return lambda content: json.dumps(json.loads(content) | {name: value}, indent=2).encode()

    return [
        Fault(
            f"config.json: {name} = {str(value)[:20]}",
            edited("config.json", changed(name, value)),
            (
                "config.json",
                "holds different samples",
                "has changed since",
                "no longer exists",
                "does not exist",
                "cannot",
            ),
        )
        for name, some in values.items()
        for value in some
    ]


def signed() -> list[Fault]:
    """Return checkpoints with wrong content whose digests were made again."""

    def tensors(name: str, change: Callable[[str, Any], Any]) -> Damage:
        def damage(run: Path) -> None:
            path = run / NEWEST / f"{name}.safetensors"
            save_file({key: np.asarray(change(key, value)) for key, value in load_file(path).items()}, path)
            sign(run / NEWEST)

        return damage

    def state(change: Callable[[dict[str, Any]], Any]) -> Damage:
        def damage(run: Path) -> None:
            path = run / NEWEST / "state.json"
            values = json.loads(path.read_bytes())
            change(values)
            path.write_text(json.dumps(values))
            sign(run / NEWEST)

        return damage

    def numbers(name: str, value: int) -> Damage:
        return tensors("progress", lambda key, one: np.full_like(one, value) if key == name else one)

    changes: dict[str, Callable[[str, Any], Any]] = {
        "NaN": lambda key, one: one * np.float32(np.nan),
        "infinite": lambda key, one: one + np.float32(np.inf),
        "float16": lambda key, one: one.astype(np.float16),
        "float64": lambda key, one: one.astype(np.float64),
        "whole": lambda key, one: one.astype(np.int64),
        "one number": lambda key, one: one.reshape(-1)[:1],
        "a scalar": lambda key, one: np.asarray(one.reshape(-1)[0]),
    }
    named = ("step-00000012", "data.npy has changed since")
    files = ("generator", "generator_average", "critic", "critic_optimizer", "generator_optimizer")
    found = [
        Fault(f"{file} {how}, digests made again", tensors(file, change), named)
        for file in files
        for how, change in changes.items()
    ]
    edits = {
        "steps_done": numbers("steps_done", 10**9),
        "summed": numbers("summed", -1),
        "backoff": numbers("backoff", -(10**9)),
        "shape of the frame": state(lambda one: one["frame"].update(shape=[1, 100_000, 100_000])),
        "text in the frame": state(lambda one: one["frame"].update(scale=["x"])),
        "scale of the frame": state(lambda one: one["frame"].update(scale=[0.0])),
        "no frame": state(lambda one: one.pop("frame")),
        "classes": state(lambda one: one.update(classes=5)),
        "step": state(lambda one: one.update(step=10**9)),
        "recipe": state(lambda one: one.update(recipe=[])),
    }
    return [*found, *(Fault(f"{name}, digests made again", damage, named) for name, damage in edits.items())]


def sign(checkpoint: Path) -> None:
    """Make the digests fit the files."""
    sums = checkpoint / "SHA256SUMS"
    names = [line.split("  ")[1] for line in sums.read_text().splitlines()]
    lines = (f"{hashlib.sha256((checkpoint / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    sums.write_text("".join(lines))
