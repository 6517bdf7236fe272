"""A matplotlib figure that notebooks display, created without pyplot and its list of open figures."""

from __future__ import annotations

import io

from matplotlib.figure import Figure as _Figure


class Figure(_Figure):
    """A matplotlib figure. A notebook displays it at the end of a cell; elsewhere, use `savefig`."""

    def _repr_png_(self) -> bytes:
        memory = io.BytesIO()
        self.savefig(memory, format="png")
        return memory.getvalue()
