"""The registry of methods for mutual information, and which one suits two sets of samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from fgan.divergences import Divergence
from fgan.errors import FganError, did_you_mean
from fgan.estimation.critics.joint import InformationLearner
from fgan.estimation.critics.learner import NeuralLearner
from fgan.estimation.critics.telescoping import TelescopingLearner
from fgan.estimation.designs.design import Learner
from fgan.estimation.designs.pairs import SHIFTS
from fgan.estimation.formulas.contingency import count_information
from fgan.estimation.formulas.copula import copula_information
from fgan.estimation.formulas.ksg import neighbour_ceiling, neighbour_information
from fgan.estimation.inputs.joint import Together
from fgan.estimation.methods import trained_by_its_bound
from fgan.estimation.prices import Mean
from fgan.estimation.published.objectives import NAMED, Named


@dataclass(frozen=True)
class Setting:
    """What a learner is made for.

    Args:
        columns: how many of a row's are x.
        divergence: the first that is asked for; a bound is trained for it.
        seed: decides what is random in training.
        device: where networks are trained.
    """

    columns: int
    divergence: Divergence
    seed: int
    device: str


@dataclass(frozen=True)
class InformationMethod:
    """A way to estimate mutual information: one of `learner`, `named` and `value`.

    Args:
        summary: what it does, in a line.
        kind: of samples that it takes, "vectors" or "categories".
        learner: makes what fits critics that know log(p/q), so that every divergence can be priced.
        named: a published estimator of KL.
        value: estimates a divergence from samples of x and y, or None where it has no formula.
        caveat: what goes with such a value.
        ceiling: what its values cannot pass with n samples; None for no such number.
        shifts: others' y that a learner sees beside each x.
    """

    summary: str
    kind: str = "vectors"
    learner: Callable[[Setting], Learner] | None = None
    named: Named | None = None
    value: Callable[[Divergence, Tensor, Tensor], Mean | None] | None = None
    caveat: str = ""
    ceiling: Callable[[int], float] | None = None
    shifts: int = SHIFTS


def _neighbours(divergence: Divergence, x: Tensor, y: Tensor) -> Mean | None:
    return neighbour_information(x, y) if divergence.name == "kl" else None


def _own_bound(tight: bool) -> Callable[[Setting], Learner]:
    return lambda s: NeuralLearner(
        trained_by_its_bound(s.divergence), tight=tight, seed=s.seed, device=s.device
    )


INFORMATION_METHODS: dict[str, InformationMethod] = {
    "logistic": InformationMethod(
        "a classifier of pairs: a normal copula first, then a network for what it leaves",
        learner=lambda s: InformationLearner(s.columns, seed=s.seed, device=s.device),
    ),
    "plain": InformationMethod(
        "f-MI: a network trained on the divergence's own variational bound", learner=_own_bound(False)
    ),
    "tight": InformationMethod("the same on the tight bound", learner=_own_bound(True)),
    "telescoping": InformationMethod(
        "a sum of log-ratios over bridges from the joint distribution to the product",
        learner=lambda s: TelescopingLearner(seed=s.seed, device=s.device),
        shifts=1,
    ),
    **{
        name: InformationMethod(named.summary, named=named, caveat=named.caveat)
        for name, named in NAMED.items()
    },
    "ksg": InformationMethod(
        "distances to nearest neighbours (Kraskov, Stögbauer and Grassberger); KL",
        value=_neighbours,
        ceiling=neighbour_ceiling,
        caveat="the interval of ksg leaves out its bias, which grows with the dimension and with the information.",
    ),
    "copula": InformationMethod(
        "a normal copula in closed form: KL, its kin and powers",
        value=copula_information,
        caveat="the value takes the dependence for that of a normal distribution, and sees no other.",
    ),
    "discrete": InformationMethod(
        "a table of counts, less its bias", kind="categories", value=count_information
    ),
}


def choose_information(name: str, samples: Together) -> tuple[str, InformationMethod, str]:
    """Return the method's name, the method, and why it was chosen.

    Raises:
        FganError: for a name that is unknown, or a method that does not take such samples.
    """
    if name == "auto":
        if samples.kind == "categories":
            reason = (
                f"{int(samples.x.max()) + 1} by {int(samples.y.max()) + 1} categories, which can be counted"
            )
            return "discrete", INFORMATION_METHODS["discrete"], reason
        widths = f"{samples.x.shape[1]} and {samples.y.shape[1]} coordinates"
        return "logistic", INFORMATION_METHODS["logistic"], f"{widths}: a classifier prices every divergence"
    if name not in INFORMATION_METHODS:
        raise FganError(
            f'a method is one of auto, {", ".join(INFORMATION_METHODS)}; got "{name}".'
            f"{did_you_mean(name, INFORMATION_METHODS)}"
        )
    method = INFORMATION_METHODS[name]
    if method.kind != samples.kind:
        fitting = ", ".join(other for other, one in INFORMATION_METHODS.items() if one.kind == samples.kind)
        raise FganError(
            f'method "{name}" takes {method.kind}; the samples are {samples.kind}. Take {fitting}.'
        )
    if name in ("ksg", "copula") and not samples.real:
        raise FganError(
            f'method "{name}" takes numbers only; some columns are categories. Take "logistic", or convert '
            'whole numbers that are no labels, for example with array.astype("float64").'
        )
    return name, method, "asked for"
