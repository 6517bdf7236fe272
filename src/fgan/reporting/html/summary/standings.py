"""What a ranking says, in sentences: a winner, or that nothing won beyond the uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fgan.evaluation.metrics import QUANTITIES
from fgan.evaluation.result import Measurement, Range
from fgan.experiments.ranking import Place
from fgan.experiments.verdict import listed
from fgan.reporting.html.finite import is_finite, is_number

SHARES = ("precision", "within-3-sigma", "recall", "coverage", "modes")
"""Numbers from 0 up of which a part of the baseline means something."""
LITTLE = 0.5
"""Below this share of what real samples score, a number is called far from them."""


def standings(places: Sequence[Place], by: str) -> list[str]:
    """Return the sentences.

    Nothing is said that the ranking's own test does not say.

    Args:
        places: of the ranking, best first.
        by: the number that ranks.
    """
    ranked = with_number(places, by)
    if not ranked:
        return [f"No group has a usable {by}, so nothing is ranked."]
    lead, others = ranked[0], ranked[1:]
    tied = [place.group for place in others if place.group in lead.tied_with]
    worse = [place for place in others if place.group not in lead.tied_with]
    one_seed = min(place.seeds for place in ranked) == 1
    if not others:
        sentences = [
            f"{lead.group} reaches {by} {number(lead, by)}. There is no other group to compare it with."
        ]
    elif tied:
        sentences = _tie(lead, tied, worse, by)
    else:
        sentences = _winner(lead, worse, by)
    sentences += against_baseline(lead.metrics[by], by, lead.group)
    sentences += far_from_real(lead.metrics, by, lead.group)
    if one_seed and others:
        sentences.append(_one_seed(ranked))
    if worse and len(ranked) > 2 and not any(place.p_values for place in ranked):
        sentences.append("An older version ranked these: nothing is corrected for the number of pairs.")
    return sentences


def with_number(places: Sequence[Place], by: str) -> list[Place]:
    """Return the places whose number is there, finite and usable, best first."""
    known = [place for place in places if by in place.metrics and is_number(place.metrics[by])]
    return sorted(
        known,
        key=lambda place: place.metrics[by].value * (-1 if place.metrics[by].better == "higher" else 1),
    )


def number(place: Place, by: str) -> str:
    """Write a place's number with its interval."""
    return Range.text(place.metrics[by])


def against_baseline(found: Measurement, by: str, name: str) -> list[str]:
    """Say how a number stands to what real samples score; nothing where that is not known."""
    floor, better = found.floor, QUANTITIES[by].better if by in QUANTITIES else found.better
    if floor is None or not is_finite(floor) or better not in ("higher", "lower"):
        return []
    reached = found.low <= floor.high if better == "lower" else found.high >= floor.low
    if reached:
        return [f"The interval of {name} reaches the real-vs-real baseline, {floor.value:.4g}."]
    if better == "lower" and floor.value > 0:
        times = found.value / floor.value
        return [f"That is {times:.3g}× the real-vs-real baseline, {floor.value:.4g}."]
    return [f"The real-vs-real baseline is {floor.value:.4g}."]


def far_from_real(metrics: Mapping[str, Measurement], by: str, name: str) -> list[str]:
    """Say which shares are far below what real samples score: one number alone can look good."""
    far = [
        f"{other} {found.value:.3g} (real samples {found.floor.value:.3g})"
        for other in SHARES
        if other != by and (found := metrics.get(other)) and is_number(found)
        if found.floor and is_finite(found.floor) and found.high < LITTLE * found.floor.value
    ]
    return [f"By other metrics {name} is far from real samples: {listed(far)}."] if far else []


def _winner(lead: Place, worse: list[Place], by: str) -> list[str]:
    second = f"{worse[0].group} follows with {number(worse[0], by)}"
    others = "the other group" if len(worse) == 1 else f"each of the {len(worse)} other groups"
    return [
        f"{lead.group} is best by {by}: {number(lead, by)}.",
        f"It differs from {others} by more than the uncertainty; {second}.",
    ]


def _tie(lead: Place, tied: list[str], worse: list[Place], by: str) -> list[str]:
    direction = "lowest" if lead.metrics[by].better == "lower" else "highest"
    if not worse:
        opening = f"No winner: {by} does not distinguish {lead.group} from any other group."
    else:
        opening = f"No single winner: {by} does not distinguish {lead.group} from {listed(tied)}."
    what = "mean" if lead.seeds > 1 else "value"
    sentences = [opening, f"{lead.group} has the {direction} {what}, {number(lead, by)}."]
    if worse:
        verb = "is" if len(worse) == 1 else "are"
        sentences.append(f"{listed([place.group for place in worse])} {verb} worse than {lead.group}.")
    return sentences


def _one_seed(ranked: Sequence[Place]) -> str:
    whose = "Each group has" if max(place.seeds for place in ranked) == 1 else "Some groups have"
    return (
        f"{whose} only one seed: the interval covers sampling alone, and another seed may reverse the order."
    )
