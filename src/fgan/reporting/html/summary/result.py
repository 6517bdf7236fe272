"""The summary of a report."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from fgan.output import jsonable


@dataclass(frozen=True)
class Step:
    """Something to try: why, and the command."""

    why: str
    command: str


@dataclass(frozen=True)
class Summary:
    """What a report says in sentences.

    Args:
        compared: what was trained.
        result: what came out of it.
        problems: what went wrong.
        next: what to try, the most useful first.
        verdict: the result in one sentence that can be quoted alone.
    """

    compared: str
    result: tuple[str, ...]
    problems: tuple[str, ...] = ()
    next: tuple[Step, ...] = ()
    verdict: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it in JSON's types."""
        return jsonable(self)

    def text(self, width: int = 80) -> str:
        """Return it for a terminal; commands stay on one line, to be copied."""
        blocks = [_filled(self.compared, width), _filled(" ".join(self.result), width)]
        if self.problems:
            blocks.append("\n".join(["Problems", *(_item(one, width) for one in self.problems)]))
        if self.next:
            lines = [line for step in self.next for line in (_item(step.why, width), f"      {step.command}")]
            blocks.append("\n".join(["What to try next", *lines]))
        if self.verdict:
            blocks.append("\n".join(["In one sentence", _filled(self.verdict, width, "  ", "  ")]))
        return "\n\n".join(filter(None, blocks))


def _item(text: str, width: int) -> str:
    return _filled(text, width, "  - ", "    ")


def _filled(text: str, width: int, first: str = "", others: str = "") -> str:
    return textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=others,
        break_on_hyphens=False,
        break_long_words=False,
    )
