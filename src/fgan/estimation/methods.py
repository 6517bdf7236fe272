"""The registry of estimation methods, and the choice of one for given samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from fgan.divergences import KL, Divergence
from fgan.errors import FganError, did_you_mean
from fgan.estimation.critics.joint import JointLearner
from fgan.estimation.critics.kernels import KLIEP, LeastSquares
from fgan.estimation.critics.learner import NeuralLearner
from fgan.estimation.critics.stack import StackLearner
from fgan.estimation.critics.telescoping import TelescopingLearner
from fgan.estimation.designs.design import Learner
from fgan.estimation.designs.pairs import SHIFTS
from fgan.estimation.formulas.contingency import count_information, counted_p_value
from fgan.estimation.formulas.copula import copula_information
from fgan.estimation.formulas.discrete import CountLearner, count_value
from fgan.estimation.formulas.gaussian import fit_normals, normal_value
from fgan.estimation.formulas.ksg import ksg_ceiling, ksg_information
from fgan.estimation.formulas.nearest import neighbour_value
from fgan.estimation.inputs.encoding import Inputs
from fgan.estimation.prices import Mean
from fgan.estimation.published.fitting import at_once
from fgan.estimation.published.objectives import PUBLISHED, Published

RELATIVE = 0.1
"""RuLSIF's usual α."""


@dataclass(frozen=True)
class Setting:
    """What a learner is built for.

    Args:
        columns: number of coordinates, or of categories, of P or of X.
        divergence: the divergence whose bound is trained: the first requested one whose critic determines log(p/q).
        seed: seed of training.
        device: device for training networks.
    """

    columns: int
    divergence: Divergence
    seed: int
    device: str


@dataclass(frozen=True)
class Method:
    """A way to estimate divergences: by critics, by a formula, or by both.

    Args:
        name: the name that users pass. `fgan.estimate` and `fgan.mutual_information` may use one name for two methods.
        summary: what it does, in one line.
        two_samples: kinds of samples that it takes in `fgan.estimate`: "vectors", "images", "categories"; empty if it
            serves `fgan.mutual_information` only.
        joint: kinds of samples that it takes in `fgan.mutual_information`.
        learner: makes a learner of critics that estimate log(p/q), from which every divergence follows. None for a
            method without critics, which has no lower bound either.
        value: estimates a divergence without a critic, from samples of P and Q, or X and Y, and their weights if
            `weighted`. None if it has no formula.
        published: a published estimator of KL with its own critic.
        test: p-value of independence of X and Y without a critic, from the number of permutations and a seed.
        caveat: a warning for values that do not come from a critic.
        ceiling: the largest possible value, from the number of samples and of folds; None if there is no limit.
        shifts: number of other rows' y that a learner sees with each x.
        weighted: whether it supports weights.
        numbers_only: whether it refuses columns of categories.
    """

    name: str
    summary: str
    two_samples: tuple[str, ...] = ()
    joint: tuple[str, ...] = ()
    learner: Callable[[Setting], Learner] | None = None
    value: Callable[..., Mean | None] | None = None
    published: Published | None = None
    test: Callable[[Tensor, Tensor, int, int], float] | None = None
    caveat: str = ""
    ceiling: Callable[[int, int], float] | None = None
    shifts: int = SHIFTS
    weighted: bool = False
    numbers_only: bool = False


def trained_for(wanted: Sequence[Divergence]) -> Divergence:
    """Return the divergence whose bound is trained: the first whose critic determines the ratio, or else the first."""
    return next((one for one in wanted if one.identifies_ratio and one.smooth), wanted[0])


def _bound(tight: bool, divergence: Divergence | None = None) -> Callable[[Setting], Learner]:
    """Return a factory of learners that train on a divergence's bound (default: the setting's divergence)."""

    def learner(setting: Setting) -> Learner:
        trained = divergence or setting.divergence
        if not (trained.identifies_ratio and trained.smooth):
            raise FganError(
                f'methods "plain" and "tight" need a smooth f whose critic determines p/q; "{trained.name}" '
                "has none. "
                'Use method="logistic", which estimates it anyway.'
            )
        return NeuralLearner(trained, tight=tight, seed=setting.seed, device=setting.device)

    return learner


def _published(name: str, one: Published) -> Method:
    most = one.ceiling
    ceiling = None if most is None else lambda n, folds: most(at_once(n, folds))
    return Method(name, one.summary, joint=VECTORS, published=one, caveat=one.caveat, ceiling=ceiling)


VECTORS, IMAGES, CATEGORIES = ("vectors",), ("vectors", "images"), ("categories",)

