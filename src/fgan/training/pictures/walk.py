"""Walks from latent to latent: as an animation, or as a row of samples."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fgan.data import draw_samples
from fgan.data.animation import Animation
from fgan.data.pictures import TILE, draw_points
from fgan.errors import FganError
from fgan.memory import require_memory
from fgan.seeds import checked_count
from fgan.training.pictures.paths import round_trip, slerp
from fgan.training.pictures.rows import each_class
from fgan.training.sampling import Sampler

WALKS, IN_A_ROW, POINTS = 16, 8, 500
"""Walks at once of images, images from one seed to another, and either of points."""
A_LEG, THERE_OR_BACK = 12, 24
"""Frames of a walk from one latent to the next, and of an interpolation from one to the other."""
WIDTH = 256
"""Pixels that an animation of images is wide at least, about."""


def walk(
    sampler: Sampler,
    stops: int = 8,
    *,
    n: int | None = None,
    frames: int | None = None,
    fps: float = 15,
    seed: int = 0,
    label: str | int | None = None,
    truncate: float | None = None,
) -> Animation:
    """Return several walks side by side, each through latents of its own on great circles and back to its first.

    Args:
        sampler: the generator, of images or of points of one or two features.
        stops: latents of each walk, at least 2.
        n: walks at once; 16 of images, 500 of points, if not given.
        frames: in all, at least as many as stops; 12 from one latent to the next if not given.
        fps: frames a second.
        seed: decides the latents.
        label: a class by its name; the classes in turn if not given.
        truncate: as `Sampler.sample` takes it.

    Raises:
        FganError: for numbers out of these ranges.
        DataError: for samples that are neither images nor points of one or two features.
    """
    stops = checked_count("--walk", stops, 2, " latents to walk between")
    frames = A_LEG * stops if frames is None else frames
    frames = checked_count("--frames", frames, stops, ", the number of latents of the walk")
    require_drawable(sampler)
    n = checked_count("--n", default_n(sampler, WALKS) if n is None else n, 1)
    _require_memory(sampler, frames, n)
    latents = sampler.latents(stops * n, seed, truncate).view(stops, n, -1)
    return _animated(sampler, round_trip(latents, frames), sampler.labels(n, label), fps)


def between(
    sampler: Sampler,
    a: int,
    b: int,
    *,
    frames: int | None = None,
    fps: float = 15,
    label: str | int | None = None,
    truncate: float | None = None,
) -> Animation:
    """Return the way from the first sample of one seed to that of another and back, of every class beside each other.

    Args:
        sampler, frames, fps, truncate: as `walk` takes them.
        a, b: seeds; a stands for the sample of `sampler.sample(1, seed=a)`.
        label: a class by its name; all if not given.

    Raises:
        FganError: as `walk` and `ends` do.
    """
    frames = checked_count("--frames", 2 * THERE_OR_BACK if frames is None else frames, 2)
    require_drawable(sampler)
    labels = each_class(sampler, label)
    rows = 1 if labels is None else len(labels)
    _require_memory(sampler, frames, rows)
    stops = torch.stack(ends(sampler, a, b, truncate)).expand(2, rows, -1)
    return _animated(sampler, round_trip(stops, frames), labels, fps)


def interpolated(
    sampler: Sampler, a: int, b: int, *, n: int | None = None, truncate: float | None = None
) -> Tensor:
    """Return n latents (n, latent) from that of one seed to that of another, both ends among them.

    Args:
        sampler, truncate: as `walk` takes them.
        a, b: as `between` takes them.
        n: how many; 8 for images, 500 for points, if not given.

    Raises:
        FganError: for fewer than 2, and as `ends` does.
    """
    n = default_n(sampler, IN_A_ROW) if n is None else n
    n = checked_count("--n", n, 2, " with --interpolate, for its two ends")
    first, last = ends(sampler, a, b, truncate)
    return slerp(first, last, torch.linspace(0, 1, n, dtype=torch.float64)[:, None])


def ends(sampler: Sampler, a: int, b: int, truncate: float | None) -> tuple[Tensor, Tensor]:
    """Return the latents (1, latent) of two seeds.

    Raises:
        FganError: for twice the same seed, or for what is none.
    """
    if a == b:
        raise FganError(f"--interpolate needs two different seeds; got {a} and {b}.")
    return sampler.latents(1, a, truncate), sampler.latents(1, b, truncate)


def default_n(sampler: Sampler, images: int) -> int:
    """Return how many samples are drawn where nobody said: this many images, or more points."""
    return images if len(sampler.frame.shape) == 3 else POINTS


def require_drawable(sampler: Sampler) -> None:
    """Refuse an animation of what has no picture.

    Raises:
        FganError: for vectors of more than two features.
    """
    shape = sampler.frame.shape
    if len(shape) != 3 and math.prod(shape) > 2:
        raise sampler.refusal(
            f"only images and points with one or two features can be animated; samples of {sampler.source} have "
            f"{math.prod(shape)} features. Save them as numbers instead, with --out samples.npy."
        )


def _require_memory(sampler: Sampler, frames: int, n: int) -> None:
    """Refuse an animation that does not fit into memory: latents in float64, samples, and pixels twice.

    Raises:
        MemoryLimitError: where it does not.
    """
    shape = sampler.frame.shape
    pixels = math.prod(shape) * _scale(shape, n) ** 2 if len(shape) == 3 else 1e6 / n
    needed = frames * n * (64 * sampler.latent + 12 * math.prod(shape) + 2 * pixels)
    require_memory(needed, f"An animation of {frames:,} frames", "Use fewer --frames or a smaller --n.")


def _scale(shape: tuple[int, ...], n: int) -> int:
    """Return what each pixel of n images is enlarged by."""
    side = max(shape[1:])
    return max(1, TILE // side, round(WIDTH / (_columns(n) * side)))


def _columns(n: int) -> int:
    """Return the columns of a grid of n: near-square, without a hole where that can be.

    >>> [_columns(n) for n in (1, 3, 7, 10, 16)]
    [1, 3, 3, 5, 4]
    """
    root = math.sqrt(n)
    return next((k for k in range(math.ceil(root), int(2 * root) + 1) if n % k == 0), math.ceil(root))


def _animated(sampler: Sampler, latents: Tensor, labels: Tensor | None, fps: float) -> Animation:
    """Draw the samples of latents (frames, n, latent), and of labels (n,) if there are classes."""
    frames, n, _ = latents.shape
    samples = sampler.samples(latents.flatten(0, 1), None if labels is None else labels.repeat(frames))
    samples = samples.unflatten(0, (frames, n))
    if samples.ndim != 5:
        return Animation(draw_points(list(samples)), fps)
    columns, scale = _columns(n), _scale(sampler.frame.shape, n)
    return Animation([draw_samples(one, columns=columns, scale=scale) for one in samples], fps)
