"""Who may talk to the server: only pages that it served itself, to a browser that opened the link with the token."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMES = ("127.0.0.1", "localhost")
"""What the address bar may say. Another name that leads here is a page that looks for open ports."""
INLINE = re.compile(r"<script\b(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
CLOSED = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>fgan lab</title>
<h1>This browser has no key to this page</h1>
<p>Open the link that <code>fgan lab</code> printed in the terminal. It holds a token, which is new at each start.</p>
</html>
"""


@dataclass(frozen=True)
class Access:
    """The token of one start of the server, and the port that it listens on.

    Args:
        port: the port.
        opening: the fragment that the link leads to, such as "#eyJ0Ijo..."; "" for none.
        token: a random one.
    """

    port: int
    opening: str = ""
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def link(self) -> str:
        """The link to open."""
        return f"http://{NAMES[0]}:{self.port}/?token={self.token}"

    @property
    def cookie(self) -> str:
        """The cookie's name: cookies are shared by all ports of a host."""
        return f"fgan-lab-{self.port}"

    @property
    def hosts(self) -> set[str]:
        """What the Host header may be."""
        without_port = set(NAMES) if self.port == 80 else set()
        return {f"{name}:{self.port}" for name in NAMES} | without_port

    def policy(self, page: str = "") -> str:
        """Return the Content-Security-Policy: nothing from elsewhere, and no inline script but those of the page."""
        scripts = " ".join(["'self'", *(f"'sha256-{_hash(script)}'" for script in INLINE.findall(page))])
        sockets = " ".join(f"ws://{host}" for host in sorted(self.hosts))
        return (
            f"default-src 'self'; script-src {scripts}; connect-src 'self' {sockets}; "
            "img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    def answer(self, scope: Scope) -> Response | None:
        """Return the answer to a request that goes no further: refused, or sent on with its cookie; else None."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self.hosts:
            return PlainTextResponse(f"Open {self.link.partition('?')[0]} instead.", 403)
        if scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD"):
            origins = headers.getlist("origin")
            if len(origins) != 1 or origins[0].lower() not in {f"http://{host}" for host in self.hosts}:
                return PlainTextResponse("This request comes from another page.", 403)
        if scope["type"] == "http" and scope["path"] == "/":
            (given,) = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[-1:]
            if self._is_token(given):
                return self._welcome()
        if self._is_token(HTTPConnection(scope).cookies.get(self.cookie, "")):
            return None
        if scope["path"] == "/":
            return HTMLResponse(CLOSED, 403)
        return PlainTextResponse("Open the link that fgan lab printed in the terminal.", 403)

    def _welcome(self) -> Response:
        answer = RedirectResponse("/", 303)
        answer.headers["location"] = f"/{self.opening}"  # RedirectResponse would quote it
        answer.set_cookie(self.cookie, self.token, path="/", httponly=True, samesite="strict")
        return answer

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self.token.encode())


def _hash(script: str) -> str:
    script = script.replace("\r\n", "\n").replace("\r", "\n")  # as the browser reads it
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


class Guard:
    """Lets through what may pass, and gives every answer its headers.

    Args:
        app: what is behind it.
        access: who may pass.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                headers.setdefault("content-security-policy", self._access.policy())
                headers["x-content-type-options"] = "nosniff"
                headers["cache-control"] = "no-store"
                headers["referrer-policy"] = "no-referrer"
                headers["cross-origin-resource-policy"] = "same-origin"
            await send(message)

        app = self._access.answer(scope) or self._app
        await app(scope, receive, with_headers)
