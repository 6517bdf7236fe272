"""Every verb in an interpreter that has imported nothing, started as a user starts it."""

import numpy
import pytest

from fgan.cli import VERBS

pytestmark = pytest.mark.slow

SMALL = ("--steps", 20, "--width", 8, "--device", "cpu")
COMMANDS = {
    "sample": ("run", "--n", 4, "--out", "samples.npy"),
    "evaluate": ("run", "--n", 100, "--metrics", "fid,prdc,kl", "--json"),
    "estimate": ("p.npy", "q.npy"),
    "frontier": ("p.npy", "q.npy", "--plot", "frontier.png"),
    "audit": ("p.npy", "q.npy"),
    "mi": ("p.npy", "q.npy", "--json"),
    "paper": ("toy", "--divergences", "kl", "--steps", 5, "--n", 100, "--json"),
    "runs": (".",),
    "report": ("run",),
    "export": ("run", "--to", "safetensors"),
    "divergences": ("kl",),
    "verify": ("kl",),
    "cite": ("kl",),
    "completion": ("bash",),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, cold_fgan_command):
    """A folder with a run and two sets of samples."""
    folder = tmp_path_factory.mktemp("folder")
    random = numpy.random.default_rng(0)
    for name in ("p", "q"):
        numpy.save(folder / f"{name}.npy", random.standard_normal((300, 2)))
    assert cold_fgan_command("train", "ring8", *SMALL, "--out", "run", cwd=folder).returncode == 0
    return folder


# `train` makes the folder of these; `compare`, `push` and `lab` are started so by their own tests.
@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("train", "compare", "push", "lab")])
def test_it_works_by_itself(verb, folder, cold_fgan_command):
    result = cold_fgan_command(verb, *COMMANDS[verb], cwd=folder)
    assert result.returncode == 0, result.stderr
    assert (
        "Warning" not in result.stderr and "Traceback" not in result.stderr and "ignored" not in result.stderr
    )
