"""A page's connection: its messages go to a worker of its own, unchanged, and the worker's come back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from fgan.errors import FganError
from fgan.lab.serving.messages import Rate, checked, error
from fgan.lab.serving.outbox import Outbox
from fgan.lab.serving.processes import Worker
from fgan.lab.serving.questions import Questions
from fgan.lab.serving.workers import Workers

MOST_PAGES = 8
TRY_LATER, AGAINST_THE_RULES = 1013, 1008
SECONDS_TO_SAY_GOODBYE = 1.0
LOST = "The process that trained has ended, perhaps for lack of memory. Start again."
STATELESS = ("frame", "visible")
"""What a page may ask for while nothing trains: a new worker is told."""


class Sessions:
    """The open pages.

    Args:
        workers: where workers come from.
        questions: what answers questions about an f.
        opening: messages that each worker receives first.
    """

    def __init__(
        self, workers: Workers, questions: Questions, opening: Sequence[dict[str, Any]] = ()
    ) -> None:
        self._workers, self._questions = workers, questions
        self._opening = [json.dumps(message).encode() for message in opening]
        self._open = 0

    async def serve(self, socket: WebSocket) -> None:
        """Serve one page until it closes."""
        await socket.accept()
        if self._open >= MOST_PAGES:
            with suppress(WebSocketDisconnect):
                await socket.send_text(
                    error(
                        "open",
                        f"{MOST_PAGES} pages are open, which is the most. Close one, then reload this page.",
                    )
                )
                await socket.close(TRY_LATER, "too many pages")
            return
        self._open += 1
        session = Session(socket, self._workers, self._questions, self._opening)
        try:
            await session.run()
        finally:
            self._open -= 1
            session.end()


class Session:
    """One page.

    Args:
        socket: its connection.
        workers: where its worker comes from.
        questions: what answers its questions about an f.
        opening: what a worker receives first.
    """

    def __init__(
        self, socket: WebSocket, workers: Workers, questions: Questions, opening: Sequence[bytes]
    ) -> None:
        self._socket, self._workers, self._questions, self._opening = socket, workers, questions, opening
        self._outbox, self._rate = Outbox(), Rate()
        self._worker: Worker | None = None
        self._visible = b""
        self._frame = b""
        """The request for a frame that has not come yet."""

    async def run(self) -> None:
        """Serve the page until it closes, breaks the rules, or does not read."""
        tasks = [asyncio.create_task(one) for one in (self._receive(), self._send(), self._outbox.overflow())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            reasons = [task.result() for task in done]
            if self._outbox.overflowed:
                reasons = ["this page does not read its messages"]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if reason := next(filter(None, reasons), None):
            with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
                async with asyncio.timeout(SECONDS_TO_SAY_GOODBYE):
                    await self._socket.send_text(error("rate", f"The connection is closed: {reason}."))
                    await self._socket.close(AGAINST_THE_RULES, reason)

    def end(self) -> None:
        """End the page's worker."""
        self._questions.forget(self)
        if (worker := self._worker) is not None:
            self._worker = None
            self._workers.end(worker)

    async def _receive(self) -> str | None:
        """Pass on what the page sends; return why it may send no more, or None when it has closed."""
        await self._begin()
        while (received := await self._socket.receive())["type"] != "websocket.disconnect":
            await asyncio.sleep(0)  # where many wait, others get their turn
            if not self._rate.allows():
                return "too many messages in a second"
            text = received.get("text")
            content: str | bytes = received.get("bytes") or b"" if text is None else text
            try:
                message = checked(content)
            except FganError as problem:
                self._outbox.put(error("message", _sentence(problem)))
                continue
            if not await self._pass(message, str(content).encode()):
                return "the process that trains does not keep up with this page's messages"
        return None

    async def _pass(self, message: dict[str, Any], raw: bytes) -> bool:
        """Pass on one message; return False if the worker is too far behind."""
        do = message["do"]
        if do == "f":
            self._questions.ask(self, message, self._reply)
            return True
        if do == "start" and self._opening and not message.get("settings"):
            # A link without settings shows what was opened; one with settings begins a race instead.
            if self._worker is None:
                await self._begin(self._visible, self._frame)
            return True
        if do == "visible":
            self._visible = raw
        if do == "frame":
            self._frame = raw
        if self._worker is None and do == "start":
            await self._begin(self._visible)
            return self._to_worker(raw) and (not self._frame or self._to_worker(self._frame))
        return self._to_worker(raw, do)

    def _to_worker(self, raw: bytes, do: str = "start") -> bool:
        if self._worker is not None:
            return self._worker.send(raw)
        if do not in STATELESS:
            self._outbox.put(error(do, LOST))
        return True

    async def _begin(self, *first: bytes) -> None:
        """Take a worker."""
        try:
            worker = self._worker = await self._workers.take()
        except (OSError, EOFError) as problem:
            self._lost(f"The process that trains could not be started ({problem}). Start again.")
            return
        loop = asyncio.get_running_loop()

        def soon(call: Any, *arguments: object) -> None:  # noqa: ANN401 - a method of this object
            with suppress(RuntimeError):  # the server has ended
                loop.call_soon_threadsafe(call, worker, *arguments)

        worker.attach(partial(soon, self._from_worker), partial(soon, self._ended))
        for message in filter(None, (*self._opening, *first)):
            worker.send(message)

    def _from_worker(self, worker: Worker, message: bytes) -> None:
        if worker is not self._worker:
            return
        if message[:1] == b"{":
            self._outbox.put(message.decode())
            return
        if self._frame and _kind(message) != "target":
            self._frame = b""
        self._outbox.put(message)

    def _ended(self, worker: Worker) -> None:
        if worker is self._worker:
            self._worker = None
            self._workers.end(worker)
            self._lost(LOST)

    def _lost(self, why: str) -> None:
        self._outbox.put(json.dumps({"kind": "lost", "message": why}))

    def _reply(self, answer: dict[str, Any]) -> None:
        if "error" in answer:
            answer = {**answer, "error": _sentence(answer["error"])}
        self._outbox.put(json.dumps(answer))

    async def _send(self) -> str | None:
        with suppress(WebSocketDisconnect):
            while True:
                message = await self._outbox.get()
                await (
                    self._socket.send_text(message)
                    if isinstance(message, str)
                    else self._socket.send_bytes(message)
                )
        return None


def _kind(frame: bytes) -> str:
    """Return the kind of a binary frame."""
    length = int.from_bytes(frame[:4], "little")
    return json.loads(frame[4 : 4 + length])["kind"]


def _sentence(problem: object) -> str:
    text = str(problem)
    return text[:1].upper() + text[1:]
