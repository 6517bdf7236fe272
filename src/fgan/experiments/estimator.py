"""`fgan.Generator`: a generator as a scikit-learn estimator, with `fit` and `sample`."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from fgan.errors import FganError
from fgan.experiments.presets import FITTING
from fgan.experiments.run import Run
from fgan.experiments.train import train
from fgan.output import silent, to_people
from fgan.seeds import SEEDS

AT_ONCE = 1024


class Generator(BaseEstimator):
    """A scikit-learn estimator that learns to generate rows like those of X, with any f-divergence.

    A GAN has no density, so there is no `score_samples`.

    Args:
        divergence: any name that `fgan.divergence` takes.
        steps: generator steps.
        batch_size: real and generated samples per step, each.
        preset: the recipe to start from, as for `fgan.train`; "auto" is the one that fits the data.
        settings: further fields of `TrainConfig`, such as {"lr": 5e-4}.
        out: the run directory; default: a temporary one, removed after `fit`.
        random_state: determines the initial weights and all random draws of training; pass an int to reproduce them.
        verbose: print progress.

    Attributes:
        generator_: an `nn.Module` in eval mode on the CPU; maps latents (n, generator_.latent) to rows.
        run_: the `Run` in `out`; None without `out`.
        metrics_: the logged metrics, one dict per line.
        n_iter_: generator steps done.
        n_features_in_, feature_names_in_: of X.

    >>> x = np.random.default_rng(0).normal(5.0, 2.0, size=(200, 3))
    >>> Generator(divergence="js", steps=20, random_state=0).fit(x).sample(4).shape
    (4, 3)
    """

    def __init__(
        self,
        divergence: str = "gan",
        *,
        steps: int = 30_000,
        batch_size: int = 128,
        preset: str = FITTING,
        settings: Mapping[str, Any] | None = None,
        out: str | Path | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        self.divergence = divergence
        self.steps = steps
        self.batch_size = batch_size
        self.preset = preset
        self.settings = settings
        self.out = out
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: object = None) -> Self:  # noqa: ANN401, N803 - as scikit-learn calls it
        """Train on rows.

        Args:
            X: numbers (n, D): an array, or a pandas or polars DataFrame.
            y: not used.

        Returns:
            The estimator itself.

        Raises:
            ValueError: for X that scikit-learn refuses.
            FganError: for settings that `fgan.train` refuses.
        """
        frame = type(X).__module__.split(".")[0]
        rows = np.asarray(validate_data(self, X, dtype=[np.float64, np.float32], ensure_min_samples=2))
        self._frame, self._dtype = frame if frame in ("pandas", "polars") else "", rows.dtype
        given = self.random_state
        fixed = isinstance(given, (int, np.integer)) and not isinstance(given, bool)
        seed = int(given) if fixed else int(check_random_state(given).randint(2**31 - 1))  # pyright: ignore
        if self.out is not None:
            self._train(rows, seed, self.out)
            self.run_ = Run(self.out)
        else:
            with tempfile.TemporaryDirectory() as folder:
                self._train(rows, seed, Path(folder) / "run")
            self.run_ = None
        return self

    def _train(self, rows: np.ndarray, seed: int, out: str | Path) -> None:
        settings = {
            "divergence": self.divergence,
            "steps": self.steps,
            "batch_size": self.batch_size,
            "seed": seed,
        }
        if again := settings.keys() & (self.settings or {}).keys():
            raise FganError(
                f"settings= must not contain {', '.join(sorted(again))}. Pass it as a parameter of Generator instead."
            )
        settings |= self.settings or {}
        say = to_people if self.verbose else silent
        run = train(rows, out, preset=self.preset, say=say, bar=self.verbose, **settings)  # pyright: ignore
        assert run.summary, "it was trained just now"
        if run.summary.stopped_by:
            raise KeyboardInterrupt(f"stopped by {run.summary.stopped_by}")
        if said := run.summary.diverged or run.summary.warning:
            warnings.warn(said, ConvergenceWarning, stacklevel=3)
        self.generator_, self.metrics_, self.n_iter_ = run.generator, run.metrics(), run.summary.step

    def sample(self, n_samples: int = 1, random_state: int | np.random.RandomState | None = None) -> Any:  # noqa: ANN401
        """Return new rows (n_samples, D) as floats, in the same kind of container as X.

        Args:
            n_samples: number of rows.
            random_state: determines the latents; pass an int to reproduce the rows.

        Raises:
            NotFittedError: before `fit`.
        """
        check_is_fitted(self)
        seed = int(check_random_state(random_state).randint(2**31 - 1))
        random = torch.Generator().manual_seed(seed % SEEDS)
        latents = torch.randn(n_samples, int(self.generator_.latent), generator=random)  # pyright: ignore
        with torch.no_grad():
            rows = torch.cat([self.generator_(z) for z in latents.split(AT_ONCE)]).numpy().astype(self._dtype)
        if not self._frame:
            return rows
        library = __import__(self._frame)
        names = list(getattr(self, "feature_names_in_", [f"column_{k}" for k in range(rows.shape[1])]))
        return library.DataFrame(rows, **{"columns" if self._frame == "pandas" else "schema": names})
