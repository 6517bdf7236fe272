"""`fgan.DensityRatio`: a density ratio with the manners of scikit-learn."""

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
    """log(p/q) of any sample, learnt from samples of P and of Q.

    `fit` learns; `log_ratio` and `predict` apply; `estimate_` holds the KL that came with it, and its diagnostics. It
    scales samples itself; a `Pipeline` would transform P alone, for Q stands where a label does.

    Args:
        method: a key of `fgan.estimation.METHODS`, or "auto".
        folds: critics whose log-ratios are averaged, each from all samples but a part.
        blocks: consecutive rows that stay together, as for `fgan.estimate`.
        kinds: "number" or "category" by the name of a column, as for `fgan.estimate`.
        missing: "refuse" rows that lack a value, or "drop" them.
        seed: decides what is random.
        device: where networks are trained.

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
        """Learn from samples and their weights, as `fgan.estimate` takes them.

        Raises:
            FganError: as `fgan.estimate` does, and for a method without a density ratio.
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
            raise FganError(f'method "{self.method}" has no density ratio. Take another, such as "logistic".')
        self.estimate_: Estimate = found["kl"]
        return self

    def log_ratio(self, x: Samples) -> Tensor:
        """Return log(p/q) (n,) of samples, in float64.

        Raises:
            FganError: before `fit`, or for samples of another kind.
        """
        if not hasattr(self, "estimate_"):
            raise FganError("a DensityRatio knows nothing before it is fitted. Call fit(p, q) first.")
        return self.estimate_.log_ratio(x)

    def predict(self, x: Samples) -> Tensor:
        """Return p/q (n,) of samples, the weights that make samples of Q stand for P."""
        return self.log_ratio(x).exp()

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the arguments that it was made with, as scikit-learn's `clone` asks for."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> Self:  # noqa: ANN401 - each argument has its own type
        """Change arguments, as scikit-learn's searches do.

        Raises:
            FganError: for an unknown one.
        """
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise FganError(f'a DensityRatio has {", ".join(known)}; got "{name}".')
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        """Write the call that makes it."""
        return f"DensityRatio({', '.join(f'{name}={value!r}' for name, value in self.get_params().items())})"
