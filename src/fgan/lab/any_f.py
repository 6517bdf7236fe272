"""The answers to a formula: f, its conjugate, the optimal T and the weight w at many points; then the laws."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from fgan.divergences import Divergence, divergence
from fgan.divergences.recognise import RATIOS, recognise
from fgan.errors import FganError
from fgan.training.telemetry import finite_or_none
from fgan.verification import LAWS, broken_laws

POINTS = 201
WIDEST = 4.0
"""The log-ratios shown reach so far on both sides."""
LARGEST = 4.0
"""The ratios shown of f reach so far."""


def answer(text: str) -> dict[str, Any]:
    """Return what the page shows about f at once: values at points, and what it is.

    Args:
        text: a formula such as "u*log(u)", or the name of a divergence.

    Returns:
        JSON types; {"error": ...} if it is no divergence. None stands for infinity.

    >>> answer("u*log(u)")["recognised"]
    'kl'
    >>> "convex" in answer("-(u - 1)**2")["error"]
    True
    """
    try:
        return _described(_read(text))
    except FganError as error:
        return {"error": str(error)}


def laws(text: str) -> dict[str, Any]:
    """Return which laws an f obeys, which takes seconds for some.

    Args:
        text: as for `answer`, where it has no error.

    >>> [law["name"] for law in laws("u*log(u)")["laws"] if not law["holds"]]
    []
    """
    broken = broken_laws(_read(text))
    return {"laws": [{"name": law, "holds": law not in broken, "what": broken.get(law, "")} for law in LAWS]}


def _read(text: str) -> Divergence:
    """Read a formula with or without "f(u) =", or a name."""
    plain = text.strip()
    if not plain:
        raise FganError('type an f(u), such as "u*log(u)" or "(u - 1)**2".')
    try:
        return divergence(plain)
    except FganError as error:
        if "=" in plain or "u" not in plain:
            raise error
    return divergence(f"f(u) = {plain}")


def _described(d: Divergence) -> dict[str, Any]:
    half = POINTS // 2
    # Whole numbers first, so that p = q is among the points exactly.
    l = torch.arange(-half, half + 1).double() * WIDEST / half  # noqa: E741 - the log-ratio is l throughout
    u = torch.linspace(0, LARGEST, POINTS, dtype=torch.float64)
    real, t = d.real_at(l), _tangents(d)
    found = recognise(d.f(RATIOS))[0]
    return {
        "name": d.name,
        "u": u.tolist(),
        "f": _numbers(d.f(u)),
        "t": t.tolist(),
        "conjugate": _numbers(d.conjugate(t)),
        "log_ratio": l.tolist(),
        "T": _numbers(real),
        "w": _numbers(d.weight(l)),
        "threshold": finite_or_none(d.threshold),
        "recognised": str(found) if found.exact else None,
        "notes": list(d.notes),
    }


def _tangents(d: Divergence) -> Tensor:
    """Return the t at which to show f*: those that the ratios shown lead to."""
    edges = d.real_at(torch.tensor([-WIDEST / 2, WIDEST / 2], dtype=torch.float64))
    low, high = (float(edge) for edge in edges)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        low, high = -1.0, 1.0
    margin = (high - low) / 10
    return torch.linspace(low - margin, high + margin, POINTS, dtype=torch.float64)


def _numbers(values: Tensor) -> list[float | None]:
    return [finite_or_none(value) for value in values.tolist()]
