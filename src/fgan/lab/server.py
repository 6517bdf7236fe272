"""The server of `fgan lab`: one link, opened by one user, on this machine only."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import sys
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import uvicorn

from fgan.errors import FganError
from fgan.lab import gif, messages
from fgan.lab.access import NAMES, Access
from fgan.lab.app import app
from fgan.lab.helper import Helper
from fgan.lab.opening import Opening, opened
from fgan.lab.questions import Questions
from fgan.lab.sessions import Sessions
from fgan.lab.workers import TARGET, Workers
from fgan.output import Say

USUAL_PORT = 8765
TRIED = 20
"""Ports that are tried where none is asked for."""
LARGEST_PORT = 65535
HARD_LIMIT = 4 * messages.MOST_BYTES
"""A message beyond it closes the connection; smaller ones that are too large are answered."""
SECONDS_TO_CLOSE = 3


@dataclass(frozen=True)
class Targets:
    """The functions that the server's processes run, as "module:name"."""

    worker: str = TARGET
    question: str = "fgan.lab.questions:answer"
    picture: str = "fgan.lab.gif:answer"
    question_seconds: float = 10.0


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
    with _bound(port, say) as listening:
        access = Access(listening.getsockname()[1], opening.fragment)
        before = signal.signal(signal.SIGTERM, lambda *_: None)  # what uvicorn passes on once it has closed
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
    questions = Questions(targets.question, targets.question_seconds)
    gifs = Helper(targets.picture, gif.SECONDS)
    sessions = Sessions(workers, questions, opening.messages)
    application = app(access, sessions, questions, gifs, [run.name for run in opening.runs])
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
        questions.close()
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


def _bound(port: int | None, say: Say) -> socket.socket:
    """Return a socket that is bound to a port of this machine alone."""
    if port is not None and not 0 <= port <= LARGEST_PORT:
        raise FganError(f"--port must be from 0 to {LARGEST_PORT}; got {port}.")
    tried = range(USUAL_PORT, USUAL_PORT + TRIED) if port is None else (port,)
    for one in tried:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if sys.platform != "win32":  # there it would share the port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((NAMES[0], one))
            listening.listen()
        except OSError as error:
            listening.close()
            if error.errno == errno.EACCES and port is not None:
                raise FganError(
                    f"port {port} is for the administrator only. Use one above 1023, or 0 for any."
                ) from None
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            continue
        if port is None and one != USUAL_PORT:
            say(f"port {USUAL_PORT} is taken, so this is port {one}")
        return listening
    if port is not None:
        raise FganError(
            f"port {port} is taken by another program. Give another --port, or 0 for any that is free."
        )
    raise FganError(f"the ports {tried[0]} to {tried[-1]} are all taken. Give another: --port 0 takes any.")
