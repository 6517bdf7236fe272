"""A Python that has imported torch and the like already, and forks for whatever it is asked to run.

Imports are most of what a short command takes. Requests come by standard input, a line of JSON each. One starts
Python with arguments (`-m module ...` or `-c code ...`) in a folder and an environment, with files that take what is
printed; it is answered with the process's id. One polls an id; it is answered with the exit code, or null while there
is none.
"""

import importlib
import json
import os
import runpy
import sys
from typing import Any

SLOW = (
    "torch._dynamo",
    "matplotlib.figure",
    "scipy.stats",
    "sklearn.ensemble",
    "plotly.graph_objects",
    "tyro",
)


def become(request: dict[str, Any]) -> None:
    """Do in this process what `python ARGUMENTS` would."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for target, path in enumerate((os.devnull, request["out"], request["err"])):
        os.dup2(os.open(path, os.O_RDWR), target)
    how, what, *rest = request["arguments"]
    sys.argv = [how, *rest]
    sys.path[0] = ""
    if how == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


def code_of(request: dict[str, Any]) -> int:
    """Run the request and return its exit code."""
    try:
        become(request)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def start(request: dict[str, Any]) -> int:
    """Start what is asked for and return its id."""
    child = os.fork()
    if child == 0:
        code = code_of(request)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return child


def poll(child: int) -> int | None:
    """Return the exit code of a process that was started, minus the signal that killed it; None while it runs."""
    ended, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def serve() -> None:
    """Answer requests until there are no more."""
    for module in SLOW:
        importlib.import_module(module)
    for line in sys.stdin:
        request = json.loads(line)
        answer = poll(request["poll"]) if "poll" in request else start(request)
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()
    os._exit(0)  # to take torch down in an orderly way takes seconds


if __name__ == "__main__":
    serve()
