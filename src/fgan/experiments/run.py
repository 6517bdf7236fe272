"""`Run`: a trained run, with methods to sample, plot and evaluate it."""

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
    """A trained run and its folder; returned by `fgan.train` and `fgan.load`.

    After `fgan.train`, `summary` holds the result of the call, and its fields are attributes of the run too:
    `run.step`, `run.bound`, `run.diverged`. Everything else is read from the folder on demand.

    Args:
        path: the folder that `fgan.train` wrote.
        summary: the result of the call that trained it; None for a run that was opened.
        dataset: the training data; default: loaded by the name in its recipe.
        generator, critic: custom networks, if `config.json` does not lead to them; as for `fgan.train`.
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

    if not TYPE_CHECKING:  # otherwise type checkers would accept every name

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
        """Return its attributes, including those of its summary."""
        fields = [one.name for one in dataclasses.fields(Summary)] if self.summary else []
        return sorted({*super().__dir__(), *fields})

    @property
    def generator(self) -> nn.Module:
        """The generator of the newest checkpoint, in eval mode on the CPU.

        It maps standard normal latents (n, latent), and labels (n,) if the run is conditional, to samples (n, ...) in
        the units of the data; images are in [0, 1]. `run.generator.latent` is the dimension of the latents.
        """
        generator, _, frame = self._load(None, best=False)
        return Outward(generator, frame) if frame.origin else generator

    def evaluate(self, data: Dataset | Passable | str | Path | None = None, **options: Any) -> Evaluation:  # noqa: ANN401
        """Evaluate its samples against data; see `fgan.evaluate`.

        Args:
            data: the data to compare with; default: the training data.
            options: as for `fgan.evaluate`.

        Raises:
            DataError: if it was trained on data passed from memory and opened later, or by somebody else on data that
                you have not trained on; pass them then.
        """
        from fgan.data import load_data
        from fgan.evaluation import evaluate
        from fgan.training.named_data import require_own_data, require_trained_on

        if data is None:
            data = self.dataset
        if data is None:
            config = self.config()
            if config.data.startswith(PASSED):
                raise DataError(
                    f"{self.path} was trained on data passed from memory ({short_name(config.data)}), which are not "
                    "in its folder. Pass them again: run.evaluate(x)."
                )
            require_own_data(self, config, "If you trust it, pass them: run.evaluate(DATA).")
            data = load_data(config.data, data_dir=config.data_dir, options=config.load_options())
            require_trained_on(
                self, data, "Restore it, or pass the data to compare with: run.evaluate(DATA)."
            )
        return evaluate(self, data, **options)

    def plot(self, n: int | None = None, seed: int = 0) -> Figure:
        """Return a figure with losses and bound by step, and samples from the newest checkpoint.

        Args:
            n: number of samples; default: 64 images or 2,000 vectors.
            seed: determines the latents.
        """
        from fgan.experiments.plots import plot_run

        return plot_run(self, n, seed)

    def time_lapse(self, fps: float = 8) -> Animation:
        """Return the pictures drawn during training as an animation: `run.time_lapse().save("run.gif")`.

        Args:
            fps: pictures per second; the last one stays for two more seconds.

        Raises:
            RunError: if there are none.
        """
        from fgan.training.pictures import time_lapse

        return time_lapse(self, fps)

    def facts(self) -> dict[str, str]:
        """Return a description as text: data, divergence, steps, last metrics."""
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
        """Return the call that opens it, and a short description."""
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
"""The former public name of `Run`."""


class Outward(nn.Module):
    """A generator that returns samples in the units of the data; see `Frame.outward`.

    Args:
        generator: maps latents to samples in its own units.
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
