"""The examples inside other people's trainers run as they stand."""

import re
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
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


@pytest.mark.slow
def test_own_networks_leave_as_onnx(root, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason='pip install "fgan[onnx]"')
    command = [
        sys.executable,
        str(root / "examples" / "own_networks.py"),
        "--steps",
        "200",
        "--out",
        "runs/own",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    path = tmp_path / done.stdout.splitlines()[-1]
    (samples,) = onnxruntime.InferenceSession(path).run(None, {"latent": np.zeros((3, 4), np.float32)})
    assert samples.shape == (3, 2)
