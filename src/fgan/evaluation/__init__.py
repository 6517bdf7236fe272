"""Metrics of sample quality, with confidence intervals and real-vs-real baselines."""

from fgan.evaluation.evaluate import Evaluator, evaluate, nearest_images
from fgan.evaluation.metrics import METRICS, QUANTITIES, Metric, Quantity, deciding, higher_is_better
from fgan.evaluation.modes import ModeCoverage, mode_coverage
from fgan.evaluation.result import Evaluation, Measurement, Range, over_runs
from fgan.evaluation.while_training import judge_for, metrics_for

__all__ = [
    "METRICS",
    "QUANTITIES",
    "Evaluation",
    "Evaluator",
    "Measurement",
    "Metric",
    "ModeCoverage",
    "Quantity",
    "Range",
    "deciding",
    "evaluate",
    "higher_is_better",
    "judge_for",
    "metrics_for",
    "mode_coverage",
    "nearest_images",
    "over_runs",
]
