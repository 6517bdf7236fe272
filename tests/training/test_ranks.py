"""Several processes train one run as one would: torchrun -m fgan train."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import ranked
import torch
from ranked import environment_of, first_steps, free_port

import fgan
from fgan import torchrun
from fgan.cli import main
from fgan.data import Shard, TensorSource
from fgan.errors import FganError, RankError
from fgan.training.follower import Follower, is_told
from fgan.training.ranks import ALONE, Ranks, fitted
from fgan.training.run_directory import RunDirectory

SMALL = (
    "--steps 400 --width 16 --depth 1 --latent 4 --batch-size 16 --log-every 25 --sample-every 200 --seed 3"
)
FLAGS = [*SMALL.split(), "--checkpoint-every", "50", "--device", "cpu"]
IMAGES = {"data": "digits", "width": 4, "batch_size": 8, "latent": 6}
FEW = [
    {"objective": "tight", "divergence": "js", "penalties": "lecam:0.1,dragan:1", "n_critic": 2},
    {"conditional": True, "data": "digits", "augment": "flip,color,translation,cutout"},
]
MANY = [
    {},
    {"penalties": "none", "ema": 0.0, "gradient_clip": 0.01},
    {"objective": "tight"},
    {"objective": "tight", "divergence": "kl", "generator_divergence": "js", "single_step": True},
    {"objective": "reweighted", "divergence": "kl"},
    {"objective": "relativistic"},
    {"objective": "wasserstein", "penalties": "gp:1"},
    {"objective": "hinge"},
    {"penalties": "lecam:0.1,r1:1"},
    {"penalties": "gp-one-sided:2:every=2", "n_critic": 2},
    {"penalties": "dragan:1"},
    {"divergence": "kl", "penalties": "noise:1"},
    {"penalties": "r1-approx:1,r2-approx:1"},
    {"network": "dcgan", "conditional": True, "spectral_norm": True, "penalties": "dragan:1", **IMAGES},
]


class Second(Ranks):
    """The second of two ranks, without the first."""

    rank, size = 1, 2


@pytest.fixture
def start_ranks(start_python):
    """Start Python as two ranks, each in its folder."""

    def start(*arguments, each=((), ()), cwd=(None, None)):
        port = free_port()
        return [
            start_python(*arguments, *each[rank], env=environment_of(rank, 2, port), cwd=cwd[rank])
            for rank in range(2)
        ]

    return start


def ended(processes, seconds=120):
    for process in processes:
        process.join(seconds)
        assert process.exitcode is not None, process.printed
    return [process.exitcode for process in processes], [process.printed for process in processes]


def assert_two_equal_one(start_ranks, tmp_path, cases, steps, dtype, tolerance, names=None):
    torch.save((cases, steps, dtype), tmp_path / "request")
    code = Path(ranked.__file__).read_text()
    answers = [(tmp_path / "request", tmp_path / f"answer{rank}") for rank in range(2)]
    codes, printed = ended(start_ranks("-c", code, each=answers), 300)
    assert codes == [0, 0], printed
    one, (first, second) = first_steps(cases, steps, dtype), (torch.load(answer) for _, answer in answers)
    for case, alone, *ranks in zip(cases, one, first, second, strict=True):
        for name, value in alone.items():
            assert torch.equal(ranks[0][name], ranks[1][name]), (case, name)
            if names is None or name in names:
                torch.testing.assert_close(
                    ranks[0][name],
                    value,
                    rtol=tolerance,
                    atol=tolerance,
                    msg=lambda text, c=case: f"{c}: {text}",
                )


def test_two_ranks_equal_one(start_ranks, tmp_path):
    assert_two_equal_one(start_ranks, tmp_path, FEW, 25, torch.float64, 1e-7)


@pytest.mark.slow
def test_two_ranks_equal_one_for_100_steps_of_every_game(start_ranks, tmp_path):
    assert_two_equal_one(start_ranks, tmp_path, MANY + FEW, 100, torch.float64, 1e-6)


@pytest.mark.slow
def test_two_ranks_equal_one_in_float32_up_to_its_rounding(start_ranks, tmp_path):
    """In what is logged: an output bias that no loss depends on moves by nothing but rounding."""
    cases = [{}, FEW[0], FEW[1], {"objective": "relativistic"}, {"penalties": "lecam:0.1,gp:1"}]
    assert_two_equal_one(start_ranks, tmp_path, cases, 100, torch.float32, 1e-5, {"progress.sums"})


def test_the_parts_of_a_batch_are_the_batch():
    source = TensorSource(torch.arange(50.0).unsqueeze(1), torch.arange(50))
    draw = lambda source: source.draw_labelled(8, torch.Generator().manual_seed(0))  # noqa: E731
    whole, parts = (
        draw(source),
        [draw(Shard(source, ranks.of)) for ranks in (type("First", (Second,), {"rank": 0})(), Second())],
    )
    for i in (0, 1):
        assert torch.equal(torch.cat([part[i] for part in parts]), whole[i])
    toy, random = fgan.load_data("ring8").train, [torch.Generator().manual_seed(0) for _ in range(2)]
    assert torch.equal(Shard(toy, Second().of).draw(8, random[0]), toy.draw(8, random[1])[4:])
    assert torch.equal(random[0].get_state(), random[1].get_state())


def test_a_batch_divides_by_the_ranks_and_each_has_its_gpu(monkeypatch):
    def fit(ranks, batch_size, device, **settings):
        config = fgan.TrainConfig(data="ring8", batch_size=batch_size, device=device, **settings)
        return fitted(ranks, config, resume=settings.get("compile") == "on" and batch_size == 32).compile

    assert fit(ALONE, 63, "cpu", compile="on") == "on"
    assert fit(Second(), 64, "cpu") == fit(Second(), 32, "cpu", compile="on") == "off"  # the last goes on
    with pytest.raises(FganError, match="works with a single process; got 2 ranks"):
        fit(Second(), 64, "cpu", compile="on")
    with pytest.raises(FganError, match=r"must be a multiple of 2 \(ranks\); got 63\. Use 62 or 64"):
        fit(Second(), 63, "cpu")
    with pytest.raises(FganError, match="mps works with a single process"):
        fit(Second(), 64, "mps")
    for name, value in environment_of(1, 2, 1).items():
        monkeypatch.setenv(name, value)
    taken = []
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    for count in (1, 2):
        monkeypatch.setattr(torch.cuda, "device_count", lambda count=count: count)
        if count < 2:
            with pytest.raises(FganError, match="this machine has 1, and torchrun started 2 ranks"):
                fit(Second(), 64, "cuda")
        else:
            fit(Second(), 64, "cuda")
    assert taken == [1]


@pytest.mark.parametrize(("rank", "said"), [(0, "only `fgan train` supports torchrun"), (1, "")])
def test_other_verbs_are_refused_by_one_rank(monkeypatch, capsys, rank, said):
    for name, value in environment_of(rank, 2, 1).items():
        monkeypatch.setenv(name, value)
    assert (torchrun.size(), torchrun.rank()) == (2, rank)
    assert main(["compare", "ring8"]) == 2
    assert said in capsys.readouterr().err


def test_variables_of_other_programs_are_no_ranks(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert torchrun.size() == 1


def test_the_first_rank_says_when_it_may_have_failed():
    config = fgan.preset("default", "ring8", log_every=10, checkpoint_every=25, sample_every=0, steps=99)
    assert [step for step in range(1, 100) if is_told(config, step, step - 2)] == [
        3, 10, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90, 99
    ]  # fmt: skip


def test_a_follower_whose_numbers_are_others_stops(small_config):
    class Word(Second):
        def hear(self):
            return False, None

    follower = Follower(small_config(), fgan.load_data("ring8"), Word())
    with pytest.raises(RankError, match="different weights from rank 0"):
        follower.after_step()


DIFFERENT = {
    "seed": ((("--seed", "1"), ("--seed", "2")), "seed is 1 on rank 0 and 2 on rank 1"),
    "batch": ((("--batch-size", "7"),) * 2, "must be a multiple of 2 (ranks); got 7. Use 6 or 8"),
    "folder": ((("--device", "cpu"),) * 2, "is not empty and does not hold a run"),
    "data": (((), ()), "must agree; data is"),
}


@pytest.mark.parametrize(
    "what", ["data", *(pytest.param(one, marks=pytest.mark.slow) for one in list(DIFFERENT)[:3])]
)
def test_ranks_that_are_not_alike_are_refused_by_one_of_them(start_ranks, tmp_path, what):
    folders, out = [tmp_path / "first", tmp_path / "second"], tmp_path / "out"
    for number, folder in enumerate(folders):
        folder.mkdir()
        np.save(folder / "x.npy", np.random.default_rng(number).normal(size=(100, 2)).astype("float32"))
    if what == "folder":
        out.mkdir()
        (out / "mine").touch()
    each, said = DIFFERENT[what]
    ranks = start_ranks("-m", "fgan", "train", "x.npy", "--out", out, *FLAGS, each=each, cwd=folders)
    codes, ((_, first), (second_out, second)) = ended(ranks)
    assert codes == [2, 2], first + second
    assert said in first
    assert "Traceback" not in first
    assert second_out + second == ""
    assert not (out / "config.json").exists()


def torchrun_command(*arguments, restarts=0):
    return [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--max-restarts",
        str(restarts),
        "-m",
        "fgan",
        *map(str, arguments),
    ]


@pytest.fixture
def start_torchrun(tmp_path):
    """Start torchrun itself, with two ranks."""
    started = []

    def start(*arguments, **options):
        with (tmp_path / "said").open("w") as said:
            started.append(
                subprocess.Popen(
                    torchrun_command(*arguments, **options), stdout=said, stderr=subprocess.STDOUT
                )
            )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def wait_until(process, run: Path, step: int) -> None:
    deadline = time.monotonic() + 120
    while process.poll() is None and not any(line["step"] >= step for line in RunDirectory(run).metrics()):
        assert time.monotonic() < deadline, "the run does not move"
        time.sleep(0.01)


def children_of(process) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


@pytest.fixture(scope="module")
def reference(tmp_path_factory) -> Path:
    """A run of two ranks that nothing stopped."""
    out = tmp_path_factory.mktemp("reference") / "run"
    done = subprocess.run(
        torchrun_command("train", "ring8", "--out", out, *FLAGS), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("400 of 400 steps") == 1
    return out


def assert_same_run(run: Path, other: Path) -> None:
    for name in (
        "metrics.jsonl",
        "checkpoints/step-00000400/generator.safetensors",
        "samples/step-00000400.png",
    ):
        assert (run / name).read_bytes() == (other / name).read_bytes(), name


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds its ranks by /proc")
@pytest.mark.parametrize("victim", [0, 1])
def test_a_rank_that_is_killed_ends_all_and_the_run_goes_on(tmp_path, start_torchrun, reference, victim):
    run = tmp_path / "run"
    process = start_torchrun("train", "ring8", "--out", run, *FLAGS)
    wait_until(process, run, 125)
    os.kill(children_of(process)[victim], signal.SIGKILL)
    assert process.wait(60) == 1
    said = (tmp_path / "said").read_text()
    assert said.count("another rank of this training ended") <= 1
    assert "--resume" in said
    assert not list((run / "checkpoints").glob(".*"))
    assert RunDirectory(run).status() is None
    again = start_torchrun("train", "ring8", "--out", run, *FLAGS, "--resume")
    assert again.wait(120) == 0, (tmp_path / "said").read_text()
    assert_same_run(run, reference)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds its ranks by /proc")
def test_torchrun_restarts_a_run_from_its_checkpoint(tmp_path, start_torchrun, reference):
    run = tmp_path / "run"
    process = start_torchrun("train", "ring8", "--out", run, *FLAGS, restarts=1)
    wait_until(process, run, 125)
    os.kill(children_of(process)[1], signal.SIGKILL)
    said = tmp_path / "said"
    assert process.wait(120) == 0, said.read_text()
    assert "resuming" in said.read_text()
    assert_same_run(run, reference)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_all_ranks_stop_after_the_same_step(tmp_path, start_torchrun, reference, number):
    run = tmp_path / "run"
    process = start_torchrun("train", "ring8", "--out", run, *FLAGS)
    wait_until(process, run, 125)
    process.send_signal(number)
    process.wait(60)
    said = (tmp_path / "said").read_text()
    status = RunDirectory(run).status()
    assert status is not None, said
    assert status.state == "stopped"
    assert f"stopped by {number.name} at step {status.step}; continue with --resume" in said
    assert RunDirectory(run).checkpoints().newest() == status.step
    again = start_torchrun("train", "ring8", "--out", run, *FLAGS, "--resume")
    assert again.wait(120) == 0, (tmp_path / "said").read_text()
    assert_same_run(run, reference)


@pytest.mark.slow
def test_a_run_of_two_ranks_goes_on_with_one(tmp_path, fgan_command, reference):
    out = tmp_path / "run"
    short = subprocess.run(
        torchrun_command("train", "ring8", "--out", out, *FLAGS, "--steps", "200"), check=True
    )
    assert short.returncode == 0
    result = fgan_command("train", "ring8", "--out", out, *FLAGS, "--resume")
    assert result.returncode == 0, result.stderr
    lines = [json.loads((run / "metrics.jsonl").read_text().splitlines()[-1]) for run in (out, reference)]
    assert lines[0]["bound"] == pytest.approx(lines[1]["bound"], rel=0.01)


HANDED_OVER = """
import sys
from pathlib import Path

import torch
from torch import nn

import fgan

out = Path(sys.argv[1])
run = fgan.train("ring8", generator=nn.Linear(4, 2), steps=3, batch_size=16, width=8, device="cpu", out=out)
torch.save(run.sample(5), out.parent / f"{torch.distributed.get_rank()}.pt")
"""


@pytest.mark.slow
def test_every_rank_has_the_networks_that_it_handed_over(tmp_path):
    (tmp_path / "script.py").write_text(HANDED_OVER)
    rank_command = [*torchrun_command()[:-2], str(tmp_path / "script.py"), str(tmp_path / "run")]
    subprocess.run(rank_command, check=True, timeout=200)
    samples = [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)]
    assert samples[0].shape == (5, 2) and torch.equal(*samples)
