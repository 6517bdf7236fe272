"""Text that may come from anyone, made safe to show."""

from __future__ import annotations

import shlex
from html import escape
from typing import Any

INVISIBLE = {
    code: f"\\u{code:04x}"
    for code in (
        *(code for code in range(0x20) if chr(code) not in "\t\n"),  # C0: escape sequences begin here
        *range(0x7F, 0xA0),  # DEL and C1
        *(0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),  # reorder what is shown
        *(0x2028, 0x2029),  # break lines
        *range(0xD800, 0xE000),  # bytes of a name that is not UTF-8
    )
}
"""Characters that could steer a terminal, as text; in JSON's own spelling, so that JSON stays the same."""

LONGEST = 120
"""Characters of a name in a list."""


def fgan_command(*words: object) -> str:
    """Return a command line to copy into a shell, each word quoted: names and paths may come from anyone.

    >>> fgan_command("sample", "runs/a b; touch x")
    "fgan sample 'runs/a b; touch x'"
    """
    return shlex.join(["fgan", *map(str, words)])


def visible(text: str) -> str:
    """Return text in which nothing steers a terminal: file names, cells and messages may come from anyone.

    >>> visible("a\\x1b[2Jb")
    'a\\\\u001b[2Jb'
    """
    return text.translate(INVISIBLE)


def visible_inside(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold, nested
    """Return nested dicts and lists in which all text, keys included, is `visible`.

    >>> visible_inside({"a\\x7f": ["\\x1b", 1]})
    {'a\\\\u007f': ['\\\\u001b', 1]}
    """
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible_inside(key): visible_inside(one) for key, one in value.items()}
    return [visible_inside(one) for one in value] if isinstance(value, (list, tuple)) else value


def in_html(text: str) -> str:
    """Return text as part of a page, whatever it holds.

    >>> in_html("a<b\\x1b")
    'a&lt;b\\\\u001b'
    """
    return escape(visible(text))


def brief(text: str, most: int = LONGEST) -> str:
    """Return text in one line, without its middle where it is long: the ends of names tell them apart.

    >>> brief("a\\nb"), brief("runs/" + "x" * 200 + "-seed0", 21)
    ('a\\\\nb', 'runs/xxxx...xxx-seed0')
    """
    text = visible(text).replace("\n", "\\n").replace("\t", "\\t")
    if len(text) <= most:
        return text
    end = (most - 3) // 2
    return f"{text[: most - 3 - end]}...{text[-end:]}"
