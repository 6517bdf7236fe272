"""Walks through latents, as an animation or a row of samples."""

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
"""Approximate minimum width of an animation of images, in pixels."""


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
    """Return several closed walks side by side, each through its own latents along great circles.

    Args:
        sampler: the generator, for images or points with one or two features.
        stops: latents of each walk, at least 2.
        n: number of walks; default: 16 for images, 500 for points.
        frames: total number of frames, at least as many as stops; default: 12 per latent.
        fps: frames per second.
        seed: determines the latents.
        label: a class by its name; default: all classes in turn.
        truncate: as for `Sampler.sample`.

    Raises:
        FganError: for numbers out of range.
        DataError: for samples that are neither images nor points with one or two features.
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
    """Return an animation from the first sample of one seed to that of another and back, for all classes in parallel.

    Args:
        sampler, frames, fps, truncate: as for `walk`.
        a, b: seeds; a means the sample of `sampler.sample(1, seed=a)`.
        label: a class by its name; default: all.

    Raises:
        FganError: as for `walk` and `ends`.
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
    """Return n latents (n, latent) from that of one seed to that of another, including both ends.

    Args:
        sampler, truncate: as for `walk`.
        a, b: as for `between`.
        n: number of latents; default: 8 for images, 500 for points.

    Raises:
        FganError: for fewer than 2, and as for `ends`.
    """
    n = default_n(sampler, IN_A_ROW) if n is None else n
    n = checked_count("--n", n, 2, " with --interpolate, for its two ends")
    first, last = ends(sampler, a, b, truncate)
    return slerp(first, last, torch.linspace(0, 1, n, dtype=torch.float64)[:, None])


def ends(sampler: Sampler, a: int, b: int, truncate: float | None) -> tuple[Tensor, Tensor]:
    """Return the latents (1, latent) of two seeds.

    Raises:
        FganError: if both seeds are the same, or for an invalid seed.
    """
    if a == b:
        raise FganError(f"--interpolate needs two different seeds; got {a} and {b}.")
    return sampler.latents(1, a, truncate), sampler.latents(1, b, truncate)


def default_n(sampler: Sampler, images: int) -> int:
    """Return the default number of samples: this many images, or more points."""
    return images if len(sampler.frame.shape) == 3 else POINTS


def require_drawable(sampler: Sampler) -> None:
    """Refuse an animation of samples that cannot be drawn.

    Raises:
        FganError: for vectors with more than two features.
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
    """Return the enlargement factor for n images."""
    side = max(shape[1:])
    return max(1, TILE // side, round(WIDTH / (_columns(n) * side)))


def _columns(n: int) -> int:
    """Return the number of columns of a nearly square grid for n images, without holes if possible.

    >>> [_columns(n) for n in (1, 3, 7, 10, 16)]
    [1, 3, 3, 5, 4]
    """
    root = math.sqrt(n)
    return next((k for k in range(math.ceil(root), int(2 * root) + 1) if n % k == 0), math.ceil(root))


def _animated(sampler: Sampler, latents: Tensor, labels: Tensor | None, fps: float) -> Animation:
    """Draw samples for latents (frames, n, latent), and labels (n,) if there are classes."""
    frames, n, _ = latents.shape
    samples = sampler.samples(latents.flatten(0, 1), None if labels is None else labels.repeat(frames))
    samples = samples.unflatten(0, (frames, n))
    if samples.ndim != 5:
        return Animation(draw_points(list(samples)), fps)
    columns, scale = _columns(n), _scale(sampler.frame.shape, n)
    return Animation([draw_samples(one, columns=columns, scale=scale) for one in samples], fps)
