"""Evaluation of a generator again and again while it trains: which numbers, and a function that measures them."""

from __future__ import annotations

import functools
from collections.abc import Callable

from torch import Tensor

from fgan.cores import working
from fgan.data import Dataset, TensorSource
from fgan.data.dataset import as_uint8
from fgan.device import resolve_device
from fgan.evaluation.basis import deciding_number
from fgan.evaluation.evaluate import those_that_apply
from fgan.evaluation.features import extractor_for
from fgan.evaluation.metrics import METRICS, chosen_metrics
from fgan.evaluation.sides import Side, real_of
from fgan.output import Say
from fgan.training.judging import EVALUATION_ERROR


def judge_for(
    dataset: Dataset, metrics: tuple[str, ...], n: int, device: str, say: Say
) -> Callable[[Tensor], dict[str, float | str | None]]:
    r"""Return a function that measures samples (n, \*shape) repeatedly during training; values only.

    A meaningless value is None; `evaluation_error` then gives the reason.

    Raises:
        FganError: for metrics that do not exist, or do not apply to these data.
    """
    extractor = extractor_for(None, dataset)
    side = functools.partial(Side, extractor=extractor, device=resolve_device(device), say=say)
    real = real_of(dataset, n, side)
    applicable, _ = those_that_apply(chosen_metrics(metrics), n, real, strict=True)

    @working()
    def judge(samples: Tensor) -> dict[str, float | str | None]:
        samples = samples.cpu()
        ours = side(as_uint8(samples) if dataset.is_image else samples, cache=False)
        if not bool(samples.isfinite().all()):
            return {quantity: None for wanted in applicable.values() for quantity in wanted}
        values: dict[str, float | str | None] = {}
        why: dict[str, str] = {}
        for metric, wanted in applicable.items():
            found = METRICS[metric].measure(ours, real)
            for name in wanted:
                values[name] = found[name].value if found[name].usable else None
                why |= {caveat.text: name for caveat in found[name].caveats if caveat.unusable}
        reasons = "; ".join(f"{name} is unusable: {text}" for text, name in why.items())
        return values | ({EVALUATION_ERROR: reasons} if why else {})

    return judge


def metrics_for(asked: str, dataset: Dataset, n: int) -> tuple[str, ...]:
    """Return the metrics that a recipe's `evaluate_metrics` names, for n samples of a data set.

    >>> from fgan.data import load_data
    >>> [metrics_for("auto", load_data(name), 2000) for name in ("digits", "ring8", "moons")]
    [('fid',), ('modes-kl',), ('js',)]
    """
    if asked.strip() != "auto":
        return tuple(name.strip() for name in asked.split(","))
    real = len(dataset.train) // 2 if isinstance(dataset.train, TensorSource) else n
    known = {"modes-kl": dataset.modes is not None, "js": min(n, real) >= METRICS["divergences"].fewest}
    applicable = [name for name, applies in known.items() if applies]
    return (deciding_number(extractor_for(None, dataset).name, applicable),)
