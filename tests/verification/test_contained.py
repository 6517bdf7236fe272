"""Whatever somebody's code does under verification, it is contained, and judged."""

import os
import time
from pathlib import Path

import pytest
import torch

import fgan
from fgan.cli import main
from fgan.errors import FganError
from fgan.verification import Report, apart

CODE = """
import ctypes, os, sys, time
import torch

torch.set_default_dtype(torch.float64)  # many a module does, when it is imported


HELD = []


class Term:
    def real_term(self, v):
        self.act(v)
        return v

    def fake_term(self, v):
        return (v - 1).exp()


def child():
    number = os.fork()
    if not number:
        with open("children", "a") as file:
            file.write(f"{os.getpid()}\\n")
        time.sleep(1e6)
    while not os.path.exists("children"):
        time.sleep(0.01)
    return number


def made(name, act):
    globals()[name] = type(name, (Term,), {"act": lambda self, v: act()})


def exits():
    raise SystemExit(0)


def interrupts():
    raise KeyboardInterrupt


def leaves():
    raise GeneratorExit


made("Good", lambda: None)
made("Exits", exits)
made("Interrupts", interrupts)
made("Leaves", leaves)
made("Ends", lambda: os._exit(0))
made("Crashes", lambda: ctypes.string_at(0))
made("Prints", lambda: print("{}"))
made("Closes", lambda: sys.stdout.close())
made("SetsDtype", lambda: torch.set_default_dtype(torch.float16))
made("Seeds", lambda: torch.manual_seed(0))
made("Moves", lambda: os.chdir("/"))
made("Loops", lambda: [None for _ in iter(int, 1)])
made("Waits", lambda: time.sleep(1e6))
made("Allocates", lambda: torch.zeros(100 << 30, dtype=torch.uint8))
made("LeavesAChild", lambda: child() and None)
made("LeavesAChildAndEnds", lambda: child() and os._exit(0))
made("ReturnsTwice", lambda: HELD or HELD.append(os.fork()))
made("Reads", lambda: input())
made("Hoards", lambda: HELD.extend(bytearray(1 << 28) for _ in range(400)))
"""


@pytest.fixture
def code(tmp_path, monkeypatch):
    (tmp_path / "verified_code.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="without fork there is no child")
@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("Good", {0}), ("Prints", {0}), ("Seeds", {0}), ("Exits", {1, 2}), ("Interrupts", {1, 2}), ("Leaves", {1, 2}),
        ("Ends", {1, 2}), ("Crashes", {1, 2}), ("Closes", {0}), ("SetsDtype", {1, 2}), ("Moves", {1, 2}),
    ],
)  # fmt: skip
def test_code_that_misbehaves_never_passes(code, name, codes, capsys):
    state, here = torch.get_rng_state(), Path.cwd()
    assert main(["verify", f"verified_code:{name}"]) in codes, capsys.readouterr()
    assert torch.get_default_dtype() == torch.float32 and Path.cwd() == here
    assert torch.equal(torch.get_rng_state(), state)
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="without fork there is no child")
@pytest.mark.parametrize("name", ["Loops", "Waits"])
def test_a_term_that_never_returns_is_stopped(code, name, capsys, monkeypatch):
    monkeypatch.setattr("fgan.verification.contained.MOST_SECONDS", 1.0)
    began = time.monotonic()
    assert main(["verify", f"verified_code:{name}"]) == 2
    said = capsys.readouterr().err
    assert name in said and "still being checked after 1 s" in said and time.monotonic() - began < 30


@pytest.mark.skipif(not hasattr(os, "fork"), reason="without fork there is no child")
@pytest.mark.parametrize(
    ("name", "code_", "says"),
    [
        ("LeavesAChild", 0, ""),
        ("LeavesAChildAndEnds", 2, "ended the process with exit code 0"),
        ("ReturnsTwice", 0, ""),
    ],
)
def test_children_of_that_code_end_with_it_and_nobody_waits_for_them(code, name, code_, says, capsys):
    began = time.monotonic()
    assert main(["verify", f"verified_code:{name}"]) == code_
    assert says in capsys.readouterr().err and time.monotonic() - began < 60
    left = Path("children").read_text().split() if Path("children").exists() else []
    assert bool(left) == name.startswith("LeavesAChild") and not any(map(_runs, left))


def _runs(number):
    """Whether a process has not ended within some seconds; one that nobody waited for has."""
    for _ in range(100):
        stat = Path(f"/proc/{number}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        time.sleep(0.05)
    return True


@pytest.mark.skipif(not hasattr(os, "fork"), reason="without fork there is no child")
@pytest.mark.parametrize("name", ["Allocates", "Hoards"])
def test_a_term_that_asks_for_100_gb_does_not_get_them(code, name, capsys, monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr("fgan.verification.contained.free_memory", lambda: 1 << 30)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert main(["verify", f"verified_code:{name}"]) in (1, 2)
    said = capsys.readouterr()
    assert "memory" in (said.out + said.err).lower() and "Traceback" not in said.err
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < before + (4 << 20)  # kB


@pytest.mark.parametrize("target", ["sys:exit", "builtins:exit", "os:abort"])
def test_functions_that_end_a_process_do_not_pass(target, capsys):
    assert main(["verify", target]) == 2
    assert target in capsys.readouterr().err


def test_what_it_changes_is_changed_back_and_said():
    class Odd:
        def real_term(self, v):
            torch.set_default_dtype(torch.float16)
            return v

        def fake_term(self, v):
            return (v - 1).exp()

    report = fgan.verify(Odd())
    assert torch.get_default_dtype() == torch.float32
    assert [one.law for one in report.broken] == ["leaves settings alone"]
    assert "torch's default dtype from torch.float32 to torch.float16" in report.broken[0].what


@pytest.mark.skipif(not hasattr(os, "fork"), reason="without fork there is no child")
def test_work_that_takes_too_long_is_stopped():
    began = time.monotonic()
    with pytest.raises(FganError, match="still being checked after 0 s"):
        apart(lambda: time.sleep(60) or Report("x", "y", None, None, (), ()), "x", seconds=0.2)
    assert time.monotonic() - began < 20


def test_a_report_arrives_as_it_was_made():
    made = fgan.verify((torch.sigmoid, lambda t: (t - 1).exp()), claim="kl")
    assert made.broken and apart(lambda: made, "x") == made
