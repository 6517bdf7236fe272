"""The registry of metrics: what each computes and needs, and which direction is better."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fgan.errors import FganError, did_you_mean
from fgan.estimation.inputs.read import FEWEST
from fgan.evaluation.classes import class_coverage, classifier_score
from fgan.evaluation.copying import closeness, near_copies, repeated, repeats
from fgan.evaluation.divergences import feature_divergences
from fgan.evaluation.domain import Caveat, constant_features
from fgan.evaluation.features import Borrowed, Classifier
from fgan.evaluation.frechet import frechet_distance
from fgan.evaluation.frontier import frontier_summaries
from fgan.evaluation.jackknife import GROUPS, Uncertain, proportion
from fgan.evaluation.kernel import kernel_distance
from fgan.evaluation.modes import mixture_coverage
from fgan.evaluation.neighbours import precision_recall
from fgan.evaluation.parzen import log_likelihood
from fgan.evaluation.sides import Real, Side
from fgan.evaluation.two_sample import classifier_accuracy

Found = Mapping[str, Uncertain]
INFINITE = float("inf")


@dataclass(frozen=True)
class Quantity:
    """One number that a metric reports.

    Args:
        better: "higher", "lower", or "½" if the ideal is ½.
        lowest, highest: its range.
        meaning: a short description.
        counts: whether it counts something of which the data have a number, such as classes.
    """

    better: str
    lowest: float
    highest: float
    meaning: str
    counts: bool = False


@dataclass(frozen=True)
class Metric:
    """One computation and the numbers that it gives.

    Args:
        compute: computes the numbers from samples and real samples.
        quantities: the numbers by name.
        needs: returns what is missing for it, "" for nothing.
        absent: its numbers that these data cannot have, with what they need.
        floor: the real samples for the real-vs-real baseline, and their reference; None if no real samples are left.
        domain: caveats of all its numbers, from samples and real samples.
        fewest: minimum number of samples, and of real samples.
    """

    compute: Callable[[Side, Real], Found]
    quantities: dict[str, Quantity]
    needs: Callable[[Real], str] = lambda real: ""
    absent: Callable[[Real], dict[str, str]] = lambda real: {}
    floor: Callable[[Real], tuple[Side, Real] | None] = lambda real: (
        (real.other, real) if real.other else None
    )
    domain: Callable[[Side, Real], tuple[Caveat, ...]] = lambda samples, real: ()
    fewest: int = 0

    def lacks(self, n: int, real: Real) -> str:
        """Return what n samples and these real samples lack for it, "" for nothing."""
        for count, whose in ((n, "samples"), (len(real.reference), "real samples")):
            if count < self.fewest:
                return f"at least {self.fewest} {whose} (there are {count})"
        return self.needs(real)

    def measure(self, samples: Side, real: Real) -> Found:
        """Return each number with its caveats.

        Raises:
            MemoryLimitError: if it does not fit into memory.
        """
        caveats = self.domain(samples, real)
        return {name: found.with_caveats(*caveats) for name, found in self.compute(samples, real).items()}


def _classifier(real: Real) -> str:
    extractor = real.reference.extractor
    return (
        ""
        if isinstance(extractor, Classifier)
        else f"an extractor that is a classifier, unlike {extractor.name}"
    )


def _varying(samples: Side, real: Real) -> tuple[Caveat, ...]:
    """Name features that do not vary; some of a network's never do, which is no fault of the data."""
    every = not isinstance(real.reference.extractor, Classifier | Borrowed)
    return constant_features(samples.features, real.reference.features, every)


def _of_classes(samples: Side, real: Real) -> tuple[Caveat, ...]:
    if len(real.reference.logits.argmax(1).unique()) > 1:
        return ()
    return (
        Caveat("this classifier puts all real samples into one class, so no score is better than 1", True),
    )


def _chosen_apart(samples: Side, real: Real) -> tuple[Caveat, ...]:
    if real.validation_apart:
        return ()
    return (Caveat("the real samples that choose the bandwidth are also in the reference"),)


def _modes(samples: Side, real: Real) -> Found:
    if real.modes is not None:
        return mixture_coverage(samples.vectors, real.reference.vectors, real.modes)
    return class_coverage(samples.logits, real.reference.logits)


def _finite_training(real: Real) -> str:
    if real.training is None or real.unseen is None:
        return "a finite training set"
    if len(real.unseen) < 4 * GROUPS:
        return f"at least {4 * GROUPS} held-out samples (there are {len(real.unseen)})"
    return ""


def _copying(samples: Side, real: Real) -> Found:
    assert real.training is not None and real.unseen is not None, "asked for by `needs`"
    ours, theirs = samples.near(real.training), real.unseen.near(real.training)
    again = proportion(repeated(samples.values, real.training.values))
    return {
        "closer-to-training": closeness(ours, theirs),
        "near-copies": near_copies(ours, theirs),
        "exact-copies": again.with_caveats(*repeats(theirs)),
    }


def _copying_floor(real: Real) -> tuple[Side, Real]:
    """One half of the unseen samples against the other."""
    assert real.unseen is not None, "asked for by `needs`"
    halves = [real.unseen.part(slice(start, None, 2)) for start in (0, 1)]
    return halves[0], dataclasses.replace(real, unseen=halves[1])


