"""Choose the torch device."""

from __future__ import annotations

import torch

from fgan.errors import FganError


def resolve_device(name: str) -> str:
    """Return the device that "auto" stands for on this machine, or `name` itself if it is available.

    Raises:
        FganError: for a device that this machine, or this build of torch, does not have.
    """
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return "cuda" if available["cuda"] else "cpu"
    if not available.get(name):
        raise FganError(
            f'device (--device) "{name}" is not available to torch on this machine. Use cpu or auto.'
        )
    return name


def multiplies_bfloat16(device: str) -> bool:
    """Whether a device has units for products of bfloat16 matrices; without, they are slower than those of float32."""
    if device == "cuda":
        return torch.cuda.get_device_capability() >= (8, 0)
    return device == "cpu" and torch.cpu._is_amx_tile_supported()
