"""How `--help` and `--help-all` of a verb look."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import tyro

if TYPE_CHECKING:
    from fgan.cli.arguments import Flag

FLAGS = ("-h", "--help", "--help-all")
NARROWEST, WIDEST = 60, 100
COLUMN = 24
"""Characters that a flag and its value have; a longer one has a line of its own."""
OWN = "This command"
GROUPS = {
    ("TrainConfig", "--divergence"): "The game between the two networks",
    ("TrainConfig", "--batch-size"): "Training",
    ("TrainConfig", "--network"): "Networks",
    ("TrainConfig", "--log-every"): "Pictures, checkpoints and evaluations while training",
    ("TrainConfig", "--data-dir"): "Reading data",
    ("TrainConfig", "--columns"): "Reading tables",
    ("TrainConfig", "--device"): "This machine",
    ("TableFlags", "--drop"): "Reading tables",
    ("LoadOptions", "--image-size"): "Reading pictures",
}
"""Headings of --help-all, by the class and the flag that begins the group."""
METAVARS = {
    **dict.fromkeys(("--beta1", "--beta2", "--cooldown", "--ema"), "FRACTION"),
    **dict.fromkeys(("--n", "--sample-count", "--evaluate-n", "--batch-size"), "SAMPLES"),
    **dict.fromkeys(("--lr-fade", "--step", "--steps"), "STEPS"),
    **dict.fromkeys(("--columns", "--drop", "--numbers", "--categories"), "COLUMNS"),
    **dict.fromkeys(("--x", "--y"), "COLUMNS"),
    **dict.fromkeys(("--conditional-on", "--target"), "COLUMN"),
    **dict.fromkeys(("--weights", "--weights-p", "--weights-q"), "COLUMN|PATH"),
    **dict.fromkeys(
        ("--divergences", "--generators", "--metrics", "--evaluate-metrics", "--log-to"), "NAMES"
    ),
    **dict.fromkeys(("--penalties", "--augment"), "LIST"),
    **dict.fromkeys(("--generator", "--critic"), "FILE.py:NAME"),
    **dict.fromkeys(("--data-dir", "--held-out"), "PATH"),
    **dict.fromkeys(("--separator", "--decimal", "--thousands"), "SIGN"),
    "--against": "DATA",
    "--background": "COLOUR",
    "--value-range": "RANGE",
    "--interpolate": "SEED SEED",
    "--names": "NAME NAME",
    "--image-size": "PIXELS",
    "--label": "CLASS",
    "--lease": "SECONDS",
    "--ray": "ADDRESS",
    "--truncate": "DISTANCE",
}
"""What stands for the value of a flag, where its type does not say enough."""


@dataclass(frozen=True)
class Page:
    """What the help of a verb shows first.

    Args:
        verb: such as "fgan train".
        examples: commands that work.
        common: the flags that most users need, in this order.
        more: lines below the flags.
    """

    verb: str
    examples: tuple[str, ...]
    common: tuple[str, ...] = ()
    more: str = ""

    def text(self, about: str, flags: Sequence[Flag], values: object, *, everything: bool) -> str:
        """Return the page.

        Args:
            about: what the verb does; its first paragraph is shown first.
            flags: everything that it takes.
            values: a command whose fields are the defaults, if others than its class has.
            everything: whether to show all flags.
        """
        width = min(max(shutil.get_terminal_size((80, 24)).columns, NARROWEST), WIDEST)
        stand_in = [flag for flag in flags if flag.positional]
        named = {flag.name: flag for flag in flags if not flag.positional}
        words = [f"[{one.name}]" if one.default is not tyro.MISSING else one.name for one in stand_in]
        first, _, rest = about.partition("\n\n")
        paragraphs = [first, *(rest.split("\n\n") if everything and rest else [])]
        lines = [" ".join(["usage:", self.verb, *words, *(["[FLAGS]"] if named else [])]), ""]
        for paragraph in paragraphs:
            lines += [*textwrap.wrap(" ".join(paragraph.split()), width, break_on_hyphens=False), ""]
        lines += ["Examples:", *(f"  {example}" for example in self.examples), ""]
        if stand_in:
            lines += ["Arguments:", *(line for one in stand_in for line in _lines(one, values, width)), ""]
        common = [named[name] for name in self.common]
        others = [flag for flag in named.values() if flag not in common]
        if not everything:
            shown = common or others
            heading = "Common flags:" if common and others else "Flags:"
            lines += [heading, *(line for one in shown for line in _lines(one, values, width))]
            hidden = len(named) - len(shown)
            if hidden:
                lines += ["", f"`{self.verb} --help-all` lists {hidden} more."]
        else:
            for heading, members in _grouped(named.values()):
                lines += [f"{heading}:"]
                lines += [line for one in members for line in _lines(one, values, width, both_forms=True)]
                lines += [""]
            lines += ["Help:", *_row("--help, -h", "Show the common flags.", width)]
            lines += _row("--help-all", "Show all flags.", width)
        if self.more:
            lines += ["", *textwrap.wrap(self.more, width, break_on_hyphens=False)]
        return "\n".join(lines)


def _grouped(flags: Iterator[Flag] | Any) -> list[tuple[str, list[Flag]]]:  # noqa: ANN401
    """Return flags below their headings, those of the command itself first."""
    groups: dict[str, list[Flag]] = {OWN: []}
    owner, heading = "", OWN
    for flag in flags:
        if flag.owner != owner:
            owner, heading = flag.owner, OWN
        heading = GROUPS.get((flag.owner, flag.name), heading)
        groups.setdefault(heading, []).append(flag)
    return [(heading, members) for heading, members in groups.items() if members]


def metavar(flag: Flag) -> str:
    """Return the word that stands for the value of a flag."""
    if flag.name in METAVARS and not flag.choices:
        return METAVARS[flag.name]
    if flag.name.endswith("-every"):
        return "STEPS"
    kinds = get_args(flag.kind) or (flag.kind,)
    for kind, word in ((Path, "PATH"), (float, "NUMBER"), (int, "N")):
        if kind in kinds:
            return word
    return "NAME"


def _lines(flag: Flag, values: object, width: int, *, both_forms: bool = False) -> list[str]:
    if flag.positional:
        return _row(flag.name, _told(flag, values), width)
    if not flag.is_switch:
        return _row(f"{flag.name} {metavar(flag)}", _told(flag, values), width)
    off = f"--no-{flag.name[2:]}"
    usual = off if _default(flag, values) is True else flag.name
    return _row(f"{flag.name}, {off}" if both_forms else usual, _told(flag, values), width)


def _told(flag: Flag, values: object) -> str:
    """Return the help of a flag, with its choices and its default."""
    default, text = _default(flag, values), flag.text
    if flag.choices and not all(
        re.search(rf"(?<![\w-]){re.escape(one)}(?![\w-])", text) for one in flag.choices
    ):
        before, default_said, after = text.partition(" (default:")
        text = f"{before} One of: {', '.join(flag.choices)}.{default_said}{after}"
    if default in (None, "", (), tyro.MISSING) or default is False:
        return text
    text = re.sub(r" \(default: .*\)$", "", text)
    shown = "on" if default is True else f"{default:g}" if isinstance(default, float) else str(default)
    # A list that no line holds may break behind its commas.
    shown = shown if len(shown) <= NARROWEST - COLUMN - 12 else shown.replace(",", ", ")
    return f"{text} (default: {shown})"


def _default(flag: Flag, values: object) -> Any:  # noqa: ANN401 - of whatever type the flag has
    name = flag.name[2:].replace("-", "_")
    for one in (values, getattr(values, "recipe", None)):
        if not flag.positional and hasattr(one, name):
            return getattr(one, name)
    return flag.default


def _row(name: str, text: str, width: int) -> list[str]:
    below = textwrap.wrap(text, width - COLUMN, break_on_hyphens=False, break_long_words=False)
    first = f"  {name}"
    if len(first) > COLUMN - 2:
        return [first, *(" " * COLUMN + line for line in below)]
    return [
        f"{first:<{COLUMN}}{below[0] if below else ''}".rstrip(),
        *(" " * COLUMN + line for line in below[1:]),
    ]
