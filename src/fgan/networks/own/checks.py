"""Requirements on custom networks, checked with a trial run on a copy before anything is written."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parameter import is_lazy

from fgan.draws import DrawnFrom
from fgan.errors import FganError
from fgan.frame import Frame

TRIED = 16
"""Samples in a trial run."""
SQUASHED = (nn.Sigmoid, nn.Softmax, nn.LogSigmoid, nn.Hardsigmoid, nn.Tanh)
CONTRACT = {
    "generator": "A generator maps z (n, latent){labels} to samples (n, {shape}) in the range of the data.",
    "critic": "A critic maps x (n, {shape}){labels} to one raw output per sample, (n,) or (n, 1).",
}


@dataclass(frozen=True)
class Tried:
    """The result of a trial run: notes, and whether the network draws random numbers during training."""

    notes: tuple[str, ...]
    draws: bool


def checked_network(network: nn.Module, player: str) -> None:
    """Refuse a network that cannot be trained.

    Raises:
        FganError: for a network without parameters, with frozen ones, or in a different precision from the data.
    """
    parameters = dict(network.named_parameters())
    if not parameters:
        raise FganError(
            f"the {player} ({type(network).__name__}) has no parameters to train. Torch does not see layers in a plain "
            "list: use nn.ModuleList or nn.Sequential."
        )
    frozen = [name for name, parameter in parameters.items() if not parameter.requires_grad]
    if frozen:
        raise FganError(
            f"the {player} has requires_grad=False on {_some(frozen)}; fgan trains every parameter. Call "
            ".requires_grad_(True) on it, or register fixed tensors as buffers."
        )
    # Lazy parameters have no type yet.
    wanted = torch.get_default_dtype()
    other = [name for name, p in parameters.items() if not is_lazy(p) and p.dtype != wanted]
    if other:
        raise FganError(
            f"the {player} has parameters in {parameters[other[0]].dtype} ({_some(other)}), but data and optimisers "
            f"use {wanted}. Call .to({wanted}) on it."
        )
    if any(parameter.is_meta for parameter in parameters.values()):
        raise FganError(f"the {player} is on the meta device, so it has no weights. Create it on the CPU.")


def tried_generator(network: nn.Module, frame: Frame, latent: int, classes: int) -> Tried:
    """Try a generator on a few latents.

    Raises:
        FganError: if it raises, or returns something else than samples.
    """
    z = torch.randn(TRIED, latent, generator=torch.Generator().manual_seed(0))
    hint = _latent_hint(network, latent)
    x, draws = _tried(network, z, classes, "generator", frame, hint)
    wanted = (TRIED, *frame.shape)
    if x.shape != wanted:
        raise FganError(
            f"the generator must return samples {wanted} for z {tuple(z.shape)}; it returned {tuple(x.shape)}. "
            f"{_contract('generator', frame, classes)}"
        )
    notes = [*_of_modes(network, "generator"), *_of_batches(network, "generator"), *_of_range(x, frame)]
    return Tried(tuple(notes), draws)


def tried_critic(network: nn.Module, frame: Frame, classes: int) -> Tried:
    """Try a critic on a few points.

    Raises:
        FganError: if it raises, or returns something else than raw outputs.
    """
    x = _points(frame)
    v, draws = _tried(network, x, classes, "critic", frame, "")
    if v.shape[:1] != (TRIED,) or v.numel() != TRIED:
        raise FganError(
            f"the critic must return one raw output per sample, {TRIED} here; it returned {tuple(v.shape)} for x "
            f"{tuple(x.shape)}. {_contract('critic', frame, classes)}"
        )
    notes = [*_of_modes(network, "critic"), *_of_batches(network, "critic")]
    return Tried((*notes, *_of_squashing(network, x, classes)), draws)


def _tried(
    network: nn.Module, x: Tensor, classes: int, player: str, frame: Frame, hint: str
) -> tuple[Tensor, bool]:
    """Return a copy's output for x, and whether it drew random numbers; lazy networks are tried themselves."""
    lazy = any(is_lazy(tensor) for tensor in (*network.parameters(), *network.buffers()))
    _move(network)
    tried = (network if lazy else copy.deepcopy(network)).train()
    labels = torch.arange(TRIED) % classes if classes else None
    # Use a separate random generator: the global one determines the weights.
    random = torch.Generator().manual_seed(0)
    before = random.get_state()
    with DrawnFrom(random), torch.enable_grad():
        try:
            out = tried(x.clone()) if labels is None else tried(x.clone(), labels)
            draws = not torch.equal(before, random.get_state())
        except Exception as error:  # user code may raise anything
            raise FganError(
                f"the {player} raised {type(error).__name__} for {tuple(x.shape)}: {_first_line(error)}.{hint} "
                f"{_contract(player, frame, classes)}"
            ) from error
    if not isinstance(out, Tensor):
        many = f" of {len(out)}" if isinstance(out, tuple | list) else ""
        raise FganError(
            f"the {player} must return one tensor; it returned a {type(out).__name__}{many}. "
            f"{_contract(player, frame, classes)}"
        )
    if not out.dtype.is_floating_point or not out.isfinite().all():
        kind = str(out.dtype) if not out.dtype.is_floating_point else "values that are not finite"
        raise FganError(f"the {player} must return finite real numbers; it returned {kind}.")
    if not out.requires_grad:
        raise FganError(
            f"the output of the {player} has no gradient. Remove torch.no_grad(), .detach() and .data from its forward."
        )
    return out.detach(), draws


