"""The pages, files and connections that the server offers, behind its guard."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from fgan.errors import FganError
from fgan.lab.serving import gif
from fgan.lab.serving.access import Access, Guard
from fgan.lab.serving.helper import Helper
from fgan.lab.serving.questions import Questions
from fgan.lab.serving.sessions import Sessions

PAGE = Path(__file__).parent.with_name("page")
MOST_GIFS = 2
"""Being made or waiting: each holds its pictures in memory."""


def app(
    access: Access, sessions: Sessions, questions: Questions, gifs: Helper, runs: Sequence[str]
) -> ASGIApp:
    """Return the whole as one application.

    Args:
        access: who may use it.
        sessions: serves the connections.
        questions: knows the catalogue.
        gifs: makes GIFs.
        runs: names of the runs that were given on the command line.
    """

    async def index(request: Request) -> Response:
        page = with_preloads((PAGE / "index.html").read_text(encoding="utf-8"))
        return HTMLResponse(page, headers={"content-security-policy": access.policy(page)})

    async def catalogue(request: Request) -> Response:
        try:
            return JSONResponse({"divergences": await questions.catalogue(), "runs": list(runs)})
        except FganError as error:
            return _refusal(500, error)

    routes = [
        Route("/", index),
        Route("/catalogue", catalogue),
        Route("/gif", _Gif(gifs).make, methods=["POST"]),
        WebSocketRoute("/socket", sessions.serve),
        Mount("/page", StaticFiles(directory=PAGE)),
    ]
    return Guard(Starlette(routes=routes), access)


def with_preloads(page: str) -> str:
    """Return the page with a hint to fetch all its modules at once, instead of each where another imports it."""
    modules = sorted((PAGE / "js").rglob("*.js"))
    hints = [f'<link rel="modulepreload" href="/page/{one.relative_to(PAGE).as_posix()}">' for one in modules]
    return page.replace("</head>", "\n".join([*hints, "</head>"]), 1)


class _Gif:
    """Answers `POST /gif`."""

    def __init__(self, helper: Helper) -> None:
        self._helper, self._open = helper, 0

    async def make(self, request: Request) -> Response:
        """Answer a request, unless too many are being answered."""
        if self._open >= MOST_GIFS:
            return _refusal(429, FganError("other GIFs are being made. Try again when they are done."))
        self._open += 1
        try:
            return await self._answer(request)
        finally:
            self._open -= 1

    async def _answer(self, request: Request) -> Response:
        try:
            milliseconds = gif.checked_milliseconds(request.query_params.get("milliseconds"))
            if (body := await _read(request, gif.MOST_BYTES)) is None:
                return _refusal(
                    413, FganError(f"the pictures may have at most {gif.MOST_BYTES >> 20} MiB. Record less.")
                )
            found = await self._helper.ask(gif.LENGTH.pack(milliseconds) + body)
        except FganError as error:
            return _refusal(400, error)
        if not found.startswith(gif.GIF):
            return PlainTextResponse(json.loads(found)["error"], 400)
        return Response(found, media_type="image/gif")


async def _read(request: Request, most: int) -> bytes | None:
    """Return a request's body, or None if it is larger."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)


def _refusal(status: int, error: FganError) -> Response:
    return PlainTextResponse(str(error), status)
