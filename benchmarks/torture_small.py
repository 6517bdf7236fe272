"""Flags of the small runs that parts of torture.py start: a second or two on any CPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ON_CPU: dict[str, Any] = {"device": "cpu", "compile": "off"}
TINY: dict[str, Any] = {"width": 8, "depth": 1, "batch-size": 16, "sample-count": 16, **ON_CPU}


def flags(values: Mapping[str, Any]) -> list[str]:
    """Return values as flags of a command line; None leaves one out."""
    return [f"--{name}={value}" for name, value in values.items() if value is not None]
