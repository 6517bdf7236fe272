"""The description of an exported generator: everything needed to use it and to rebuild it."""

from __future__ import annotations

import json
from typing import Any

from fgan.exporting.trained import TrainedGenerator

FORMAT = 1
"""Format version; it grows when an older fgan could not read the file."""
LAW = "standard normal"


def description_of(trained: TrainedGenerator) -> dict[str, Any]:
    """Return it in JSON's types."""
    frame = trained.frame
    return {
        "format": FORMAT,
        "library_name": "fgan",
        **trained.about,
        "latent": {"dimension": trained.latent, "law": LAW},
        "classes": trained.classes,
        "sample": {
            "shape": list(frame.shape),
            "dtype": "float64" if frame.origin else "float32",
            "value_range": list(frame.value_range) if frame.value_range else None,
            "meaning": meaning(trained),
        },
        "architecture": trained.architecture,
        "frame": frame.to_json(),
    }


def meaning(trained: TrainedGenerator) -> str:
    """Say what the numbers of a sample are."""
    if len(trained.frame.shape) == 3:
        return "images (n, channels, height, width) with values from 0 to 1; uint8 = round(255 * sample)"
    if trained.table:
        return (
            f"encoded rows of a table (n, {trained.frame.shape[0]}); fgan.load(...).sample(n) returns the "
            "decoded rows"
        )
    return f"vectors (n, {trained.frame.shape[0]}) in the units of the data"


def flat(trained: TrainedGenerator) -> dict[str, str]:
    """Return it as texts by name, which is what formats keep beside a program; lists are JSON."""
    found = description_of(trained)
    return {
        "fgan_version": found.get("fgan", ""),
        "divergence": found.get("divergence", ""),
        "data": found.get("data", ""),
        "step": str(found.get("step", "")),
        "latent_dimension": str(trained.latent),
        "latent_law": LAW,
        "classes": json.dumps(trained.classes, ensure_ascii=False),
        "value_range": json.dumps(found["sample"]["value_range"]),
        "sample": found["sample"]["meaning"],
        "fgan": as_text(found),
    }


def as_text(description: dict[str, Any]) -> str:
    """Write it as JSON on one line."""
    return json.dumps(description, ensure_ascii=False, allow_nan=False)
