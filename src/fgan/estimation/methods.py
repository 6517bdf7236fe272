"""The registry of methods, and which one suits two sets of samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from fgan.divergences import KL, Divergence
from fgan.errors import FganError, did_you_mean
from fgan.estimation.critics.kernels import KLIEP, LeastSquares
from fgan.estimation.critics.learner import NeuralLearner
from fgan.estimation.critics.telescoping import TelescopingLearner
from fgan.estimation.designs.design import Learner
from fgan.estimation.formulas.discrete import CountLearner, count_value
from fgan.estimation.formulas.gaussian import fit_normals, normal_value
from fgan.estimation.formulas.nearest import neighbour_value
from fgan.estimation.inputs.encoding import Pair
from fgan.estimation.prices import Mean

RELATIVE = 0.1
"""RuLSIF's usual α."""


@dataclass(frozen=True)
class Setting:
    """What a learner is made for.

    Args:
        pair: the samples.
        divergence: the first that is asked for; a bound is trained for it.
        seed: decides what is random in training.
        device: where networks are trained.
    """

    pair: Pair
    divergence: Divergence
    seed: int
    device: str


@dataclass(frozen=True)
class Method:
    """A way to estimate divergences.

    Args:
        summary: what it does, in a line.
        kinds: of samples that it takes: "vectors", "images", "categories".
        learner: makes what fits critics; None for a method that has none, and so no bound either.
        value: estimates a divergence without a critic, from samples of P and of Q, or None where it has no formula.
        caveat: what goes with such a value.
    """

    summary: str
    kinds: tuple[str, ...]
    learner: Callable[[Setting], Learner] | None
    value: Callable[[Divergence, Tensor, Tensor], Mean | None] | None = None
    caveat: str = ""


def trained_by_its_bound(divergence: Divergence) -> Divergence:
    """Return a divergence whose bound trains a critic that knows log(p/q), or raise an FganError."""
    if not (divergence.identifies_ratio and divergence.smooth):
        raise FganError(
            f'"plain" and "tight" train a critic that knows log(p/q); "{divergence.name}" tells only a part of it. '
            'Take method="logistic", which prices it all the same.'
        )
    return divergence


def _bound(tight: bool, divergence: Divergence | None = None) -> Callable[[Setting], Learner]:
    return lambda s: NeuralLearner(
        trained_by_its_bound(divergence or s.divergence), tight=tight, seed=s.seed, device=s.device
    )


VECTORS, IMAGES, CATEGORIES = ("vectors",), ("vectors", "images"), ("categories",)

METHODS: dict[str, Method] = {
    "logistic": Method(
        "a classifier's log-odds: regression first, then a network for what it leaves; convolutional for images",
        IMAGES,
        lambda s: NeuralLearner(seed=s.seed, device=s.device),
    ),
    "plain": Method("a network trained on the divergence's own variational bound", IMAGES, _bound(False)),
    "tight": Method("the same on the tight bound, shifted by what stops it", IMAGES, _bound(True)),
    "nwj": Method("the plain bound of KL (Nguyen, Wainwright and Jordan)", IMAGES, _bound(False, KL())),
    "dv": Method("the tight bound of KL (Donsker and Varadhan)", IMAGES, _bound(True, KL())),
    "telescoping": Method(
        "a sum of log-ratios over bridges, for differences of many nats",
        VECTORS,
        lambda s: TelescopingLearner(seed=s.seed, device=s.device),
    ),
    "ulsif": Method(
        "least-squares fit of the ratio by kernels, in closed form", VECTORS, lambda s: LeastSquares()
    ),
    "rulsif": Method(
        "the same of p / (0.1 p + 0.9 q), which is bounded", VECTORS, lambda s: LeastSquares(RELATIVE)
    ),
    "kliep": Method("maximum likelihood fit of the ratio by kernels, convex", VECTORS, lambda s: KLIEP()),
    "gaussian": Method(
        "two normal distributions: closed form for KL, its kin and powers",
        VECTORS,
        lambda s: fit_normals,
        normal_value,
        "the value takes both distributions for normal, and is wrong where they are not; lower_bound holds still.",
    ),
    "knn": Method(
        "distances to nearest neighbours: KL, its kin and powers; no bound",
        VECTORS,
        None,
        neighbour_value,
        "the interval of knn leaves out its bias, which grows with the dimension and with the divergence.",
    ),
    "discrete": Method(
        "shares of categories, less their bias",
        CATEGORIES,
        lambda s: CountLearner(len(s.pair.columns)),
        count_value,
    ),
}


def choose(name: str, pair: Pair) -> tuple[str, Method, str]:
    """Return the method's name, the method, and why it was chosen.

    Raises:
        FganError: for a name that is unknown, or a method that does not take such samples.
    """
    if name == "auto":
        name, reason = _suited(pair)
        return name, METHODS[name], reason
    if name not in METHODS:
        raise FganError(
            f'a method is one of auto, {", ".join(METHODS)}; got "{name}".{did_you_mean(name, METHODS)}'
        )
    method = METHODS[name]
    if pair.kind not in method.kinds:
        fitting = ", ".join(other for other, one in METHODS.items() if pair.kind in one.kinds)
        raise FganError(
            f'method "{name}" takes {" or ".join(method.kinds)}; the samples are {pair.kind}. Take {fitting}.'
        )
    return name, method, "asked for"


def _suited(pair: Pair) -> tuple[str, str]:
    n = min(len(pair.p), len(pair.q))
    if pair.kind == "categories":
        return "discrete", f"{len(pair.columns)} categories, so that shares can be counted"
    if pair.kind == "images":
        return "logistic", "images, which a convolutional classifier tells apart best"
    dimension = pair.p.shape[1]
    return (
        "logistic",
        f"{n:,} samples of {dimension} real coordinates: a calibrated classifier prices every divergence",
    )
