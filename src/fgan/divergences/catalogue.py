"""The registry: one explicit dict from a name to the class that knows its mathematics."""

from __future__ import annotations

from fgan.divergences.base import Divergence
from fgan.divergences.chi_squared import Pearson
from fgan.divergences.hellinger import SquaredHellinger
from fgan.divergences.jensen_shannon import GAN, JensenShannon
from fgan.divergences.kullback_leibler import KL, ReverseKL
from fgan.divergences.total_variation import TotalVariation
from fgan.errors import FganError, did_you_mean

CATALOGUE: dict[str, type[Divergence]] = {
    divergence.name: divergence
    for divergence in (TotalVariation, KL, ReverseKL, Pearson, SquaredHellinger, JensenShannon, GAN)
}

# What people also call them; offered in the error, not accepted, so that a run has one name.
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
}


def divergence(name: str, link: str = "paper") -> Divergence:
    """Return the divergence of that name.

    Args:
        name: a key of `fgan.divergences.CATALOGUE`, such as "kl" or "reverse-kl".
        link: "paper" or "log-ratio", see `fgan.Divergence`.

    Raises:
        FganError: for a name that is not in the catalogue, with the nearest one, or an unknown link.

    >>> import torch
    >>> divergence("reverse-kl").activation(torch.tensor(0.0))
    tensor(-1.)
    """
    if name not in CATALOGUE:
        hint = did_you_mean(OTHER_NAMES.get(name.lower(), name), CATALOGUE)
        raise FganError(f'unknown divergence "{name}".{hint} The catalogue has: {", ".join(CATALOGUE)}.')
    return CATALOGUE[name](link)
