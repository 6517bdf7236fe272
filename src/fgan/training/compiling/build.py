"""From a graph of operations to a library of this machine's code, by torch's own ahead-of-time compiler."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from torch.fx import GraphModule

SETTINGS: dict[str, Any] = {
    # Between its kernels a program only calls: compiled without care, in three fifths of the time.
    "aot_inductor.compile_wrapper_opt_level": "O0",
    "aot_inductor.precompile_headers": False,  # which takes longer than a program without
}


def compiler() -> str | None:
    """Return the C++ compiler that torch would call, or None where there is none.

    `CXX` names another one, as everywhere.
    """
    wanted = os.environ.get("CXX")
    names = [wanted] if wanted else ["g++", "clang++", "c++"]
    return next((found for name in names if (found := shutil.which(name))), None)


def compile_to(path: Path, graph: GraphModule, inputs: Sequence[Tensor]) -> None:
    """Compile a graph into a package at `path`, which must end in .pt2.

    Args:
        path: where to.
        graph: a function of tensors like `inputs`, some of which it may change.
        inputs: of the shapes, types and device that it is compiled for.
    """
    from torch._inductor import aoti_compile_and_package

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch's own, about its own
        plain = tuple(torch.empty_like(tensor) for tensor in inputs)
        exported = torch.export.export(graph, plain, strict=False)
        aoti_compile_and_package(exported, package_path=str(path), inductor_configs=SETTINGS)
