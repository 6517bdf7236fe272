"""Restore tensors only from tensors of the same names, shapes and types."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


def restore(network: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Load the weights of a network.

    Raises:
        RuntimeError: if a tensor is missing, or has another shape or type.
    """
    require_alike(tensors, network.state_dict(), "its weights")
    network.load_state_dict(tensors)


def require_alike(
    found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], what: str, but: str = ""
) -> None:
    """Refuse tensors that torch would broadcast or convert silently.

    Args:
        found, wanted: tensors by name; further ones in `found` are left to the caller.
        what: their name in errors.
        but: a name that is not compared.

    Raises:
        RuntimeError: with the first that is missing, or has another shape or type.
    """
    for name, like in wanted.items():
        if name not in found:
            raise RuntimeError(f"{what} has no {name}")
        one = found[name]
        if name != but and (one.shape, one.dtype) != (like.shape, like.dtype):
            raise RuntimeError(
                f"{what} has {name} as {one.dtype} {tuple(one.shape)} instead of {like.dtype} {tuple(like.shape)}"
            )
