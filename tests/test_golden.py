"""What fgan computes is what it computed when tests/golden.json was recorded; see benchmarks/golden.py.

Where a change of results is meant: `python benchmarks/golden.py record tests/golden.json --small`.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fgan

HERE = Path(__file__).parent
SCRIPT = HERE.parent / "benchmarks" / "golden.py"
RECORDED = json.loads((HERE / "golden.json").read_text())
# One torch computes the same but for the last bits, which the CPU decides; training and trees carry them further.
SAME_TORCH, OTHER_TORCH = 1e-4, 1e-3

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("golden")]


@pytest.fixture(scope="module")
def golden():
    """The script that compares."""
    specification = importlib.util.spec_from_file_location("golden", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """The same cases by the present code, in a process of its own, which is as a user's."""
    file = tmp_path_factory.mktemp("golden") / "now.json"
    here = {"PYTHONPATH": str(Path(fgan.__file__).parent.parent), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, SCRIPT, "record", file, "--small"]
    done = subprocess.run(command, env=os.environ | here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text())


@pytest.mark.parametrize("name", RECORDED["cases"])
def test_it_computes_what_it_did(name, computed, golden):
    same = RECORDED["about"]["torch"] == computed["about"]["torch"]
    tolerance = SAME_TORCH if same else OTHER_TORCH
    said, good = golden.verdict(RECORDED["cases"][name], computed["cases"].get(name, {}), tolerance)
    assert good, said


def test_an_old_run_goes_on_as_if_it_had_never_stopped(computed, golden):
    resumed, whole = (computed["cases"][f"old-run/{name}"] for name in ("resumed", "from-scratch"))
    # Elsewhere its first 40 steps were of another CPU's bits.
    here = golden.verdict(RECORDED["cases"]["old-run/from-scratch"], whole, 0)[1]
    said, good = golden.verdict(whole, resumed, 0 if here else SAME_TORCH)
    assert good, said


def test_a_change_is_told_from_a_rounding(golden):
    def found(value):
        return {"weights": golden.entry(value, "/nowhere"), "said": "bound 0.25 in /nowhere", "n": [1, None]}

    ones = golden.np.ones(5, dtype="float32")
    assert golden.verdict(found(ones), found(ones), 0) == ("identical", True)
    assert golden.verdict(found(ones), found(ones + 1e-6), 1e-5)[1]
    said, good = golden.verdict(found(ones), found(ones + 1e-3), 1e-5)
    assert not good
    assert "weights" in said
    assert not golden.verdict(found(ones), found(ones.astype("float64")), 1)[1]
    assert not golden.verdict(found(ones), found(ones) | {"n": [1, 2]}, 1)[1]
    assert not golden.verdict(found(ones), found(ones) | {"said": "another bound 0.25"}, 1)[1]
    assert golden.verdict(found(ones), found(ones) | {"said": "bound 0.2500001 in /nowhere"}, 1e-5)[1]
