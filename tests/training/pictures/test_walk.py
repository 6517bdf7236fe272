"""Walks and interpolations: where their latents lie, and what their frames show."""

import math

import numpy as np
import pytest
import torch
from exported import VECTORS, trained

from fgan.data import Frame, draw_samples
from fgan.errors import FganError, MemoryLimitError
from fgan.training.pictures import between, draw_by_class, draw_rows, in_rows, interpolated, walk
from fgan.training.pictures.paths import round_trip, slerp


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def alike(one, other):
    """Whether two pictures are the same up to how batches of another size round."""
    return np.abs(np.asarray(one).astype(int) - np.asarray(other)).max() <= 1


@pytest.mark.parametrize("dimension", [2, 4, 32, 512])
def test_slerp_stays_in_the_plane_turns_evenly_and_never_dips(dimension):
    a, b, t = (
        normal(50, dimension),
        normal(50, dimension, seed=1),
        torch.linspace(0, 1, 9).view(-1, 1, 1).double(),
    )
    path = slerp(a, b, t)
    assert path.dtype == a.dtype
    assert torch.allclose(path[0], a, atol=1e-6) and torch.allclose(path[-1], b, atol=1e-6)
    norms, ends = path.norm(dim=-1), torch.stack([a.norm(dim=-1), b.norm(dim=-1)])
    assert torch.allclose(norms, ends[0] + t[..., 0].float() * (ends[1] - ends[0]), rtol=1e-4)
    assert (norms >= ends.amin(0) * 0.9999).all()  # a straight line between such ends would be at 0.71 of it
    turns = (
        torch.nn.functional.cosine_similarity(path[1:].double(), path[:-1].double(), dim=-1)
        .clamp(-1, 1)
        .acos()
    )
    assert torch.allclose(turns, turns[:1].expand_as(turns), atol=1e-3)


def test_latents_without_a_great_circle_are_joined_by_a_line():
    a = normal(3, 5)
    for b in (a, 2 * a, -a):
        assert torch.allclose(slerp(a, b, 0.25), 0.75 * a + 0.25 * b, atol=1e-6)
    assert slerp(a, torch.zeros_like(a), 0.25).isfinite().all()
    one, other = torch.tensor([[2.0]]), torch.tensor([[-1.0]])
    assert slerp(one, other, 0.5).tolist() == [[0.5]]


