"""`fgan completion`: a script by which a shell completes verbs, flags and their values."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import tyro

from fgan.cli import VERBS, print_out
from fgan.cli.scripts import bash_script, fish_script, zsh_script

FILES, RUNS = "@files", "@runs"
"""Among the values of a flag: files, and folders that hold a run or a comparison."""


@dataclass(frozen=True, kw_only=True)
class CompletionCommand:
    """Print a script that completes verbs, flags, data, divergences, presets and run directories.

    bash: `fgan completion bash > ~/.local/share/bash-completion/completions/fgan`; zsh: into a file `_fgan` of a folder
    in $fpath; fish: `fgan completion fish > ~/.config/fish/completions/fgan.fish`. Print it anew after an update.
    """

    shell: tyro.conf.Positional[Literal["bash", "zsh", "fish"]]
    """Which shell."""


@dataclass(frozen=True)
class Completions:
    """What can follow a verb.

    Args:
        flags: those that take a value, with the values that are known, by name such as --preset.
        switches: those that take none.
        words: what can stand without a flag.
    """

    flags: dict[str, list[str]]
    switches: list[str]
    words: list[str]


def run(arguments: list[str]) -> None:
    """Parse the arguments and print the script."""
    command = tyro.cli(CompletionCommand, prog="fgan completion", args=arguments)
    scripts = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}
    print_out(scripts[command.shell](VERBS, {verb: completions_of(verb) for verb in VERBS}))


def completions_of(verb: str) -> Completions:
    """Return what can follow a verb, by the dataclasses of its module that end with "Command"."""
    flags: dict[str, list[str]] = {}
    switches = ["--help"]
    module = importlib.import_module(f"fgan.cli.{verb}")
    values, words = values_by_flag(), words_by_verb()
    for name, command in inspect.getmembers(module, inspect.isclass):
        if not name.endswith("Command") or command.__module__ != module.__name__:
            continue
        for flag, kind in _fields(command):
            if kind is bool:
                switches += [flag, flag.replace("--", "--no-", 1)]
            else:
                flags[flag] = [*_literals(kind), *values.get(flag, [FILES] if Path in _parts(kind) else [])]
    return Completions(flags, sorted({*switches} - {*flags}), words.get(verb, [FILES]))


def values_by_flag() -> dict[str, list[str]]:
    """Return the values that flags of this name have in any verb."""
    from fgan.divergences import EXAMPLES
    from fgan.estimation import INFORMATION_METHODS, METHODS
    from fgan.evaluation.metrics import METRICS
    from fgan.experiments.comparison import LOSSES
    from fgan.experiments.presets import PRESETS
    from fgan.objectives.penalties import PENALTIES
    from fgan.tracking import TRACKERS

    divergences = _typable(EXAMPLES)
    return {
        "--divergence": divergences,
        "--divergences": ["all", *divergences],
        "--generator-divergence": divergences,
        "--generators": [*LOSSES, *divergences],
        "--log-to": [*TRACKERS],
        "--method": _typable(dict.fromkeys([*METHODS, *INFORMATION_METHODS])),
        "--metrics": ["all", *_typable(METRICS)],
        "--out": [RUNS, FILES],
        "--penalties": ["none", *_typable(PENALTIES)],
        "--preset": _typable(PRESETS),
        "--worker": [RUNS],
    }


def words_by_verb() -> dict[str, list[str]]:
    """Return what can stand without a flag, of verbs that take more than files there."""
    from fgan.data.load import BUILDERS
    from fgan.divergences import EXAMPLES

    data, divergences = [*_typable(BUILDERS), FILES], _typable(EXAMPLES)
    return {
        **dict.fromkeys(("train", "compare"), data),
        **{verb: [RUNS, FILES] for verb in ("sample", "evaluate", "report")},
        **dict.fromkeys(("divergences", "cite"), divergences),
        "verify": [*divergences, FILES],
        "runs": [FILES],
        "paper": ["toy", "mnist"],
        "completion": ["bash", "zsh", "fish"],
    }


def _fields(command: type) -> Iterator[tuple[str, Any]]:
    """Yield the flags of a command and their types; of dataclasses in it too, without prefix."""
    positional, hidden = (get_args(mark[str])[1] for mark in (tyro.conf.Positional, tyro.conf.Suppress))
    for name, hint in get_type_hints(command, include_extras=True).items():
        if name not in {one.name for one in dataclasses.fields(command)}:
            continue
        kind, *marks = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        if hidden in marks:
            continue
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            yield from _fields(kind)
        elif positional not in marks:
            told = [mark.name for mark in marks if getattr(mark, "name", None)]
            yield "--" + (told[0] if told else name.replace("_", "-")), kind


def _literals(kind: Any) -> list[str]:  # noqa: ANN401 - a type hint has no type of its own
    if get_origin(kind) is Literal:
        return [str(value) for value in get_args(kind)]
    return [value for part in get_args(kind) for value in _literals(part)]


def _parts(kind: Any) -> tuple[Any, ...]:  # noqa: ANN401
    return get_args(kind) or (kind,)


def _typable(names: Iterable[str]) -> list[str]:
    """Return names that need no quotes in a shell."""
    return [name for name in names if re.fullmatch(r"[\w.:+-]+", name)]
