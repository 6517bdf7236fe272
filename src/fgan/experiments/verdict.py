"""What a ranking comes to in one sentence that can be quoted alone."""

from __future__ import annotations

from collections.abc import Sequence

from fgan.evaluation.basis import BESIDE, named
from fgan.evaluation.result import Range
from fgan.experiments.ranking import LEVEL, Place

NAMED = 6
"""Groups that a sentence names; of more it says how many."""


def verdict(places: Sequence[Place], by: str, features: str, what: str, steps: str = "") -> str:
    """Return the sentence: a best group if one differs from all others, "no difference found" if none differs.

    Args:
        places: of the ranking, best first, each with a finite number.
        by: the number that ranks.
        features: the name of the extractor of its features; "" if unknown.
        what: the data.
        steps: how long the runs trained, such as "2,000 steps"; "" if unknown.
    """
    number = named(by, features)
    if not places:
        return f"Nothing is ranked on {what}: no run has a usable {number}."
    lead, last = places[0], len(places) - 1
    details = ", ".join(filter(None, (_seeds(places), steps and f"{steps} each")))
    if not last:
        return f"On {what}, {lead.group} reaches {number} {_value(lead, by)} ({details}{_real(lead, by)})."
    tested = _tested(places)
    if tested is None:
        return (
            f"No difference found on {what}: one seed each cannot distinguish {listed(_names(places))} by {number} "
            f"({details}; {lead.group} has the {_end(lead, by)} value, {_value(lead, by)})."
        )
    worse = [place for place in places if place.rank > lead.rank and place.group not in lead.tied_with]
    if len(worse) == last:
        return (
            f"On {what}, {lead.group} is better than {listed(_names(worse))} by {number}: {_value(lead, by)} against "
            f"{_value(worse[0], by)} for {worse[0].group} ({details}; {tested}{_largest(lead)})."
        )
    apart = sum(place.rank - 1 for place in places)
    if not apart:
        return (
            f"No difference found on {what} between {listed(_names(places))} by {number} ({details}; "
            f"{tested}{_smallest(places)})."
        )
    top = [place for place in places if place not in worse]
    if worse and all(_beats(one, other) for one in top for other in worse):
        return (
            f"On {what}, {listed(_names(top))} are better than {listed(_names(worse))} by {number}, and no difference "
            f"is found between them: {_value(lead, by)} for {lead.group} ({details}; {tested})."
        )
    first = next(place for place in places if any(_beats(place, other) for other in places))
    beaten = [other.group for other in places if _beats(first, other)]
    return (
        f"On {what}, no group is best by {number}: {lead.group}, at {_value(lead, by)}, cannot be told from "
        f"{listed(list(lead.tied_with))}; {first.group} is better than {listed(beaten)} ({details}; {tested})."
    )


def _beats(one: Place, other: Place) -> bool:
    return one.rank < other.rank and other.group not in one.tied_with and one.group != other.group


def _tested(places: Sequence[Place]) -> str | None:
    """Name the test; None if nothing could be tested."""
    pairs = sum(len(place.p_values) for place in places) // 2
    if pairs:
        return "Welch's t-test" + (f", Holm-corrected for {pairs} pairs" if pairs > 1 else "")
    if any(place.letters for place in places) or max(place.seeds for place in places) == 1:
        return None
    return "Welch's t-test, not corrected for the number of pairs"  # ranked by an older version


def how_tested(places: Sequence[Place]) -> str:
    """Return how groups were compared, for below a table; "" if there is no pair."""
    if len(places) < 2:
        return ""
    tested = _tested(places)
    if tested is None:
        return "Not tested: with one seed each, nothing is known about another seed, so all share rank 1."
    one = " Groups with one seed are not tested." if min(place.seeds for place in places) == 1 else ""
    return f"Groups that share a letter do not differ ({tested}, 95%).{one}"


def _largest(lead: Place) -> str:
    return f", p {_p(max(lead.p_values.values()))}" if lead.p_values else ""


def _smallest(places: Sequence[Place]) -> str:
    known = [p for place in places for p in place.p_values.values()]
    return f", smallest p {_p(min(known))}" if known else ""


def _p(value: float) -> str:
    """Write a p-value so that it stays on its side of the level.

    >>> _p(0.0496), _p(0.0503), _p(1e-9), _p(0.7)
    ('= 0.0496', '= 0.0503', '< 0.001', '= 0.7')
    """
    if value < 0.001:
        return "< 0.001"
    return f"= {value:.{3 if abs(value - LEVEL) < LEVEL / 10 else 2}g}"


def _value(place: Place, by: str) -> str:
    """Write a group's number with its interval, and what it is made of."""
    found = {name: place.metrics[name] for name in BESIDE.get(by, ()) if name in place.metrics}
    parts = [f"{name} {one.value:.3g}" for name, one in found.items()]
    return Range.text(place.metrics[by]) + (f" with {' and '.join(parts)}" if parts else "")


def _real(place: Place, by: str) -> str:
    floor = place.metrics[by].floor
    return f"; real samples score {floor.value:.4g}" if floor else ""


def _end(place: Place, by: str) -> str:
    return "highest" if place.metrics[by].better == "higher" else "lowest"


def _names(places: Sequence[Place]) -> list[str]:
    return [place.group for place in places]


def _seeds(places: Sequence[Place]) -> str:
    low, high = (choose(place.seeds for place in places) for choose in (min, max))
    return f"{low if low == high else f'{low} to {high}'} seed{'' if high == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """Write names as a list in a sentence.

    >>> listed(["kl", "js", "gan"]), listed(["kl"])
    ('kl, js and gan', 'kl')
    """
    shown = list(names)
    if len(shown) > NAMED:
        shown = [*shown[: NAMED - 1], f"{len(shown) - NAMED + 1} more"]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
