"""Animations of a trained generator: `walk` and `interpolate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fgan.data.animation import Animation
    from fgan.training.sampling import Sampler


class Sampled(Protocol):
    """Anything with a trained generator."""

    def sampler(self) -> Sampler:
        """Return a sampler of the generator."""
        ...


class Moving:
    """Adds animations to a `Sampled`."""

    def walk(
        self: Sampled,
        stops: int = 8,
        *,
        n: int | None = None,
        frames: int | None = None,
        fps: float = 15,
        seed: int = 0,
        label: str | int | None = None,
        truncate: float | None = None,
    ) -> Animation:
        """Return an animated closed walk through latents: `run.walk().save("walk.gif")`.

        Args:
            stops: latents to visit, at least 2; great circles connect them.
            n: walks side by side; default: 16 for images, 500 for points.
            frames: total number of frames; default: 12 per latent.
            fps: frames per second, at most 50.
            seed: determines the latents.
            label, truncate: as for `sample`.

        Raises:
            FganError: for numbers out of range, and for samples with more than two features.
        """
        from fgan.training.pictures.walk import walk

        options = {"frames": frames, "label": label, "truncate": truncate}
        return walk(self.sampler(), stops, n=n, fps=fps, seed=seed, **options)

    def interpolate(
        self: Sampled,
        a: int,
        b: int,
        *,
        frames: int | None = None,
        fps: float = 15,
        label: str | int | None = None,
        truncate: float | None = None,
    ) -> Animation:
        """Return an animation from `sample(1, seed=a)` to `sample(1, seed=b)` and back.

        Args:
            a, b: seeds.
            frames: total number of frames; default: 48.
            fps: frames per second, at most 50.
            label: a class of a conditional generator; default: all of them side by side.
            truncate: as for `sample`.

        Raises:
            FganError: as for `walk`, and if both seeds are the same.
        """
        from fgan.training.pictures.walk import between

        return between(self.sampler(), a, b, frames=frames, fps=fps, label=label, truncate=truncate)
