"""The classifier two-sample test: can a classifier distinguish samples from data?"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from fgan.evaluation.domain import require_memory_of
from fgan.evaluation.jackknife import Jackknife, mean
from fgan.output import watched

if TYPE_CHECKING:
    import numpy as np

FEWEST = 100
"""Rows of both sides with fewer of which nothing is kept apart, neither to stop nor to choose."""
KEPT = 8
"""One row in so many chooses between the classifiers."""
MOST_COLUMNS = 256
"""Features with more of which trees are not tried: they would take minutes."""


def classifier_accuracy(samples: Tensor, reference: Tensor, seed: int = 0) -> Jackknife:
    """Return the held-out accuracy of a classifier of features (n, d) against real features (m, d); ½ is chance.

    A perceptron with one hidden layer and boosted trees are trained on one half of both sets; the better of the two, by
    rows of that half that were kept apart, is tested on the other half. Then the halves change places. The smaller set
    is weighted up, so guessing gives ½. The interval does not include the spread of retraining. With more than 256
    features, fewer than 100 rows, or 8 of one side in a half, only the perceptron is trained.

    Source: Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests" (2017), §3.

    >>> x = torch.randn(400, 2, generator=torch.Generator().manual_seed(0))
    >>> classifier_accuracy(x + 5, x).value > 0.99
    True
    """
    repeated = 2 * max(len(samples), len(reference))
    # Copies for scikit-learn, repeated up to the larger set, scaled and in double precision; both halves in turn.
    require_memory_of("c2st", 4 * 4 * repeated * samples.shape[1], samples, reference, device="cpu")
    sides = samples, reference
    right = [torch.zeros(len(side)) for side in sides]
    for half, classifier in enumerate(cross_fitted(samples, reference, seed)):
        for label, side in enumerate(sides):
            fresh = _part(len(side), 2, seed) != half
            predicted = torch.from_numpy(classifier.predict(side[fresh].cpu().numpy()))
            right[label][fresh] = (predicted == label).float()
    ours, theirs = (mean(part) for part in right)
    pairs = zip(ours.without, theirs.without, strict=True)
    return Jackknife((ours.value + theirs.value) / 2, tuple((a + b) / 2 for a, b in pairs))


def cross_fitted(samples: Tensor, reference: Tensor, seed: int = 0) -> list[Any]:
    """Return classifiers (0 for samples, 1 for the reference), each trained on one half of both sets."""
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    # Two threads take three times as long as one for products so small.
    with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):
        # It stops by its own validation set, or after 30 rounds.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return [
            _trained(_rows(samples, half, seed), _rows(reference, half, seed), seed)
            for half in watched((0, 1), "c2st", unit="classifiers")
        ]


def _rows(side: Tensor, half: int, seed: int) -> Tensor:
    return side[_part(len(side), 2, seed) == half].cpu()


def _part(n: int, parts: int, seed: int) -> Tensor:
    """Return the number of the part (n,) that each of n rows is in, by chance: rows may come in some order."""
    random = torch.Generator().manual_seed(seed % 2**32)
    # `shuffled` took the first order of some seed; by it, halves would be the odd and even rows of a file, or classes.
    torch.randperm(n, generator=random)
    return torch.randperm(n, generator=random) % parts


def _trained(samples: Tensor, reference: Tensor, seed: int) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Return the better of a network and boosted trees, by rows that neither was trained on."""
    count = len(samples) + len(reference)
    fewer = min(len(samples), len(reference))
    if count < FEWEST or fewer < KEPT or samples.shape[1] > MOST_COLUMNS:
        return _network(count, seed).fit(*_balanced(samples, reference))
    apart = [_part(len(side), KEPT, seed) == 0 for side in (samples, reference)]
    seen = _balanced(samples[~apart[0]], reference[~apart[1]])
    kept = _balanced(samples[apart[0]], reference[apart[1]])
    fitted = [classifier.fit(*seen) for classifier in (_network(len(seen[1]), seed), _trees(seed))]
    return max(fitted, key=lambda classifier: classifier.score(*kept))


def _balanced(samples: Tensor, reference: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of both, the fewer repeated, and their labels."""
    n = max(len(samples), len(reference))
    x = torch.cat([part[torch.arange(n) % len(part)] for part in (samples, reference)])
    return x.numpy(), torch.arange(2).repeat_interleave(n).numpy()


def _network(rows: int, seed: int) -> Any:  # noqa: ANN401
    """Return a perceptron with one hidden layer."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    network = MLPClassifier(
        (64,),
        batch_size=min(256, rows * 9 // 10),  # pyright: ignore[reportArgumentType]
        learning_rate_init=2e-3,
        early_stopping=rows >= FEWEST,
        n_iter_no_change=3,
        max_iter=30,
        random_state=seed % 2**32,  # NumPy's old generator takes no more
    )
    return make_pipeline(StandardScaler(), network)


def _trees(seed: int) -> Any:  # noqa: ANN401
    """Return trees, which see what is narrow beside the spread of all rows, such as the inside of far clusters."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # not at the top: it takes a second

    return HistGradientBoostingClassifier(
        learning_rate=0.15,
        max_leaf_nodes=16,
        early_stopping=True,  # pyright: ignore[reportArgumentType] - the stub knows "auto" only
        random_state=seed % 2**32,
    )
