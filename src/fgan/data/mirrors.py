"""Fetch one file from the first of several mirrors that serves what its checksum promises."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fgan.data.idx import GZIP_MAGIC, unpack
from fgan.errors import DataError
from fgan.output import Say, on_a_terminal

TIMEOUT = 30.0  # seconds without a byte before a mirror counts as silent


def cache_folder() -> Path:
    """Return where downloads and other things that can be made again are kept: `$FGAN_CACHE`, or the system's own."""
    import pooch

    chosen = os.environ.get("FGAN_CACHE")
    return Path(chosen or pooch.os_cache("fgan")).expanduser()


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def download(name: str, sha256: str, mirrors: Sequence[str], target: Path, say: Say) -> str:
    """Fetch `name`.gz from the first good mirror into `target`; nothing half-written ever stands there.

    Args:
        name: of the unpacked file.
        sha256: of the unpacked content, so that any mirror will do however it packs.
        mirrors: addresses of folders, tried in order.
        target: folder to store in; made if it is missing.
        say: told of each mirror that was skipped.

    Returns:
        The mirror that served the file.

    Raises:
        DataError: every mirror failed (each is named with its reason), or `target` cannot be written.
    """
    failures: list[str] = []
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target, prefix=".download-") as aside:
            for mirror in mirrors:
                reason = _fetch(f"{mirror.rstrip('/')}/{name}.gz", Path(aside) / name, sha256)
                if reason is None:
                    _move(Path(aside) / name, target)
                    return mirror
                failures.append(f"{mirror} ({reason})")
                say(f"The mirror {mirror} was skipped for {name}.gz: {reason}")
    except OSError as error:
        raise DataError(
            f"Downloads need a folder that can be written to; {target} cannot ({error}). "
            "Name another with data_dir or $FGAN_CACHE."
        ) from error
    raise DataError(
        f"{name}.gz could not be downloaded; tried {'; '.join(failures) or 'no mirror, for none is set'}. "
        f"Check the network, name other mirrors in $FGAN_MNIST_MIRRORS, or put the file into {target} by "
        "hand."
    )


def _fetch(url: str, path: Path, sha256: str) -> str | None:
    """Download `url` to `path` and verify it; return why it was refused, or None for a good file."""
    import requests
    from pooch import HTTPDownloader

    get = HTTPDownloader(progressbar=on_a_terminal(sys.stderr), chunk_size=1 << 16, timeout=TIMEOUT)
    try:
        get(url, str(path), None)
        received = sha256_of(unpack(path))
    except requests.HTTPError as error:
        return str(error)
    except requests.RequestException as error:
        return f"{type(error).__name__}: {error}"
    except DataError:
        return "what it served is damaged gzip"
    return None if received == sha256 else f"wrong content: SHA-256 {received} instead of {sha256}"


def _move(path: Path, target: Path) -> None:
    """Put a verified file in place; its name says whether it is packed, for some servers unpack."""
    with path.open("rb") as file:
        packed = file.read(2) == GZIP_MAGIC
    path.replace(target / (f"{path.name}.gz" if packed else path.name))
