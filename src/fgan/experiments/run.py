"""A run as users hold it: its folder, and what one does next with what was trained."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from fgan.data import Dataset
from fgan.data.load import PASSED, short_name
from fgan.data.passed import Passable
from fgan.errors import DataError
from fgan.frame import Frame
from fgan.output import html_lines, html_picture, html_table
from fgan.training.moving import Moving
from fgan.training.run_directory import RunDirectory as Folder
from fgan.training.settings import Network
from fgan.training.summary import Summary

if TYPE_CHECKING:
    from fgan.data.animation import Animation
    from fgan.evaluation import Evaluation
    from fgan.figure import Figure


class Run(Folder, Moving):
    """A trained generator and the folder that it lies in; `fgan.train` and `fgan.load` return it.

    What a call of `fgan.train` did is its `summary`, whose fields are also the run's: `run.step`, `run.bound`,
    `run.diverged`. All else is read from the folder when it is asked for.

    Args:
        path: the folder, as `fgan.train` made it.
        summary: what the call that made it did; None for a run that was opened.
        dataset: what it was trained on; loaded by the name in its recipe if not given.
        generator, critic: networks of your own, where `config.json` does not lead to them; as `fgan.train` takes them.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        summary: Summary | None = None,
        dataset: Dataset | None = None,
        generator: Network = "",
        critic: Network = "",
    ) -> None:
        super().__init__(path, generator=generator, critic=critic)
        self.summary, self.dataset = summary, dataset

    if not TYPE_CHECKING:  # where every name would be known otherwise

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401
            """Return a field of the summary."""
            summary = self.__dict__.get("summary")
            if summary is not None and name in summary.__dataclass_fields__:
                return getattr(summary, name)
            if name in Summary.__dataclass_fields__:
                raise AttributeError(
                    f"{name} is only known right after fgan.train; this run was opened from its folder. Use "
                    "run.config(), run.status() and run.metrics()."
                )
            raise AttributeError(f"a Run has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        """Return its names, those of its summary among them."""
        fields = [one.name for one in dataclasses.fields(Summary)] if self.summary else []
        return sorted({*super().__dir__(), *fields})

    @property
    def generator(self) -> nn.Module:
        """The newest checkpoint's generator, in eval mode on the CPU.

        It maps latents (n, latent), and labels (n,) where the run is conditional, to samples (n, ...) in the units
        of the data, images in [0, 1]. `run.generator.latent` is the dimension of the latents, which are standard
        normal.
        """
        generator, _, frame = self._load(None, best=False)
        return Outward(generator, frame) if frame.origin else generator

    def evaluate(self, data: Dataset | Passable | str | Path | None = None, **options: Any) -> Evaluation:  # noqa: ANN401
        """Measure its samples against data; see `fgan.evaluate`.

        Args:
            data: what to compare with; what it was trained on if not given.
            options: as `fgan.evaluate` takes them.

        Raises:
            DataError: where it was trained on data that were passed, and opened since: then pass them again.
        """
        from fgan.data import load_data
        from fgan.evaluation import evaluate

        if data is None:
            data = self.dataset
        if data is None:
            config = self.config()
            if config.data.startswith(PASSED):
                raise DataError(
                    f"{self.path} was trained on data passed from memory ({short_name(config.data)}), which are not "
                    "in its folder. Pass them again: run.evaluate(x)."
                )
            data = load_data(config.data, data_dir=config.data_dir, options=config.load_options())
        return evaluate(self, data, **options)

    def plot(self, n: int | None = None, seed: int = 0) -> Figure:
        """Return a figure: losses and bound by step, and samples of the newest checkpoint.

        Args:
            n: samples to draw; 64 images, 2,000 vectors if not given.
            seed: decides their latents.
        """
        from fgan.experiments.plots import plot_run

        return plot_run(self, n, seed)

    def time_lapse(self, fps: float = 8) -> Animation:
        """Return the pictures that were drawn while it trained, as an animation: `run.time_lapse().save("run.gif")`.

        Args:
            fps: pictures a second; the last stays for two seconds more.

        Raises:
            RunError: where there are none.
        """
        from fgan.training.pictures import time_lapse

        return time_lapse(self, fps)

    def facts(self) -> dict[str, str]:
        """Return what there is to say of it in words: data, divergence, steps, last numbers."""
        config, status, last = self.config(), self.status(), (self.metrics() or [{}])[-1]
        step = max(self.checkpoints().steps(), default=0)
        facts = {
            "data": config.data.removeprefix(PASSED),
            "divergence": config.divergence,
            "objective": config.objective,
            "steps": f"{step:,} of {config.steps:,}",
            "state": status.state if status else "unfinished",
        }
        if config.objective == "plain":
            del facts["objective"]
        for key, name in (
            ("bound", "bound"), ("critic loss", "critic_loss"), ("generator loss", "generator_loss")
        ):  # fmt: skip
            if last.get(name) is not None:
                facts[key] = f"{last[name]:.4g}"
        return facts

    def __repr__(self) -> str:
        """Write the call that opens it, and what it is."""
        call = f'fgan.load("{self.path}")'
        if not self.config_path.is_file():
            return call
        facts = self.facts()
        bound = f", bound {facts['bound']}" if "bound" in facts else ""
        data = short_name(self.config().data)
        return f"{call}  # {facts['divergence']} on {data}, {facts['steps']} steps, {facts['state']}{bound}"

    def _repr_html_(self) -> str:
        if not self.config_path.is_file():
            return html_lines([repr(self)])
        rows = [("run", str(self.path)), *self.facts().items()]
        drawn = self.checkpoints().steps() and self.metrics()
        picture = html_picture(self.plot()._repr_png_(), "losses, bound and samples") if drawn else ""
        return html_table(rows, head=False) + picture


RunDirectory = Run
"""The public name of a folder's run before there was `Run`."""


class Outward(nn.Module):
    """A generator whose samples are in the units of the data, where it works in others; see `Frame.outward`.

    Args:
        generator: maps latents to samples in its own numbers.
        frame: of the data.
    """

    def __init__(self, generator: Any, frame: Frame) -> None:  # noqa: ANN401
        super().__init__()
        self.generator, self.frame, self.latent = generator, frame, generator.latent
        self.eval()

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return samples (n, ...) of latents (n, latent)."""
        inner = self.generator(latents) if labels is None else self.generator(latents, labels)
        return self.frame.outward(inner)
