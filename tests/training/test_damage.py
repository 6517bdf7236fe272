"""What is damaged in a run directory is named, set aside and passed over; what is good is never lost or doubted."""

import json
import shutil
import time

import numpy as np
import pytest
import torch
from cases import one_fast
from damage import flip, make_old, sign
from safetensors.torch import load_file, save_file

import fgan
from fgan.errors import RunError
from fgan.reporting.html import write_report
from fgan.training.checkpoint import SUMS, Checkpoints
from fgan.training.run_directory import RunDirectory
from fgan.training.unusable import DamagedError


def quiet(line: str) -> None:
    pass


@pytest.fixture
def trained(tmp_path, small_config):
    """Train a run of 40 steps with checkpoints at 30 and 40; `said` has what its readers say."""

    def train(**changes):
        run = RunDirectory(tmp_path / "run")
        run.say = said.append
        fgan.train(small_config(**changes), run.path, say=quiet)
        return run

    said: list[str] = []
    train.said = said
    return train


def contents(run):
    return {
        str(path.relative_to(run.path)): path.read_bytes()
        for path in run.path.rglob("*")
        if path.is_file() and path.name != "speed.jsonl" and ".damaged" not in str(path)
    }


@pytest.mark.parametrize("name", one_fast(["critic.safetensors", "progress.safetensors", "state.json", SUMS]))
def test_a_flipped_bit_is_named_and_training_resumes_from_the_checkpoint_before(trained, small_config, name):
    run, said = trained(), []
    whole = contents(run)
    flip(run.checkpoints().path(40) / name)
    fgan.train(small_config(), run.path, resume=True, say=said.append)
    (told,) = [line for line in said if "damaged" in line]
    assert f"step-00000040 is damaged: {name}" in told and told.count("is damaged") == 1
    assert "renamed to .damaged-step-00000040" in told
    assert (run.path / "checkpoints" / ".damaged-step-00000040").is_dir()
    assert contents(run) == whole


def test_a_reader_takes_the_checkpoint_before_and_leaves_the_damaged_one(trained):
    run = trained()
    before = run.checkpoints().path(30)
    flip(run.checkpoints().path(40) / "generator_average.safetensors")
    assert torch.equal(run.sample(5), run.sample(5))
    (said,) = trained.said
    assert "step-00000040 is damaged: generator_average.safetensors" in said and "step 30 is used" in said
    assert run.checkpoints().newest() == 30 and run.checkpoints().steps() == [30, 40]
    flip(before / "state.json")
    with pytest.raises(RunError, match="holds no other checkpoint"):
        run.sample(5)


@pytest.mark.parametrize(
    "stray",
    ["step-00000040/._generator.safetensors", "step-00000040/zz.safetensors", "step-٧٧/x", "step-5/x"],
)
def test_a_stray_file_is_none_of_the_checkpoint(trained, small_config, stray):
    run, said = trained(), []
    samples = run.sample(5)
    path = run.path / "checkpoints" / stray
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"garbage")
    assert torch.equal(run.sample(5), samples) and not trained.said
    fgan.train(small_config(), run.path, resume=True, say=said.append)
    assert path.exists() and not any("damaged" in line or "Delete" in line for line in said)


@pytest.mark.parametrize("stray", ["step-00000099", "step-999999999999999"])
def test_something_with_the_name_of_a_checkpoint_is_set_aside(trained, small_config, stray):
    run, said = trained(), []
    (run.path / "checkpoints" / stray).write_text("x")
    assert run.checkpoints().newest() == 40
    fgan.train(small_config(), run.path, resume=True, say=said.append)
    assert any(f"{stray} is damaged: it is not a folder" in line for line in said)
    assert (run.path / "checkpoints" / f".damaged-{stray}").read_text() == "x"


def change_state(run, step, change):
    path = run.checkpoints().path(step) / "state.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    sign(path.parent)


def resigned(run, name, change):
    path = run.checkpoints().path(40) / f"{name}.safetensors"
    save_file({key: change(value) for key, value in load_file(path).items()}, path)
    sign(path.parent)


@pytest.mark.parametrize("name", ["generator", "critic_optimizer"])
@pytest.mark.parametrize("change", [torch.Tensor.half, lambda one: one.flatten()[:1], torch.Tensor.long])
def test_other_types_and_shapes_are_passed_over_although_the_digests_fit(trained, small_config, name, change):
    run, said = trained(), []
    whole = contents(run)
    resigned(run, name, change)
    fgan.train(small_config(), run.path, resume=True, say=said.append)
    assert any(f"{name} has" in line and "renamed to .damaged-step-00000040" in line for line in said)
    assert contents(run) == whole


