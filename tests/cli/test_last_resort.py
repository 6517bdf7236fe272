"""Errors that nobody foresaw, systems that refuse, and text that steers terminals."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fgan
from fgan.cli import main, print_error, print_out
from fgan.errors import FganError


@pytest.fixture
def breaking(monkeypatch):
    """Make `fgan cite` raise."""

    def break_it(error):
        def run(arguments):
            raise error

        monkeypatch.setattr("fgan.cli.cite.run", run)

    return break_it


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), RecursionError(), SystemExit(0), AssertionError()])
def test_an_unforeseen_error_becomes_a_file_and_a_line(breaking, nothing_unforeseen, capsys, error):
    breaking(error)
    assert main(["cite", "kl; touch x"]) == 70
    said = capsys.readouterr().err
    (report,) = nothing_unforeseen.iterdir()
    assert str(report) in said and said.count("\n") == 1 and "Traceback" not in said
    text = report.read_text()
    report.unlink()
    assert type(error).__name__ in text and "fgan cite 'kl; touch x'" in text and "torch 2" in text
    assert "test_last_resort.py" in text


def test_where_nothing_can_be_written_the_line_says_so(breaking, monkeypatch, tmp_path, capsys):
    breaking(ValueError("odd"))
    (tmp_path / "file").write_text("")
    for name in ("FGAN_ERRORS", "FGAN_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / "file" / "below"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "file"))
    assert main(["cite", "kl"]) == 70
    assert "ValueError: odd" in capsys.readouterr().err


def test_a_system_that_refuses_is_no_error_of_fgan(breaking, capsys):
    breaking(OSError(28, "No space left on device", "runs/x"))
    assert main(["cite", "kl"]) == 2
    assert "No space left on device" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_behind_a_pipe():
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "fgan", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert result.returncode == 2 and "No space left" in result.stderr and result.stderr.count("\n") == 1


HOSTILE = "a\x1b]0;title\x07b\x9b2Jc\u202ed\u2066e\rf\x00g\x7fh\udcffi"


def test_nothing_printed_steers_a_terminal(capsys):
    print_out(HOSTILE)
    print_error(HOSTILE)
    for text in capsys.readouterr():
        assert text == (
            "a\\u001b]0;title\\u0007b\\u009b2Jc\\u202ed\\u2066e\\u000df\\u0000g\\u007fh\\udcffi\n"
        )


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_other_libraries_do_not_steer_it_either(monkeypatch, breaking):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)

    def run(arguments):
        sys.stderr.write(f"\r{HOSTILE}\x1b[A")
        raise FganError(HOSTILE)

    monkeypatch.setattr("fgan.cli.cite.run", run)
    assert main(["cite", "kl"]) == 2
    text = terminal.getvalue()
    assert text.startswith("\ra\\u001b]0") and text.count("\x1b") == 1 and "\x9b" not in text
    assert text.endswith("\\udcffi\n")


@pytest.mark.parametrize(
    "verb", [["cite", HOSTILE.replace("\x00", "")], [HOSTILE.replace("\x00", "")], ["runs", "\x1b[2J"]]
)
def test_a_command_line_is_printed_back_harmlessly(verb, capsys):
    assert main(verb) == 2
    assert "\x1b" not in "".join(capsys.readouterr())


@pytest.mark.slow
@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"TERM": "dumb", "COLUMNS": "1"},
        {"HOME": ""}, {"HOME": "/nowhere"}, {"TMPDIR": "/nowhere"}, {"COLUMNS": "-3"}, {"COLUMNS": "x"},
    ],
)  # fmt: skip
def test_odd_environments(environment, tmp_path):
    for words in (
        ["divergences", "kl"],
        ["divergences"],
        ["runs", os.fsdecode(b"no\xffname")],
        ["train", "--help"],
    ):
        result = subprocess.run(
            [sys.executable, "-m", "fgan", *words], env=os.environ | environment, capture_output=True, check=False,
            cwd=tmp_path,
        )  # fmt: skip
        assert result.returncode == (2 if words[0] == "runs" else 0), (words, result.stderr)
        assert b"Traceback" not in result.stderr


@pytest.mark.slow
def test_a_folder_that_is_gone(tmp_path):
    gone = tmp_path / "gone"
    script = f"import os; os.mkdir({str(gone)!r}); os.chdir({str(gone)!r}); os.rmdir({str(gone)!r})"
    script += "; from fgan.cli import main; print(main(WORDS))"
    for words in (["divergences", "kl"], ["runs", "."], ["train", "ring8", "--steps", "1"], ["report", "x"]):
        result = subprocess.run(
            [sys.executable, "-c", script.replace("WORDS", repr(words))],
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.stdout == "2\n" and "the current folder is gone" in result.stderr, result.stderr


@pytest.mark.parametrize(
    "words", ["train ring8 --out X", "audit X X", "estimate X X", "mi X", "frontier X X", "sample X"]
)
def test_a_character_of_code_0_is_refused(words, capsys):
    assert main(words.replace("X", "a\0b").split(" ")) == 2
    assert "character of code 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    "call",
    [
        lambda: fgan.train("ring8", "a\0b", steps=1),
        lambda: fgan.audit("a\0b", "a\0b"),
        lambda: fgan.estimate("a\0b", "a\0b"),
        lambda: fgan.load("a\0b"),
    ],
)
def test_a_path_with_a_character_of_code_0_is_refused_by_functions_too(call):
    with pytest.raises(FganError, match="a\0b"):
        call()
