"""Every verb in an interpreter that has imported nothing, started as a user starts it."""

import subprocess
import sys

import numpy
import pytest

from fgan.cli import VERBS

SMALL = ("--steps", 20, "--width", 8, "--device", "cpu")
COMMANDS = {
    "sample": ("run", "--n", 4, "--out", "samples.npy"),
    "evaluate": ("run", "--n", 100, "--metrics", "fid,prdc,kl", "--json"),
    "estimate": ("p.npy", "q.npy"),
    "mi": ("p.npy", "q.npy", "--json"),
    "compare": (
        "ring8",
        "--divergences",
        "kl",
        *SMALL,
        "--n",
        100,
        "--metrics",
        "fid",
        "--out",
        "comparison",
    ),
    "paper": ("toy", "--divergences", "kl", "--steps", 5, "--n", 100, "--json"),
    "report": ("run",),
    "divergences": ("kl",),
    "verify": ("kl",),
    "cite": ("kl",),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a run and two sets of samples."""
    folder = tmp_path_factory.mktemp("folder")
    random = numpy.random.default_rng(0)
    for name in ("p", "q"):
        numpy.save(folder / f"{name}.npy", random.standard_normal((300, 2)))
    assert run(folder, "train", "ring8", *SMALL, "--out", "run").returncode == 0
    return folder


def run(folder, *arguments):
    command = [sys.executable, "-m", "fgan", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


# Those two are started so by other tests, `train` by the folder of these.
@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("train", "compare")])
def test_it_works_by_itself(verb, folder):
    result = run(folder, verb, *COMMANDS[verb])
    assert result.returncode == 0, result.stderr
    assert (
        "Warning" not in result.stderr and "Traceback" not in result.stderr and "ignored" not in result.stderr
    )
