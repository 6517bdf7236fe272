"""Evaluating a run during training: the metrics, and which evaluation is the best."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from fgan.data import Dataset
from fgan.training.config import TrainConfig
from fgan.training.run_files import EVALUATION_ERROR
from fgan.training.telemetry import finite_or_none


@dataclass(frozen=True)
class Judge:
    """Evaluates samples by metrics, one of which decides which checkpoint is best.

    Args:
        measure: maps samples (n, ...) to values by metric; None means not finite, and `evaluation_error` may hold
            an explanation.
        metric: the metric that decides.
        higher_is_better: whether larger values of it are better.
    """

    measure: Callable[[Tensor], Mapping[str, float | str | None]]
    metric: str
    higher_is_better: bool

    def evaluate(self, samples: Tensor) -> dict[str, float | str | None]:
        """Return each metric of samples (n, ...); None means not finite.

        If measuring fails, the deciding metric is None and `evaluation_error` says why. Training, which may have taken
        days, continues.
        """
        try:
            found = self.measure(samples)
        except Exception as error:
            return {self.metric: None, EVALUATION_ERROR: f"{type(error).__name__}: {error}"}
        return {
            name: value if isinstance(value, str) else finite_or_none(value) for name, value in found.items()
        }

    def best(self, evaluations: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
        """Return the best evaluation, the first of equals; None if none has a finite value.

        >>> fid = Judge(lambda samples: {}, "fid", higher_is_better=False)
        >>> fid.best([{"step": 1, "fid": None}, {"step": 2, "fid": 3.0}, {"step": 3, "fid": 3.0}])
        {'step': 2, 'fid': 3.0}
        """
        judged = [line for line in evaluations if isinstance(line.get(self.metric), (int, float))]
        sign = 1 if self.higher_is_better else -1
        return max(judged, key=lambda line: sign * line[self.metric], default=None)


BuildJudge = Callable[[TrainConfig, Dataset, Callable[[str], None]], Judge]
"""Makes the judge of a run from its recipe with a resolved device, its data, and `say`, which receives messages."""


def evaluation_text(values: Mapping[str, float | str | None]) -> str:
    """Return an evaluation as short text.

    >>> evaluation_text({"fid": 12.345678, "precision": None})
    'fid 12.35  precision none'
    """
    return "  ".join(
        f"{name} {'none' if value is None else format(value, '.4g')}"
        for name, value in values.items()
        if not isinstance(value, str)
    )