@pytest.mark.parametrize("name", ["generator_average", "critic"])
def test_weights_that_are_nan_are_passed_over_although_the_digests_fit(trained, small_config, name):
    run, said = trained(), []
    resigned(run, name, lambda one: one * float("nan"))
    assert run.sample(5).isfinite().all()
    fgan.train(small_config(), run.path, resume=True, say=said.append)
    assert any("step-00000040 is damaged: it has weights or metrics that are NaN" in line for line in said)


def test_progress_of_another_step_is_passed_over_although_the_digests_fit(trained, small_config):
    run, said = trained(), []
    path = run.checkpoints().path(40) / "progress.safetensors"
    save_file(load_file(path) | {"steps_done": torch.tensor(10**9)}, path)
    sign(path.parent)
    fgan.train(small_config(steps=50), run.path, resume=True, say=said.append)
    assert any("its progress is of another step" in line for line in said)


@pytest.mark.parametrize(
    "frame", [{"shape": [1, 100_000, 100_000]}, {"scale": ["x", 1.0]}, {"scale": [0.0, 1.0]}, {"shape": []}]
)
def test_a_frame_that_cannot_be_is_passed_over_although_the_digests_fit(trained, frame):
    run = trained()
    before = run.load_generator(30).state_dict()
    change_state(run, 40, lambda state: state | {"frame": state["frame"] | frame})
    found = run.load_generator().state_dict()
    assert all(torch.equal(found[name], before[name]) for name in before)
    (said,) = trained.said
    assert "step-00000040" in said and said.count("is damaged") <= 1 and "step 30 is used" in said


@pytest.mark.parametrize(
    "change",
    [{"link": 5}, {"classes": "x"}, {"frame": None}, {"data": ["x"]}, {"recipe": []}, {"threads": "4"}, {"data": ...},
     {"frame": ...}, {"classes": ...}],
    ids=str,
)  # fmt: skip
def test_a_state_of_the_wrong_shape_is_passed_over_although_the_digests_fit(trained, small_config, change):
    run, said = trained(), []
    whole = contents(run)

    def changed(state):
        return {name: value for name, value in (state | change).items() if value is not ...}

    change_state(run, 40, changed)
    assert run.classes() == [] and run.sample(5).isfinite().all()
    (told,) = trained.said
    assert "step-00000040 is damaged: state.json has" in told and told.count("is damaged") == 1
    fgan.train(small_config(), run.path, resume=True, say=said.append)
    assert sum("step-00000040 is damaged" in line for line in said) == 1
    assert contents(run) == whole


@pytest.mark.parametrize("step", [30, 40])
@pytest.mark.parametrize("change", [{"lr": 0.5}, {"seed": 3}, {"data": "moons"}], ids=str)
def test_a_checkpoint_of_another_run_is_set_aside_and_the_config_is_not_blamed(
    trained, small_config, tmp_path, step, change
):
    run, said = trained(), []
    whole = contents(run)
    other = RunDirectory(tmp_path / "other")
    fgan.train(small_config(**change), other.path, say=quiet)
    shutil.rmtree(run.checkpoints().path(step))
    shutil.copytree(other.checkpoints().path(step), run.checkpoints().path(step))
    assert run.sample(5).isfinite().all()
    if step == 40:
        assert "step-00000040 is of another run" in trained.said[0] and "step 30 is used" in trained.said[0]
        with pytest.raises(RunError, match=r"step-00000040 is of another run.* Use another checkpoint"):
            run.load_generator(40)
    fgan.train(small_config(), run.path, resume=True, say=said.append)
    assert sum(f"renamed to .damaged-step-000000{step}" in line for line in said) == 1
    assert not any("was edited" in line for line in said)
    assert contents(run) == {
        name: value for name, value in whole.items() if step == 40 or "-00000030/" not in name
    }


