"""`--to safetensors`: the weights, and in the file's header what is needed to build the generator again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save

from fgan.draws import DrawnFrom
from fgan.errors import ExportError, FganError
from fgan.exporting.description import FORMAT, as_text, description_of
from fgan.exporting.trained import TrainedGenerator
from fgan.frame import Frame
from fgan.networks import Architecture, build_generator

KEY = "fgan"
"""Of the header's entry that holds the description."""


def safetensors_bytes(trained: TrainedGenerator) -> tuple[bytes, str]:
    """Return the file, and what was found when it was read back."""
    weights = {
        name: value.detach().cpu().clone().contiguous()
        for name, value in trained.network.state_dict().items()
    }
    content = save(weights, metadata={"format": "pt", KEY: as_text(description_of(trained))})
    back = load(content)
    if back.keys() != weights.keys() or any(not torch.equal(back[name], weights[name]) for name in weights):
        raise ExportError(
            f"the weights of {trained.source} did not read back as they are. Nothing was written."
        )
    return content, "read back, its weights are equal"


def read_safetensors(path: Path, source: str) -> TrainedGenerator:
    """Return the generator that a file holds.

    Args:
        path: the file.
        source: what to call it.

    Raises:
        ExportError: where it is damaged, not fgan's, from a newer fgan, or of a network that fgan does not have.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
    except (OSError, SafetensorError) as error:
        raise ExportError(
            f"{path} cannot be read as safetensors ({error}). Export or download it again."
        ) from error
    if KEY not in header:
        raise ExportError(
            f'{path} holds weights, but no generator that fgan exported: its header has no entry "{KEY}". '
            "Name a file made by `fgan export --to safetensors`."
        )
    return _rebuilt(header[KEY], weights, path, source)


def _rebuilt(text: str, weights: dict[str, torch.Tensor], path: Path, source: str) -> TrainedGenerator:
    try:
        about: dict[str, Any] = json.loads(text)
        if about["format"] > FORMAT:
            raise ExportError(
                f"{path} was written by fgan {about.get('fgan', '?')}, which is newer than this one. Upgrade fgan."
            )
        architecture, frame = about.pop("architecture"), Frame.from_json(about.pop("frame"))
        latent, classes = about.pop("latent")["dimension"], about.pop("classes")
        if architecture is None:
            raise ExportError(
                f"{path} holds the weights of a generator that is not one of fgan's networks, and code is never "
                "loaded from a file. Load its weights into your own module: "
                f'module.load_state_dict(safetensors.torch.load_file("{path.name}")).'
            )
        if (latent, len(classes)) != (architecture["latent"], architecture["classes"]):
            raise ValueError("latent and classes are not those of the architecture")
        with DrawnFrom.seeded(0):  # weights that the file replaces
            network = build_generator(Architecture(**architecture), frame)
        network.load_state_dict(weights)
    except ExportError:
        raise
    except (ValueError, KeyError, TypeError, RuntimeError, IndexError, AttributeError, FganError) as error:
        raise ExportError(
            f"{path} is damaged: its weights do not fit what it says of the network "
            f"({type(error).__name__}: {error}). Export or download it again."
        ) from error
    for key in ("format", "library_name", "sample"):
        about.pop(key, None)
    network = network.eval().requires_grad_(False)
    return TrainedGenerator(network, frame, latent, classes, source, architecture, about)
