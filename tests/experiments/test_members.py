import os
import subprocess
import sys

import pytest

PLACES = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from fgan.experiments.members import ThisMachine, usable_cores
print(usable_cores(), ThisMachine(None, "cpu").places, ThisMachine(3, "cpu").places)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to cores")
def test_a_process_that_is_bound_to_a_core_trains_on_that_one():
    """As a scheduler binds it, however many cores the machine has."""
    told = subprocess.run([sys.executable, "-c", PLACES], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["1", "1", "3"]
