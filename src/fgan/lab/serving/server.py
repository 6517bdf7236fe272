"""The server of `fgan lab`: one link, opened by one user, on this machine only."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import uvicorn

from fgan.lab.serving import gif, messages, questions
from fgan.lab.serving.access import Access
from fgan.lab.serving.app import app
from fgan.lab.serving.helper import Helper
from fgan.lab.serving.opening import Opening, opened
from fgan.lab.serving.ports import bound
from fgan.lab.serving.processes import preload
from fgan.lab.serving.questions import Questions
from fgan.lab.serving.sessions import Sessions
from fgan.lab.serving.workers import TARGET, Workers
from fgan.output import Say

HARD_LIMIT = 4 * messages.MOST_BYTES
"""A message beyond it closes the connection; smaller ones that are too large are answered."""
SECONDS_TO_CLOSE = 3


@dataclass(frozen=True)
class Targets:
    """The functions that the server's processes run, as "module:name"."""

    worker: str = TARGET
    question: str = "fgan.lab.serving.questions:answer"
    picture: str = "fgan.lab.serving.gif:answer"
    question_seconds: float = questions.SECONDS


def serve(
    data: Sequence[str], port: int | None, open_page: bool, say: Say, targets: Targets | None = None
) -> None:
    """Serve the page until SIGINT or SIGTERM; all processes have ended when it returns.

    Args:
        data: what to open: a target, the path of a table, or paths of runs.
        port: the port; 0 for any, None for the usual one or the next that is free.
        open_page: whether to open the link in the browser.
        say: told the link when requests can come, and what else there is to know.
        targets: what its processes run.

    Raises:
        FganError: if the data cannot be opened, or the port is taken.
        KeyboardInterrupt: after SIGINT.
    """
    targets, opening = targets or Targets(), opened(data, say)
    with bound(port, say) as listening:
        access = Access(listening.getsockname()[1], opening.fragment)
        before = signal.signal(signal.SIGTERM, lambda *_: None)  # what uvicorn passes on once it has closed
        preload(targets.worker)
        workers = Workers(targets.worker)
        try:
            asyncio.run(
                _serve(listening, access, opening, workers, targets, _announcer(access.link, open_page, say))
            )
        finally:
            workers.close()
            signal.signal(signal.SIGTERM, before)


async def _serve(
    listening: socket.socket,
    access: Access,
    opening: Opening,
    workers: Workers,
    targets: Targets,
    announce: Callable[[], None],
) -> None:
    asked = Questions(targets.question, targets.question_seconds)
    gifs = Helper(targets.picture, gif.SECONDS)
    sessions = Sessions(workers, asked, opening.messages)
    application = app(access, sessions, asked, gifs, [run.name for run in opening.runs])
    config = uvicorn.Config(
        application,
        http="h11",
        ws="websockets-sansio",
        lifespan="off",
        ws_max_size=HARD_LIMIT,
        ws_per_message_deflate=False,
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=SECONDS_TO_CLOSE,
    )
    try:
        workers.prepare()
        await _Server(config, announce).serve([listening])
    finally:
        asked.close()
        gifs.close()


class _Server(uvicorn.Server):
    """Says when requests can come."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()


def _announcer(link: str, open_page: bool, say: Say) -> Callable[[], None]:
    def announce() -> None:
        say(f"fgan lab: {link}\nCtrl-C ends it.")
        if open_page and _has_screen():
            asyncio.get_running_loop().run_in_executor(None, _open, link)

    return announce


def _has_screen() -> bool:
    """Whether a browser can open a window: one that runs in the terminal would cover the link."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def _open(link: str) -> None:
    with suppress(webbrowser.Error, OSError):  # the link is printed too
        webbrowser.open(link)
