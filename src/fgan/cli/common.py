"""What several verbs read and print alike."""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from fgan.cli import print_error, print_out
from fgan.errors import FganError
from fgan.experiments.presets import preset
from fgan.files import save_file
from fgan.training.config import TrainConfig

if TYPE_CHECKING:
    from fgan.estimation import Estimate, Estimates

PICTURES = (".png", ".pdf", ".svg")
TERMINAL = Path("-")


def names_in(text: str) -> list[str]:
    """Return names between commas, of which those within brackets are none: f(u)=max(u,1) is one name.

    >>> names_in("kl, f(u)=max(u,1)")
    ['kl', 'f(u)=max(u,1)']
    """
    names, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            names.append("")
        else:
            names[-1] += letter
    return [name.strip() for name in names] if text.strip() else []


def divergences_in(text: str) -> str | list[str]:
    """Return the name that --divergence gives, or the names."""
    names = names_in(text)
    if not names or "" in names:
        raise FganError(
            f"--divergence must be names separated by commas, or all; got {text!r}. `fgan divergences` lists them."
        )
    return names[0] if len(names) == 1 else names


def as_json(value: object, indent: int | None = None) -> str:
    """Return JSON text; values must be finite."""
    return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)


def checked_picture(path: Path | None) -> None:
    """Raise an FganError for a --plot that is no picture, before anything is done."""
    if path and path != TERMINAL and path.suffix.lower() not in PICTURES:
        raise FganError(f"--plot writes {', '.join(PICTURES)}, or text for -; got {path}.")


def show(found: Estimate | Estimates, path: Path | None, *, json: bool) -> None:
    """Print an estimate; draw it, or the first of several, where a picture is asked for."""
    print_out(as_json(found.to_dict()) if json else str(found))
    if path:
        one = found if not isinstance(found, Mapping) else next(iter(found.values()))
        if path == TERMINAL:
            from fgan.estimation.plot import sketch

            print_error(f"\n{sketch(one)}")
            return
        picture = io.BytesIO()
        one.plot().savefig(picture, format=path.suffix[1:].lower())
        save_file(path, picture.getvalue(), "A picture")


def base_recipe(arguments: list[str]) -> TrainConfig:
    """Return the recipe that the flags start from: a config file, the run to resume, or a preset.

    It has to be known before the flags are read, so that they change it and `--help` shows its values.
    """
    early = argparse.ArgumentParser("fgan train", add_help=False, allow_abbrev=False)
    early.add_argument("--preset")
    early.add_argument("--config", type=Path)
    early.add_argument("--out", type=Path)
    early.add_argument("--resume", action="store_true")
    known, _ = early.parse_known_args(arguments)
    if known.config and known.preset:
        raise FganError("--config and --preset are two whole recipes; give one of them.")
    if known.config:
        return TrainConfig.read(known.config)
    if known.resume and known.out and not known.preset and (known.out / "config.json").is_file():
        return TrainConfig.read(known.out / "config.json")
    return dataclasses.replace(preset(known.preset or "default", "digits"), data=tyro.MISSING)
