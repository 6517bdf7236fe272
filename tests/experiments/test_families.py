"""Families: what happens to workers, claims and folders when a process of a comparison dies or its folder goes."""

import errno
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import fgan
from fgan.errors import RunError, TakenError
from fgan.experiments.claims import Claims
from fgan.owner import has_died, owner_name
from fgan.training.callbacks import RunState
from fgan.training.held_folder import HeldFolder
from fgan.training.same_folder import SameFolder

PARENT = """
import multiprocessing, sys, time
from fgan.experiments.lifeline import call_with_lifeline, packed
if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    work = context.Process(target=call_with_lifeline, args=(packed(time.sleep, 60),))
    work.start()
    assert "torch" not in sys.modules
    print(work.pid, flush=True)
    time.sleep(60)
"""


def is_living(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("after", [0.0, 0.3])
def test_a_worker_ends_within_two_seconds_of_its_parent(tmp_path: Path, after: float) -> None:
    """Also one that was about to begin."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    worker = int(parent.stdout.readline())
    time.sleep(after)
    assert is_living(worker)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 2
    while is_living(worker) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_living(worker)


def test_a_process_of_this_machine_is_known_to_have_died() -> None:
    host, number, digits = owner_name().rsplit("-", 2)
    assert not has_died(owner_name())
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert has_died(f"{host}-{ended.pid}-{digits}") == (sys.platform == "linux")
    other = "0" * 6 if digits[:6] != "0" * 6 else "1" * 6
    assert not has_died(f"{host}-{ended.pid}-{other}{digits[6:]}"), "nothing is known of another machine"
    for unknown in ("another", f"{host}-{number}-abc", ""):
        assert not has_died(unknown)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_process_that_nobody_has_waited_for_has_died_too() -> None:
    host, _, digits = owner_name().rsplit("-", 2)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    end = time.monotonic() + 10
    while is_living(ended.pid) and time.monotonic() < end:
        time.sleep(0.01)
    assert has_died(f"{host}-{ended.pid}-{digits}")
    ended.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_claims_of_a_process_that_died_here_are_open_at_once(tmp_path: Path) -> None:
    first, second = Claims(tmp_path / "claims"), Claims(tmp_path / "claims")
    first.prepare(["kl-seed0"])
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host, _, digits = first.owner.rsplit("-", 2)
    alive = first.take(first.look()["kl-seed0"])
    assert alive and second.look()["kl-seed0"].lives
    first.release(alive)
    first.owner = f"{host}-{ended.pid}-{digits}"
    assert first.take(first.look()["kl-seed0"])
    assert second.look()["kl-seed0"].expired and second.take(second.look()["kl-seed0"])


def removed(folder: Path) -> None:
    shutil.rmtree(folder)


def renamed(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def replaced(folder: Path) -> None:
    renamed(folder)
    folder.mkdir()


LOSSES: dict[Callable[[Path], None], str] = {
    removed: "no longer exists",
    renamed: "no longer exists",
    replaced: "has been replaced",
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_folder_is_the_same_until_it_is_lost(tmp_path: Path, loss: Callable[[Path], None]) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    same = SameFolder(folder, "this run")
    (folder / "file").touch()
    same.require()
    loss(folder)
    with pytest.raises(RunError, match=LOSSES[loss]):
        same.require()


def test_a_folder_that_comes_back_is_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    same = SameFolder(folder, "this run")
    renamed(folder)
    (tmp_path / "elsewhere").rename(folder)
    same.require()


class Losing:
    """A callback that loses the folder after a line of the log."""

    def __init__(self, loss: Callable[[Path], None], folder: Path) -> None:
        self.loss, self.folder, self.last = loss, folder, 0

    def on_log(self, step: int, metrics: object) -> None:
        if step == 20:
            self.loss(self.folder)

    def on_step(self, state: RunState) -> None:
        self.last = state.step


@pytest.mark.parametrize("loss", LOSSES)
def test_a_run_stops_within_a_log_interval_of_the_loss_of_its_folder(
    tmp_path: Path, loss: Callable[[Path], None]
) -> None:
    losing = Losing(loss, tmp_path / "run")
    ways = {
        "batch_size": 8,
        "width": 8,
        "depth": 1,
        "device": "cpu",
        "compile": "off",
        "say": lambda line: None,
    }
    with pytest.raises(RunError, match=rf"run {LOSSES[loss]}.*--resume"):
        fgan.train("ring8", tmp_path / "run", steps=1000, log_every=10, callbacks=[losing], **ways)
    assert losing.last <= 30
    assert not (tmp_path / "run").exists() or not any((tmp_path / "run").iterdir())


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_comparison_whose_parent_was_killed_goes_on_at_once(tmp_path: Path) -> None:
    command = (
        "compare ring8 --divergences gan,js --steps 400 --width 8 --depth 1 --batch-size 16 --checkpoint-every 20 "
        "--log-every 10 --sample-every 0 --sample-count 0 --device cpu --compile off --jobs 2 --n 200 "
        "--metrics modes --rank-by modes-kl"
    )
    flags = [sys.executable, "-m", "fgan", *command.split()]
    began = time.monotonic()
    subprocess.run([*flags, "--out", tmp_path / "whole"], check=True, capture_output=True)
    usual = time.monotonic() - began
    parent = subprocess.Popen([*flags, "--out", tmp_path / "parts"], stderr=subprocess.DEVNULL)
    end = time.monotonic() + 120
    while not list((tmp_path / "parts").glob("*/checkpoints/step-*")) and time.monotonic() < end:
        time.sleep(0.05)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    began = time.monotonic()
    again = subprocess.run([*flags, "--out", tmp_path / "parts", "--resume"], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert "waiting to see" not in again.stderr and time.monotonic() - began < 3 * usual + 30
    for name in ("gan-seed0", "js-seed0"):
        for file in ("metrics.jsonl", "status.json", "checkpoints/step-00000400/generator.safetensors"):
            assert (tmp_path / "parts" / name / file).read_bytes() == (
                tmp_path / "whole" / name / file
            ).read_bytes()


def test_without_file_locks_a_file_holds_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")

    def refuse(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    one, other, lock = HeldFolder(tmp_path / "run"), HeldFolder(tmp_path / "run"), tmp_path / "run" / ".lock"
    with one.locked(create=True) as known:
        assert not known and lock.is_file()
        with pytest.raises(TakenError, match=r"delete that file"), other.locked():
            pass
        assert lock.is_file(), "of the one that holds it"
    assert not (tmp_path / "run").exists(), "which was empty"
    (tmp_path / "run").mkdir()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host, _, digits = owner_name().rsplit("-", 2)
    lock.write_text(f"{host}-{ended.pid}-{digits}")
    if sys.platform == "linux":
        with other.locked():
            assert lock.read_text() != f"{host}-{ended.pid}-{digits}"
        assert list((tmp_path / "run").iterdir()) == []
    lock.write_text("")
    with pytest.raises(TakenError, match="an unknown process"), other.locked():
        pass
