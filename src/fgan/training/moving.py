"""The natural calls of what has a trained generator: `walk` and `interpolate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fgan.data.animation import Animation
    from fgan.training.sampling import Sampler


class Sampled(Protocol):
    """What has a trained generator."""

    def sampler(self) -> Sampler:
        """Return it with what it is fed."""
        ...


class Moving:
    """Gives a `Sampled` its animations."""

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
        """Return an animated walk through latents that ends where it begins: `run.walk().save("walk.gif")`.

        Args:
            stops: latents on the way, at least 2; great circles lead from one to the next.
            n: walks side by side; 16 of images, 500 of points, if not given.
            frames: in all; 12 for each latent if not given.
            fps: frames a second, at most 50.
            seed: decides the latents.
            label, truncate: as `sample` takes them.

        Raises:
            FganError: for numbers out of range, and for samples of more than two features.
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
        """Return the way from `sample(1, seed=a)` to `sample(1, seed=b)` and back, animated.

        Args:
            a, b: seeds.
            frames: there and back; 48 if not given.
            fps: frames a second, at most 50.
            label: a class of a conditional generator; all of them side by side if not given.
            truncate: as `sample` takes it.

        Raises:
            FganError: as `walk` does, and for twice the same seed.
        """
        from fgan.training.pictures.walk import between

        return between(self.sampler(), a, b, frames=frames, fps=fps, label=label, truncate=truncate)
