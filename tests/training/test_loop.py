import shutil
import signal

import numpy as np
import pytest
import torch
from damage import make_old
from stepping import take_steps

import fgan
from fgan.data import Dataset, TensorSource
from fgan.device import resolve_device
from fgan.errors import DivergedError
from fgan.frame import Frame
from fgan.training.interruption import StopRequest
from fgan.training.trainer import Trainer


def quiet(line: str) -> None:
    pass


def test_python_and_the_command_line_make_the_same_run(tmp_path, small_config, fgan_command):
    fgan.train(small_config(data="digits"), tmp_path / "python", say=quiet)
    result = fgan_command(
        "train", "--config", tmp_path / "python" / "config.json", "--out", tmp_path / "shell"
    )
    assert result.returncode == 0, result.stderr
    python, shell = (
        {
            path.relative_to(run): path.read_bytes()
            for path in run.rglob("*")
            if path.is_file() and path.name != "speed.jsonl"
        }
        for run in (tmp_path / "python", tmp_path / "shell")
    )
    assert python == shell and len(python) > 10


def test_the_run_hands_on_the_averaged_generator(tmp_path, small_config):
    config = small_config()
    data = fgan.load_data("ring8")
    fgan.train(config, tmp_path / "run", dataset=data, say=quiet)
    trainer = Trainer(config, data)
    take_steps(trainer, config.steps)
    latents = torch.randn(50, config.latent, generator=torch.Generator().manual_seed(9))
    samples = fgan.RunDirectory(tmp_path / "run").sample(50, seed=9)
    assert torch.equal(samples, trainer.sample(latents))
    assert not torch.equal(samples, trainer.generator.network(latents))


def test_a_user_dataset_in_its_own_units(tmp_path, small_config):
    values = 500 + 20 * torch.randn(400, 3, generator=torch.Generator().manual_seed(0))
    source = TensorSource(values)
    frame = Frame((3,), None, tuple(values.mean(0).tolist()), tuple(values.std(0).tolist()))
    mine = Dataset("mine", frame, source, source)
    fgan.train(small_config(data="mine"), tmp_path / "run", dataset=mine, say=quiet)
    samples = fgan.RunDirectory(tmp_path / "run").sample(1000)
    assert samples.shape == (1000, 3)
    assert (samples.mean(0) - 500).abs().max() < 60


def test_metrics_end_where_training_ends(tmp_path, small_config):
    summary = fgan.train(small_config(steps=12), tmp_path / "run", say=quiet)
    run = fgan.RunDirectory(tmp_path / "run")
    assert [line["step"] for line in run.metrics()] == [5, 10, 12]
    assert summary.step == 12 and summary.bound == run.metrics()[-1]["bound"]
    assert run.checkpoints().steps() == [10, 12]


def test_leaving_the_finite_numbers_is_a_diagnosis(tmp_path, small_config):
    config = small_config(divergence="kl", lr=30.0, penalties="none", steps=1000, checkpoint_every=1)
    with pytest.raises(
        DivergedError, match=r"became NaN or infinite.* What to try, all together: give the critic a penalty"
    ):
        fgan.train(config, tmp_path / "run", say=quiet)
    run = fgan.RunDirectory(tmp_path / "run")
    kept = run.checkpoints().steps()
    assert kept, "the first steps are finite"
    for step in kept:
        groups, _ = run.checkpoints().read(step)
        assert all(
            t.isfinite().all() for group in groups.values() for t in group.values() if t.is_floating_point()
        )


@pytest.mark.slow
def test_diverged_training_exits_with_3(tmp_path, fgan_command):
    out = tmp_path / "run"
    result = fgan_command(
        "train",
        "ring8",
        "--divergence",
        "kl",
        "--lr",
        1e3,
        "--penalties",
        "none",
        "--out",
        out,
        "--device",
        "cpu",
    )
    assert result.returncode == 3
    assert "became NaN or infinite" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize("damage", [b'{"step": 45, "cri', b"\0" * 60 + b"\n"], ids=["cut", "zeros"])
def test_metrics_that_a_crash_damaged_are_left_out(tmp_path, small_config, damage):
    fgan.train(small_config(), tmp_path / "run", say=quiet)
    run = fgan.RunDirectory(tmp_path / "run")
    whole, bytes_before = run.metrics(), run.metrics_path.read_bytes()
    run.metrics_path.write_bytes(bytes_before + damage)
    assert run.metrics() == whole
    fgan.train(small_config(), run.path, resume=True, say=quiet)
    assert run.metrics_path.read_bytes() == bytes_before


def test_each_line_is_the_mean_of_its_own_window(tmp_path, small_config):
    data = fgan.load_data("ring8")
    fgan.train(small_config(), tmp_path / "run", dataset=data, say=quiet)
    trainer = Trainer(small_config(), data)
    for line in fgan.RunDirectory(tmp_path / "run").metrics():
        trainer.reset_metrics()
        take_steps(trainer, 5)
        assert line == {"step": trainer.steps_done, **trainer.metrics(), **trainer.telemetry()}
    assert trainer.steps_done == 40


def test_resuming_makes_later_files_again_and_leaves_others(tmp_path, small_config):
    fgan.train(small_config(), tmp_path / "run", say=quiet)
    run = fgan.RunDirectory(tmp_path / "run")
    pictures = run.path / "samples"
    (pictures / "step-best.png").write_bytes(b"mine")
    (pictures / "step-00000090.png").write_bytes(b"from a longer run")
    summary = fgan.train(small_config(), run.path, resume=True, say=quiet)
    names = sorted(path.name for path in pictures.iterdir())
    assert names == ["step-00000000.png", "step-00000020.png", "step-00000040.png", "step-best.png"]
    assert summary.bound == run.metrics()[-1]["bound"]


