"""trackio: one trackio run per run directory; its name is stored there."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fgan.tracking.tracker import comparison_of, kept
from fgan.training.config import TrainConfig

if TYPE_CHECKING:
    from PIL.Image import Image

PROJECT = "fgan"
"""The project, unless TRACKIO_PROJECT is set."""


class Trackio:
    """An open run of trackio.

    Args:
        run: what `trackio.init` returned.
        image: its class of pictures.
    """

    def __init__(self, run: Any, image: Any) -> None:  # noqa: ANN401 - trackio's own
        self._run, self._image = run, image

    def go_back(self, step: int) -> None:
        """Do nothing: steps may be logged again."""

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        """Log numbers."""
        self._run.log(dict(values), step=step)

    def picture(self, step: int, picture: Image) -> None:
        """Log a picture."""
        self._run.log({"samples": self._image(picture)}, step=step)

    def close(self, state: str | None) -> None:
        """Finish."""
        with _beside_the_result():
            self._run.finish()


def open_run(run: Path, config: TrainConfig, step: int) -> Trackio:
    """Start a trackio run, or continue the one of the run directory; see `Opening`.

    trackio identifies runs by name, so the name of the run directory is made unique.
    """
    import trackio  # pyright: ignore[reportMissingImports] - imported late, since it is optional

    folder = run.absolute()
    name = kept(run / "trackio" / "name", lambda: f"{folder.name}-{secrets.token_hex(2)}")
    with _beside_the_result():
        # In a separate context: in the caller's, trackio would end the previous run, such as another of a comparison.
        opened = contextvars.Context().run(
            trackio.init,
            project=os.environ.get("TRACKIO_PROJECT", PROJECT),
            name=name,
            group=comparison_of(folder),
            config=dataclasses.asdict(config),
            resume="allow",
            embed=False,
        )
    return Trackio(opened, trackio.Image)


@contextlib.contextmanager
def _beside_the_result() -> Iterator[None]:
    """Redirect trackio's output to stderr: stdout is for the result of a command."""
    with contextlib.redirect_stdout(sys.stderr):
        yield
