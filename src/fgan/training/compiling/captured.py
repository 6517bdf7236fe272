"""A program as a CUDA graph: one launch for all kernels of a step, and no wait for the GPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Replay = Callable[[], object]
Record = Callable[[Callable[[], Sequence[Tensor]]], tuple[Replay, Sequence[Tensor]]]
WARM_UPS = 3
"""Warm-up runs before a capture, in which libraries choose kernels and allocate workspaces."""


class Captured:
    """A program that is replayed on tensors at fixed addresses.

    Args:
        program: a function of a list of tensors; it changes the first ones in place.
        inputs: such a list. The first `held` are used where they are; the others are copied into fixed buffers
            before each replay.
        held: how many of `inputs` are used in place.
        record: records what a function launches, without running it; returns a replay function and the outputs.
    """

    def __init__(
        self,
        program: Callable[[list[Tensor]], Sequence[Tensor]],
        inputs: Sequence[Tensor],
        held: int,
        record: Record | None = None,
    ) -> None:
        memory, self._held = list(inputs[:held]), held
        self._places = [tensor.clone() for tensor in inputs[held:]]
        before = [tensor.detach().clone() for tensor in memory]

        def run() -> Sequence[Tensor]:
            return program([*memory, *self._places])

        self._replay, self._returned = (record or record_on_cuda)(run)
        with torch.no_grad():
            for tensor, value in zip(memory, before, strict=True):
                tensor.copy_(value)

    def __call__(self, inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        """Return what the program returns; valid until the next call."""
        for place, tensor in zip(self._places, inputs[self._held :], strict=True):
            place.copy_(tensor, non_blocking=True)
        self._replay()
        return self._returned


def record_on_cuda(run: Callable[[], Sequence[Tensor]]) -> tuple[Replay, Sequence[Tensor]]:
    """Capture what a function launches as a CUDA graph."""
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM_UPS):
            run()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        returned = run()
    return graph.replay, returned
