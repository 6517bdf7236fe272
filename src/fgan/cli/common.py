"""What several verbs read and print alike."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from fgan.cli import print_error, print_out
from fgan.errors import FganError
from fgan.experiments.presets import FITTING, preset
from fgan.files import save_file
from fgan.training.config import TrainConfig

if TYPE_CHECKING:
    from fgan.estimation import Estimate, Estimates
    from fgan.figure import Figure

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
            f"--divergence needs names separated by commas, or all; got {text!r}. `fgan divergences` lists the names."
        )
    return names[0] if len(names) == 1 else names


def as_json(value: object, indent: int | None = None) -> str:
    """Return JSON text; values must be finite."""
    return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)


def checked_picture(path: Path | None) -> None:
    """Raise an FganError for a --plot that is no picture, before anything is done."""
    if path and path != TERMINAL and path.suffix.lower() not in PICTURES:
        raise FganError(
            f"--plot must end in {', '.join(PICTURES[:-1])} or {PICTURES[-1]}, or be - for text; got {path}."
        )


def show(found: Estimate | Estimates, path: Path | None, *, json: bool) -> None:
    """Print an estimate; draw it, or the first of several, where a picture is asked for."""
    print_out(as_json(found.to_dict()) if json else str(found))
    if path:
        one = found if not isinstance(found, Mapping) else next(iter(found.values()))
        if path == TERMINAL:
            from fgan.estimation.plot import sketch

            print_error(f"\n{sketch(one)}")
            return
        save_figure(one.plot(), path)


def save_figure(figure: Figure, path: Path) -> None:
    """Save a figure in the format that the file's name ends in."""
    picture = io.BytesIO()
    figure.savefig(picture, format=path.suffix[1:].lower())
    save_file(path, picture.getvalue(), "A picture")


def base_recipe(arguments: list[str]) -> TrainConfig:
    """Return the recipe that the flags start from: a config file, the run to resume, or a preset.

    It has to be known before the flags are read, so that they change it and `--help` shows its values.
    """
    whole, known = _begun_from(arguments)
    if whole:
        return TrainConfig.read(whole)
    known = "default" if known in (None, FITTING) else known
    return dataclasses.replace(preset(known, "digits"), data=tyro.MISSING)


def whole_or_fitting(
    recipe: TrainConfig, known: str, arguments: list[str]
) -> tuple[TrainConfig | str, dict[str, Any]]:
    """Return the data to train on, and keywords: the whole recipe, or what was named where the rest fits the data.

    Args:
        recipe: the recipe that the flags gave.
        known: the preset.
        arguments: the flags.
    """
    if known != FITTING or is_whole(arguments):
        return recipe, {}
    named = {
        field.name: getattr(recipe, field.name)
        for field in dataclasses.fields(recipe)
        for flag in [field.name.replace("_", "-")]
        if is_given(f"--{flag}", arguments) or is_given(f"--no-{flag}", arguments)
    }
    return recipe.data, {"preset": FITTING} | named


def is_whole(arguments: list[str]) -> bool:
    """Whether the flags start from a recipe that somebody wrote down, rather than from a preset."""
    return _begun_from(arguments)[0] is not None


def _begun_from(arguments: list[str]) -> tuple[Path | None, str | None]:
    """Return the file of the recipe that the flags start from, and the name of the preset."""
    config, known_preset, out = (_value_of(flag, arguments) for flag in ("--config", "--preset", "--out"))
    if config and known_preset:
        raise FganError("--config and --preset cannot be combined: each is a complete recipe. Leave one out.")
    if config:
        return Path(config), None
    resumed = (
        Path(out) / "config.json" if out and not known_preset and is_given("--resume", arguments) else None
    )
    return (resumed if resumed and resumed.is_file() else None), known_preset


def _value_of(flag: str, arguments: list[str]) -> str | None:
    """Return the last value that a flag has among the arguments, None if it has none."""
    values = [
        after if word == flag else word.partition("=")[2]
        for word, after in zip_longest(arguments, arguments[1:])
        if word.split("=")[0] == flag
    ]
    return values[-1] if values else None


def is_given(flag: str, arguments: list[str]) -> bool:
    """Whether a flag stands among the arguments."""
    return any(word.split("=")[0].replace("_", "-") == flag for word in arguments)
