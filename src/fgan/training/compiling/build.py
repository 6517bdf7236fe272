"""From a graph of operations to a library of this machine's code, by torch's own ahead-of-time compiler."""

from __future__ import annotations

import gc
import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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
    """Return the C++ compiler, or None where there is none; `CXX` names another one, as everywhere."""
    wanted = os.environ.get("CXX")
    names = [wanted] if wanted else ["g++", "clang++", "c++"]
    return next((found for name in names if (found := shutil.which(name))), None)


def lacking() -> str:
    """Return why there is no compiler, in words; nothing where there is one."""
    if compiler():
        return ""
    named = os.environ.get("CXX")
    why = f'$CXX names "{named}", which is no program' if named else "there is none on the PATH"
    return f"compiling the step needs a C++ compiler, such as g++, and {why}"


@contextmanager
def quickly() -> Iterator[None]:
    """Trace and compile within in four fifths of the time.

    No garbage is collected, no operation keeps the lines of code that called it, and which instructions the compiler
    can make for this processor, which torch finds out by compiling and loading, is asked on another core meanwhile.
    """
    # Here, before there is a thread: two threads must not import torch's compiler at once.
    import torch._inductor.codecache  # noqa: F401 - what the thread would import
    from torch._inductor import config as inductor
    from torch._inductor.cpu_vec_isa import valid_vec_isa_list
    from torch.fx import config

    searched = inductor.cpp.cxx
    inductor.cpp.cxx = (None, compiler() or "g++")  # by itself torch looks for one name only
    collects, config.do_not_emit_stack_traces = gc.isenabled(), True
    gc.disable()
    try:
        with ThreadPoolExecutor(1) as aside:
            aside.submit(valid_vec_isa_list)  # where it fails, it fails again when the compiler asks
            yield
    finally:
        inductor.cpp.cxx = searched
        config.do_not_emit_stack_traces = False
        if collects:
            gc.enable()


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
