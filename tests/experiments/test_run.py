"""What `fgan.train` and `fgan.load` return, and what one does next with it; without a screen or a terminal."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from matplotlib._pylab_helpers import Gcf
from notebook import picture_of, shown

import fgan

QUICK = {"steps": 20, "width": 8, "batch_size": 16, "log_every": 5, "checkpoint_every": 10, "device": "cpu"}


@pytest.fixture(scope="module")
def x():
    return torch.randn(300, 2, generator=torch.Generator().manual_seed(0)) * 3 + torch.tensor([10.0, 0.0])


@pytest.fixture(scope="module")
def quiet():
    return lambda line: None


@pytest.fixture(scope="module")
def run(x, tmp_path_factory, quiet):
    return fgan.train(x, divergence="js", out=tmp_path_factory.mktemp("runs") / "mine", say=quiet, **QUICK)


def test_one_goes_on_with_what_train_returns(run, x, quiet):
    assert isinstance(run, fgan.Run) and run.path.name == "mine" and run.config().divergence == "js"
    assert run.sample(64).shape == (64, 2) and [line["step"] for line in run.metrics()] == [5, 10, 15, 20]
    assert run.evaluate(metrics="fid", n=30, say=quiet)["fid"].usable
    generator = run.generator
    assert isinstance(generator, torch.nn.Module) and not generator.training
    latents = torch.randn(5, generator.latent, generator=torch.Generator().manual_seed(0))
    assert torch.equal(generator(latents), run.sample(5, seed=0))


def test_a_call_has_left_its_summary_whose_fields_are_the_runs(run):
    assert (run.step, run.steps, run.diverged, run.backoffs) == (20, 20, None, 0)
    assert run.bound == run.summary.bound == run.metrics()[-1]["bound"]
    assert {"step", "bound", "sample"} <= {*dir(run)} and callable(run.sample)


def test_load_returns_the_same_thing(run, x, quiet):
    again = fgan.load(run.path)
    assert type(again) is type(run) is fgan.RunDirectory
    assert torch.equal(again.sample(5), run.sample(5)) and repr(again) == repr(run)
    with pytest.raises(AttributeError, match="this run was opened"):
        _ = again.bound
    with pytest.raises(AttributeError, match="no attribute 'boundd'"):
        _ = run.boundd
    with pytest.raises(fgan.FganError, match=r"Pass them again: run.evaluate\(x\)"):
        again.evaluate()
    assert again.evaluate(x, metrics="fid", n=30, say=quiet)["fid"].usable
    assert fgan.evaluate(again, x, metrics="fid", n=30, say=quiet)["fid"].usable


@pytest.mark.slow
def test_numbers_that_float32_cannot_keep_apart_leave_the_generator_in_their_own_units(tmp_path, quiet):
    days = 1.7e9 + torch.rand(200, 1, dtype=torch.float64)
    run = fgan.train(days, divergence="js", out=tmp_path / "run", say=quiet, **QUICK)
    made = run.generator(torch.randn(50, run.generator.latent))
    assert made.dtype == torch.float64 and (made - 1.7e9).abs().max() < 10


@pytest.mark.slow
def test_a_conditional_runs_generator_takes_labels(tmp_path, quiet):
    x, y = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 3
    run = fgan.train((x, y), divergence="js", conditional=True, out=tmp_path / "run", say=quiet, **QUICK)
    assert run.generator(torch.zeros(3, run.generator.latent), torch.arange(3)).shape == (3, 2)


def test_at_a_prompt_it_says_what_it_is(run):
    said = repr(run)
    assert said.startswith(f'fgan.load("{run.path}")  # js on tensor, 20 of 20 steps, finished, bound ')
    assert eval(said, {"fgan": fgan}).path == run.path
    assert repr(fgan.Run("nowhere")) == 'fgan.load("nowhere")'


def test_a_notebook_shows_it(run):
    assert "js" in shown(run) and "20 of 20" in shown(run)
    picture = picture_of(run.plot())
    assert picture.width > picture.height > 200 and len(picture.convert("RGB").getcolors(1 << 20)) > 50
    assert not Gcf.figs, "pyplot would keep it"
    titles = run.plot().get_suptitle(), *(axes.get_title() for axes in run.plot().axes)
    assert titles[0] == "js on tensor" and "step 20" in titles[2]
    assert [line.get_label() for line in run.plot().axes[0].lines][1:] == [
        "bound",
        "critic loss",
        "generator loss",
    ]


def test_what_has_a_tag_in_its_name_is_shown_as_text(tmp_path, x, quiet):
    run = fgan.train(x, divergence="js", out=tmp_path / "<b>mine", say=quiet, **{**QUICK, "steps": 1})
    assert "<b>mine" in shown(run)


def test_other_results_are_shown_too(quiet):
    p, q = torch.randn(200, 2), torch.randn(200, 2)
    evaluation = fgan.evaluate(p, q, metrics="fid", n=50, say=quiet)
    assert repr(evaluation) == evaluation.table() and "fid" in shown(evaluation)
    estimate = fgan.estimate(p, q, divergence="kl")
    assert (
        repr(estimate) == str(estimate)
        and "kl = " in shown(estimate)
        and picture_of(estimate.plot()).width > 300
    )
    both = fgan.estimate(p, q, divergence=["kl", "js"])
    assert repr(both) == str(both) and "js" in shown(both)
    card = shown(fgan.divergence("alpha:0.5"))
    assert "α-divergence" in card and "α = 0.5" in card
    assert "custom" in shown(fgan.Divergence.from_f("f(u)=(u-1)**4"))


def test_without_out_the_next_run_lies_beside_the_last(x, tmp_path, monkeypatch, quiet):
    monkeypatch.chdir(tmp_path)
    runs = [fgan.train(x, divergence="js", say=quiet, **QUICK) for _ in range(2)]
    assert [run.path.name for run in runs] == ["tensor-js-seed0", "tensor-js-seed0-2"]
    more = fgan.train(x, divergence="js", resume=True, say=quiet, **{**QUICK, "steps": 30})
    assert more.path == runs[1].path and more.step == 30


def test_a_library_keeps_off_standard_output(x, tmp_path, capsys):
    fgan.train(x, divergence="js", out=tmp_path / "run", **QUICK)
    out, err = capsys.readouterr()
    assert out == "" and "300 samples" in err


def test_in_a_notebook_lines_go_below_the_cell(x, tmp_path, capsys, monkeypatch):
    """Where a kernel of Jupyter runs, `IPython.get_ipython()` has one; ipywidgets may or may not be there."""
    shell = type("Shell", (), {"kernel": object()})()
    monkeypatch.setitem(
        sys.modules, "IPython", type("IPython", (), {"get_ipython": staticmethod(lambda: shell)})
    )
    fgan.train(x, divergence="js", out=tmp_path / "run", **QUICK)
    out, err = capsys.readouterr()
    assert "300 samples" in out and "300 samples" not in err


SCRIPT = """
import torch
import fgan

print("begins")
found = fgan.compare(torch.randn(300, 2), ["kl", "js"], seeds=2, steps=10, width=8, n=50)
print(found)
print(found.best.sample(3).shape, sorted(found.runs))
found.plot().savefig("ranking.png")
assert found._repr_html_().count("<tr>") == 3
"""


@pytest.mark.slow
def test_a_script_without_a_guard_compares_and_runs_once(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    ended = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    said = ended.stdout.splitlines()
    assert said.count("begins") == 1 and said[1].startswith("Ranked by js")
    assert said[-1] == "torch.Size([3, 2]) ['js-seed0', 'js-seed1', 'kl-seed0', 'kl-seed1']"
    assert "modes is skipped: it needs" in ended.stderr
    assert (tmp_path / "ranking.png").stat().st_size > 1000
