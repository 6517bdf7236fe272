"""What decides a comparison: the number that sees what can fail on these data, and what it looks at."""

from __future__ import annotations

from collections.abc import Container

POINTS, PIXELS = "raw", "pixels"
"""The extractors that extract nothing, by name."""
OF_POINTS = ("modes-kl", "js")
"""What ranks samples that are points, the first that applies: cluster by cluster where clusters are known, else by a
divergence of the distributions. A Fréchet distance of points sees their means and covariances only: an octagon scores
as the ring of eight clusters on its corners does."""
OF_FEATURES = ("fid",)
BESIDE = {"modes-kl": ("modes", "within-3-sigma")}
"""Numbers to show beside one that ranks, since they say what it is made of."""


def deciding_first(features: str) -> tuple[str, ...]:
    """Return the numbers that may rank samples, the best first, by the name of the extractor of their features."""
    return (*OF_POINTS, *OF_FEATURES) if features == POINTS else OF_FEATURES


def deciding_number(features: str, known: Container[str]) -> str:
    """Return the number that ranks samples, of those that are known; fid if none is.

    >>> deciding_number("raw", ["fid", "js"]), deciding_number("mnist-cnn", ["fid", "js", "modes-kl"])
    ('js', 'fid')
    """
    return next((name for name in deciding_first(features) if name in known), OF_FEATURES[0])


def named(by: str, features: str) -> str:
    """Return a number's name with what it is of, for a sentence.

    >>> named("fid", "pixels"), named("fid", "mnist-cnn"), named("modes-kl", "raw"), named("fid", "")
    ('fid of raw pixels', 'fid of features by mnist-cnn', 'modes-kl', 'fid')
    """
    if by in BESIDE or not features or (features == POINTS and by in OF_POINTS):
        return by
    plain = {PIXELS: "raw pixels", POINTS: "raw values"}
    return f"{by} of {plain.get(features, f'features by {features}')}"


def explained(by: str, features: str) -> str:
    """Return what a ranking number looks at and what it cannot see; "" if there is nothing to say.

    Args:
        by: the number.
        features: the name of the extractor; "" if unknown.
    """
    if features == PIXELS and by not in BESIDE:
        return (
            "Raw pixels say little about how pictures look, and no feature extractor is known for these. Choose one "
            "with --extractor (extractor=)."
        )
    if features == POINTS and by in ("fid", "kid"):
        seen = "means and covariances" if by == "fid" else "moments up to the third"
        return (
            f"On raw values, {by} compares {seen} only, so samples of another shape can score as well as real ones. "
            "Rank by modes-kl or js to see the difference."
        )
    if by == "modes-kl" and features != POINTS:
        return "KL divergence of the shares of classes from those of real samples; 0 is perfect."
    return {
        "modes-kl": "KL divergence of the shares of the modes, samples off all modes counted as one more. It rises "
        "with missing modes and with samples outside them; 0 is perfect.",
        "js": "Jensen-Shannon divergence of data and samples, estimated by a classifier on held-out samples: 0 is "
        "perfect, 2 log 2 = 1.386 is no overlap.",
    }.get(by, "")
