"""The command line as a user meets it, in processes of its own."""

import gzip
import json
import os
import re
import signal
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from fgan.divergences import CATALOGUE, EXAMPLES
from fgan.training.telemetry import TELEMETRY
from fgan.training.trainer import METRICS

QUICK = ["--steps", 30, "--width", 16, "--log-every", 10, "--sample-every", 10, "--device", "cpu"]


def refused(result, *said):
    """Exit code 2, the words, no traceback, and nothing on stdout but plain progress."""
    assert result.returncode == 2, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    for words in said:
        assert words in result.stderr
    return True


@pytest.mark.slow
def test_train_then_sample(tmp_path, fgan_command):
    run = tmp_path / "run"
    result = fgan_command("train", "digits", "--divergence", "kl", "--out", run, *QUICK)
    assert result.returncode == 0, result.stderr
    assert "step 10  bound" in result.stdout and "30 of 30 steps" in result.stdout
    assert "\r" not in result.stdout + result.stderr, "no progress bar where nobody looks"
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [10, 20, 30]
    measured = {"critic_gradient_norm", "generator_gradient_norm", "learning_rate", *METRICS, *TELEMETRY}
    assert all(set(line) == {"step", *measured} for line in lines)
    speeds = [json.loads(line) for line in (run / "speed.jsonl").read_text().splitlines()]
    assert [line["step"] for line in speeds] == [10, 20, 30] and all(
        s["samples_per_second"] > 0 for s in speeds
    )
    assert "the generator follows reverse-kl" in result.stdout
    pictures = sorted(path.name for path in (run / "samples").iterdir())
    assert pictures == [f"step-{step:08d}.png" for step in (0, 10, 20, 30)]
    config = json.loads((run / "config.json").read_text())
    assert (config["data"], config["divergence"], config["steps"]) == ("digits", "kl", 30)

    grid, array = tmp_path / "grid.png", tmp_path / "samples.npy"
    assert fgan_command("sample", run, "--n", 16, "--out", grid).returncode == 0
    assert Image.open(grid).size == (4 * 64 + 3 * 2, 4 * 64 + 3 * 2)
    assert fgan_command("sample", run, "--n", 5, "--out", array, "--seed", 3).returncode == 0
    first = np.load(array)
    assert first.shape == (5, 8, 8) and first.dtype == np.uint8
    assert fgan_command("sample", run, "--n", 5, "--out", array, "--seed", 3).returncode == 0
    assert np.array_equal(np.load(array), first)
    assert fgan_command("sample", run, "--n", 5, "--out", array, "--seed", 4).returncode == 0
    assert not np.array_equal(np.load(array), first)


@pytest.mark.slow
def test_json_is_alone_on_stdout(tmp_path, fgan_command):
    run = tmp_path / "run"
    result = fgan_command("train", "ring8", "--out", run, "--json", *QUICK)
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert summary["run"] == str(run) and summary["step"] == summary["steps"] == 30
    assert summary["stopped_by"] is None and np.isfinite(summary["bound"])
    assert "step 10" in result.stderr


@pytest.mark.slow
def test_without_out_the_folder_is_named_after_the_run(tmp_path, fgan_command):
    result = fgan_command("train", "moons", "--divergence", "js", "--seed", 4, *QUICK, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "runs" / "moons-js-seed4" / "config.json").exists()


