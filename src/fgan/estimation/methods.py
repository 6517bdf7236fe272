"""The registry of methods, which door each of them serves, and which one suits samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from fgan.divergences import KL, Divergence
from fgan.errors import FganError, did_you_mean
from fgan.estimation.critics.joint import JointLearner
from fgan.estimation.critics.kernels import KLIEP, LeastSquares
from fgan.estimation.critics.learner import NeuralLearner
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
    """What a learner is made for.

    Args:
        columns: of P, or of X: how many coordinates, or categories.
        divergence: the first that is asked for whose critic knows log(p/q), if there is one; a bound is trained for it.
        seed: decides what is random in training.
        device: where networks are trained.
    """

    columns: int
    divergence: Divergence
    seed: int
    device: str


@dataclass(frozen=True)
class Method:
    """A way to estimate divergences: by critics, by a formula, or by both.

    Args:
        name: what users call it. At the two doors a name may stand for two methods.
        summary: what it does, in a line.
        two_samples: kinds of samples that it takes in `fgan.estimate`: "vectors", "images", "categories"; none where it
            serves only the other door.
        joint: kinds that it takes in `fgan.mutual_information`.
        learner: makes what fits critics that know log(p/q), so that every divergence can be priced; None for a method
            that has none, and so no lower bound either.
        value: estimates a divergence without a critic, from samples of P and Q or of X and Y and, where it is
            `weighted`, their weights; None where it has no formula.
        published: a published estimator of KL, by a critic of its own.
        test: p-value of independence of X and Y without a critic, by so many permutations and a seed.
        caveat: what goes with values that are not a critic's.
        ceiling: what its values cannot pass with n samples in so many folds; None for no such number.
        shifts: others' y that a learner sees beside each x.
        weighted: whether it takes samples with weights.
        numbers_only: whether coordinates that stand for categories are refused.
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
    """Return the divergence that a bound is trained for: the first whose critic knows the ratio, if there is one."""
    return next((one for one in wanted if one.identifies_ratio and one.smooth), wanted[0])


def _bound(tight: bool, divergence: Divergence | None = None) -> Callable[[Setting], Learner]:
    """Return a factory of learners that train on a divergence's bound (default: the setting's divergence)."""

    def learner(setting: Setting) -> Learner:
        trained = divergence or setting.divergence
        if not (trained.identifies_ratio and trained.smooth):
            raise FganError(
                f'"plain" and "tight" train a critic that knows log(p/q); "{trained.name}" tells only a part of it. '
                'Take method="logistic", which prices it all the same.'
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
        "a classifier's log-odds: regression, then a spline (one coordinate) or a network; convolutional for images",
        two_samples=IMAGES,
        learner=lambda s: NeuralLearner(seed=s.seed, device=s.device),
        weighted=True,
    ),
    Method(
        "logistic",
        "a classifier of pairs: a normal copula first, then a spline (one x, one y) or a network",
        joint=VECTORS,
        learner=lambda s: JointLearner(s.columns, seed=s.seed, device=s.device),
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
        "the same on the tight bound, shifted by what stops it",
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
        "two normal distributions: closed form for KL, its kin and powers",
        two_samples=VECTORS,
        learner=lambda s: fit_normals,
        value=normal_value,
        caveat="the value takes both distributions for normal, and is wrong where they are not; lower_bound holds "
        "still.",
        weighted=True,
    ),
    Method(
        "knn",
        "distances to nearest neighbours: KL, its kin and powers; no bound",
        two_samples=VECTORS,
        value=neighbour_value,
        caveat="the interval of knn leaves out its bias, which grows with the dimension and with the divergence.",
    ),
    *(_published(name, one) for name, one in PUBLISHED.items()),
    Method(
        "ksg",
        "distances to nearest neighbours (Kraskov, Stögbauer and Grassberger); KL",
        joint=VECTORS,
        value=ksg_information,
        caveat="the interval of ksg leaves out its bias, which grows with the dimension and with the information.",
        ceiling=lambda n, folds: ksg_ceiling(n),
        numbers_only=True,
    ),
    Method(
        "copula",
        "a normal copula in closed form: KL, its kin and powers",
        joint=VECTORS,
        value=copula_information,
        caveat="the value takes the dependence for that of a normal distribution, and sees no other.",
        numbers_only=True,
        weighted=True,
    ),
    Method(
        "discrete",
        "shares of categories, less their bias",
        two_samples=CATEGORIES,
        learner=lambda s: CountLearner(s.columns),
        value=count_value,
        weighted=True,
    ),
    Method(
        "discrete",
        "a table of counts, less its bias",
        joint=CATEGORIES,
        value=count_information,
        test=counted_p_value,
        weighted=True,
    ),
)
"""Every method, once. Names are unique at each door."""

METHODS = {one.name: one for one in REGISTRY if one.two_samples}
"""Of `fgan.estimate`, by name."""
INFORMATION_METHODS = {one.name: one for one in REGISTRY if one.joint}
"""Of `fgan.mutual_information`, by name."""


def choose(name: str, inputs: Inputs) -> tuple[Method, str]:
    """Return the method of a name, or the one that suits samples for "auto", and why it was chosen.

    Raises:
        FganError: for a name that is unknown, or a method that does not take such samples.
    """
    methods = INFORMATION_METHODS if inputs.joint else METHODS
    if name == "auto":
        return methods["discrete" if inputs.kind == "categories" else "logistic"], _why(inputs)
    if name not in methods:
        raise FganError(
            f'a method is one of auto, {", ".join(methods)}; got "{name}".{did_you_mean(name, methods)}'
        )
    taken = {other: one.joint if inputs.joint else one.two_samples for other, one in methods.items()}
    if inputs.kind not in taken[name]:
        fitting = ", ".join(other for other, kinds in taken.items() if inputs.kind in kinds)
        raise FganError(
            f'method "{name}" takes {" or ".join(taken[name])}; the samples are {inputs.kind}. Take {fitting}.'
        )
    if methods[name].numbers_only and not inputs.numbers:
        raise FganError(
            f'method "{name}" takes numbers only; some columns are categories. Take "logistic", or convert '
            'whole numbers that are no labels, for example with array.astype("float64").'
        )
    if inputs.weighted and not methods[name].weighted:
        able = ", ".join(
            other for other, one in methods.items() if one.weighted and inputs.kind in taken[other]
        )
        raise FganError(
            f'method "{name}" knows no weights of samples. Leave out weights (--weights), or take one that does: '
            f"{able}."
        )
    return methods[name], "asked for"


def _why(inputs: Inputs) -> str:
    """Return why a method suits samples."""
    first, second = inputs.first, inputs.second
    if inputs.joint and inputs.kind == "categories":
        return f"{int(first.max()) + 1} by {int(second.max()) + 1} categories, which can be counted"
    if inputs.joint:
        return f"{first.shape[1]} and {second.shape[1]} coordinates: a classifier prices every divergence"
    if inputs.kind == "categories":
        return f"{inputs.width} categories, so that shares can be counted"
    if inputs.kind == "images":
        return "images, which a convolutional classifier tells apart best"
    return (
        f"{inputs.smallest:,} {'effective ' * inputs.weighted}samples of {inputs.width} real coordinates: a calibrated "
        "classifier prices every divergence"
    )
