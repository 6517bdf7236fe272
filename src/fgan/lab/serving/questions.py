"""What pages ask beside their race, about an f of their own and for the catalogue."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from fgan.errors import FganError
from fgan.lab.serving.helper import Helper

SECONDS = 30.0
"""Laws of an f with kinks take 6 seconds, and another process may train meanwhile."""
LONGEST_ID = 100


class Questions:
    """Answers the questions of all pages in turn; of one page only the newest.

    Args:
        function: what answers one, bytes to bytes: "module:name".
        seconds: the time limit of an answer.
    """

    def __init__(self, function: str = "fgan.lab.serving.questions:answer", seconds: float = SECONDS) -> None:
        self._helper = Helper(function, seconds)
        self._newest: dict[object, tuple[dict[str, Any], Callable[[dict[str, Any]], None]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._catalogue: list[dict[str, str]] | None = None

    async def catalogue(self) -> list[dict[str, str]]:
        """Return name, title, use and formula of every divergence that can be trained with."""
        if self._catalogue is None:
            answer = await self._ask({"catalogue": True})
            if "error" in answer:
                raise FganError(answer["error"])
            self._catalogue = list(answer["divergences"])
        return self._catalogue

    def ask(self, page: object, message: dict[str, Any], reply: Callable[[dict[str, Any]], None]) -> None:
        """Answer a message about an f, unless the page asks again before its turn.

        Args:
            page: who asks.
            message: has an id and a text.
            reply: takes the answer.
        """
        self._newest.pop(page, None)  # to the end of the line
        self._newest[page] = message, reply
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())

    def forget(self, page: object) -> None:
        """Drop what a page has asked, which is no longer there."""
        self._newest.pop(page, None)

    def close(self) -> None:
        """End the process."""
        self._helper.close()

    async def _work(self) -> None:
        while self._newest:
            page = next(iter(self._newest))
            message, reply = self._newest.pop(page)
            answer = await self._answered({"text": message.get("text")})
            reply({"kind": "f", "id": message.get("id"), **answer})
            if "error" not in answer and page not in self._newest:
                checked = await self._answered({"laws_of": message.get("text")})
                reply({"kind": "laws", "id": message.get("id"), **checked})

    async def _answered(self, question: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self._ask(question)
        except FganError as error:
            return {"error": str(error)}

    async def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        return json.loads(await self._helper.ask(json.dumps(question).encode()))


def answer(question: bytes) -> bytes:
    """Answer one question; called in the helper's process."""
    asked = json.loads(question)
    try:
        return json.dumps(_answer(asked), allow_nan=False).encode()
    except FganError as error:
        return json.dumps({"error": str(error)}).encode()
    except Exception as error:  # the page shows it, and the next question is answered
        return json.dumps({"error": f"this failed ({type(error).__name__}: {error})."}).encode()


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    if "catalogue" in asked:
        from fgan.lab.serving.catalogue import entries

        return {"divergences": entries()}
    from fgan.lab import any_f

    if "laws_of" in asked:
        return any_f.laws(asked["laws_of"])
    if not isinstance(asked["text"], str):
        raise FganError(f"text must be a formula; got {json.dumps(asked['text'])[:60]}.")
    return any_f.answer(asked["text"])
