"""What a verb takes: its flags read off its dataclass, its `--help`, and errors for words that do not fit."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import inspect
import io
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import tyro

from fgan.cli import Answered, print_out
from fgan.cli import help as help_page
from fgan.cli.memory import limit_memory
from fgan.errors import FganError, did_you_mean

Command = TypeVar("Command")
POSITIONAL, HIDDEN = (get_args(mark[str])[1] for mark in (tyro.conf.Positional, tyro.conf.Suppress))


@dataclass(frozen=True)
class Flag:
    """One flag of a verb, or one of its arguments that stand without a flag.

    Args:
        name: such as --steps; of an argument without a flag, what stands for it, such as DATA.
        kind: its type.
        text: its help, as one paragraph.
        default: its value if it is not given; `tyro.MISSING` if it must be given.
        positional: whether it stands without a flag.
        owner: the name of the dataclass that has it, which decides its group.
    """

    name: str
    kind: Any
    text: str
    default: Any
    positional: bool
    owner: str

    @property
    def is_switch(self) -> bool:
        """Whether it takes no value."""
        return self.kind is bool

    @property
    def choices(self) -> tuple[str, ...]:
        """Its values, if they are few and known."""
        return tuple(_literals(self.kind))

    @property
    def takes_path(self) -> bool:
        """Whether its value is a file or a folder."""
        return Path in (get_args(self.kind) or (self.kind,))


@cache
def flags_of(command: type) -> tuple[Flag, ...]:
    """Return everything that a command takes, including the fields of dataclasses in it."""
    return tuple(_flags(command))


def _flags(command: type) -> Iterator[Flag]:
    hints, texts = get_type_hints(command, include_extras=True), _texts(command)
    for field in dataclasses.fields(command):
        hint = hints[field.name]
        kind, *marks = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        if HIDDEN in marks:
            continue
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            yield from flags_of(kind)
            continue
        said = {
            key: value for mark in marks for key in ("name", "metavar") if (value := getattr(mark, key, None))
        }
        positional = POSITIONAL in marks
        flag = "--" + said.get("name", field.name.replace("_", "-"))
        owner, text = texts[field.name]
        yield Flag(
            said.get("metavar", field.name.upper()) if positional else flag,
            kind,
            text,
            tyro.MISSING if field.default is dataclasses.MISSING else field.default,
            positional,
            owner,
        )


def _texts(command: type) -> dict[str, tuple[str, str]]:
    """Return, for each field, the name of the class that declares it and the text below it, as one paragraph."""
    texts: dict[str, tuple[str, str]] = {}
    for owner in reversed([one for one in command.__mro__ if dataclasses.is_dataclass(one)]):
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
        assert isinstance(tree, ast.ClassDef), "a dataclass is a class"
        for field, below in zip(tree.body, [*tree.body[1:], None], strict=True):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                value = below.value if isinstance(below, ast.Expr) else None
                text = str(value.value) if isinstance(value, ast.Constant) else ""
                texts[field.target.id] = owner.__name__, " ".join(text.split())
    return texts


def _literals(kind: Any) -> list[str]:  # noqa: ANN401 - a type hint has no type of its own
    if get_origin(kind) is Literal:
        return [str(value) for value in get_args(kind)]
    return [value for part in get_args(kind) for value in _literals(part)]


def read(
    command: type[Command],
    arguments: Sequence[str],
    page: help_page.Page,
    default: Callable[[], Command] | None = None,
) -> Command:
    """Return the command that the arguments give; print its help and exit where that is asked for.

    Args:
        command: a dataclass, whose fields are the flags.
        arguments: what follows the verb.
        page: what its help shows first.
        default: returns the command that the flags change; called after the flags are known to exist.

    Raises:
        FganError: for an unknown flag, a value that does not fit, or a missing argument.
    """
    flags = flags_of(command)
    if wanted := [word for word in arguments if word in help_page.FLAGS]:
        values = default() if default else None
        print_out(page.text(inspect.getdoc(command) or "", flags, values, everything="--help-all" in wanted))
        raise Answered(0)
    _require_known(flags, arguments, page.verb)
    made: dict[str, Any] = {"default": default()} if default else {}
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            found = tyro.cli(
                command,
                prog=page.verb,
                args=arguments,
                config=(tyro.conf.OmitArgPrefixes,),
                add_help=False,
                **made,
            )
        limit_memory(found)
        return found
    except SystemExit as exit_:
        if not exit_.code:
            raise Answered(0) from None
        raise FganError(f"{_in_words(complaint.getvalue(), flags)}\n{_see(page.verb)}") from exit_


def _require_known(flags: Sequence[Flag], arguments: Sequence[str], verb: str) -> None:
    """Refuse flags that do not exist, and values that do not fit them."""
    known = {flag.name: flag for flag in flags if not flag.positional}
    known |= {f"--no-{name[2:]}": flag for name, flag in known.items() if flag.is_switch}
    for word, after in zip_longest(arguments, arguments[1:]):
        if not re.match(r"--[A-Za-z]", word):
            continue
        name, given, value = word.partition("=")
        name = name.replace("_", "-")
        if name not in known:
            raise FganError(f"unknown flag {name}.{did_you_mean(name, known)}\n{_see(verb)}")
        flag = known[name]
        if not flag.is_switch:
            _require_fitting(flag, value if given else after, verb)


def _require_fitting(flag: Flag, value: str | None, verb: str) -> None:
    kinds = get_args(flag.kind) or (flag.kind,)
    metavar = help_page.metavar(flag)
    if value is None or value in ("-h", "--help"):
        raise FganError(f"{flag.name} needs a value: {flag.name} {metavar}.\n{_see(verb)}")
    if flag.choices and value not in flag.choices and not (value == "None" and type(None) in kinds):
        hint = did_you_mean(value, flag.choices)
        raise FganError(f'{flag.name} must be one of {", ".join(flag.choices)}; got "{value}".{hint}')
    for kind, words in ((int, "a whole number"), (float, "a number")):
        if kind in kinds and get_origin(flag.kind) is not tuple and value != "None":
            with contextlib.suppress(ValueError):
                kind(value)
                continue
            raise FganError(f'{flag.name} must be {words}; got "{value}".')


def _see(verb: str) -> str:
    return f"`{verb} --help` shows the flags and examples."


def _in_words(complaint: str, flags: Sequence[Flag]) -> str:
    """Return what the parser complains about as one sentence, without its frame.

    >>> data = Flag("DATA", str, "", tyro.MISSING, True, "")
    >>> _in_words("+- Required options -+\\n| Missing from fgan train: |\\n|     DATA |\\n|         What |", [data])
    'DATA is missing.'
    """
    lines = [line.strip(" │|") for line in complaint.splitlines()]
    said = [line for line in lines if re.match(r"\w", line)]
    if any(line.startswith("Missing from") for line in said):
        missing = [flag.name for flag in flags if flag.positional and flag.name in said]
        return f"{' and '.join(missing)} {'are' if missing[1:] else 'is'} missing."
    for line in said:
        if line.startswith("Unrecognized options: "):
            return f"too many arguments: {line.removeprefix('Unrecognized options: ')}."
    return " ".join(said)
