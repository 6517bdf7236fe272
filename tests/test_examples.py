"""The examples inside other people's trainers run as they stand."""

import re
from importlib.util import find_spec

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("library", ["lightning", "accelerate"])
def test_an_f_gan_inside_another_trainer(root, python, library):
    if not find_spec(library):
        pytest.skip(f"{library} is not installed: pip install {library}")
    done = python(str(root / "examples" / f"in_{library}.py"), "--steps", "400", "--divergence", "kl")
    assert done.returncode == 0, done.stderr
    (distance,) = re.findall(r"Fréchet distance ([\d.e-]+);", done.stdout)
    assert float(distance) < 1.0, "untrained generators are at about 4"
