"""What a page has still to receive. It is bounded: a page that does not read is closed, and loses nothing unnoticed."""

from __future__ import annotations

import asyncio
from collections import deque

MOST_MESSAGES = 500
MOST_BYTES = 64 << 20


class Outbox:
    """A queue that a sender never waits for."""

    def __init__(self) -> None:
        self._messages: deque[str | bytes] = deque()
        self._bytes = 0
        self._news = asyncio.Event()
        self.overflowed = False

    def put(self, message: str | bytes) -> None:
        """Add a message; where too many wait, the page is not reading."""
        if len(self._messages) >= MOST_MESSAGES or self._bytes + len(message) > MOST_BYTES:
            self.overflowed = True
        if not self.overflowed:
            self._messages.append(message)
            self._bytes += len(message)
        self._news.set()

    async def get(self) -> str | bytes:
        """Return the next message."""
        while not self._messages:
            self._news.clear()
            await self._news.wait()
        message = self._messages.popleft()
        self._bytes -= len(message)
        return message

    async def overflow(self) -> None:
        """Wait until too much waits."""
        while not self.overflowed:
            self._news.clear()
            await self._news.wait()
