"""`fgan completion`: a script by which a shell completes verbs, flags and their values."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

import tyro

from fgan.cli import VERBS, print_out
from fgan.cli.arguments import flags_of, read
from fgan.cli.help import Page
from fgan.cli.scripts import bash_script, fish_script, zsh_script

FILES, RUNS = "@files", "@runs"
"""Among the values of a flag: files, and folders that hold a run or a comparison."""


HELP = Page(
    "fgan completion",
    examples=(
        "fgan completion bash > ~/.local/share/bash-completion/completions/fgan",
        "fgan completion zsh > ~/.zfunc/_fgan     # any folder in $fpath",
        "fgan completion fish > ~/.config/fish/completions/fgan.fish",
    ),
    more="Print the script again after you update fgan.",
)


@dataclass(frozen=True, kw_only=True)
class CompletionCommand:
    """Print a script for your shell that completes verbs, flags, data, divergences, presets and run directories."""

    shell: Annotated[tyro.conf.Positional[Literal["bash", "zsh", "fish"]], tyro.conf.arg(metavar="SHELL")]
    """Your shell: bash, zsh or fish."""


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
    command = read(CompletionCommand, arguments, HELP)
    scripts = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}
    print_out(scripts[command.shell](VERBS, {verb: completions_of(verb) for verb in VERBS}))


def completions_of(verb: str) -> Completions:
    """Return what can follow a verb, by the dataclasses of its module that end with "Command"."""
    flags: dict[str, list[str]] = {}
    switches = ["--help", "--help-all"]
    module = importlib.import_module(f"fgan.cli.{verb}")
    values, words = values_by_flag(), words_by_verb()
    for name, command in inspect.getmembers(module, inspect.isclass):
        if not name.endswith("Command") or command.__module__ != module.__name__:
            continue
        for flag in flags_of(command):
            if flag.positional:
                continue
            if flag.is_switch:
                switches += [flag.name, flag.name.replace("--", "--no-", 1)]
            else:
                flags[flag.name] = [*flag.choices, *values.get(flag.name, [FILES] if flag.takes_path else [])]
    return Completions(flags, sorted({*switches} - {*flags}), words.get(verb, [FILES]))


def values_by_flag() -> dict[str, list[str]]:
    """Return the values that flags of this name have in any verb."""
    from fgan.divergences import EXAMPLES
    from fgan.estimation import INFORMATION_METHODS, METHODS
    from fgan.evaluation.metrics import METRICS
    from fgan.experiments.comparison import LOSSES
    from fgan.experiments.presets import FITTING, PRESETS
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
        "--preset": [FITTING, *_typable(PRESETS)],
        "--worker": [RUNS],
    }


def words_by_verb() -> dict[str, list[str]]:
    """Return what can stand without a flag, of verbs that take more than files there."""
    from fgan.data.load import BUILDERS
    from fgan.divergences import EXAMPLES
    from fgan.lab.serving.opening import NAMES

    data, divergences = [*_typable(BUILDERS), FILES], _typable(EXAMPLES)
    return {
        **dict.fromkeys(("train", "compare"), data),
        **{verb: [RUNS, FILES] for verb in ("sample", "evaluate", "report")},
        **dict.fromkeys(("divergences", "cite"), divergences),
        "verify": [*divergences, FILES],
        "runs": [FILES],
        "lab": [*NAMES, RUNS, FILES],
        "paper": ["toy", "mnist"],
        "completion": ["bash", "zsh", "fish"],
    }


def _typable(names: Iterable[str]) -> list[str]:
    """Return names that need no quotes in a shell."""
    return [name for name in names if re.fullmatch(r"[\w.:+-]+", name)]
