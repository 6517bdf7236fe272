"""Messages of a page: how many, how large, and whether they are messages at all. The worker checks what they ask."""

from __future__ import annotations

import json
import time
from typing import Any

from fgan.errors import FganError, did_you_mean
from fgan.json_files import parse_json, reason_of

MOST_BYTES = 256 << 10
A_SECOND = 200
"""Messages that a page may send."""
KNOWN = (
    "start",
    "change",
    "play",
    "pause",
    "step",
    "pace",
    "frame",
    "visible",
    "f",
    "latent",
    "walk",
    "class",
    "latents",
    "snippet",
)


def checked(text: str | bytes) -> dict[str, Any]:
    """Return a message of a page.

    Raises:
        FganError: if it is too large, not a JSON object, or asks for something unknown.

    >>> checked('{"do": "play"}')
    {'do': 'play'}
    >>> checked('{"do": "paly"}')
    Traceback (most recent call last):
    fgan.errors.FganError: nothing is called "paly". Did you mean "play"?
    """
    if isinstance(text, bytes):
        raise FganError("a message must be text; received bytes.")
    if len(text) > MOST_BYTES or len(text.encode(errors="replace")) > MOST_BYTES:
        raise FganError(f"a message may have at most {MOST_BYTES >> 10} KiB; received {len(text) >> 10} KiB.")
    try:
        message = parse_json(text, "a message", FganError)
    except FganError as error:
        raise FganError(f"a message must be JSON; this is not ({reason_of(error)}).") from None
    if not isinstance(message, dict):
        raise FganError(f"a message must be a JSON object; received {_shown(message)}.")
    do = message.get("do")
    if not isinstance(do, str) or do not in KNOWN:
        hint = did_you_mean(do, KNOWN) if isinstance(do, str) else ""
        raise FganError(f"nothing is called {_shown(do)}.{hint}")
    return message


def error(about: str, message: str) -> str:
    """Return the text that tells a page of a mistake."""
    return json.dumps({"kind": "error", "about": about, "message": message})


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


class Rate:
    """Counts messages, of which a number a second is allowed, and as many at once.

    Args:
        a_second: the number.

    >>> rate = Rate(2)
    >>> rate.allows(), rate.allows(), rate.allows()
    (True, True, False)
    """

    def __init__(self, a_second: float = A_SECOND) -> None:
        self._a_second = self._left = a_second
        self._at = time.monotonic()

    def allows(self) -> bool:
        """Count one message; return whether it is allowed."""
        now = time.monotonic()
        self._left = min(self._a_second, self._left + (now - self._at) * self._a_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
