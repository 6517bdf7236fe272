"""Inception v3's 2,048 pooled features, through an installed torch-fidelity or a file of weights."""

from __future__ import annotations

import hashlib
import importlib
import pickle
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import torch
from torch import Tensor

from fgan.draws import DrawnFrom
from fgan.errors import FganError


class Inception:
    """The extractor of published FID figures, for images of any size; grey images become RGB.

    Args:
        weights: a TorchScript file (`inception-2015-12-05.pt`, which needs no package), or torch-fidelity's
            `weights-inception-2015-12-05-6726825d.pth` (default: torch-fidelity downloads it).

    Raises:
        FganError: where the file or the package is missing, or is something else.

    Source: Szegedy et al. (2015), in TensorFlow's port of 2015-12-05, as used by Heusel et al. (2017).
    """

    name, dimension, trained_on = "inception", 2048, "imagenet"

    def __init__(self, weights: Path | None = None) -> None:
        self.sha256 = ""
        if weights is not None:
            if not weights.is_file():
                raise FganError(f"there is no file {weights} with Inception's weights. Check the path.")
            self.sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
        script = weights is not None and _script(weights)
        self.network, self.scripted = script or _fidelity(weights), bool(script)
        if not self.sha256:
            self.sha256 = hash_of(self.network.state_dict())

    def to(self, device: torch.device | str) -> Self:
        """Move it to a device, and return it."""
        self.network.to(device)
        return self

    def __call__(self, values: Tensor) -> Tensor:
        """Return features (n, 2048) of uint8 images (n, 1 or 3, H, W)."""
        colour = values.expand(-1, 3, -1, -1)
        if self.scripted:
            return self.network(colour, return_features=True).float()
        return self.network(colour)[0].float()


def _script(weights: Path) -> Any:  # noqa: ANN401 - a scripted module has no type of its own
    """Return the file as a TorchScript module; None where it is something else."""
    try:
        return torch.jit.load(str(weights), map_location="cpu").eval()
    except RuntimeError:
        return None


def _fidelity(weights: Path | None) -> Any:  # noqa: ANN401
    try:
        network = _fidelity_module().FeatureExtractorInceptionV3
    except ImportError as error:
        raise FganError(
            f'extractor "inception" needs torch-fidelity, which cannot be imported ({error}). Run: pip install '
            '"fgan[inception]", or pass a TorchScript file: --extractor inception:inception-2015-12-05.pt.'
        ) from error
    try:
        if weights is not None:  # torch-fidelity would run whatever code a pickle holds
            torch.load(weights, map_location="cpu", weights_only=True)
        path = None if weights is None else str(weights)
        # torch-fidelity 0.3 leaves the network in training mode: features would depend on the batch.
        with DrawnFrom.seeded(0):  # weights that the file replaces
            return network("fgan", ["2048"], feature_extractor_weights_path=path).eval()
    except (
        OSError,
        RuntimeError,
        KeyError,
        EOFError,
        TypeError,
        ValueError,
        pickle.UnpicklingError,
    ) as error:
        if weights is not None:
            raise FganError(f"{weights} does not hold Inception's weights: {error}.") from error
        raise FganError(
            f"cannot download Inception's weights: {error}.\nGet weights-inception-2015-12-05-6726825d.pth from "
            "torch-fidelity's releases, and pass --extractor inception:FILE."
        ) from error


def _fidelity_module() -> Any:  # noqa: ANN401
    """Import torch-fidelity's Inception without the package's own __init__, which imports torchvision."""
    package, module = "torch_fidelity", "torch_fidelity.feature_extractor_inceptionv3"
    if package in sys.modules:
        return importlib.import_module(module)
    spec = find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"No module named '{package}'")
    bare = ModuleType(package)
    bare.__path__ = list(spec.submodule_search_locations)
    sys.modules[package] = bare
    try:
        return importlib.import_module(module)
    finally:  # whoever imports the package later gets all of it
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]


def hash_of(state: dict[str, Tensor]) -> str:
    """Return the SHA-256 of a network's named tensors."""
    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
