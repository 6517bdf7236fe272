"""`fgan lab` as a process, and clients that talk to it."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from websockets.sync.client import ClientConnection, connect

SECONDS = 60
"""A busy machine may take long to start a process."""
STUB = """
import functools, json, sys
from fgan.lab.serving.server import Targets, serve
data, targets = json.loads(sys.argv[1])
serve(data, 0, False, functools.partial(print, flush=True), Targets(**targets))
"""
STANDING_IN = {"worker": "lab_stub:echo", "question": "lab_stub:answer", "question_seconds": 2.0}


class Lab:
    """A server in a session of its own, so that its processes can be counted.

    Args:
        command: what follows `python`.
        more: environment variables.
    """

    def __init__(self, command: list[str], **more: str) -> None:
        support = str(Path(__file__).parent)
        paths = os.pathsep.join(filter(None, (support, os.environ.get("PYTHONPATH"))))
        self.process = subprocess.Popen(
            [sys.executable, *command],
            env={**os.environ, "PYTHONPATH": paths, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said: list[str] = []
        self._ready = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        assert self._ready.wait(SECONDS), f"the server says no link: {self.said}"
        assert self.link, f"the server ended: {self.said}"

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))
            if self.link:
                self._ready.set()
        self._ready.set()

    @property
    def link(self) -> str:
        """The link that it printed."""
        found = re.search(r"http://\S+", "\n".join(self.said))
        return found[0] if found else ""

    @property
    def base(self) -> str:
        """The link without path and token."""
        return self.link.partition("/?")[0]

    @property
    def port(self) -> int:
        """The port."""
        return int(self.base.rpartition(":")[2])

    @contextlib.contextmanager
    def client(self, *, let_in: bool = True) -> Iterator[httpx.Client]:
        """Yield an HTTP client, which has the cookie."""
        with httpx.Client(base_url=self.base, timeout=SECONDS) as client:
            if let_in:
                assert client.get(self.link).status_code == 303
            yield client

    @property
    def cookie(self) -> str:
        """The cookie as a header's value."""
        with self.client() as client:
            return "; ".join(f"{name}={value}" for name, value in client.cookies.items())

    @contextlib.contextmanager
    def page(self, **options) -> Iterator["Page"]:
        """Open a connection as a page does."""
        headers = {"Cookie": self.cookie, **options.pop("headers", {})}
        usual = {
            "origin": self.base,
            "host": self.base.partition("//")[2],
            "max_size": None,
            "close_timeout": 1,
        }
        options = usual | options
        address = f"ws://{options.pop('host')}/socket"
        raw = socket.create_connection(("127.0.0.1", self.port))
        with connect(
            address, sock=raw, additional_headers=headers, compression=None, **options
        ) as connection:
            yield Page(connection)

    def processes(self) -> list[int]:
        """Return the numbers of all processes of its session that run."""
        found = []
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                state, _, _, session, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(session) == self.process.pid and state not in "ZX":
                    found.append(int(folder.name))
        return found

    def end(self, how: int = signal.SIGTERM) -> int:
        """Send a signal to the server alone; return its exit code."""
        self.process.send_signal(how)
        return self.process.wait(SECONDS)

    def close(self) -> None:
        """End everything."""
        for number in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        self.process.wait(SECONDS)


class Page:
    """A connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def send(self, **message) -> None:
        """Send an object."""
        self.socket.send(json.dumps(message))

    def receive(self) -> dict | bytes:
        """Return the next message."""
        found = self.socket.recv(SECONDS)
        return found if isinstance(found, bytes) else json.loads(found)

    def until(self, kind: str) -> dict:
        """Return the next text message of a kind."""
        while True:
            message = self.receive()
            if isinstance(message, dict) and message.get("kind") == kind:
                return message

    def frame(self) -> tuple[dict, bytes]:
        """Return the header and the payload of the next binary message."""
        while not isinstance(message := self.receive(), bytes):
            pass
        end = 4 + int.from_bytes(message[:4], "little")
        return json.loads(message[4:end]), message[end:]


@contextlib.contextmanager
def lab(*arguments: object, **more: str) -> Iterator[Lab]:
    """Run `fgan lab`."""
    server = Lab(["-m", "fgan", "lab", *map(str, arguments), "--no-open", "--port", "0"], **more)
    try:
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def stub_lab(*data: str, **targets) -> Iterator[Lab]:
    """Run a server whose processes are stubs."""
    server = Lab(["-c", STUB, json.dumps([data, STANDING_IN | targets])])
    try:
        yield server
    finally:
        server.close()


def eventually(condition, seconds: float = SECONDS) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "this did not become true in time"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def trainers(server: Lab) -> list[int]:
    """Return the processes below its fork server: trainers, the spare one, and helpers."""
    return [
        number for number in server.processes() if number != server.process.pid and _is_forked(number, server)
    ]


def _is_forked(number: int, server: Lab) -> bool:
    parent = int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
    return parent not in (server.process.pid, 0, 1) and not gone(parent)
