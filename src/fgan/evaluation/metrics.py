"""The metrics by name: what each computes, of what it needs, and which way is better."""

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
from fgan.evaluation.features import Classifier
from fgan.evaluation.frechet import frechet_distance
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
        better: "higher", "lower", or "½" for what should be neither more nor less.
        lowest, highest: beyond which it cannot be.
        meaning: what it is, in a few words.
    """

    better: str
    lowest: float
    highest: float
    meaning: str


@dataclass(frozen=True)
class Metric:
    """One computation and the numbers that come of it.

    Args:
        compute: from samples and the real ones to each number.
        quantities: the numbers by name.
        needs: says what is missing for it, "" for nothing.
        absent: its numbers that these data cannot have, with what they need.
        floor: what stands in for samples, and against what, to see how real samples score; None where no real ones
            are left.
        domain: what makes all of its numbers less than they seem, from samples and the real ones.
        fewest: samples, and real ones, without which it cannot be had.
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
        """Return what n samples and these real ones lack for it, "" for nothing."""
        for count, whose in ((n, "samples"), (len(real.reference), "real samples")):
            if count < self.fewest:
                return f"at least {self.fewest} {whose}, of which there are {count}"
        return self.needs(real)

    def measure(self, samples: Side, real: Real) -> Found:
        """Return each number, with what makes it less than it seems.

        Raises:
            MemoryLimitError: where it does not fit into memory.
        """
        caveats = self.domain(samples, real)
        return {name: found.with_caveats(*caveats) for name, found in self.compute(samples, real).items()}


def _classifier(real: Real) -> str:
    extractor = real.reference.extractor
    return (
        ""
        if isinstance(extractor, Classifier)
        else f"an extractor that classifies, which {extractor.name} does not"
    )


def _varying(samples: Side, real: Real) -> tuple[Caveat, ...]:
    """Name features that do not vary; some of a network's never do, which is no fault of the data."""
    every = not isinstance(real.reference.extractor, Classifier)
    return constant_features(samples.features, real.reference.features, every)


def _of_classes(samples: Side, real: Real) -> tuple[Caveat, ...]:
    if len(real.reference.logits.argmax(1).unique()) > 1:
        return ()
    return (Caveat("the real samples are of one class, by this classifier: no score is better than 1", True),)


def _chosen_apart(samples: Side, real: Real) -> tuple[Caveat, ...]:
    if real.validation_apart:
        return ()
    return (Caveat("the real samples that choose the bandwidth are in the reference too"),)


def _modes(samples: Side, real: Real) -> Found:
    if real.modes is not None:
        return mixture_coverage(samples.vectors, real.reference.vectors, real.modes)
    return class_coverage(samples.logits, real.reference.logits)


def _finite_training(real: Real) -> str:
    if real.training is None or real.unseen is None:
        return "training samples that are finitely many"
    if len(real.unseen) < 4 * GROUPS:
        return f"at least {4 * GROUPS} held-out samples, of which there are {len(real.unseen)}"
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
            "precision": Quantity("higher", 0, 1, "samples among real neighbours"),
            "recall": Quantity("higher", 0, 1, "real ones among samples' neighbours"),
            "density": Quantity("higher", 0, INFINITE, "real neighbourhoods a sample lies in, over k"),
            "coverage": Quantity("higher", 0, 1, "real neighbourhoods with a sample"),
        },
        domain=_varying,
    ),
    "modes": Metric(
        _modes,
        {
            "modes": Quantity("higher", 0, INFINITE, "classes or clusters with a sample"),
            "modes-kl": Quantity("lower", 0, INFINITE, "KL of their shares to the real ones, nats"),
            "within-3-sigma": Quantity("higher", 0, 1, "samples within 3σ of a cluster"),
        },
        lambda real: "" if real.modes is not None else _classifier(real),
        lambda real: {"within-3-sigma": "data with known clusters"} if real.modes is None else {},
    ),
    "kde": Metric(
        lambda samples, real: {
            "kde": log_likelihood(samples.vectors, real.reference.vectors, real.validation.vectors)[0]
        },
        {"kde": Quantity("higher", -INFINITE, INFINITE, "kernel density's log-likelihood, nats (caveats!)")},
        domain=_chosen_apart,
    ),
    "copying": Metric(
        _copying,
        {
            "closer-to-training": Quantity("½", 0, 1, "P(nearer to training than unseen data): 1 for copies"),
            "near-copies": Quantity(
                "lower", 0, 1, "samples nearer to training than 99% of unseen data: 0.01"
            ),
            "exact-copies": Quantity("lower", 0, 1, "samples equal to a training sample"),
        },
        _finite_training,
        floor=_copying_floor,
    ),
    "c2st": Metric(
        lambda samples, real: {"c2st": classifier_accuracy(samples.features, real.reference.features)},
        {"c2st": Quantity("lower", 0, 1, "accuracy of telling samples from data: ½ is ideal")},
        domain=_varying,
    ),
    "divergences": Metric(
        lambda samples, real: feature_divergences(samples.features, real.reference.features),
        {
            "kl": Quantity("lower", 0, INFINITE, "KL of data from samples, of features, nats"),
            "reverse-kl": Quantity("lower", 0, INFINITE, "KL of samples from data, of features, nats"),
            "js": Quantity("lower", 0, 2 * math.log(2), "the paper's JS, of features, nats"),
            "squared-hellinger": Quantity("lower", 0, 2, "squared Hellinger distance of features"),
            "total-variation": Quantity("lower", 0, 1, "total variation of features"),
        },
        domain=_varying,
        fewest=FEWEST,
    ),
}
QUANTITIES: dict[str, Quantity] = {
    name: quantity for metric in METRICS.values() for name, quantity in metric.quantities.items()
}


def chosen_metrics(names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return which metrics are to be computed, and which of their numbers reported; all metrics for no names.

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
                f'there is no metric "{name}".{did_you_mean(name, known)} There are: {", ".join(known)}.'
            )
        chosen[home] = (*chosen.get(home, ()), name)
    return chosen


def deciding(name: str) -> str:
    """Return the number that a name stands for where one has to decide: itself, or a metric's first.

    Raises:
        FganError: for an unknown name.

    >>> deciding("prdc"), deciding("recall")
    ('precision', 'recall')
    """
    ((_, reported),) = chosen_metrics((name,)).items()
    return reported[0]


def higher_is_better(name: str) -> bool:
    """Whether more of a number is better; the first of a metric's for its name.

    Raises:
        FganError: for an unknown name, and for a number that should be neither more nor less.

    >>> higher_is_better("recall"), higher_is_better("fid")
    (True, False)
    """
    name = deciding(name)
    better = QUANTITIES[name].better
    if better not in ("higher", "lower"):
        raise FganError(
            f'"{name}" should be {better}, neither more nor less: it ranks no two samples. Take another.'
        )
    return better == "higher"
