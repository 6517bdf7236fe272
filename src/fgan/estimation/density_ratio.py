"""`fgan.DensityRatio`: a density-ratio estimator with scikit-learn's interface."""

from __future__ import annotations

import inspect
from typing import Any, Self

from torch import Tensor

from fgan.data.tables.kinds import Kinds
from fgan.errors import FganError
from fgan.estimation.estimate import estimate
from fgan.estimation.inputs.read import Samples
from fgan.estimation.inputs.weighting import WeightsLike
from fgan.estimation.result import Estimate, Estimates
from fgan.seeds import checked_seed


class DensityRatio:
    """Learn the density ratio p/q from samples of P and Q, with scikit-learn's interface.

    Call `fit`, then `log_ratio` or `predict`. `estimate_` holds the KL divergence and the diagnostics. Samples are
    scaled internally. Do not put it into a `Pipeline`: that would transform P only, because Q takes the place of y.

    Args:
        method: a key of `fgan.estimation.METHODS`, or "auto".
        folds: number of critics, each trained without one fold; their log-ratios are averaged.
        missing: "refuse" rows with a missing value, or "drop" them.
        kinds: "number" or "category" by column name, as in `fgan.estimate`.
        blocks: number of consecutive rows that stay together, as in `fgan.estimate`.
        seed: seed of folds and networks.
        device: device for training networks.

    >>> import torch
    >>> random = torch.Generator().manual_seed(0)
    >>> p, q = 1 + torch.randn(1000, 1, generator=random), torch.randn(1000, 1, generator=random)
    >>> ratio = DensityRatio().fit(p, q)
    >>> abs(ratio.log_ratio([[2.0]]).item() - 1.5) < 0.4  # log of N(2; 1, 1) / N(2; 0, 1)
    True
    """

    def __init__(
        self,
        method: str = "auto",
        *,
        folds: int = 5,
        kinds: Kinds = None,
        missing: str = "refuse",
        blocks: int | None = None,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        checked_seed(seed)
        self.method, self.folds, self.kinds, self.missing = method, folds, kinds, missing
        self.blocks = blocks
        self.seed, self.device = seed, device

    def fit(
        self, p: Samples, q: Samples, *, weights_p: WeightsLike = None, weights_q: WeightsLike = None
    ) -> Self:
        """Learn the ratio from samples and optional weights, given as in `fgan.estimate`.

        Raises:
            FganError: as in `fgan.estimate`, and for a method without a density ratio.
        """
        found = estimate(
            p,
            q,
            ("kl",),
            weights_p=weights_p,
            weights_q=weights_q,
            method=self.method,
            folds=self.folds,
            kinds=self.kinds,
            missing=self.missing,
            blocks=self.blocks,
            seed=checked_seed(self.seed),
            device=self.device,
        )
        assert isinstance(found, Estimates), "several were asked for"
        if not found["kl"].source.critics:
            raise FganError(
                f'method "{self.method}" does not estimate a density ratio. Use method="logistic", for example.'
            )
        self.estimate_: Estimate = found["kl"]
        return self

    def log_ratio(self, x: Samples) -> Tensor:
        """Return log(p/q) of samples: float64 (n,).

        Raises:
            FganError: before `fit`, or for samples of another kind.
        """
        if not hasattr(self, "estimate_"):
            raise FganError("this DensityRatio is not fitted yet. Call fit(p, q) first.")
        return self.estimate_.log_ratio(x)

    def predict(self, x: Samples) -> Tensor:
        """Return p/q of samples (n,): the importance weights that turn samples of Q into samples of P."""
        return self.log_ratio(x).exp()

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments, for scikit-learn's `clone`."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> Self:  # noqa: ANN401 - each argument has its own type
        """Change arguments, for scikit-learn's searches.

        Raises:
            FganError: for an unknown argument.
        """
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise FganError(f'DensityRatio has no parameter "{name}"; it has {", ".join(known)}.')
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        """Return the call that constructs it."""
        return f"DensityRatio({', '.join(f'{name}={value!r}' for name, value in self.get_params().items())})"
