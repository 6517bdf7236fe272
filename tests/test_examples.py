"""The examples inside other people's trainers run as they stand."""

import re
import subprocess
import sys
from importlib.util import find_spec

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("library", ["lightning", "accelerate"])
def test_an_f_gan_inside_another_trainer(root, library):
    if not find_spec(library):
        pytest.skip(f"{library} is not installed: pip install {library}")
    example = root / "examples" / f"in_{library}.py"
    command = [sys.executable, str(example), "--steps", "400", "--divergence", "kl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (distance,) = re.findall(r"Fréchet distance ([\d.e-]+);", done.stdout)
    assert float(distance) < 1.0, "an untrained generator is farther away"
