"""The whole audit in one plain sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fgan.auditing.result import Audit

SIZES = (
    (0.55, "slightly"),
    (0.65, "moderately"),
    (0.8, "strongly"),
    (0.95, "very strongly"),
    (1.01, "almost completely"),
)
"""Words for how far apart two tables are, by the accuracy of a classifier up to which they hold."""
SURE = 0.98
"""Accuracy from which on a tenth of a percent counts."""
NAMED = 3
"""Columns and pairs that the sentence names, at most."""


def conclusion_of(found: Audit) -> str:
    """Return one sentence that needs no knowledge of statistics."""
    parts = [_likeness(found), *([] if found.called.drift else [*_use(found), _leaks(found)])]
    return f"In short: {'; '.join(parts)}."


def _likeness(found: Audit) -> str:
    called, joint = found.called, found.joint
    first, second = called.the_first, called.the_second
    if joint is None:
        return f"{second} and {first} have no column that can be compared"
    one, where = joint.synthetic, _where(found)
    if joint.missed:
        return f"{second} differs from {first}, most clearly in {one.shown_by}"
    digits = 1 if one.accuracy > SURE else 0
    share, low, high = (f"{end:.{digits}%}" for end in (one.accuracy, *one.accuracy_interval))
    right = (
        f"a classifier that sees one row names its table correctly {share} of the time "
        f"({low} to {high}; guessing: 50%)"
    )
    if not found.differs:
        return f"no difference between {called.both} was found: {right}"
    if not joint.differs:
        return f"{second} differs from {first} in {where}, but hardly on the whole: {right}"
    size = next(word for most, word in SIZES if one.accuracy < most)
    return f"{second} differs {size} from {first}{f', above all in {where}' if where else ''}: {right}"


def _where(found: Audit) -> str:
    """Name the columns and the pairs that differ most."""
    columns = sorted((one for one in found.columns if one.differs), key=lambda one: -(one.divergence or 0))
    names = [one.name for one in columns]
    known = set(names)
    pairs = sorted((one for one in found.pairs if one.differs), key=lambda one: -abs(one.difference))
    names += [
        f"how {one.columns[0]} goes with {one.columns[1]}" for one in pairs if not known & set(one.columns)
    ]
    return " and ".join(filter(None, (", ".join(names[: NAMED - 1]), *names[NAMED - 1 : NAMED])))


def _use(found: Audit) -> list[str]:
    use = found.usefulness
    if use is None:
        return []
    if use.constant or use.real.interval[0] <= use.guess:
        return [f"whether it helps to predict {use.target} is unknown"]
    low, high = use.difference.interval
    how = "as good as" if low <= 0 <= high else "worse than" if high < 0 else "better than"
    return [f"for predicting {use.target} it is {how} {found.called.first} rows"]


def _leaks(found: Audit) -> str:
    first = found.called.first
    if found.privacy.undecided:
        return f"whether it copies {first} rows cannot be told without held-out rows"
    if found.leaks:
        return f"it contains more traces of {first} rows than chance explains"
    return f"no copied {first} rows were found, which proves no privacy"