def test_a_round_trip_meets_every_stop_and_ends_one_step_before_its_first():
    stops = normal(5, 3, 16)
    path = round_trip(stops, 60)
    assert path.shape == (60, 3, 16) and torch.allclose(path[::12], stops, atol=1e-6)
    steps = (path - path.roll(1, 0)).norm(dim=-1)  # the first: from the last frame back to the first
    assert (steps[0] < 1.5 * steps[-11:].mean(0)).all() and (steps[0] > 0).all()
    assert len(round_trip(stops, 7)) == 7


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 6, 10)])
def test_frames_of_a_walk_are_samples_side_by_side(shape):
    sampler = trained(classes=3, frame=Frame.of_images(shape)).sampler()
    moving = walk(sampler, 2, n=7, frames=6, seed=4, truncate=1.5, fps=10)
    assert len(moving.frames) == 6 and moving.fps == 10
    first = sampler.samples(sampler.latents(14, 4, 1.5)[:7], torch.tensor([0, 1, 2, 0, 1, 2, 0]))
    scale = max(64 // max(shape[1:]), round(256 / (3 * max(shape[1:]))))
    assert alike(moving.frames[0], draw_samples(first, columns=3, scale=scale))
    assert moving.frames[0].mode == ("L" if shape[0] == 1 else "RGB")
    assert moving.frames[0].width >= 190


def test_an_interpolation_begins_and_ends_with_the_samples_of_its_seeds():
    one = trained(classes=2)
    row = one.sampler().samples(interpolated(one.sampler(), 3, 7, n=6), torch.full((6,), 1))
    for place, seed in ((0, 3), (-1, 7)):
        assert torch.allclose(row[place], one.sample(1, seed=seed, label="class 1")[0], atol=1e-6)
    there_and_back = one.interpolate(3, 7, frames=8, label="class 1")
    assert alike(there_and_back.frames[1], there_and_back.frames[-1])
    assert one.interpolate(3, 7, frames=2).frames[0].width > there_and_back.frames[0].width  # both classes


@pytest.mark.parametrize("features", [1, 2])
def test_points_move_on_axes_that_stand_still(features):
    one = trained(frame=Frame((features,)))
    moving = one.walk(2, n=40, frames=3)
    frames = np.stack([np.asarray(frame) for frame in moving.frames])
    assert frames.shape == (3, 500, 500, 3)
    assert (frames[0] != frames[1]).any() and (
        frames[:, -40:] == frames[:1, -40:]
    ).all()  # numbers of the axis
    left = frames[:, 40:460, :45]  # numbers of the other axis
    assert (left == left[:1]).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: walk(s, 1), "at least 2 latents.*got 1"),
        (lambda s: walk(s, 2.5), r"--walk must be a whole number.*got 2\.5"),
        (lambda s: walk(s, n=0), "--n must be .*at least 1; got 0"),
        (lambda s: walk(s, 2, frames=5.5), r"got 5\.5"),
        (lambda s: s.sample(-1), "--n must be .*got -1"),
        (lambda s: s.rows(2.5), r"--n must be .*got 2\.5"),
        (lambda s: walk(s, fps="fast"), "--fps must be .*got fast"),
        (lambda s: walk(s, truncate="0.7"), "--truncate must be .*got 0.7"),
        (lambda s: walk(s, label=3), "must be a class"),
        (lambda s: walk(s, 4, frames=3), "at least 4, the number of latents of the walk; got 3"),
        (lambda s: walk(s, 4, frames=-3), "got -3"),
        (lambda s: walk(s, fps=0), "--fps must be above 0"),
        (lambda s: walk(s, label="dog"), "must be a class"),
        (lambda s: walk(s, truncate=math.inf), "--truncate must be"),
        (lambda s: between(s, 3, 3), "two different seeds"),
        (lambda s: between(s, 3, -1), "must be a whole number from 0"),
        (lambda s: between(s, 3, 4, frames=1), "at least 2; got 1"),
        (lambda s: interpolated(s, 3, 4, n=1), "at least 2 with --interpolate"),
        (lambda s: walk(trained(frame=VECTORS).sampler()), "one or two features.*have 3"),
        (lambda s: draw_by_class(s, s.latents(2, 0)), "needs a run trained with --conditional"),
        (
            lambda s: draw_by_class(trained(classes=2, frame=VECTORS).sampler(), s.latents(2, 0)),
            "needs images",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, words):
    with pytest.raises(FganError, match=words):
        call(trained().sampler())


def test_a_class_that_is_named_by_a_number_may_be_asked_for_by_it():
    one = trained(classes=3)
    one.classes[:] = ["7", "8", "9"]
    assert torch.equal(one.sample(2, label=9), one.sample(2, label="9"))
    assert torch.equal(one.sample(2, label=np.int64(8)), one.sample(2, label="8"))
    with pytest.raises(FganError, match='got "True"'):
        one.sampler().labels(1, True)


def test_more_frames_than_memory_holds_are_refused_before_they_are_made():
    with pytest.raises(MemoryLimitError, match=r"10,000,000,000 frames needs .* Use fewer --frames"):
        walk(trained().sampler(), 2, frames=10_000_000_000)


def test_a_row_for_each_class_from_the_same_latents(capsys):
    names = ["cat", "Ψάρι", "猫", "a name that is much longer than one line, " * 5]
    one = trained(classes=4)
    one.classes[:] = names
    sampler = one.sampler()
    latents = sampler.latents(3, 0)
    picture = draw_by_class(sampler, latents)
    assert "no installed font has all letters of 猫" in capsys.readouterr().err
    rows = in_rows(sampler, latents)
    assert torch.allclose(rows[3:6], sampler.samples(latents, torch.full((3,), 1)), atol=1e-6)
    pixels, width = np.asarray(picture), 3 * 64 + 2 * 2
    for k in range(3):
        assert np.array_equal(
            pixels[66 * k : 66 * k + 64, -width:], draw_samples(rows[3 * k : 3 * k + 3], columns=3)
        )
    margin = pixels[:, :-width]
    assert all(margin[66 * k : 66 * k + 64].min() == 0 for k in range(3))  # something is written
    assert len(pixels) > 66 * 3 + 9 * 20  # a long name has the lines that it needs
    assert draw_rows(sampler, latents, "cat").height == 64
    assert draw_rows(trained().sampler(), latents).size == (width, 64)  # no classes, no names