def test_a_run_without_a_checkpoint_starts_over_and_says_so(tmp_path, small_config):
    fgan.train(small_config(), tmp_path / "run", say=quiet)
    before = (tmp_path / "run" / "metrics.jsonl").read_bytes()
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    said = []
    fgan.train(small_config(), tmp_path / "run", resume=True, say=said.append)
    assert any("has no checkpoint yet: starting from step 0" in line for line in said)
    assert (tmp_path / "run" / "metrics.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (np.zeros((50, 2)), np.ones((50, 2))),
        (np.zeros((50, 2)), np.zeros((50, 3))),
        (np.zeros((50, 4, 4), np.uint8), np.ones((50, 4, 4), np.uint8)),
    ],
    ids=["values", "features", "images"],
)
def test_data_that_changed_are_not_resumed_on(tmp_path, small_config, first, then):
    path = tmp_path / "mine.npy"
    np.save(path, first)
    fgan.train(small_config(data=str(path)), tmp_path / "run", say=quiet)
    np.save(path, then)
    with pytest.raises(fgan.FganError, match=r"mine\.npy has changed since"):
        fgan.train(small_config(data=str(path), steps=50), tmp_path / "run", resume=True, say=quiet)


@pytest.mark.parametrize("kept", ["paper", None], ids=["named", "from before links were kept"])
def test_a_link_that_means_another_now_is_not_resumed_by(tmp_path, small_config, kept):
    fgan.train(small_config(divergence="total-variation", link="paper"), tmp_path / "run", say=quiet)
    run = fgan.RunDirectory(tmp_path / "run")
    for step in run.checkpoints().steps():
        make_old(run.checkpoints().path(step), *([] if kept else ["link"]))
    run.config_path.write_text(run.config_path.read_text().replace('"link": "paper"', '"link": null'))
    with pytest.raises(
        fgan.FganError, match=r'with the link "paper", but its config\.json now means "soft-hinge"'
    ):
        fgan.train(run.config(), run.path, resume=True, say=quiet)
    run.config_path.write_text(run.config_path.read_text().replace('"link": null', '"link": "paper"'))
    fgan.train(run.config(), run.path, resume=True, say=quiet)


def test_an_old_checkpoint_that_does_not_fit_is_said(tmp_path, small_config):
    fgan.train(small_config(), tmp_path / "run", say=quiet)
    run = fgan.RunDirectory(tmp_path / "run")
    for step in run.checkpoints().steps():
        make_old(run.checkpoints().path(step))
    run.config_path.write_text(run.config_path.read_text().replace('"width": 16', '"width": 17'))
    with pytest.raises(fgan.FganError, match=r"step-00000040 does not fit .*config\.json"):
        fgan.train(run.config(), run.path, resume=True, say=quiet)


def test_a_run_is_found_from_any_folder(tmp_path, small_config, monkeypatch):
    np.save(tmp_path / "mine.npy", torch.randn(50, 2).numpy())
    monkeypatch.chdir(tmp_path)
    fgan.train(small_config(data="mine.npy"), "run", say=quiet)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    fgan.train(fgan.RunDirectory("../run").config(), "again", say=quiet)
    assert (tmp_path / "run/metrics.jsonl").read_bytes() == (
        tmp_path / "elsewhere/again/metrics.jsonl"
    ).read_bytes()


def test_a_refused_start_changes_nothing(tmp_path, small_config):
    run = fgan.RunDirectory(tmp_path / "run")
    fgan.train(small_config(), run.path, say=quiet)
    before = run.config_path.read_bytes()
    with run.locked(), pytest.raises(fgan.FganError, match="another process is training"):
        fgan.train(small_config(steps=50), run.path, resume=True, say=quiet)
    empty = fgan.RunDirectory(tmp_path / "empty")
    with empty.locked(create=True), pytest.raises(fgan.FganError, match="another process is training"):
        fgan.train(small_config(), empty.path, say=quiet)
    assert not empty.path.exists()
    assert run.config_path.read_bytes() == before


def test_only_the_first_stop_request_is_a_request():
    with pytest.raises(KeyboardInterrupt), StopRequest() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.signal == signal.SIGINT
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_device_that_is_not_there_is_said():
    assert resolve_device("auto") in ("cpu", "cuda")
    missing = "mps" if not torch.backends.mps.is_available() else "cuda"
    with pytest.raises(fgan.FganError, match=f'"{missing}" is not available to torch'):
        resolve_device(missing)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_learns_the_same_and_resumes_bit_identically(tmp_path, small_config):
    config = small_config(device="cuda")
    whole = fgan.train(config, tmp_path / "whole", say=quiet)
    fgan.train(small_config(device="cuda", steps=17), tmp_path / "parts", say=quiet)
    parts = fgan.train(config, tmp_path / "parts", resume=True, say=quiet)
    assert parts.bound == whole.bound
    assert (tmp_path / "whole/metrics.jsonl").read_bytes() == (tmp_path / "parts/metrics.jsonl").read_bytes()


def test_what_is_to_know_of_a_written_f_is_said(tmp_path, small_config):
    lines = []
    fgan.train(small_config(divergence="f(u)=u**2"), tmp_path / "run", say=lines.append)
    assert lines[0].startswith("f(u)=u**2: f(1) = 1 is not 0")
    assert sum(line.startswith("the generator follows") for line in lines) == 1
