"""Python in processes of its own, forked from one that has imported torch and the like already.

Imports are most of what a short command takes. What an interpreter reads once, at its start (its encoding, the seed of
its hashes), is the server's: tests of that, and of the imports, start Python by `subprocess`.
"""

import multiprocessing
import os
import runpy
import sys
import types
from pathlib import Path
from typing import Any

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["torch._dynamo", "matplotlib.figure", "scipy.stats", "sklearn.ensemble", "plotly.graph_objects", "tyro"]
)


class ForkedPython(CONTEXT.Process):
    """What `python ARGUMENTS` would do (`-m module ...` or `-c code ...`), once it has been started.

    Args:
        arguments: Python's.
        folder: where it works.
        environment: all of its variables.
        output: a folder for the files that take what it prints.
    """

    def __init__(self, arguments: Any, folder: Path, environment: dict[str, str], output: Path) -> None:
        super().__init__()
        for name, value in environment.items():
            at_start = name.startswith(("PYTHON", "OMP_"))
            assert not at_start or os.environ.get(name) == value, (
                f"{name} is read once, when the server starts"
            )
        self.request = [str(argument) for argument in arguments], str(folder), environment
        self.files = [output / name for name in ("out", "err")]

    def run(self) -> None:
        """Become that Python; called in the new process."""
        for target, path in zip((1, 2), self.files, strict=True):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), target)
        (how, what, *rest), folder, environment = self.request
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = [how, *rest]
        sys.path[0] = folder if how == "-m" else ""
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        if how == "-m":
            runpy.run_module(what, run_name="__main__", alter_sys=True)
        else:
            exec(compile(what, "<string>", "exec"), main.__dict__)

    @property
    def printed(self) -> list[str]:
        """What came to standard output and standard error, carriage returns and all."""
        return [path.read_bytes().decode() for path in self.files]
