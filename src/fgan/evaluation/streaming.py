"""fgan's metrics with torchmetrics' interface: `update`, `compute`, `reset`, synchronised over processes."""

from __future__ import annotations

import math
import warnings
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from fgan.evaluation.classes import class_coverage
from fgan.evaluation.copying import closeness, nearest_training
from fgan.evaluation.domain import require_finite
from fgan.evaluation.jackknife import Uncertain
from fgan.evaluation.neighbours import precision_recall
from fgan.evaluation.parzen import log_likelihood
from fgan.evaluation.sides import shuffled
from fgan.evaluation.two_sample import classifier_accuracy

Extract = Callable[[Tensor], Tensor]


class TwoSetMetric(Metric):
    """A metric of generated against real samples, which keeps the features of both.

    Args:
        extract: from samples to features (n, d), such as an extractor of `fgan.evaluation.features` (default: the
            samples themselves).
        options: those of `torchmetrics.Metric`.
    """

    full_state_update = False
    is_differentiable = False
    real: list[Tensor]
    fake: list[Tensor]

    def __init__(self, extract: Extract | None = None, **options: Any) -> None:  # noqa: ANN401 - torchmetrics' own
        super().__init__(**options)
        self.extract = extract or _as_they_are
        self.add_state("real", default=[], dist_reduce_fx="cat")
        self.add_state("fake", default=[], dist_reduce_fx="cat")

    @torch.no_grad()
    def update(self, samples: Tensor, real: bool) -> None:
        """Take more samples, real ones or not."""
        (self.real if real else self.fake).append(self.extract(samples))

    def compute(self) -> dict[str, Tensor]:
        """Return each number, and its standard error under the name with suffix "_error"; warn about caveats.

        An unusable number is NaN.
        """
        # Loaders may go through classes in turn, and groups of samples must not be classes.
        fake, real = (shuffled(require_finite(dim_zero_cat(side))) for side in (self.fake, self.real))
        found = self.measure(fake, real)
        for name, one in found.items():
            for caveat in one.caveats:
                warnings.warn(f"{name}: {caveat.text}", stacklevel=2)
        values = {name: one.value if one.usable else math.nan for name, one in found.items()}
        errors = {f"{name}_error": one.standard_error for name, one in found.items()}
        return {name: torch.tensor(value, device=self.device) for name, value in (values | errors).items()}

    @abstractmethod
    def measure(self, fake: Tensor, real: Tensor) -> Mapping[str, Uncertain]:
        """Return the numbers for features of generated (n, d) and of real samples (m, d)."""


def _as_they_are(samples: Tensor) -> Tensor:
    return samples


class PrecisionRecallDensityCoverage(TwoSetMetric):
    """See `fgan.evaluation.neighbours.precision_recall`.

    Args:
        k: which neighbour a neighbourhood reaches to.
        extract, options: as `TwoSetMetric` takes them.

    >>> metric = PrecisionRecallDensityCoverage(k=3)
    >>> metric.update(torch.zeros(30, 2), real=False)
    >>> metric.update(torch.randn(30, 2, generator=torch.Generator().manual_seed(0)) + 9, real=True)
    >>> metric.compute()["precision"]
    tensor(0.)
    """

    def __init__(self, k: int = 5, extract: Extract | None = None, **options: Any) -> None:  # noqa: ANN401
        super().__init__(extract, **options)
        self.k = k

    def measure(self, fake: Tensor, real: Tensor) -> Mapping[str, Uncertain]:
        """Return precision, recall, density and coverage."""
        return precision_recall(fake, real, self.k)


class ClassifierTwoSample(TwoSetMetric):
    """See `fgan.evaluation.two_sample.classifier_accuracy`."""

    def measure(self, fake: Tensor, real: Tensor) -> Mapping[str, Uncertain]:
        """Return the accuracy."""
        return {"c2st": classifier_accuracy(fake, real)}


class ClassCoverage(TwoSetMetric):
    """Classes reached, and KL of their shares to the real ones; `extract` returns logits (n, K)."""

    def measure(self, fake: Tensor, real: Tensor) -> Mapping[str, Uncertain]:
        """Return the number of classes with a sample, and the KL in nats."""
        return class_coverage(fake, real)


class ParzenLogLikelihood(TwoSetMetric):
    """See `fgan.evaluation.parzen.log_likelihood`; every fourth real sample chooses the bandwidth."""

    def measure(self, fake: Tensor, real: Tensor) -> Mapping[str, Uncertain]:
        """Return the mean log-likelihood of the real samples, nats."""
        chooses = torch.arange(len(real), device=real.device) % 4 == 0
        return {"kde": log_likelihood(fake, real[~chooses], real[chooses])[0]}


class ClosenessToTraining(TwoSetMetric):
    """See `fgan.evaluation.copying.closeness`; real samples are held-out ones.

    Args:
        training: features of the training samples (t, d).
        extract, options: as `TwoSetMetric` takes them.
    """

    known: Tensor

    def __init__(self, training: Tensor, extract: Extract | None = None, **options: Any) -> None:  # noqa: ANN401
        super().__init__(extract, **options)
        self.register_buffer("known", training)

    def measure(self, fake: Tensor, real: Tensor) -> Mapping[str, Uncertain]:
        """Return the probability that a sample is nearer to the training set than an unseen real one."""
        ours, theirs = (nearest_training(side, self.known)[0][:, 0] for side in (fake, real))
        return {"closer-to-training": closeness(ours, theirs)}
