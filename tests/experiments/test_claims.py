"""Claims by renames: one owner at a time, whatever happens in between."""

import shutil
import threading
import time
from pathlib import Path

import pytest

from fgan.errors import RunError, TakenError
from fgan.experiments.claims import WHOLE, Claims

MEMBERS = ("kl-seed0", "js-seed0", "gan-seed0")


def claims_on(folder, seconds=60.0):
    folder.mkdir(exist_ok=True)
    claims = Claims(folder / "claims", seconds)
    claims.prepare(MEMBERS)
    return claims


@pytest.fixture
def clock(monkeypatch):
    """The seconds that have passed, for owners and for those who look."""
    now = [1000.0]
    monkeypatch.setattr("fgan.experiments.claims._now", lambda: now[0])
    monkeypatch.setattr("fgan.experiments.claims.time.monotonic", lambda: now[0])
    return now


def pass_seconds(clock, seconds):
    clock[0] += seconds


def test_of_many_that_claim_at_once_each_claim_has_one_owner(tmp_path):
    won, start = [], threading.Barrier(8)

    def worker():
        start.wait()
        claims = claims_on(tmp_path)  # who makes the folder is a race too
        for claim in claims.look().values():
            if claim.is_open and claims.take(claim):
                won.append(claim.thing)

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == sorted([WHOLE, *MEMBERS])
    assert len(list((tmp_path / "claims").iterdir())) == len(won)
    assert [path.name for path in tmp_path.iterdir()] == ["claims"]


def test_what_is_renewed_stays_and_what_is_not_is_another_s(tmp_path, clock):
    first, second = claims_on(tmp_path), claims_on(tmp_path)
    lease = first.take(first.look()["kl-seed0"])
    for _ in range(10):
        second.look()
        pass_seconds(clock, 40)
        lease.renew()
    assert second.look()["kl-seed0"].lives
    pass_seconds(clock, 61)
    lost = second.look()["kl-seed0"]
    assert lost.expired and lost.owner == first.owner
    taken = second.take(lost)
    with pytest.raises(TakenError, match="another process has taken over kl-seed0"):
        lease.require()
    lease.renew()
    first.release(lease, "finished")  # which is not its to say any more
    assert second.look()["kl-seed0"].owner == second.owner
    taken.require()
    second.release(taken, "finished")
    assert second.look()["kl-seed0"].state == "finished"


def test_a_claim_that_was_renewed_since_it_was_looked_at_cannot_be_taken(tmp_path, clock):
    """As where a network file system shows an old list of names."""
    first, second = claims_on(tmp_path), claims_on(tmp_path)
    lease = first.take(first.look()["kl-seed0"])
    second.look()
    pass_seconds(clock, 61)
    old = second.look()["kl-seed0"]
    lease.renew()
    assert old.expired and second.take(old) is None
    lease.require()


def test_who_asks_late_renews_before_it_writes(tmp_path, clock):
    claims, other = claims_on(tmp_path), claims_on(tmp_path)
    lease = claims.take(claims.look()["kl-seed0"])
    other.look()
    pass_seconds(clock, 100)
    lease.require()
    assert other.look()["kl-seed0"].lives
    pass_seconds(clock, 100)
    shutil.rmtree(tmp_path / "claims")
    with pytest.raises(TakenError):
        lease.require()


def test_the_heart_beats_while_a_step_takes_long(tmp_path):
    claims, other = claims_on(tmp_path, 1.0), claims_on(tmp_path, 1.0)
    with claims.beating():
        lease = claims.take(claims.look()["kl-seed0"])
        other.look()
        time.sleep(1.3)
        assert other.look()["kl-seed0"].lives
    lease.require()


def test_a_lost_answer_is_no_lost_claim(tmp_path, monkeypatch):
    """NFS asks again, and is told that the file is gone: because it was renamed the first time."""
    claims = claims_on(tmp_path)
    rename = Path.rename

    def unheard(self, target):
        rename(self, target)
        raise FileNotFoundError

    monkeypatch.setattr(Path, "rename", unheard)
    lease = claims.take(claims.look()["kl-seed0"])
    lease.require()
    assert not lease.lost and claims.look()["kl-seed0"].owner == claims.owner


def test_a_comparison_is_trained_by_workers_or_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("fgan.experiments.claims.SECONDS_BETWEEN_LOOKS", 0.05)
    worker, other, said = claims_on(tmp_path, 1.0), claims_on(tmp_path, 1.0), []
    with worker.beating():
        lease = worker.take(worker.look()["kl-seed0"])
        with (
            pytest.raises(RunError, match=rf"{worker.owner} is training in .*--worker"),
            other.whole(said.append),
        ):
            pass
        worker.release(lease, "failed")
    abandoned = worker.take(worker.look()["js-seed0"])
    with other.whole(said.append):
        now = worker.look()
        assert now[WHOLE].lives and now["kl-seed0"].state == now["js-seed0"].state == "free"
    assert said and abandoned is not None
    with pytest.raises(TakenError):
        abandoned.renew()
        abandoned.require()
    assert worker.look()[WHOLE].state == "free"


def test_a_folder_where_renames_do_not_claim_is_refused(tmp_path, monkeypatch):
    (tmp_path / "c").mkdir()
    claims = claims_on(tmp_path / "c")

    def copy(self, target):
        shutil.copy(self, target)

    monkeypatch.setattr(Path, "rename", copy)
    with pytest.raises(
        RunError, match=r"is not safe for several workers: of two renames of one file, both succeeded"
    ):
        claims.prepare(MEMBERS)


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path, monkeypatch):
    def refuse(*arguments, **settings):
        raise PermissionError(13, "Permission denied")

    claims = claims_on(tmp_path)
    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(RunError, match=r"cannot create and rename files in .*Permission denied"):
        claims.prepare(MEMBERS)


@pytest.mark.parametrize("seconds", [0, 0.5, -1, float("nan"), float("inf")])
def test_a_lease_that_no_heartbeat_can_keep_is_refused(tmp_path, seconds):
    with pytest.raises(RunError, match="--lease must be at least 1 second"):
        Claims(tmp_path, seconds)
