"""A generator as one traced program: latents in, samples in the data's own numbers out."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.export import Dim, ExportedProgram

from fgan.errors import ExportError, first_line
from fgan.exporting.trained import TrainedGenerator

BATCHES = (1, 64)
"""Sizes at which an exported program is compared with the generator."""
TOLERANCE = 1e-5
"""How far they may differ, in units of the largest sample, or of 1 where that is larger."""


def inputs_of(trained: TrainedGenerator, n: int) -> tuple[Tensor, ...]:
    """Return n latents, and labels in turn if there are classes."""
    latents = torch.randn(n, trained.latent, generator=torch.Generator().manual_seed(n))
    labels = trained.sampler().labels(n)
    return (latents,) if labels is None else (latents, labels)


def traced(trained: TrainedGenerator) -> ExportedProgram:
    """Return the program as torch.export traces it, for a batch of any size.

    Raises:
        ExportError: where the generator cannot be traced.
    """
    batch = Dim("batch", min=1)
    names = ("latent", "label") if trained.classes else ("latent",)
    try:
        program = torch.export.export(
            trained.generator,
            inputs_of(trained, 2),
            dynamic_shapes={name: {0: batch} for name in names},
            strict=False,
        )
    except Exception as error:  # whatever an untraceable custom module raises
        raise ExportError(
            f"torch.export cannot trace the generator of {trained.source} "
            f"({type(error).__name__}: {first_line(error) or 'no reason given'}). Its forward must take any "
            "batch size and not branch on values. --to safetensors needs no tracing."
        ) from error
    for module in program.graph_module.modules():
        if isinstance(module, torch.fx.GraphModule):
            for node in module.graph.nodes:
                node.meta.pop("stack_trace", None)  # which names files of this machine
    return program


def difference(trained: TrainedGenerator, run: Callable[..., Tensor]) -> float:
    """Return how far an exported program is from the generator, over batches of 1 and 64.

    Raises:
        ExportError: where that is more than 1e-5.
    """
    program, worst = trained.generator, 0.0
    for n in BATCHES:
        inputs = inputs_of(trained, n)
        with torch.no_grad():
            expected = program(*inputs)
        found = run(*inputs)
        if found.shape != expected.shape or found.dtype != expected.dtype:
            raise ExportError(
                f"the exported program of {trained.source} returns {tuple(found.shape)} {found.dtype}, but the "
                f"generator returns {tuple(expected.shape)} {expected.dtype}. Nothing was written."
            )
        scale = max(1.0, expected.abs().max().item())
        worst = max(worst, (found - expected).abs().max().item() / scale)
    if not worst <= TOLERANCE:
        raise ExportError(
            f"the exported program of {trained.source} differs from the generator by {worst:.2g}; at most "
            f"{TOLERANCE:g} is "
            "allowed. Nothing was written. Generators with dropout or their own random numbers cannot be "
            "exported this way."
        )
    return worst
