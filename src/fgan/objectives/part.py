"""The part of a batch that a process computes."""

from __future__ import annotations

from torch import Tensor


class Part:
    """All of it; `fgan.training.ranks` has the processes that share one."""

    rank, size = 0, 1

    def of(self, n: int) -> slice:
        """Return which of the n samples of a whole batch are this process's.

        >>> Part().of(3)
        slice(0, 3, None)
        """
        each = n // self.size
        return slice(self.rank * each, (self.rank + 1) * each)

    def gather(self, part: Tensor, dim: int = 0) -> Tensor:
        """Return the whole batch's values, in order, from this process's part of them along a dimension.

        A loss made of them is the whole's, on every process, and so is its gradient's mean over the processes.
        """
        return part


WHOLE = Part()
