"""Read JSON from files that somebody else may have written: with limits, and checked against a shape."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, TypeVar

import msgspec

from fgan.errors import DataError, FganError

MOST_BYTES = 64 << 20
MOST_DEPTH = 32
MOST_DIGITS = 400
"""Of one number: Python refuses longer ones with an error of its own."""
LARGEST = 2**63
"""A whole number must be smaller, as every other program that reads JSON expects."""
SHOWN = 60
QUOTED = re.compile(r".* (?:is damaged|is not valid JSON) \((.*)\)\. Restore the file\.", re.DOTALL)
Shape = TypeVar("Shape")


def read_json(path: str | Path, error: type[FganError] = DataError) -> Any:  # noqa: ANN401 - any JSON
    """Return the content of a JSON file.

    Args:
        path: the file.
        error: the type of error to raise.

    Raises:
        FganError: of that type, if the file cannot be read, is larger than 64 MB, or is refused by `parse_json`.
    """
    try:
        with opened(Path(path)) as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as reason:  # ValueError: a path with NUL, too
        raise error(f"{path} cannot be read ({reason}).") from reason
    return parse_json(content, str(path), error)


def opened(path: Path) -> BinaryIO:
    """Open a regular file to read its bytes: a pipe would wait for somebody to write.

    Raises:
        OSError: if it is anything else, or the system refuses.
    """
    if path.exists() and not path.is_file():
        raise OSError("it is not a file")
    return path.open("rb")


def parse_json(
    content: bytes | str, origin: str, error: type[FganError] = DataError, *, finite: bool = True
) -> Any:  # noqa: ANN401 - any JSON
    """Return the value of a JSON text that may come from anybody.

    Args:
        content: the text, or its UTF-8 bytes, with or without a byte order mark.
        origin: its name in errors.
        error: the type of error to raise.
        finite: refuse NaN, Infinity and numbers too large for a float.

    Raises:
        FganError: of that type, if it is no JSON, is nested more than 32 deep, has a key twice, a lone surrogate, a
            whole number beyond 64 bits, or more than 64 MB.

    >>> parse_json('{"a": [1, 2.5]}', "here")
    {'a': [1, 2.5]}
    >>> parse_json('{"a": 1, "a": 2}', "here")
    Traceback (most recent call last):
    fgan.errors.DataError: here is not valid JSON (the key "a" occurs twice). Restore the file.
    """
    try:
        if len(content) > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES >> 20} MB")
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
        value = json.loads(
            text,
            object_pairs_hook=_without_repeats,
            parse_constant=_refuse_constant if finite else None,
            parse_int=_whole,
        )
        for one in _leaves(value):
            _check_leaf(one, finite)
    except RecursionError:
        reason = f"it is nested more than {MOST_DEPTH} deep"
    except ValueError as found:  # of json, of UTF-8, and of the checks
        reason = str(found)
    else:
        return value
    raise error(f"{origin} is not valid JSON ({reason}). Restore the file.") from None


def shaped(
    value: Any,  # noqa: ANN401 - any JSON
    shape: type[Shape],
    origin: str,
    error: type[FganError] = DataError,
) -> Shape:
    """Return a JSON value as a dataclass or another type, its nested types checked.

    Args:
        value: from `parse_json`.
        shape: a dataclass, or a type such as `dict[str, float | None]`.
        origin: the name of the file in errors.
        error: the type of error to raise.

    Raises:
        FganError: of that type, if it has another shape; the place is named.

    >>> shaped({"a": 1}, dict[str, float], "here")
    {'a': 1.0}
    >>> shaped({"a": "b"}, dict[str, float], "here")
    Traceback (most recent call last):
    fgan.errors.DataError: here is damaged (Expected `float`, got `str` - at `$[...]`). Restore the file.
    """
    try:
        return msgspec.convert(value, shape)
    except (msgspec.ValidationError, OverflowError) as reason:
        raise error(f"{origin} is damaged ({reason}). Restore the file.") from None


def reason_of(error: FganError) -> str:
    """Return the reason that an error of `parse_json` or `shaped` gives in brackets, for another error to quote.

    >>> reason_of(DataError("here is damaged (its step is -1). Restore the file."))
    'its step is -1'
    """
    found = QUOTED.fullmatch(str(error))
    return found[1] if found else str(error).removesuffix(".")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f'the key "{twice[:SHOWN]}" occurs twice')
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS or abs(value := int(digits)) >= LARGEST:
        raise ValueError(f"the number {digits[:SHOWN]}{'…' * (len(digits) > SHOWN)} is too large")
    return value


def _leaves(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any JSON
    """Yield keys, texts and numbers at any depth, without recursion."""
    level = [value]
    for _ in range(MOST_DEPTH + 1):
        deeper = []
        for one in level:
            if isinstance(one, dict):
                yield from one
                deeper += one.values()
            elif isinstance(one, list):
                deeper += one
            else:
                yield one
        if not deeper:
            return
        level = deeper
    raise RecursionError


def _check_leaf(one: object, finite: bool) -> None:
    if isinstance(one, str):
        if not one.isascii():
            one.encode()  # refuses lone surrogates
    elif finite and isinstance(one, float) and one - one != 0:
        raise ValueError("a number is too large for a float")