def _move(network: nn.Module) -> None:
    """Move a network to the CPU, where all networks start."""
    if any(tensor.device.type != "cpu" for tensor in (*network.parameters(), *network.buffers())):
        network.cpu()


def _points(frame: Frame) -> Tensor:
    x = torch.randn(TRIED, *frame.shape, generator=torch.Generator().manual_seed(0))
    scale, center = (torch.tensor(one) for one in (frame.scale, frame.center))
    if len(scale) > 1:
        scale, center = scale.view(frame.shape), center.view(frame.shape)
    x = center + scale * x
    return x.clamp(*frame.value_range) if frame.value_range else x


def _of_modes(network: nn.Module, player: str) -> Iterable[str]:
    if not network.training:
        yield f"the {player} was passed in eval mode; fgan trains it in train mode"


def _of_batches(network: nn.Module, player: str) -> Iterable[str]:
    found = sorted({type(one).__name__ for one in network.modules() if isinstance(one, _BatchNorm)})
    if found:
        why = (
            "real and generated samples share a batch, so each output depends on both, and R1, R2 and gp are no longer "
            "slopes at a single sample"
            if player == "critic"
            else "each sample depends on the rest of its batch, and later samples come from running statistics instead"
        )
        yield f"the {player} has {', '.join(found)}: {why}. nn.GroupNorm avoids this"


def _of_range(x: Tensor, frame: Frame) -> Iterable[str]:
    if frame.value_range is None:
        return
    low, high = frame.value_range
    outside = ((x < low - 1e-6) | (x > high + 1e-6)).double().mean().item()
    if outside:
        yield (
            f"{outside:.0%} of the generator's output values are outside the data's range, {low:g} to {high:g} (they "
            f"range from {x.min():.3g} to {x.max():.3g}). For pictures in 0 to 1, end it with torch.sigmoid or "
            "(torch.tanh(y) + 1) / 2"
        )


def _of_squashing(network: nn.Module, x: Tensor, classes: int) -> Iterable[str]:
    """Note a critic with bounded outputs, according to its last module or by its outputs far from the data."""
    last = [module for module in network.modules() if not list(module.children())][-1]
    if isinstance(last, SQUASHED):
        found = f"ends in {type(last).__name__}"
    elif _is_within_one(network, x, classes):
        found = "only gave outputs between 0 and 1 when tried, like a sigmoid"
    else:
        return
    yield (
        f"the critic {found}. Remove it: fgan's losses take raw, unbounded outputs and apply the activation of each "
        "divergence themselves"
    )


@torch.no_grad()
def _is_within_one(network: nn.Module, x: Tensor, classes: int) -> bool:
    """Whether all outputs are in [0, 1], also for inputs a thousand times as large, where raw outputs grow."""
    tried = copy.deepcopy(network).eval()  # in train mode batch statistics would cancel the factor
    labels = (torch.arange(TRIED) % classes,) if classes else ()
    with DrawnFrom.seeded(0):
        try:
            v = torch.cat([tried(factor * x, *labels).flatten() for factor in (1.0, 1e3, -1e3)])
        except Exception:  # failing on such inputs says nothing about normal ones
            return False
    return bool(((v >= 0) & (v <= 1)).all()) and bool(v.std() > 0)


def _latent_hint(network: nn.Module, latent: int) -> str:
    first: Callable[[nn.Module], int | None] = lambda m: getattr(m, "in_features", None)  # noqa: E731
    sizes = [size for size in map(first, network.modules()) if isinstance(size, int) and size]
    if not sizes or sizes[0] == latent:
        return ""
    return (
        f" Its first linear layer takes {sizes[0]} numbers: set latent={sizes[0]} if z should have that size."
    )


def _contract(player: str, frame: Frame, classes: int) -> str:
    shape = ", ".join(map(str, frame.shape))
    return CONTRACT[player].format(shape=shape, labels=" and labels (n,)" if classes else "")


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0].rstrip(".")[:300]
