"""A time lapse: of the same latents, the same after a stop, and nothing to training."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from cases import one_fast
from PIL import Image, ImageSequence

import fgan
from fgan.errors import DivergedError, FganError, RunError
from fgan.training.pictures import often_enough, side_by_side, time_lapse
from fgan.training.pictures.time_lapse import pictures_of

SETTINGS = {
    "batch_size": 16, "width": 16, "depth": 1, "latent": 4, "sample_count": 9, "device": "cpu", "lr": 0.02,
    "checkpoint_every": 10,
}  # fmt: skip


def train(data, out, **options):
    return fgan.train(data, out=out, bar=False, say=lambda line: None, **{"steps": 24, **SETTINGS, **options})


def read(path):
    with Image.open(path) as opened:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(opened)]


class StopAt:
    def __init__(self, step):
        self.step = step

    def on_step(self, state):
        return fgan.STOP if state.step == self.step else None


def test_it_shows_every_picture_costs_training_nothing_and_survives_a_stop(tmp_path):
    train("digits", tmp_path / "without")
    with_gif = train("digits", tmp_path / "with", gif=True)
    steps = sorted(int(path.stem[5:]) for path in (with_gif.path / "samples").iterdir())
    assert steps == list(range(25))  # at least 48 where there are so many steps
    frames = read(with_gif.path / "time-lapse.gif")
    assert len(frames) == 25
    for step in (0, 24):
        picture = np.asarray(Image.open(with_gif.sample_path(step)).convert("RGB"))
        height, width, _ = picture.shape
        assert np.array_equal(frames[step][:height, :width], picture)
        assert (frames[step][height:] == 0).any()  # "step 24"
    weights = [
        torch.cat([w.flatten() for w in fgan.load(tmp_path / one).load_generator().parameters()])
        for one in ("without", "with")
    ]
    assert torch.equal(*weights)

    stopped = train("digits", tmp_path / "stopped", gif=True, callbacks=[StopAt(11)])
    assert len(read(stopped.path / "time-lapse.gif")) == 12
    again = train("digits", tmp_path / "stopped", gif=True, resume=True)
    whole = (with_gif.path / "time-lapse.gif").read_bytes()
    assert (again.path / "time-lapse.gif").read_bytes() == whole
    with_gif.time_lapse().save(tmp_path / "later.gif")
    assert (tmp_path / "later.gif").read_bytes() == whole


def test_how_often_is_what_somebody_said(tmp_path):
    run = train("moons", tmp_path / "run", gif=True, sample_every=12)
    assert len(run.time_lapse().frames) == 3 == len(read(run.path / "time-lapse.gif"))
    recipe = fgan.preset("default", "moons", steps=960)
    assert often_enough(recipe, told=False).sample_every == 20
    assert often_enough(replace(recipe, sample_every=7), told=False).sample_every == 7
    assert often_enough(replace(recipe, sample_every=700), told=True).sample_every == 700
    for name, option in (("sample_every", "--sample-every 0"), ("sample_count", "--sample-count 0")):
        with pytest.raises(FganError, match=f"shows the pictures.*{option}"):
            train("digits", tmp_path / "none", gif=True, **{name: 0})
    assert not (tmp_path / "none").exists()


def test_a_run_that_fails_leaves_what_it_drew(tmp_path):
    with pytest.raises(DivergedError):
        train("digits", tmp_path / "run", gif=True, sample_every=4, lr=1e20, penalties="none")
    assert (tmp_path / "run" / "time-lapse.gif").is_file()


def test_damage_and_absence_are_said(tmp_path):
    run = train("digits", tmp_path / "run", sample_every=12)
    for step in range(25, 625):
        shutil.copy(run.sample_path(24), run.sample_path(step))
    some = list(pictures_of(run))
    assert len(some) == 200 and (some[0], some[-1]) == (0, 624)  # of 603, spread over all
    for step in range(25, 625):
        run.sample_path(step).unlink()
    run.sample_path(12).write_bytes(b"no picture")
    with pytest.raises(RunError, match=r"step-00000012\.png is damaged.*Delete this file"):
        time_lapse(run)
    for path in (run.path / "samples").iterdir():
        path.unlink()
    with pytest.raises(RunError, match=r"no pictures.*--sample-every"):
        run.time_lapse()
    with pytest.raises(RunError, match="no pictures for a time lapse in the samples/ folders of kl"):
        side_by_side({"kl": run})


@pytest.mark.parametrize("data", one_fast(["digits", "moons"]))
def test_runs_side_by_side_have_their_names_and_keep_their_last_picture(tmp_path, data):
    runs = {
        name: train(data, tmp_path / name, divergence=name, steps=steps, sample_every=6)
        for name, steps in (("kl", 12), ("js", 24), ("pearson", 24))
    }
    moving = side_by_side(runs)
    assert len(moving.frames) == 5
    last, before = (np.asarray(frame.convert("L")).astype(int) for frame in moving.frames[:-3:-1])
    half = last.shape[1] // 2
    assert (last[: last.shape[0] // 3, :half] == before[: last.shape[0] // 3, :half]).all()  # of kl
    assert (last[: last.shape[0] // 3, half:] != before[: last.shape[0] // 3, half:]).any()
    if data == "digits":  # all nine samples, as they were drawn
        drawn = np.asarray(Image.open(runs["kl"].sample_path(12)))
        scale = (196 // 3) // 8 - 1  # 56 pixels at most
        for k in range(3):
            down, across = (
                slice(0, 8 * scale, scale),
                slice(k * (8 * scale + 2), k * (8 * scale + 2) + 8 * scale, scale),
            )
            assert np.array_equal(last[down, across], drawn[0:64:8, 66 * k : 66 * k + 64 : 8])


@pytest.mark.slow
def test_a_comparison_keeps_one_of_all_and_one_of_each(tmp_path):
    found = fgan.compare(
        "digits", ["kl", "js"], out=tmp_path / "cmp", gif=True, jobs=1, metrics="fid", n=100, steps=24,
        say=lambda line: None, **SETTINGS,
    )  # fmt: skip
    assert len(read(tmp_path / "cmp/time-lapse.gif")) == 25 == len(found.time_lapse().frames)
    assert all((run.path / "time-lapse.gif").is_file() for run in found.runs.values())
