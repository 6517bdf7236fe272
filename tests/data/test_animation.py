"""Animations as files, read back: frames, times, loops, colours."""

import io
import os
import shutil
import subprocess

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from fgan.data import draw_samples
from fgan.data.animation import Animation
from fgan.errors import DataError


def random(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


def grey(frames=9):
    return [draw_samples(x, columns=2, scale=3) for x in random(frames, 4, 1, 5, 7)]


def colour(frames=9):
    return [draw_samples(x, columns=2, scale=3) for x in random(frames, 4, 3, 5, 7)]


def read_back(content, mode):
    frames = []
    with Image.open(io.BytesIO(content)) as opened:
        for frame in ImageSequence.Iterator(opened):
            pixels = np.asarray(frame.convert(mode))  # before its time is known, in a WebP
            frames.append((frame.info["duration"], pixels))
        return opened.info["loop"], frames


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng"])
@pytest.mark.parametrize("frames", [grey(), colour()], ids=["grey", "colour"])
def test_every_frame_comes_back_and_it_loops_for_ever(frames, suffix, tmp_path):
    Animation(frames, fps=15, hold=1).save(tmp_path / f"new/moving{suffix}")
    loop, found = read_back((tmp_path / f"new/moving{suffix}").read_bytes(), frames[0].mode)
    assert loop == 0 and len(found) == 9
    times = [time for time, _ in found]
    assert sum(times) == pytest.approx(9 / 15 * 1000 + 1000, abs=10)  # rounding does not add up
    assert times[-1] > 1000 and all(60 <= time <= 70 for time in times[:-1])
    for frame, (_, pixels) in zip(frames, found, strict=True):
        error = np.abs(np.asarray(frame).astype(int) - pixels).max()
        assert error == 0 if frame.mode == "L" or suffix != ".gif" else error < 40
    assert [one.name for one in (tmp_path / "new").iterdir()] == [f"moving{suffix}"]


@pytest.mark.parametrize("colours", [2, 256])
def test_few_colours_are_exact_in_a_gif(colours):
    paint = np.random.default_rng(0)
    palette = paint.integers(0, 256, (colours, 3), dtype=np.uint8)
    frames = [Image.fromarray(palette[paint.integers(0, colours, (40, 40))]) for _ in range(5)]
    _, found = read_back(Animation(frames).encoded(".gif"), "RGB")
    assert all(np.array_equal(frame, pixels) for frame, (_, pixels) in zip(frames, found, strict=True))


def test_paper_stays_white_where_colours_have_to_be_chosen():
    frames = [draw_samples(x) for x in random(2, 300, 2)]
    for frame in frames:
        frame.paste(colour(1)[0], (0, 0))
    _, found = read_back(Animation(frames).encoded(".gif"), "RGB")
    white = np.asarray(frames[0]) == 255
    assert (found[0][1][white.all(-1)] == 255).all()


@pytest.mark.parametrize("fps", [0, -1, 51, float("nan"), float("inf")])
def test_a_speed_that_players_do_not_show_is_refused(fps):
    with pytest.raises(DataError, match="--fps must be above 0 and at most 50"):
        Animation(grey(2), fps)


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(DataError, match=r'must end in \.gif, \.webp, \.apng, \.mp4; got "\.avi"'):
        Animation(grey(2)).save(tmp_path / "x.avi")


def test_a_notebook_shows_it():
    assert 'src="data:image/gif;base64,R0lGOD' in Animation(grey(2))._repr_html_()


def test_without_ffmpeg_an_mp4_is_refused_by_what_works_without(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match=r"needs ffmpeg, which is not on the PATH.*\.gif"):
        Animation(grey(2)).save(tmp_path / "x.mp4")


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for ffmpeg is a shell script")
def test_ffmpeg_that_fails_midway_says_why_and_leaves_nothing(tmp_path, monkeypatch):
    script = tmp_path / "bin/ffmpeg"
    script.parent.mkdir()
    script.write_text(
        '#!/bin/sh\nfor last; do :; done\necho half > "$last"\necho began >&2\necho "Disk is full" >&2\nexit 1\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "out").mkdir()
    big = [Image.new("L", (900, 900))] * 50  # more than a pipe holds: it ends while frames are written
    with pytest.raises(DataError, match=r"could not write an \.mp4: Disk is full"):
        Animation(big).save(tmp_path / "out/x.mp4")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="no ffmpeg on the PATH")
def test_ffmpeg_writes_what_it_can_read(tmp_path):
    frames = colour(10)
    Animation(frames, fps=10, hold=0.5).save(tmp_path / "x.mp4")
    command = ["ffmpeg", "-v", "error", "-i", tmp_path / "x.mp4", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    width, height = (side + side % 2 for side in frames[0].size)
    found = np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)
    assert len(found) == 15
    assert (
        np.abs(found[0, : frames[0].height, : frames[0].width].astype(int) - np.asarray(frames[0])).mean()
        < 60
    )


def test_a_picture_that_stands_longer_than_a_file_can_say_is_refused():
    from PIL import Image

    with pytest.raises(DataError, match="Use a higher --fps"):
        Animation([Image.new("L", (4, 4), k) for k in range(2)], fps=0.001).encoded(".gif")
    with pytest.raises(DataError, match="fewer --frames"):  # a collapsed generator: all frames are one
        Animation([Image.new("L", (4, 4))] * 1000, fps=0.5).encoded(".gif")
