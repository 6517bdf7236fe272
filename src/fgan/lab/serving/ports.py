"""The port that the page is served on."""

from __future__ import annotations

import errno
import socket
import sys

from fgan.errors import FganError
from fgan.lab.serving.access import NAMES
from fgan.output import Say

USUAL_PORT = 8765
TRIED = 20
"""Ports that are tried where none is asked for."""
LARGEST_PORT = 65535


def bound(port: int | None, say: Say) -> socket.socket:
    """Return a socket that listens on a port, to this machine alone.

    Args:
        port: the port; 0 for any, None for the usual one or the next that is free.
        say: told when the usual one is taken.

    Raises:
        FganError: if the port is taken, or none.
    """
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