def test_a_checkpoint_of_the_same_recipe_on_other_samples_is_set_aside(small_config, tmp_path):
    said, runs = [], [RunDirectory(tmp_path / name) for name in ("run", "other")]
    samples = [np.random.default_rng(seed).normal(size=(200, 2)).astype("float32") for seed in (0, 1)]
    for run, values in zip(runs, samples, strict=True):
        fgan.train(small_config(standardize=False), run.path, dataset=values, say=quiet)
    shutil.rmtree(runs[0].checkpoints().path(40))
    shutil.copytree(runs[1].checkpoints().path(40), runs[0].checkpoints().path(40))
    fgan.train(
        small_config(standardize=False), runs[0].path, dataset=samples[0], resume=True, say=said.append
    )
    assert any("of another run: it was trained on other data" in line for line in said)
    with pytest.raises(RunError, match=r"now has different samples|holds different samples"):
        fgan.train(small_config(standardize=False), runs[0].path, dataset=samples[1], resume=True, say=quiet)


def test_editing_the_config_of_a_run_that_trains_does_not_set_its_checkpoints_aside(
    tmp_path, small_config, breaking
):
    breaking(27, cured_by=1)

    class Editor:
        def on_checkpoint(self, step, path):
            config = path.parents[1] / "config.json"
            config.write_text(json.dumps(json.loads(config.read_text()) | {"lr": 0.5}))

    run = fgan.train(small_config(), tmp_path / "run", say=quiet, callbacks=[Editor()])
    assert run.summary.backoffs == 1 and not list(run.path.glob("checkpoints/.damaged*"))


def test_a_resume_reads_each_checkpoint_once(trained, small_config, monkeypatch):
    run, read = trained(), []
    whole = Checkpoints.read
    monkeypatch.setattr(Checkpoints, "read", lambda self, step: (read.append(step), whole(self, step))[1])
    fgan.train(small_config(), run.path, resume=True, say=quiet)
    assert sorted(read) == [30, 40]


@pytest.mark.parametrize("name", ["checkpoints", "best", "samples"])
def test_a_file_in_place_of_a_folder_is_named_and_nothing_is_lost(trained, small_config, name):
    run = trained()
    whole = contents(run)
    folder = run.path / name
    if folder.exists():
        folder.rename(run.path / "kept")
    folder.write_text("x")
    with pytest.raises(RunError, match=f"{name} is not a folder, but a folder must be there. Move it away"):
        fgan.train(small_config(steps=50), run.path, resume=True, say=quiet)
    folder.unlink()
    if (run.path / "kept").exists():
        (run.path / "kept").rename(folder)
    assert contents(run) == whole


@pytest.mark.parametrize(
    ("name", "value"), [("lr", 0.5), ("activation", "tanh"), ("penalties", "none"), ("seed", 3)]
)
def test_an_edited_config_is_refused(trained, name, value):
    run = trained()
    recipe = json.loads(run.config_path.read_text())
    run.config_path.write_text(json.dumps(recipe | {name: value}))
    with pytest.raises(RunError, match=rf"config\.json was edited .*{name}: .* in training, .* now"):
        fgan.train(run.config(), run.path, resume=True, say=quiet)
    with pytest.raises(RunError, match="was edited"):
        run.sample(5)
    run.config_path.write_text(json.dumps(recipe | {"steps": 50, "sample_every": 25, "keep_checkpoints": 5}))
    assert fgan.train(run.config(), run.path, resume=True, say=quiet).summary.step == 50


def test_an_old_checkpoint_is_read_and_said_to_have_no_digests(trained, small_config):
    run, said = trained(), []
    for step in run.checkpoints().steps():
        make_old(run.checkpoints().path(step))
    (run.checkpoints().path(40) / "._generator.safetensors").write_bytes(b"garbage")
    assert run.sample(5).isfinite().all() and not trained.said
    fgan.train(small_config(steps=50), run.path, resume=True, say=said.append)
    assert sum("it has no digests" in line for line in said) == 1
    assert (run.checkpoints().path(50) / SUMS).exists()


def test_a_checkpoint_that_lost_its_digests_is_no_old_one(trained):
    run = trained()
    (run.checkpoints().path(40) / SUMS).unlink()
    with pytest.raises(DamagedError, match=f"{SUMS} is missing"):
        run.checkpoints().read(40)


def test_another_torch_is_said(trained, small_config, monkeypatch):
    run, said = trained(), []
    path = run.checkpoints().path(40) / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"torch": "2.6.0"}))
    sign(path.parent)
    fgan.train(small_config(steps=50), run.path, resume=True, say=said.append)
    assert sum("trained with torch 2.6.0 and continues with torch" in line for line in said) == 1