@pytest.mark.slow
def test_the_users_own_files(tmp_path, fgan_command):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "vectors.npy", 1000 + 50 * rng.normal(size=(300, 5)))
    (tmp_path / "pictures").mkdir()
    for k in range(12):
        pixels = rng.integers(0, 256, (20, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "pictures" / f"{k}.png")
    (tmp_path / "pictures" / "broken.jpg").write_bytes(b"no picture")
    vectors = fgan_command("train", tmp_path / "vectors.npy", "--out", tmp_path / "v", *QUICK)
    assert vectors.returncode == 0, vectors.stderr
    sampled = fgan_command("sample", tmp_path / "v", "--n", 200, "--out", tmp_path / "v.npy")
    assert sampled.returncode == 0, sampled.stderr
    # Even an untrained generator lives in the units of the data.
    assert np.abs(np.load(tmp_path / "v.npy").mean(0) - 1000).max() < 150

    folder = tmp_path / "pictures"
    images = fgan_command("train", folder, "--image-size", 16, "--out", tmp_path / "p", *QUICK)
    assert images.returncode == 0, images.stderr
    assert "pictures that cannot be read (1): broken.jpg" in images.stdout
    strict = fgan_command("train", folder, "--strict", "--out", tmp_path / "s", *QUICK)
    assert refused(strict, "broken.jpg") and not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "ring8", "--divergence", "revers-kl"], ['unknown divergence "revers-kl"', '"reverse-kl"']),
        (["train", "minst"], ["minst", "mnist"]),
        (["train", "ring8", "--preset"], ["--preset needs a value", "`fgan train --help`"]),
        (["sample", "nowhere", "--seed", "9" * 25], ["(--seed) must be a whole number from 0 to"]),
        (["train", "ring8", "--out", "x" * 300], ["cannot write to"]),
        (["train", "ring8", "--preset", "orignal"], ['unknown preset "orignal"', '"original"']),
        (["train", "ring8", "--steps", "0"], ["--steps must be at least 1; got 0"]),
        (
            ["train", "ring8", "--divergence", "total-variation", "--link", "log-ratio"],
            ["has no gradient"],
        ),
        (["train", "ring8", "--image-size", "16"], ["(--image-size) applies to folders"]),
        (["train", "ring8", "--config", "nowhere.json"], ["nowhere.json cannot be read"]),
        (["train", "ring8", "--resume"], ["runs/ring8-gan-seed0 does not exist"]),
        (["sample", "nowhere"], ["nowhere does not exist"]),
        (["sample", "nowhere", "--best"], ["nowhere does not exist"]),
        (["train", "ring8", "--evaluate-every", "1"], ["--evaluate-every must be a multiple of"]),
        (["sample", "nowhere", "--out", "x.gif"], ["--out must end in .png"]),
        (["trian"], ['unknown verb "trian"', '"train"', "`fgan --help`"]),
        (["train"], ["DATA"]),
    ],
)
def test_mistakes_are_said_and_leave_nothing_behind(tmp_path, fgan_command, arguments, said):
    result = fgan_command(*arguments, cwd=tmp_path)
    assert refused(result, *said)
    assert list(tmp_path.iterdir()) == []


def idx(images: np.ndarray) -> bytes:
    return (
        struct.pack(">BBBB", 0, 0, 8, images.ndim)
        + struct.pack(f">{images.ndim}I", *images.shape)
        + images.tobytes()
    )


IMAGES, LABELS = np.zeros((4, 5, 5), np.uint8), np.zeros(4, np.uint8)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "has no train-images-idx3-ubyte"),
        (idx(IMAGES)[:-7], "is truncated"),
        (gzip.compress(idx(IMAGES))[:-9], "is damaged or incomplete"),
        (idx(LABELS), "should hold images"),
        (b"no idx at all", "starts with"),
    ],
    ids=["missing", "truncated", "truncated-gzip", "labels-as-images", "not-idx"],
)
def test_damaged_idx_files(tmp_path, fgan_command, content, said):
    folder = tmp_path / "idx"
    folder.mkdir()
    if content is not None:
        (folder / "train-images-idx3-ubyte").write_bytes(content)
    result = fgan_command("train", f"idx:{folder}", "--out", tmp_path / "run", *QUICK)
    assert refused(result, said, str(folder)) and not (tmp_path / "run").exists()


def evil_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../outside.png", b"")


