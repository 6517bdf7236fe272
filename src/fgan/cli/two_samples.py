"""The flags of verbs that estimate from two sets of samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fgan.cli.tables import TableFlags

if TYPE_CHECKING:
    from fgan.data.tables import Table


@dataclass(frozen=True, kw_only=True)
class TwoSampleFlags(TableFlags):
    """How two sets of samples are weighed, counted and split."""

    columns: str = ""
    """Columns of the tables to use, separated by commas. (default: all)"""
    weights: str = ""
    """Importance weights for the rows of both tables: the name of a column. It is then not a feature."""
    weights_p: str = ""
    """Importance weights for the first set only: a column, or a .npy file with one weight per row."""
    weights_q: str = ""
    """Importance weights for the second set only: a column, or a .npy file with one weight per row."""
    counts: bool = False
    """Both sets hold counts rather than samples: tables with the count in the last column and the categories in the
    others, or .npy arrays."""
    folds: int = 5
    """Number of folds for cross-fitting."""
    blocks: int | None = None
    """Rows per block, for time series: folds and permutations keep each block of consecutive rows together. (default:
    rows are independent)"""

    def read_both(self, p: str, q: str) -> list[Table | str]:
        """Return both sets, with their columns of weights; see `read_sides`."""
        return self.read_sides(p, q, self.columns, self._weights)

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments of `fgan.estimate` and `fgan.frontier` that these flags, and those of tables, give."""
        of_p, of_q = self._weights
        return {
            "weights_p": of_p or None,
            "weights_q": of_q or None,
            "counts": self.counts,
            "folds": self.folds,
            "blocks": self.blocks,
            "kinds": self.kinds,
            "missing": self.missing,
        }

    @property
    def _weights(self) -> tuple[str, str]:
        return self.weights_p or self.weights, self.weights_q or self.weights
