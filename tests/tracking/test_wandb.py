"""Weights & Biases, offline and out of reach."""

import os
import socket

import pytest

pytest.importorskip("wandb", reason='pip install "fgan[wandb]"')

pytestmark = pytest.mark.slow
QUICK = (
    "ring8",
    "--width",
    8,
    "--device",
    "cpu",
    "--log-every",
    10,
    "--sample-every",
    20,
    "--log-to",
    "wandb",
)


def environment(folder, **names: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    return kept | {"HOME": str(folder), **names}


def test_offline_its_files_are_in_the_run_directory_and_resuming_goes_on_with_the_same_run(
    tmp_path, cold_fgan_command
):
    run = tmp_path / "named-so"
    for more in (("--steps", 20), ("--steps", 40, "--resume")):
        result = cold_fgan_command(
            "train", *QUICK, *more, "--out", run, "--json", env=environment(tmp_path, WANDB_MODE="offline")
        )
        assert result.returncode == 0, result.stderr
        assert "failed" not in result.stderr and result.stdout.startswith("{")
    name = (run / "wandb" / "id").read_text()
    logs = [
        path.read_bytes() for path in sorted((run / "wandb").glob(f"offline-run-*-{name}/run-{name}.wandb"))
    ]
    assert len(logs) == 2
    for log in logs:
        assert all(word in log for word in (b"train/critic_loss", b"speed/samples_per_second", b"named-so"))
        assert b'"divergence"' in log or b"divergence" in log
    assert list((run / "wandb").glob("offline-run-*/files/media/images/samples_*.png"))


def test_where_it_is_out_of_reach_training_goes_on(tmp_path, cold_fgan_command):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    run = tmp_path / "run"
    result = cold_fgan_command(
        "train", *QUICK, "--steps", 20, "--out", run,
        env=environment(tmp_path, WANDB_BASE_URL=nobody, WANDB_API_KEY="0" * 40, WANDB_INIT_TIMEOUT="2"),
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "20 of 20 steps" in result.stdout
    assert result.stdout.count("wandb failed and gets no more data") == 1