@pytest.mark.parametrize(
    "line",
    [b"GARBAGE", bytes(50), b"123", b"{}", b'{"step": "x"}', b'{"step": 7, "bound": "x"}', b"\xff\xfe", b"[" * 10**5,
     b'{"step": 7, "bound": 1' + b"0" * 5000 + b"}", b'{"step": 5}'],
    ids=lambda line: repr(line[:20]),
)  # fmt: skip
def test_a_damaged_line_costs_that_line(trained, small_config, line):
    run, said = trained(), []
    whole, values = run.metrics_path.read_bytes(), run.metrics()
    first, *rest = whole.splitlines(keepends=True)
    run.metrics_path.write_bytes(b"".join([first, line + b"\n", *rest]))
    assert run.metrics() == values == run.metrics()
    (told,) = trained.said
    assert "metrics.jsonl: line 2 is damaged" in told
    fgan.train(small_config(), run.path, resume=True, say=said.append)
    assert sum("line 2 is damaged" in line for line in said) == 1
    assert run.metrics_path.read_bytes() == whole


def test_windows_line_ends_are_no_damage(trained, small_config):
    run = trained()
    whole = run.metrics_path.read_bytes()
    run.metrics_path.write_bytes(whole.replace(b"\n", b"\r\n"))
    assert len(run.metrics()) == 8 and not trained.said
    fgan.train(small_config(), run.path, resume=True, say=quiet)
    assert run.metrics_path.read_bytes() == whole


def test_a_log_that_is_a_folder_is_set_aside(trained, small_config):
    run, said = trained(), []
    run.metrics_path.unlink()
    (run.metrics_path / "mine").mkdir(parents=True)
    assert run.metrics() == [] and "cannot be read" in trained.said[0]
    fgan.train(small_config(steps=50), run.path, resume=True, say=said.append)
    assert (run.path / ".damaged-metrics.jsonl" / "mine").is_dir()
    assert any("renamed to .damaged-metrics.jsonl" in line for line in said)
    assert any("8 lines are missing, the first of step 5" in line for line in said)
    assert [line["step"] for line in run.metrics()] == [45, 50]


def test_a_damaged_status_is_set_aside(trained, small_config):
    run, said = trained(), []
    run.status_path.write_text('{"state": "finished", "step": "x"}')
    assert run.status() is None and "status.json is damaged" in trained.said[-1]
    fgan.train(small_config(steps=50), run.path, resume=True, say=said.append)
    assert any("renamed to .damaged-status.json" in line for line in said)


def test_what_interrupted_writes_left_is_swept(trained, small_config):
    run = trained()
    left = [
        run.path / ".config.json.999999999.part",
        run.path / "samples" / ".step-00000040.png.999999999.part",
    ]
    for path in left:
        path.write_text("half")
    gone = run.path / "checkpoints" / ".step-00000010.gone"
    shutil.copytree(run.checkpoints().path(40), gone)
    mine = run.path / ".mine.part"
    mine.write_text("mine")
    fgan.train(small_config(), run.path, resume=True, say=quiet)
    assert not any(path.exists() for path in [*left, gone]) and mine.exists()


def test_extra_checkpoints_of_a_killed_run_do_not_change_where_it_rolls_back_to(
    tmp_path, small_config, breaking
):
    """Three rollbacks go through the two kept checkpoints; a third one, which was not yet removed, is none of them."""
    breaking(27, cured_by=3)
    config = small_config(checkpoint_every=5)
    whole = RunDirectory(tmp_path / "whole")
    fgan.train(config, whole.path, say=quiet)
    part = RunDirectory(tmp_path / "part")
    fgan.train(small_config(checkpoint_every=5, steps=15), part.path, say=quiet)
    spare = tmp_path / "spare"
    shutil.copytree(part.checkpoints().path(10), spare)
    fgan.train(small_config(checkpoint_every=5, steps=20), part.path, resume=True, say=quiet)
    shutil.copytree(spare, part.checkpoints().path(10))
    fgan.train(config, part.path, resume=True, say=quiet)
    assert part.metrics_path.read_bytes() == whole.metrics_path.read_bytes()
    assert np.array_equal(part.checkpoints().steps(), whole.checkpoints().steps())


def test_a_stray_folder_of_a_far_step_is_no_checkpoint_of_a_report(trained, tmp_path):
    run = trained()
    (run.path / "checkpoints" / f"step-{10**15 - 1}").mkdir()
    began = time.process_time()
    write_report([run.path], tmp_path / "page.html", say=quiet)
    assert time.process_time() - began < 10 and "finished" in (tmp_path / "page.html").read_text()
