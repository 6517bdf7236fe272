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


def output_of(root, name, *arguments, cwd=None):
    command = [sys.executable, str(root / "examples" / f"{name}.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_policy_tuned_to_preferences_gives_better_answers(root):
    output = output_of(root, "preference_tuning", "--pairs", "4000", "--divergences", "kl", "js")
    quality = {row[0]: float(row[1]) for row in re.findall(r"^(\S+) +([\d.]+) ", output, flags=re.M)}
    assert quality["kl"] > quality["reference"] + 0.5
    assert quality["js"] > quality["kl"], "scaled, JS holds less to the reference"


@pytest.mark.slow
def test_a_distilled_student_beats_one_of_few_labels(root):
    output = output_of(root, "distil_classifier", "--seeds", "1", "--divergences", "kl", "js")
    accuracy = dict(re.findall(r"^(200 labels|kl|js) +([\d.]+) ", output, flags=re.M))
    assert float(accuracy["kl"]) > float(accuracy["200 labels"])
    assert float(accuracy["js"]) > float(accuracy["200 labels"])


@pytest.mark.slow
def test_a_diffusion_is_distilled_into_one_step(root, tmp_path):
    output = output_of(
        root,
        "one_step_diffusion",
        "--steps",
        "150",
        "--divergences",
        "reverse-kl",
        "kl",
        "--out",
        "x.png",
        cwd=tmp_path,
    )
    share = {
        name: float(value) for name, value in re.findall(r"^one step, (\S+) .* ([\d.]+)%", output, flags=re.M)
    }
    assert share["reverse-kl"] > share["kl"], "reverse KL stays inside the modes, KL covers the gaps too"
    assert (tmp_path / "x.png").stat().st_size > 5_000