METRICS: dict[str, Metric] = {
    "fid": Metric(
        lambda samples, real: {"fid": frechet_distance(samples.features, real.reference.features)},
        {"fid": Quantity("lower", 0, INFINITE, "Fréchet distance of features")},
        domain=_varying,
    ),
    "kid": Metric(
        lambda samples, real: {"kid": kernel_distance(samples.features, real.reference.features)},
        {"kid": Quantity("lower", -INFINITE, INFINITE, "kernel distance of features, unbiased")},
        domain=_varying,
    ),
    "is": Metric(
        lambda samples, real: {"is": classifier_score(samples.logits)},
        {"is": Quantity("higher", 1, INFINITE, "classifier (Inception) score")},
        _classifier,
        domain=_of_classes,
    ),
    "prdc": Metric(
        lambda samples, real: precision_recall(samples.features, real.reference.features),
        {
            "precision": Quantity("higher", 0, 1, "share of samples that look real"),
            "recall": Quantity("higher", 0, 1, "share of real samples that are covered"),
            "density": Quantity("higher", 0, INFINITE, "real neighbourhoods per sample, over k"),
            "coverage": Quantity("higher", 0, 1, "share of real neighbourhoods with a sample"),
        },
        domain=_varying,
    ),
    "modes": Metric(
        _modes,
        {
            "modes": Quantity("higher", 0, INFINITE, "classes or clusters with a sample", counts=True),
            "modes-kl": Quantity("lower", 0, INFINITE, "KL of their shares from the real shares, nats"),
            "within-3-sigma": Quantity("higher", 0, 1, "share of samples within 3σ of a cluster"),
        },
        lambda real: "" if real.modes is not None else _classifier(real),
        lambda real: {"within-3-sigma": "data with known clusters"} if real.modes is None else {},
    ),
    "kde": Metric(
        lambda samples, real: {
            "kde": log_likelihood(samples.vectors, real.reference.vectors, real.validation.vectors)[0]
        },
        {"kde": Quantity("higher", -INFINITE, INFINITE, "kernel-density log-likelihood, nats (unreliable)")},
        domain=_chosen_apart,
    ),
    "copying": Metric(
        _copying,
        {
            "closer-to-training": Quantity("½", 0, 1, "P(closer to training than unseen data); 1: copies"),
            "near-copies": Quantity(
                "lower", 0, 1, "share closer to training than 99% of unseen data; ideal 0.01"
            ),
            "exact-copies": Quantity("lower", 0, 1, "share equal to a training sample"),
        },
        _finite_training,
        floor=_copying_floor,
    ),
    "c2st": Metric(
        lambda samples, real: {"c2st": classifier_accuracy(samples.features, real.reference.features)},
        {"c2st": Quantity("lower", 0, 1, "accuracy of a classifier, samples vs data; ideal ½")},
        domain=_varying,
    ),
    "divergences": Metric(
        lambda samples, real: feature_divergences(samples.critics(real.reference)),
        {
            "kl": Quantity("lower", 0, INFINITE, "KL(data ‖ samples) of features, nats"),
            "reverse-kl": Quantity("lower", 0, INFINITE, "KL(samples ‖ data) of features, nats"),
            "js": Quantity("lower", 0, 2 * math.log(2), "JS (the f-GAN paper's) of features, nats"),
            "squared-hellinger": Quantity("lower", 0, 2, "squared Hellinger distance of features"),
            "total-variation": Quantity("lower", 0, 1, "total variation of features"),
        },
        domain=_varying,
        fewest=FEWEST,
    ),
    "frontier": Metric(
        lambda samples, real: frontier_summaries(samples.critics(real.reference)),
        {
            "frontier-area": Quantity("higher", 0, 1, "area under the curve of precision and recall"),
            "frontier-recall": Quantity(
                "higher", 0, 1, "F_8 of that curve: share of the data that is covered"
            ),
            "frontier-precision": Quantity(
                "higher", 0, 1, "F_1/8 of that curve: share of samples that look real"
            ),
        },
        domain=_varying,
        fewest=FEWEST,
    ),
}
QUANTITIES: dict[str, Quantity] = {
    name: quantity for metric in METRICS.values() for name, quantity in metric.quantities.items()
}


def chosen_metrics(names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return which metrics to compute, and which of their numbers to report; all metrics if no names are given.

    Args:
        names: of metrics or of single numbers, such as "prdc" or "recall".

    Raises:
        FganError: for an unknown name.

    >>> chosen_metrics(("recall", "fid"))
    {'prdc': ('recall',), 'fid': ('fid',)}
    """
    if not names:
        return {name: tuple(metric.quantities) for name, metric in METRICS.items()}
    chosen: dict[str, tuple[str, ...]] = {}
    for name in names:
        if name in METRICS:
            chosen[name] = tuple(METRICS[name].quantities)
            continue
        home = next((key for key, metric in METRICS.items() if name in metric.quantities), None)
        if home is None:
            known = list(METRICS) + [quantity for quantity in QUANTITIES if quantity not in METRICS]
            raise FganError(
                f'unknown metric "{name}".{did_you_mean(name, known)} Choose from {", ".join(known)}.'
            )
        chosen[home] = tuple(dict.fromkeys((*chosen.get(home, ()), name)))
    return chosen


def deciding(name: str) -> str:
    """Return the single number that a name stands for: itself, or the first number of a metric.

    Raises:
        FganError: for an unknown name.

    >>> deciding("prdc"), deciding("recall")
    ('precision', 'recall')
    """
    ((_, reported),) = chosen_metrics((name,)).items()
    return reported[0]


def higher_is_better(name: str) -> bool:
    """Whether higher is better; for the name of a metric, its first number counts.

    Raises:
        FganError: for an unknown name, or a number whose ideal is ½.

    >>> higher_is_better("recall"), higher_is_better("fid")
    (True, False)
    """
    name = deciding(name)
    better = QUANTITIES[name].better
    if better not in ("higher", "lower"):
        raise FganError(f'"{name}" is ideal at {better}, so it cannot rank samples. Use another metric.')
    return better == "higher"
