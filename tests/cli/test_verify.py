"""`fgan verify` as a user meets it."""

import json
import sys

import pytest

from fgan.cli import main
from fgan.divergences import EXAMPLES
from fgan.verification import LAWS

MINE = """
import math
import torch
import torch.nn.functional as F

print("imported")  # is no part of the result

kl = (lambda v: v, lambda t: torch.exp(t - 1))
sigmoid_kl = (torch.sigmoid, lambda t: torch.exp(t - 1))
naive_js = (lambda v: math.log(2) - torch.log(1 + torch.exp(-v)), lambda t: -torch.log(2 - torch.exp(t)))
number = 3


class Gan:
    def real_term(self, v):
        return F.logsigmoid(v)

    def fake_term(self, v):
        return torch.logaddexp(v, torch.zeros_like(v))


class Needs(Gan):
    def __init__(self, order):
        self.order = order


class Rooms:
    gan = Gan()


def refuses(v):
    raise ValueError("not today")


broken = (refuses, refuses)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "inner.py").write_text(MINE)
    (tmp_path / "raises.py").write_text("1 / 0")
    (tmp_path / "stops.py").write_text("raise SystemExit(0)")
    (tmp_path / "needs.py").write_text("import not_installed_here")
    return tmp_path


@pytest.mark.slow
def test_the_catalogue(fgan_command):
    result = fgan_command("verify")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == "", "no progress bar where nobody looks"
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == list(EXAMPLES)
    assert all(line.endswith(" ok") for line in lines[:-1])
    assert lines[-1].startswith(f"{len(EXAMPLES)} divergences, {len(LAWS)} laws, all hold (")
    outcome = json.loads(fgan_command("verify", "--json").stdout)
    assert outcome["laws"] == list(LAWS) and outcome["seconds"] < 60
    assert [row["name"] for row in outcome["divergences"]] == list(EXAMPLES)
    assert {"name": "kl", "links": ["paper", "log-ratio"], "broken": {}} in outcome["divergences"]


@pytest.mark.parametrize("name", ["alpha:0.3", "f(u)=(u-1)**4", "0.5*kl + 0.5*dual(js)"])
def test_one_name(fgan_command, name):
    result = fgan_command("verify", name)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"1 divergence, {len(LAWS)} laws, all hold" in result.stdout


def test_one_name_that_breaks_a_law(fgan_command):
    result = fgan_command("verify", "2*gan")
    assert result.returncode == 1
    assert "BROKEN f(1) = 0: f(1) = -2.772588722, not 0" in result.stdout
    assert result.stderr == "fgan: 1 law of 1 divergence broken.\n"


@pytest.mark.parametrize(
    ("target", "claim", "said"),
    [
        ("mine:kl", "kl", "all laws hold as kl"),
        ("mine:kl", None, "recognised: kl"),
        ("mine:Gan", "gan", "all laws hold as gan"),
        ("mine:Rooms.gan", "gan", "note: f(1) = -1.38629"),
        ("package.inner:kl", "kl", "all laws hold as kl"),
        ("fgan.divergences:KL", "kl", "an fgan.Divergence, paper link"),
    ],
)
def test_code_that_obeys(folder, fgan_command, target, claim, said):
    result = fgan_command("verify", target, *(["--as", claim] if claim else []), cwd=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.startswith(f"{target}: ") and said in result.stdout


@pytest.mark.parametrize(
    ("target", "claim", "said"),
    [
        ("mine:sigmoid_kl", "kl", "BROKEN bound is tight: at u = 1.25893 the best bound is 0.258925"),
        ("mine:naive_js", "js", "inf in float32 at v = 16.75"),
        ("mine:kl", "reverse-kl", "this is kl, not reverse-kl"),
        ("mine:Gan", "js", "js shifted by -1.38629, which is gan"),
    ],
)
def test_code_that_breaks_a_law(folder, fgan_command, target, claim, said):
    result = fgan_command("verify", target, "--as", claim, cwd=folder)
    assert result.returncode == 1, result.stdout + result.stderr
    assert said in result.stdout and "fix: " in result.stdout
    assert f"fgan: {target} breaks" in result.stderr and "Traceback" not in result.stderr


def test_json_of_foreign_code(folder, fgan_command):
    result = fgan_command("verify", "mine:kl", "--as", "js", "--json", cwd=folder)
    assert result.returncode == 1
    outcome = json.loads(result.stdout)
    assert outcome["target"] == "mine:kl" and outcome["recognised"] == "kl" and outcome["claim"] == "js"
    assert outcome["holds"] is False and outcome["broken"][0]["law"] == "is js"
    assert set(outcome["broken"][0]) == {"law", "what", "mend"}
    assert json.loads(fgan_command("verify", "mine:kl", "--json", cwd=folder).stdout)["holds"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere:kl"], ['there is no module "nowhere"', "package.module:object"]),
        (["mine.py:kl"], ["must name a module, not a file. Pass mine:kl", "without .py"]),
        (["mine:kll"], ['there is no "kll" in mine', 'Did you mean "kl"?']),
        (["mine:number"], ["a pair (activation, conjugate)", "type int"]),
        (["mine:Needs"], ["a class that needs order"]),
        (["mine:broken"], ["ValueError: not today"]),
        (["raises:kl"], ['importing "raises" raised ZeroDivisionError']),
        (["stops:kl"], ['importing "stops" raised SystemExit']),
        (["needs:kl"], ['"needs" imports not_installed_here, which is not installed']),
        (["mine:kl", "--as", "revers-kl"], ['unknown divergence "revers-kl"', '"reverse-kl"']),
        (["--as", "kl"], ["fgan verify package.module:object --as kl"]),
        (["mine"], ['unknown divergence "mine"', "package.module:object"]),
        (["alpha:x"], ["the α of alpha must be"]),
    ],
)
def test_mistakes(folder, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    for name in ("mine", "raises", "stops", "needs"):  # of an earlier folder
        monkeypatch.delitem(sys.modules, name, raising=False)
    assert main(["verify", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    for words in said:
        assert words in printed.err


@pytest.mark.parametrize(
    "arguments",
    [["mine:kll"], ["mine:kl", "--as", "nothing"], ["mine:broken"]],
    ids=["object", "claim", "raises"],
)
def test_mistakes_are_no_traceback(folder, fgan_command, arguments):
    result = fgan_command("verify", *arguments, cwd=folder)
    assert result.returncode == 2, result.stdout + result.stderr
    assert result.stdout == "" and "Traceback" not in result.stderr


def test_help_says_what_code_may_be(fgan_command):
    result = fgan_command("verify", "--help")
    words = " ".join(result.stdout.split())
    assert result.returncode == 0 and "(activation, conjugate)" in words and "--as" in words
