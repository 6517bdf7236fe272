"""Text that may come from anyone, made safe to print."""

from __future__ import annotations

import shlex

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
