"""fgan, the workbench for f-divergences in PyTorch: train, compare, measure.

The public names are listed in `__init__.pyi`, which editors and type checkers read too. A name is imported on first
use, so `import fgan` and `fgan --help` do not wait for torch.
"""

import ast as _ast
import importlib as _importlib
import sys as _sys
from pathlib import Path as _Path
from typing import Any as _Any

_HOMES = {
    name.name: statement.module
    for statement in _ast.parse(_Path(__file__).with_suffix(".pyi").read_bytes()).body
    if isinstance(statement, _ast.ImportFrom) and statement.module
    for name in statement.names
}

__all__ = list(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll] - type checkers read the stub


def __getattr__(name: str) -> _Any:  # noqa: ANN401 - whatever the name stands for
    if name == "__version__":
        from importlib.metadata import version

        return version("fgan")
    if name not in _HOMES:
        raise AttributeError(f"module 'fgan' has no attribute '{name}'")
    if "torch" not in _sys.modules:
        from fgan.cores import wait_without_spinning

        wait_without_spinning()  # its threads read how to wait once, when it is loaded
    if _HOMES[name] == __name__:  # a room of its own: fgan.losses
        return _importlib.import_module(f"{__name__}.{name}")
    return getattr(_importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
