"""`--to torch`: a torch.export program, which needs only torch."""

from __future__ import annotations

import io
from collections.abc import Callable

import torch

from fgan.exporting.description import as_text, description_of
from fgan.exporting.program import difference, traced
from fgan.exporting.trained import TrainedGenerator

EXTRA = "fgan.json"
"""Under which the program carries its description."""


def torch_bytes(trained: TrainedGenerator) -> tuple[bytes, str]:
    """Return the file, and what was found when it was read back."""
    content = io.BytesIO()
    torch.export.save(traced(trained), content, extra_files={EXTRA: as_text(description_of(trained))})
    content.seek(0)
    module: Callable[..., torch.Tensor] = torch.export.load(content).module()
    found = difference(trained, module)
    return (
        content.getvalue(),
        f"checked: after reading back it differs from the generator by {found:.1g}",
    )
