"""How much memory a piece of Python takes at most.

Linux counts the peak that `getrusage` tells over all that a process has been, the one it was forked from too, and over
all children: of a worker that runs many tests it is the largest of them. VmHWM begins anew with each program.
"""

import os
import subprocess
import sys

TELL = """
from pathlib import Path
print(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")).split()[1])
"""


def peak_memory(code: str) -> int:
    """Run Python code, which imports what this process can, alone and return its peak memory in bytes; Linux only."""
    told = subprocess.run(
        [sys.executable, "-c", code + TELL],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return 1000 * int(told.stdout.split()[-1])
