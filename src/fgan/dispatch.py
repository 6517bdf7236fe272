"""Watching torch's operations without loading torch's compiler."""

from __future__ import annotations

from torch.utils._python_dispatch import TorchDispatchMode


class DispatchMode(TorchDispatchMode):
    """A `TorchDispatchMode` whose first operation does not import torch._dynamo and sympy, which takes seconds."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Return False: nothing compiles inside the mode, so that there is nothing to keep torch._dynamo out of."""
        return False
