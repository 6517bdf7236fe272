"""Which devices torch can use here."""

from __future__ import annotations

import torch

from fgan.errors import FganError


def resolve_device(name: str) -> str:
    """Return the device that "auto" means here, or `name` itself where it can be used.

    Raises:
        FganError: for a device that this machine, or this build of torch, does not have.
    """
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return "cuda" if available["cuda"] else "cpu"
    if not available.get(name):
        raise FganError(
            f'--device must be one that torch can use here; got "{name}". Use --device cpu or auto.'
        )
    return name
