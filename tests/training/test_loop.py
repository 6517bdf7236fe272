import json

import pytest
import torch

import fgan
from fgan.data import Dataset, TensorSource
from fgan.errors import DivergedError
from fgan.training.loop import resolve_device
from fgan.training.trainer import Trainer


def quiet(line: str) -> None:
    pass


def test_python_and_the_command_line_make_the_same_run(tmp_path, small_config, fgan_command):
    fgan.train(small_config(data="digits"), tmp_path / "python", say=quiet)
    result = fgan_command(
        "train", "--config", tmp_path / "python" / "config.json", "--out", tmp_path / "shell"
    )
    assert result.returncode == 0, result.stderr
    for name in ("metrics.jsonl", "config.json", "samples/step-00000040.png"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "shell" / name).read_bytes()


def test_the_run_hands_on_the_averaged_generator(tmp_path, small_config):
    config = small_config()
    data = fgan.load_data("ring8")
    fgan.train(config, tmp_path / "run", dataset=data, say=quiet)
    trainer = Trainer(config, data)
    for _ in range(config.steps):
        trainer.step()
    latents = torch.randn(50, config.latent, generator=torch.Generator().manual_seed(9))
    samples = fgan.RunDirectory(tmp_path / "run").sample(50, seed=9)
    assert torch.equal(samples, trainer.sample(latents))
    assert not torch.equal(samples, trainer.generator.network(latents))


def test_a_user_dataset_in_its_own_units(tmp_path, small_config):
    values = 500 + 20 * torch.randn(400, 3, generator=torch.Generator().manual_seed(0))
    source = TensorSource(values)
    mine = Dataset("mine", (3,), None, source, source, values.mean(0), values.std(0))
    fgan.train(small_config(data="mine"), tmp_path / "run", dataset=mine, say=quiet)
    samples = fgan.RunDirectory(tmp_path / "run").sample(1000)
    assert samples.shape == (1000, 3)
    assert (samples.mean(0) - 500).abs().max() < 60


def test_metrics_end_where_training_ends(tmp_path, small_config):
    summary = fgan.train(small_config(steps=12), tmp_path / "run", say=quiet)
    run = fgan.RunDirectory(tmp_path / "run")
    assert [line["step"] for line in run.metrics()] == [5, 10]
    assert summary.step == 12 and summary.bound != run.metrics()[-1]["bound"]
    assert run.checkpoints().steps() == [10, 12]


def test_leaving_the_finite_numbers_is_a_diagnosis(tmp_path, small_config):
    config = small_config(divergence="kl", lr=1e3, r1=0.0, r2=0.0, steps=1000, checkpoint_every=1)
    with pytest.raises(DivergedError, match=r"left the finite numbers .* Try a lower --lr than 1000"):
        fgan.train(config, tmp_path / "run", say=quiet)
    run = fgan.RunDirectory(tmp_path / "run")
    kept = run.checkpoints().steps()
    for step in kept:
        groups, _ = run.checkpoints().read(step)
        assert all(t.isfinite().all() for t in groups["generator"].values())
    for line in (
        (tmp_path / "run" / "metrics.jsonl").read_text().splitlines() if kept and kept[-1] >= 5 else []
    ):
        json.loads(line, parse_constant=pytest.fail)


def test_diverged_training_exits_with_3(tmp_path, fgan_command):
    out = tmp_path / "run"
    result = fgan_command(
        "train",
        "ring8",
        "--divergence",
        "kl",
        "--lr",
        1e3,
        "--r1",
        0,
        "--r2",
        0,
        "--out",
        out,
        "--device",
        "cpu",
    )
    assert result.returncode == 3
    assert "left the finite numbers" in result.stderr and "Traceback" not in result.stderr


def test_two_processes_never_train_one_run(tmp_path, small_config):
    run = fgan.RunDirectory(tmp_path / "run")
    fgan.train(small_config(), run.path, say=quiet)
    with run.locked(), pytest.raises(fgan.FganError, match="another process is training"):
        fgan.train(small_config(steps=50), run.path, resume=True, say=quiet)


def test_a_metrics_line_cut_short_is_left_out(tmp_path, small_config):
    fgan.train(small_config(), tmp_path / "run", say=quiet)
    run = fgan.RunDirectory(tmp_path / "run")
    whole = run.metrics()
    run.metrics_path.write_bytes(run.metrics_path.read_bytes() + b'{"step": 45, "cri')
    assert run.metrics() == whole


def test_a_device_that_is_not_there_is_said():
    assert resolve_device("auto") in ("cpu", "cuda")
    missing = "mps" if not torch.backends.mps.is_available() else "cuda"
    with pytest.raises(
        fgan.FganError, match=f'--device must be one that torch can use here; got "{missing}"'
    ):
        resolve_device(missing)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_learns_the_same_and_resumes_bit_identically(tmp_path, small_config):
    config = small_config(device="cuda")
    whole = fgan.train(config, tmp_path / "whole", say=quiet)
    fgan.train(small_config(device="cuda", steps=17), tmp_path / "parts", say=quiet)
    parts = fgan.train(config, tmp_path / "parts", resume=True, say=quiet)
    assert parts.bound == whole.bound
    assert (tmp_path / "whole/metrics.jsonl").read_bytes() == (tmp_path / "parts/metrics.jsonl").read_bytes()
