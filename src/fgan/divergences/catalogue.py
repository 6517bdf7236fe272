"""The catalogue: a dict from names to classes of divergences."""

from __future__ import annotations

from collections.abc import Sequence

from fgan.divergences.base import Divergence
from fgan.divergences.families.alpha import Alpha, CressieRead, Tsallis
from fgan.divergences.families.chi_power import Chi
from fgan.divergences.families.chi_squared import Marton, Neyman, Pearson, SymmetricChi2
from fgan.divergences.families.hellinger import SquaredHellinger
from fgan.divergences.families.jensen_shannon import GAN, JensenShannon, SkewJensenShannon
from fgan.divergences.families.kullback_leibler import KL, Jeffreys, ReverseKL
from fgan.divergences.families.skewed import SkewKL, SkewPearson
from fgan.divergences.families.softened import (
    ArithmeticGeometric,
    RelativeArithmeticGeometric,
    SoftenedKL,
    SoftenedReverseKL,
)
from fgan.divergences.families.total_variation import HockeyStick, TotalVariation
from fgan.divergences.families.triangular import Harmonic, Triangular
from fgan.divergences.parameter import OneParameter
from fgan.divergences.spelling import read
from fgan.divergences.traced import spelled_by
from fgan.errors import FganError

DivergenceLike = str | Divergence
"""A divergence, or its name."""

CATALOGUE: dict[str, type[Divergence]] = {
    "total-variation": TotalVariation,
    "kl": KL,
    "reverse-kl": ReverseKL,
    "pearson": Pearson,
    "squared-hellinger": SquaredHellinger,
    "js": JensenShannon,
    "gan": GAN,
    "jeffreys": Jeffreys,
    "neyman": Neyman,
    "alpha": Alpha,
    "skew-js": SkewJensenShannon,
    "skew-kl": SkewKL,
    "skew-pearson": SkewPearson,
    "softened-kl": SoftenedKL,
    "softened-reverse-kl": SoftenedReverseKL,
    "arithmetic-geometric": ArithmeticGeometric,
    "relative-arithmetic-geometric": RelativeArithmeticGeometric,
    "triangular": Triangular,
    "harmonic": Harmonic,
    "symmetric-chi2": SymmetricChi2,
    "chi": Chi,
    "marton": Marton,
    "hockey-stick": HockeyStick,
    "cressie-read": CressieRead,
    "tsallis": Tsallis,
}
"""All names and families; a family needs its parameter, as in "alpha:0.5"."""

EXAMPLES: tuple[str, ...] = tuple(
    name
    for kind in CATALOGUE.values()
    for name in (
        [kind(value).name for value in kind.parameter.examples]
        if issubclass(kind, OneParameter)
        else [kind.name]
    )
)
"""One name for every entry, several for a family: used by tests, `fgan verify` and plots."""

# Other common names: suggested in the error but not accepted, so that each run has one name.
OTHER_NAMES = {
    "tv": "total-variation",
    "forward-kl": "kl",
    "fkl": "kl",
    "rkl": "reverse-kl",
    "chi2": "pearson",
    "chi-squared": "pearson",
    "hellinger": "squared-hellinger",
    "jsd": "js",
    "jensen-shannon": "js",
    "le-cam": "triangular",
    "vincze": "triangular",
    "k-divergence": "skew-kl:0.5",
    "power": "cressie-read:0.6667",
    "amari": "alpha:0.5",
    "e-gamma": "hockey-stick:2",
    "srkl": "softened-reverse-kl",
}


def divergence(name: str, link: str | None = None) -> Divergence:
    """Return the divergence with this name.

    Args:
        name: a key of `fgan.divergences.CATALOGUE`, for a family with its parameter after a colon ("alpha:0.5"); a
            combination such as "0.5*kl + 0.5*reverse-kl", "dual(js)", "symmetrized(skew-kl:0.1)" or "scaled(pearson)";
            or a custom f, "f(u) = (u - 1)**4".
        link: "paper", "log-ratio", "soft-hinge" or "linear", see `fgan.Divergence`; default: the first one available.

    Raises:
        FganError: for an unknown name (the message suggests the nearest), a parameter out of range, or a link that
            it does not have.

    >>> import torch
    >>> divergence("reverse-kl").activation(torch.tensor(0.0))
    tensor(-1.)
    >>> divergence("0.5*kl + 0.5*reverse-kl").symmetric
    True
    """
    return read(name, link, CATALOGUE, OTHER_NAMES)


def divergences_of(given: DivergenceLike | Sequence[DivergenceLike]) -> tuple[list[Divergence], bool]:
    """Return the requested divergences, and whether several were requested."""
    if isinstance(given, Divergence):
        return [given], False
    if given == "all":
        return [divergence(name) for name in EXAMPLES], True
    if isinstance(given, str):
        return [divergence(given)], False
    if not given:
        raise FganError('name at least one divergence, such as "kl", or "all"; got none.')
    return [one if isinstance(one, Divergence) else divergence(one) for one in given], True


spelled_by(divergence)
