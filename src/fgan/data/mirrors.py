"""Fetch one file from the first of several mirrors that serves what its checksum promises."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from http.client import HTTPException, IncompleteRead
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tqdm import tqdm

from fgan.data.idx import GZIP_MAGIC, MOST_UNPACKED, unpacked
from fgan.errors import DataError
from fgan.files import replace_durably
from fgan.output import Say, on_a_terminal

TIMEOUT = 30.0  # seconds without a byte before a mirror counts as silent


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
        say: told of each mirror that failed before one served the file.

    Returns:
        The mirror that served the file.

    Raises:
        DataError: every mirror failed (each is named with its reason), or `target` cannot be written.
    """
    failures: dict[str, str] = {}
    try:
        target.mkdir(parents=True, exist_ok=True)
        for mirror in mirrors:
            try:
                content, packed = _fetch(f"{mirror.rstrip('/')}/{name}.gz", sha256)
            except _RefusedError as reason:
                failures[mirror] = str(reason)
            else:
                for failed, why in failures.items():
                    say(f"mirror {failed} failed for {name}.gz: {why}")
                replace_durably(target / (f"{name}.gz" if packed else name), content)
                return mirror
    except OSError as error:
        raise DataError(
            f"cannot write downloads to {target} ({error}). Choose another folder with --data-dir (data_dir=) "
            "or $FGAN_CACHE."
        ) from error
    raise DataError(
        f"cannot download {name}.gz: {_in_words(failures)}.\n"
        f"Put the four MNIST files (*-ubyte.gz) into {target}, or set $FGAN_MNIST_MIRRORS to other mirrors."
    )


def _in_words(failures: dict[str, str]) -> str:
    """Name each mirror with its reason, or the reason once if all have the same, as without a network."""
    if len(failures) > 1 and len(reasons := set(failures.values())) == 1:
        return f"all {len(failures)} mirrors failed ({reasons.pop()})"
    return "; ".join(f"{mirror} ({reason})" for mirror, reason in failures.items()) or "no mirror is set"


class _RefusedError(Exception):
    """Why what a mirror served is of no use."""


def _fetch(url: str, sha256: str) -> tuple[bytes, bool]:
    """Return what `url` serves, and whether it is packed: some servers unpack.

    Raises:
        _RefusedError: where nothing comes, or something else than the checksum promises.
    """
    try:
        served = _read(url)
        received = sha256_of(unpacked(served, url))
    except HTTPError as error:
        raise _RefusedError(f"{error.code} {error.reason}") from error
    except URLError as error:
        raise _RefusedError(str(error.reason)) from error
    except (OSError, HTTPException, ValueError) as error:  # cut off on the way; no address at all
        raise _RefusedError(f"{type(error).__name__}: {error}") from error
    except DataError as error:
        raise _RefusedError("damaged gzip") from error
    if received != sha256:
        raise _RefusedError(f"wrong content: SHA-256 {received} instead of {sha256}")
    return served, served.startswith(GZIP_MAGIC)


def _read(url: str) -> bytes:
    request = Request(url, headers={"User-Agent": "fgan"})
    with (
        urlopen(request, timeout=TIMEOUT) as response,
        tqdm(total=response.length, unit="B", unit_scale=True, disable=not on_a_terminal(sys.stderr)) as bar,
    ):
        parts = []
        while part := response.read(1 << 16):
            parts.append(part)
            if sum(map(len, parts)) > MOST_UNPACKED:
                raise ValueError(f"more than {MOST_UNPACKED:,} bytes")
            bar.update(len(part))
        if response.length:
            raise IncompleteRead(b"".join(parts), response.length)
        return b"".join(parts)
