"""The classifier two-sample test: can a classifier distinguish samples from data?"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

from fgan.evaluation.domain import require_memory_of
from fgan.evaluation.jackknife import Jackknife, mean
from fgan.output import watched


def classifier_accuracy(samples: Tensor, reference: Tensor, seed: int = 0) -> Jackknife:
    """Return the held-out accuracy of a classifier of features (n, d) against real features (m, d); ½ is chance.

    Two perceptrons with one hidden layer are trained, each on one half of both sets, and tested on the other half. The
    smaller set is weighted up, so guessing gives ½. The interval does not include the spread of retraining.

    Source: Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests" (2017), §3.

    >>> x = torch.randn(400, 2, generator=torch.Generator().manual_seed(0))
    >>> classifier_accuracy(x + 5, x).value > 0.99
    True
    """
    count = len(samples) + len(reference)
    # A copy for scikit-learn, repeated up to the larger set, and its scaled one; both halves in turn.
    require_memory_of("c2st", 4 * 3 * count * samples.shape[1], samples, reference, device="cpu")
    right = [torch.zeros(len(samples)), torch.zeros(len(reference))]
    for half, classifier in enumerate(cross_fitted(samples, reference, seed)):
        for label, side in enumerate((samples, reference)):
            fresh = slice(1 - half, None, 2)
            predicted = torch.from_numpy(classifier.predict(side[fresh].cpu().numpy()))
            right[label][fresh] = (predicted == label).float()
    ours, theirs = (mean(part) for part in right)
    pairs = zip(ours.without, theirs.without, strict=True)
    return Jackknife((ours.value + theirs.value) / 2, tuple((a + b) / 2 for a, b in pairs))


def cross_fitted(samples: Tensor, reference: Tensor, seed: int = 0) -> list[Any]:
    """Return classifiers (0 for samples, 1 for the reference) trained on the even and on the odd ones of both sets."""
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    # Two threads take three times as long as one for products so small.
    with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):
        # It stops by its own validation set, or after 30 rounds.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return [
            _trained(samples[half::2].cpu(), reference[half::2].cpu(), seed)
            for half in watched((0, 1), "c2st", unit="classifiers")
        ]


def _trained(samples: Tensor, reference: Tensor, seed: int) -> Any:  # noqa: ANN401 - scikit-learn has no types
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    n = max(len(samples), len(reference))
    x = torch.cat([part[torch.arange(n) % len(part)] for part in (samples, reference)]).numpy()
    y = torch.arange(2).repeat_interleave(n).numpy()
    network = MLPClassifier(
        (64,),
        batch_size=min(256, len(x) * 9 // 10),  # pyright: ignore[reportArgumentType]
        learning_rate_init=2e-3,
        early_stopping=len(x) >= 100,
        n_iter_no_change=3,
        max_iter=30,
        random_state=seed % 2**32,  # NumPy's old generator takes no more
    )
    return make_pipeline(StandardScaler(), network).fit(x, y)
