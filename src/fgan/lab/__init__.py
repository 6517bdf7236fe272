"""The live page: divergences that train side by side, and the race behind it for Python."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fgan.lab.race import Race
    from fgan.lab.settings import Member, Settings

__all__ = ["Member", "Race", "Settings"]
_HOMES = {"Race": "race", "Member": "settings", "Settings": "settings"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Import a name on first use: the server shows the page without torch."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