REGISTRY: tuple[Method, ...] = (
    Method(
        "logistic",
        "a classifier's log-odds: regressions, a network, splines and boosted trees, weighed; convolutional for images",
        two_samples=IMAGES,
        learner=lambda s: StackLearner(NeuralLearner(seed=s.seed, device=s.device)),
        weighted=True,
    ),
    Method(
        "logistic",
        "a classifier of pairs: a normal copula first, then a spline (one x, one y) or a network",
        joint=VECTORS,
        learner=lambda s: StackLearner(JointLearner(s.columns, seed=s.seed, device=s.device)),
        weighted=True,
    ),
    Method(
        "plain",
        "a network trained on the divergence's own variational bound",
        two_samples=IMAGES,
        joint=VECTORS,
        learner=_bound(tight=False),
        weighted=True,
    ),
    Method(
        "tight",
        "the same on the tight bound; held-out samples set the shift",
        two_samples=IMAGES,
        joint=VECTORS,
        learner=_bound(tight=True),
    ),
    Method(
        "nwj",
        "the plain bound of KL (Nguyen, Wainwright and Jordan)",
        two_samples=IMAGES,
        learner=_bound(tight=False, divergence=KL()),
        weighted=True,
    ),
    Method(
        "dv",
        "the tight bound of KL (Donsker and Varadhan)",
        two_samples=IMAGES,
        learner=_bound(tight=True, divergence=KL()),
    ),
    Method(
        "telescoping",
        "a sum of log-ratios over bridges, for differences of many nats",
        two_samples=VECTORS,
        joint=VECTORS,
        learner=lambda s: TelescopingLearner(seed=s.seed, device=s.device),
        shifts=1,
        weighted=True,
    ),
    Method(
        "ulsif",
        "least-squares fit of the ratio by kernels, in closed form",
        two_samples=VECTORS,
        learner=lambda s: LeastSquares(),
        weighted=True,
    ),
    Method(
        "rulsif",
        "the same of p / (0.1 p + 0.9 q), which is bounded",
        two_samples=VECTORS,
        learner=lambda s: LeastSquares(RELATIVE),
        weighted=True,
    ),
    Method(
        "kliep",
        "maximum likelihood fit of the ratio by kernels, convex",
        two_samples=VECTORS,
        learner=lambda s: KLIEP(),
        weighted=True,
    ),
    Method(
        "gaussian",
        "two fitted normal distributions: closed form for KL, reverse KL, Jeffreys and α-divergences",
        two_samples=VECTORS,
        learner=lambda s: fit_normals,
        value=normal_value,
        caveat="the value assumes that both distributions are normal, and is wrong if they are not; lower_bound "
        "holds anyway.",
        weighted=True,
    ),
    Method(
        "knn",
        "nearest-neighbour distances: KL, reverse KL, Jeffreys and α-divergences; no bound",
        two_samples=VECTORS,
        value=neighbour_value,
        caveat="the interval of knn does not include its bias, which grows with the dimension and the divergence.",
    ),
    *(_published(name, one) for name, one in PUBLISHED.items()),
    Method(
        "ksg",
        "nearest-neighbour distances (Kraskov, Stögbauer and Grassberger); KL only",
        joint=VECTORS,
        value=ksg_information,
        caveat="the interval of ksg does not include its bias, which grows with the dimension and the information.",
        ceiling=lambda n, folds: ksg_ceiling(n),
        numbers_only=True,
    ),
    Method(
        "copula",
        "a normal copula in closed form: KL, reverse KL, Jeffreys and α-divergences",
        joint=VECTORS,
        value=copula_information,
        caveat="the value assumes a Gaussian copula, and misses any other dependence.",
        numbers_only=True,
        weighted=True,
    ),
    Method(
        "discrete",
        "frequencies of categories, bias-corrected",
        two_samples=CATEGORIES,
        learner=lambda s: CountLearner(s.columns),
        value=count_value,
        weighted=True,
    ),
    Method(
        "discrete",
        "a contingency table, bias-corrected",
        joint=CATEGORIES,
        value=count_information,
        test=counted_p_value,
        weighted=True,
    ),
)
"""Every method once. Names are unique within `fgan.estimate` and within `fgan.mutual_information`."""

METHODS = {one.name: one for one in REGISTRY if one.two_samples}
"""The methods of `fgan.estimate`, by name."""
INFORMATION_METHODS = {one.name: one for one in REGISTRY if one.joint}
"""The methods of `fgan.mutual_information`, by name."""


def choose(name: str, inputs: Inputs) -> tuple[Method, str]:
    """Return the method with this name, or the one that suits the samples for "auto"; and the reason.

    Raises:
        FganError: for an unknown name, or a method that does not take these samples.
    """
    methods = INFORMATION_METHODS if inputs.joint else METHODS
    if name == "auto":
        return methods["discrete" if inputs.kind == "categories" else "logistic"], _why(inputs)
    if name not in methods:
        raise FganError(
            f'unknown method "{name}"; choose auto, {", ".join(methods)}.{did_you_mean(name, methods)}'
        )
    taken = {other: one.joint if inputs.joint else one.two_samples for other, one in methods.items()}
    if inputs.kind not in taken[name]:
        fitting = ", ".join(other for other, kinds in taken.items() if inputs.kind in kinds)
        raise FganError(
            f'method "{name}" takes {" or ".join(taken[name])}, but the samples are {inputs.kind}. Use '
            f"{fitting}."
        )
    if methods[name].numbers_only and not inputs.numbers:
        raise FganError(
            f'method "{name}" takes numbers only, but some columns are categories. Use "logistic". If those '
            "whole "
            'numbers are not labels, convert them, for example with array.astype("float64").'
        )
    if inputs.weighted and not methods[name].weighted:
        able = ", ".join(
            other for other, one in methods.items() if one.weighted and inputs.kind in taken[other]
        )
        raise FganError(
            f'method "{name}" does not support weights. Leave out weights (--weights), or use {able}.'
        )
    return methods[name], "asked for"


def _why(inputs: Inputs) -> str:
    """Return why "auto" chooses the method for these samples."""
    first, second = inputs.first, inputs.second
    if inputs.joint and inputs.kind == "categories":
        return f"{int(first.max()) + 1} × {int(second.max()) + 1} categories, counted in a table"
    if inputs.joint:
        return (
            f"{first.shape[1]} and {second.shape[1]} real coordinates: a classifier serves every divergence"
        )
    if inputs.kind == "categories":
        return f"{inputs.width} categories, counted"
    if inputs.kind == "images":
        return "images: a convolutional classifier distinguishes them best"
    return (
        f"{inputs.smallest:,} {'effective ' * inputs.weighted}samples of {inputs.width} real coordinates: a "
        "calibrated "
        "classifier serves every divergence"
    )
