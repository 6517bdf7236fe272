"""A run directory of a release resumes under the present code as if nothing had been in between."""

import shutil

import fgan
from fgan.training.run_directory import RunDirectory

RELEASED = "run_of_0_1"
"""Made by `fgan train ring8 --steps 8 --width 4 --depth 1 --latent 2 --batch-size 8 --log-every 2 --checkpoint-every 4
--sample-every 0 --sample-count 1 --keep-checkpoints 1 --device cpu --compile off --seed 5`; without its picture."""


def test_a_released_run_resumes(root, tmp_path):
    run, whole, said = RunDirectory(tmp_path / "run"), RunDirectory(tmp_path / "whole"), []
    shutil.copytree(root / "tests" / RELEASED, run.path)
    before = run.metrics_path.read_bytes()
    assert run.sample(5).isfinite().all()
    config = run.config()
    done = fgan.train(config, run.path, resume=True, steps=16, say=said.append)
    assert done.summary.step == 16
    assert any("resuming" in line and "at step 8" in line for line in said)
    assert not any("damaged" in line or "no digests" in line for line in said)
    assert run.metrics_path.read_bytes().startswith(before)
    fgan.train(config, whole.path, steps=16, say=lambda line: None)
    bounds = [[line["bound"] for line in one.metrics()] for one in (run, whole)]
    assert len(bounds[0]) == 8
    assert all(abs(a - b) < 1e-3 for a, b in zip(*bounds, strict=True))  # other machines round differently
