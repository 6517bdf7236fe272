"""Compile a graph of operations for this machine, with torch's ahead-of-time compiler."""

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
    # The code between kernels only makes calls: without optimisation it compiles in three fifths of the time.
    "aot_inductor.compile_wrapper_opt_level": "O0",
    "aot_inductor.precompile_headers": False,  # which takes longer than a program without
}


def compiler() -> str | None:
    """Return the C++ compiler, or None if there is none; the environment variable CXX overrides it."""
    wanted = os.environ.get("CXX")
    names = [wanted] if wanted else ["g++", "clang++", "c++"]
    return next((found for name in names if (found := shutil.which(name))), None)


def lacking() -> str:
    """Return in words why there is no compiler; empty if there is one."""
    if compiler():
        return ""
    named = os.environ.get("CXX")
    why = f'$CXX is "{named}", which is not a program' if named else "none is on the PATH"
    return f"compiling the step needs a C++ compiler such as g++, but {why}"


@contextmanager
def quickly() -> Iterator[None]:
    """Cut the time of tracing and compiling by a fifth.

    The garbage collector is off, operations keep no stack traces, and another core meanwhile detects the processor's
    vector instructions, which torch does by compiling and loading a test program.
    """
    # Import before the thread starts: two threads must not import torch's compiler at once.
    import torch._inductor.codecache  # noqa: F401 - what the thread would import
    from torch._inductor import config as inductor
    from torch._inductor.cpu_vec_isa import valid_vec_isa_list
    from torch.fx import config

    searched = inductor.cpp.cxx
    inductor.cpp.cxx = (None, compiler() or "g++")  # torch alone looks for a single name
    collects, config.do_not_emit_stack_traces = gc.isenabled(), True
    gc.disable()
    try:
        with ThreadPoolExecutor(1) as aside:
            aside.submit(valid_vec_isa_list)  # if this fails, it fails again when the compiler needs it
            yield
    finally:
        inductor.cpp.cxx = searched
        config.do_not_emit_stack_traces = False
        if collects:
            gc.enable()


def compile_to(path: Path, graph: GraphModule, inputs: Sequence[Tensor]) -> None:
    """Compile a graph into a package at `path`, which must end in .pt2.

    Args:
        path: the file to write.
        graph: a function of tensors like `inputs`; it may change some of them in place.
        inputs: tensors with the shapes, types and device to compile for.
    """
    from torch._inductor import aoti_compile_and_package

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch warns about its own internals
        plain = tuple(torch.empty_like(tensor) for tensor in inputs)
        exported = torch.export.export(graph, plain, strict=False)
        aoti_compile_and_package(exported, package_path=str(path), inductor_configs=SETTINGS)
