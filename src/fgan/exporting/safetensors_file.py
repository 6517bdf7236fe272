"""`--to safetensors`: the weights, with a header that describes how to rebuild the generator."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NotRequired, TypedDict

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import nn

from fgan.draws import DrawnFrom
from fgan.errors import ExportError, FganError
from fgan.exporting.description import FORMAT, as_text, description_of
from fgan.exporting.trained import TrainedGenerator
from fgan.frame import Frame
from fgan.json_files import parse_json, shaped
from fgan.networks import Architecture, build_generator
from fgan.networks.own import OwnGenerator, own_generator, refer_to
from fgan.training.fields import check_range
from fgan.training.settings import Network

KEY = "fgan"
"""Of the header's entry that holds the description."""


class Latent(TypedDict):
    """The generator's input."""

    dimension: int


class About(TypedDict):
    """What is read of a description, which anyone may have written."""

    format: int
    latent: Latent
    classes: list[str]
    architecture: dict[str, Any] | None
    frame: dict[str, Any]
    fgan: NotRequired[str]
    data: NotRequired[str]
    divergence: NotRequired[str]
    step: NotRequired[int]


def safetensors_bytes(trained: TrainedGenerator) -> tuple[bytes, str]:
    """Return the file, and what was found when it was read back."""
    weights = {
        name: value.detach().cpu().clone().contiguous()
        for name, value in _bare(trained.network).state_dict().items()
    }
    content = save(weights, metadata={"format": "pt", KEY: as_text(description_of(trained))})
    back = load(content)
    if back.keys() != weights.keys() or any(not torch.equal(back[name], weights[name]) for name in weights):
        raise ExportError(
            f"the weights of {trained.source} changed when they were read back. Nothing was written."
        )
    return content, "checked: the weights read back are equal"


def _bare(network: nn.Module) -> nn.Module:
    """Return a user's own network without what fgan put around it, so that the names of its weights are its own."""
    return network.network if isinstance(network, OwnGenerator) else network


def read_safetensors(path: Path, source: str, generator: Network = "") -> TrainedGenerator:
    """Return the generator that a file holds.

    Args:
        path: the file.
        source: what to call it.
        generator: the network, where it is none of fgan's: code is not exported.

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
            f'{path} was not exported by fgan: its header has no entry "{KEY}". '
            "Name a file written by `fgan export --to safetensors`."
        )
    return _rebuilt(header[KEY], weights, path, source, generator)


def _rebuilt(
    text: str, weights: dict[str, torch.Tensor], path: Path, source: str, generator: Network
) -> TrainedGenerator:
    try:
        about = parse_json(text, str(path), ExportError)
        shaped(about, About, str(path), ExportError)
        if about["format"] > FORMAT:
            raise ExportError(f"{path} was written by a newer fgan ({about.get('fgan', '?')}). Upgrade fgan.")
        architecture, frame = about.pop("architecture"), Frame.from_json(about.pop("frame"))
        latent, classes = about.pop("latent")["dimension"], about.pop("classes")
        network = _network(architecture, frame, latent, classes, source, generator)
        _bare(network).load_state_dict(weights)
    except ExportError:
        raise
    except (ValueError, KeyError, TypeError, RuntimeError, IndexError, AttributeError, FganError) as error:
        raise ExportError(
            f"{path} is damaged: its weights do not match its description of the network "
            f"({type(error).__name__}: {error}). Export or download it again."
        ) from error
    for key in ("format", "library_name", "sample"):
        about.pop(key, None)
    network = network.eval().requires_grad_(False)
    return TrainedGenerator(network, frame, latent, classes, source, architecture, about)


def _network(
    architecture: dict[str, Any] | None,
    frame: Frame,
    latent: int,
    classes: list[str],
    source: str,
    generator: Network,
) -> nn.Module:
    """Return the network with weights that the file replaces."""
    if architecture is None:
        if not generator:
            raise ExportError(
                f"{source} holds weights of a custom network, and fgan never loads code from a file. "
                "Pass the network: --generator FILE.py:NAME, or fgan.load(..., generator=Net) in Python."
            )
        text = refer_to(generator, "generator")
        return own_generator(text, frame, latent, len(classes), wants_latent=True)
    if generator:
        raise ExportError(f"{source} has a built-in network, but a generator was passed. Leave it out.")
    with DrawnFrom.seeded(0):
        described = shaped(architecture, Architecture, source, ExportError)
        for name in ("latent", "width", "depth"):
            check_range(name, getattr(described, name))
        network = build_generator(described, frame)
    if (latent, len(classes)) != (network.latent, architecture["classes"]):
        raise ValueError("latent and classes are not those of the architecture")
    return network
