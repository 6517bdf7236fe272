"""Figures of matplotlib that notebooks show by themselves; pyplot, and its list of open figures, is left alone."""

from __future__ import annotations

import io

from matplotlib.figure import Figure as _Figure


class Figure(_Figure):
    """A figure; at the end of a notebook's cell it is shown, elsewhere `savefig` writes it."""

    def _repr_png_(self) -> bytes:
        memory = io.BytesIO()
        self.savefig(memory, format="png")
        return memory.getvalue()
