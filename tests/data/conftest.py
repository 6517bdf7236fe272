"""Small real files, and a real HTTP server, that the tests of the data room share."""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch

from fgan.data import mnist


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(7)


@pytest.fixture
def notes() -> list[str]:
    """Collect what loading says: pass `say=notes.append`."""
    return []


@pytest.fixture
def idx_bytes() -> Callable[..., bytes]:
    """Encode an array of rank 1 or 3 as IDX."""

    def encode(array: np.ndarray, packed: bool = False) -> bytes:
        header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
        content = header + array.astype(np.uint8).tobytes()
        return gzip.compress(content, mtime=0) if packed else content

    return encode


@pytest.fixture
def tiny(monkeypatch, tmp_path, idx_bytes):
    """Stand-ins for MNIST's four files, unpacked, with their checksums expected; no folder holds them yet."""
    rng = np.random.default_rng(0)
    files = {}
    for part, n in (("train", 12), ("t10k", 5)):
        files[f"{part}-images-idx3-ubyte"] = idx_bytes(rng.integers(0, 256, (n, 28, 28)))
        files[f"{part}-labels-idx1-ubyte"] = idx_bytes(rng.integers(0, 10, n))
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert list(hashes) != [] and set(hashes) == set(mnist.SHA256)
    monkeypatch.setattr(mnist, "SHA256", hashes)
    monkeypatch.setattr(mnist, "MIRRORS", [])
    monkeypatch.delenv("FGAN_DATA", raising=False)
    monkeypatch.delenv("FGAN_MNIST_MIRRORS", raising=False)
    monkeypatch.setenv("FGAN_CACHE", str(tmp_path / "cache"))
    return files


class Mirror:
    """A web server on this machine: `answers` maps a path to (status, body, announced length), `sends` to another."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes, int]] = {}
        self.sends: dict[str, str] = {}
        self.requests: list[str] = []
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.requests.append(self.path)
                status, body, length = mirror.answers.get(self.path, (404, b"", 0))
                if self.path in mirror.sends:
                    status = 302
                self.send_response(status)
                if self.path in mirror.sends:
                    self.send_header("Location", mirror.sends[self.path])
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def serve(self, path: str, body: bytes, *, length: int | None = None, status: int = 200) -> None:
        self.answers[path] = (status, body, len(body) if length is None else length)

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def mirror(monkeypatch) -> Iterator[Mirror]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    mirror = Mirror()
    yield mirror
    mirror.stop()
