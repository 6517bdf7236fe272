"""Judging a run while it trains: what is measured on samples, and which evaluation is the best."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from fgan.data import Dataset
from fgan.training.config import TrainConfig
from fgan.training.telemetry import finite_or_none

EVALUATION_ERROR = "evaluation_error"
"""Under which an evaluation says why it has no number."""


@dataclass(frozen=True)
class Judge:
    """Says how good samples are, by numbers of which one decides what is best.

    Args:
        measure: takes samples (n, ...) and returns values by metric; None where there is no finite number,
            and a text under `evaluation_error` where there is more to say.
        metric: the one that decides.
        higher_is_better: whether the best value of it is the largest rather than the smallest.
    """

    measure: Callable[[Tensor], Mapping[str, float | str | None]]
    metric: str
    higher_is_better: bool

    def evaluate(self, samples: Tensor) -> dict[str, float | str | None]:
        """Return each metric of samples (n, ...), None in place of what JSON cannot hold.

        Where measuring fails, the one that decides is None and `evaluation_error` says why: training, which may have
        taken days, goes on.
        """
        try:
            found = self.measure(samples)
        except Exception as error:
            return {self.metric: None, EVALUATION_ERROR: f"{type(error).__name__}: {error}"}
        return {
            name: value if isinstance(value, str) else finite_or_none(value) for name, value in found.items()
        }

    def best(self, evaluations: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
        """Return the best evaluation, the first among equals; None where none has a finite value.

        >>> fid = Judge(lambda samples: {}, "fid", higher_is_better=False)
        >>> fid.best([{"step": 1, "fid": None}, {"step": 2, "fid": 3.0}, {"step": 3, "fid": 3.0}])
        {'step': 2, 'fid': 3.0}
        """
        judged = [line for line in evaluations if line.get(self.metric) is not None]
        sign = 1 if self.higher_is_better else -1
        return max(judged, key=lambda line: sign * line[self.metric], default=None)


BuildJudge = Callable[[TrainConfig, Dataset, Callable[[str], None]], Judge]
"""Makes a run's judge, given its recipe with the device resolved, its data, and who receives lines for people."""


def evaluation_text(values: Mapping[str, float | str | None]) -> str:
    """Return an evaluation in a few words.

    >>> evaluation_text({"fid": 12.345678, "precision": None})
    'fid 12.35  precision none'
    """
    return "  ".join(
        f"{name} {'none' if value is None else format(value, '.4g')}"
        for name, value in values.items()
        if not isinstance(value, str)
    )