@pytest.mark.parametrize(
    ("name", "make", "said"),
    [
        ("empty", lambda path: path.mkdir(), "contains no picture"),
        ("evil.zip", evil_zip, "../outside.png"),
        ("rank.npy", lambda path: np.save(path, np.zeros(9)), "rank.npy has (9,)"),
        (
            "nan.npy",
            lambda path: np.save(path, np.full((9, 2), np.nan)),
            "18 of 18 values of",
        ),
        ("pickle.npy", lambda path: np.save(path, np.array([{}] * 9)), "needs pickle"),
        ("text.txt", lambda path: path.write_text("1 2 3"), "text.txt"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_data_that_cannot_be_trained_on(tmp_path, fgan_command, name, make, said):
    make(tmp_path / name)
    result = fgan_command("train", tmp_path / name, "--out", tmp_path / "run", *QUICK)
    assert refused(result, said) and not (tmp_path / "run").exists()


def test_a_wrong_checksum(tmp_path, fgan_command):
    (tmp_path / "mnist").mkdir()
    for part in ("train-images-idx3", "t10k-images-idx3"):
        (tmp_path / "mnist" / f"{part}-ubyte").write_bytes(idx(IMAGES))
    for part in ("train-labels-idx1", "t10k-labels-idx1"):
        (tmp_path / "mnist" / f"{part}-ubyte").write_bytes(idx(LABELS))
    result = fgan_command("train", "mnist", "--data-dir", tmp_path, "--out", tmp_path / "run", *QUICK)
    assert refused(result, "SHA-256", "train-images-idx3-ubyte") and not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_folder_that_holds_a_run_or_something_else(tmp_path, fgan_command):
    run = tmp_path / "run"
    assert fgan_command("train", "ring8", "--out", run, *QUICK).returncode == 0
    shorter = fgan_command("train", "--out", run, "--resume", "--steps", 20)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert (
        refused(shorter, "--steps must be at least 30")
        and json.loads(before[run / "config.json"])["steps"] == 30
    )
    assert refused(fgan_command("train", "ring8", "--out", run, *QUICK), "already holds a run", "--resume")
    other = fgan_command("train", "ring8", "--out", run, "--resume", *QUICK, "--lr", "0.1")
    assert refused(other, "different settings", "lr: 0.001 there, 0.1 here")
    wrong_data = fgan_command("train", "moons", "--out", run, "--resume")
    assert refused(wrong_data, "was trained on ring8, but moons holds different samples")
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before

    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    assert refused(fgan_command("train", "ring8", "--out", tmp_path / "notes", *QUICK), "is not empty")
    assert [path.name for path in (tmp_path / "notes").iterdir()] == ["mine.txt"]


def test_no_permission_to_write(tmp_path, fgan_command):
    if os.geteuid() == 0:
        locked = "/proc/fgan-run"  # refuses even root
    else:
        (tmp_path / "locked").mkdir(mode=0o500)
        locked = tmp_path / "locked" / "run"
    assert refused(fgan_command("train", "ring8", "--out", locked, *QUICK), "cannot write to", "--out")
    (tmp_path / "file").write_text("")
    assert refused(
        fgan_command("train", "ring8", "--out", tmp_path / "file" / "run", *QUICK), "cannot write to"
    )


def test_divergences_are_listed(fgan_command):
    table = fgan_command("divergences")
    assert table.returncode == 0
    assert all(f"\n{name} " in table.stdout or f"\n{name}:" in table.stdout for name in CATALOGUE)
    rows = json.loads(fgan_command("divergences", "--json").stdout)
    assert [row["name"] for row in rows] == list(EXAMPLES)


def test_help_and_version(fgan_command):
    for arguments in ([], ["--help"], ["train", "--help"], ["sample", "--help"], ["--version"]):
        result = fgan_command(*arguments)
        assert result.returncode == 0 and result.stdout and not result.stderr


def test_help_goes_nowhere_when_its_reader_has_gone():
    for arguments, closed, code in ((["train", "--help"], "stdout", 0), (["train", "--nosuch"], "stderr", 2)):
        command = [sys.executable, "-m", "fgan", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        getattr(process, closed).close()
        other = process.stderr if closed == "stdout" else process.stdout
        assert (other.read(), process.wait()) == (b"", code)


@pytest.mark.slow
def test_a_reader_that_has_had_enough_is_no_error(tmp_path):
    command = (
        f"{sys.executable} -m fgan train ring8 --out {tmp_path}/run --device cpu --log-every 1 --steps 300"
    )
    result = subprocess.run(f"{command} | head -n 2", shell=True, capture_output=True, text=True, check=False)
    assert len(result.stdout.splitlines()) == 2
    assert result.stderr == ""
    assert (tmp_path / "run/checkpoints/step-00000300").exists(), "training goes on"


@pytest.mark.slow
def test_streams_may_be_closed_or_narrow(tmp_path):
    train = f"{sys.executable} -m fgan train ring8 --device cpu --steps 5 --json"
    for number, streams in enumerate((">&-", "2>&-")):
        command = f"{train} --out {tmp_path}/{number} {streams}"
        assert subprocess.run(command, shell=True, capture_output=True, check=False).returncode == 0
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = subprocess.run([*train.split()[:-1], "--out", tmp_path / "ünï"], env=ascii_only, check=False)
    assert result.returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX pseudo-terminal")
def test_a_terminal_shows_the_live_bound_and_takes_ctrl_c(tmp_path):
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [
        sys.executable,
        "-m",
        "fgan",
        "train",
        "ring8",
        "--out",
        str(tmp_path / "run"),
        "--device",
        "cpu",
    ]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    shown, asked = b"", False
    while True:
        try:
            shown += os.read(ours, 4096)
        except OSError:  # Linux's way to say that the other end is closed
            break
        if not asked and re.search(rb"\d+ of 30000 steps, [\d:]+ left, bound -?\d", shown):
            process.send_signal(signal.SIGINT)
            asked = True
    assert process.wait() == 0
    assert asked and b"stopped by SIGINT at step" in shown and b"Traceback" not in shown
    assert b"step 100 " not in shown, "no plain lines beside the bar"
    states = [state.rstrip() for state in re.split(rb"[\r\n]", shown) if b" of 30000 steps" in state]
    assert max(len(state.decode().replace("^C", "")) for state in states) <= 80
    (picture,) = re.findall(r"samples/step-0*([1-9]\d*)\.png", shown.decode().replace("\r\n", ""))
    assert (tmp_path / f"run/samples/step-{int(picture):08d}.png").exists()
    assert any((tmp_path / "run/checkpoints").iterdir())
