"""Training as users call it: the loop, and the metrics that judge it on its way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fgan.data import Dataset
from fgan.training import train as training
from fgan.training.config import TrainConfig
from fgan.training.judging import Judge
from fgan.training.summary import Summary


def train(
    config: TrainConfig,
    out: str | Path,
    *,
    resume: bool = False,
    dataset: Dataset | None = None,
    say: Callable[[str], None] = print,
    lines: bool | None = None,
) -> Summary:
    """Train as the config says, into a run directory.

    Sets `torch.backends.cudnn.deterministic`, for the same bits again, and `torch.set_flush_denormal(True)`:
    units that fall silent leave moments near 1e-40 behind, on which a
    CPU is slow. Threads inherit the setting when they start, so call this before other work on torch to have
    all of the speed, and the very bits that the command line has.

    Args:
        config: the recipe.
        out: the run directory, new unless `resume`.
        resume: go on from the newest checkpoint; the run ends as if it had never been stopped.
        dataset: the data, where it is not to be loaded by `config.data`.
        say: receives lines for people.
        lines: say each line of metrics; unless told, where there is no progress bar. With one, only the lines
            that go with a picture are said. Evaluations are always said.

    Raises:
        FganError: for bad data, a bad folder, another config, or metrics that cannot judge the data; nothing is
            half-written then.
        DivergedError: where a loss or a weight stops being a finite number a fourth time; the first three times
            the run goes back to its last good state and on with half the learning rate.
    """
    return training.train(
        config, out, resume=resume, dataset=dataset, say=say, lines=lines, build_judge=judge_of
    )


def judge_of(config: TrainConfig, dataset: Dataset, say: Callable[[str], None]) -> Judge:
    """Return what judges a run of this recipe by its metrics, the first of which decides.

    Raises:
        FganError: for metrics that do not exist or cannot judge the data.
    """
    from fgan import evaluation  # heavy, and of no use to a run that is not judged

    metrics = tuple(name.strip() for name in config.evaluate_metrics.split(","))
    measure = evaluation.judge_for(dataset, metrics, config.evaluate_n, config.device, say)
    return Judge(measure, evaluation.deciding(metrics[0]), evaluation.higher_is_better(metrics[0]))
