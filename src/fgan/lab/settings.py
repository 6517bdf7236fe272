"""The settings of a race: what the page shows, what its link holds, and what Python takes."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, get_args, get_type_hints

from fgan.errors import FganError, did_you_mean
from fgan.seeds import checked_seed

LossName = Literal["non-saturating", "saturating"]
PenaltyName = Literal["none", "r1", "r2", "r1+r2", "gp", "dragan", "noise"]
TargetName = Literal[
    "ring", "grid", "moons", "spiral", "blobs", "outliers", "mixture", "drawn", "rows", "digits"
]
TARGETS: tuple[str, ...] = get_args(TargetName)
DRAWN = {"drawn": 400, "rows": 2000}
"""Targets made of points, and the most points of each."""
MOST_MEMBERS = 8
LONGEST_NAME = 500
"""Characters of a divergence."""
RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("lr", "critic_lr"), (1e-6, 1.0)),
    "gamma": (0.0, 1000.0),
    **dict.fromkeys(("width", "critic_width"), (1, 256)),
    **dict.fromkeys(("depth", "critic_depth"), (0, 4)),
    "batch": (16, 512),
    "n_critic": (1, 10),
}
FARTHEST = 1e6
"""The largest coordinate of a point."""
RESTARTS = frozenset({"target", "points", "seed", "critic_width", "critic_depth"})
"""Settings that cannot change while a race runs."""


@dataclass(frozen=True)
class Member:
    """One of the divergences that race.

    Args:
        divergence: a name, a combination or a formula, as in `TrainConfig`.
        loss: what the generator minimises.
        follow: another divergence that the generator minimises through the critic's log-ratio.
    """

    divergence: str
    loss: LossName = "non-saturating"
    follow: str | None = None

    def __post_init__(self) -> None:
        """Check every value."""
        _require_one_of("loss", self.loss, get_args(LossName))
        for name in ("divergence", "follow"):
            value = getattr(self, name)
            if name == "follow" and value is None:
                continue
            if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_NAME:
                raise FganError(
                    f"{name} must be the name of a divergence, or a formula of at most {LONGEST_NAME} characters; "
                    f"got {_shown(value)}."
                )


USUAL = ("kl", "reverse-kl", "js", "gan")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of a race. The same settings and seed give the same race.

    Args:
        target: the name of a target; "drawn" and "rows" are made of `points`.
        points: (x, y) each, for these two.
        members: the divergences, one to eight; in Python also their names.
        lr, critic_lr: learning rates of the generators and of the critics.
        penalty, gamma: the penalty on the critics, and its weight.
        width, depth: units and number of hidden layers of the generators; with depth 0 samples are Gaussian.
        critic_width, critic_depth: the same of the critics.
        batch: real samples, and as many generated ones, per step.
        n_critic: critic steps per generator step.
        seed: of weights and draws, the same for all members.

    Raises:
        FganError: for a value that is not allowed; it says which values are.

    >>> Settings(members=["kl", "js"], target="moons").members[1].divergence
    'js'
    """

    target: TargetName = "ring"
    points: tuple[tuple[float, float], ...] = ()
    members: Sequence[Member | str] = USUAL
    lr: float = 3e-3
    critic_lr: float = 3e-3
    penalty: PenaltyName = "r1+r2"
    gamma: float = 0.05
    width: int = 64
    depth: int = 2
    critic_width: int = 64
    critic_depth: int = 2
    batch: int = 128
    n_critic: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every value, and read the members."""
        _require_one_of("target", self.target, TARGETS)
        _require_one_of("penalty", self.penalty, get_args(PenaltyName))
        for name, (low, high) in RANGES.items():
            value, whole = getattr(self, name), get_type_hints(type(self))[name] is int
            object.__setattr__(self, name, _number(name, value, low, high, whole=whole))
        checked_seed(self.seed)
        object.__setattr__(self, "members", _members(self.members))
        object.__setattr__(self, "points", _points(self.points, self.target))

    @property
    def penalties(self) -> str:
        """The penalties as in `TrainConfig`."""
        if self.penalty == "none" or not self.gamma:
            return "none"
        return ",".join(f"{name}:{self.gamma!r}" for name in self.penalty.split("+"))

    @classmethod
    def from_values(cls, values: Any) -> Self:  # noqa: ANN401 - any JSON
        """Read the result of `to_values`, or a part of it.

        Raises:
            FganError: if it is not an object, has an unknown field, or a value that is not allowed.
        """
        return cls()._with(values)

    def changed(self, values: Any) -> Self:  # noqa: ANN401 - any JSON
        """Return these settings with other values for some fields, as while a race runs.

        Raises:
            FganError: as for `from_values`, and for fields that only a new race can change.
        """
        if isinstance(values, Mapping) and (fixed := sorted(RESTARTS.intersection(values))):
            raise FganError(f"{', '.join(fixed)} cannot change while a race runs. Start anew with it.")
        return self._with(values)

    def _with(self, values: Any) -> Self:  # noqa: ANN401
        if not isinstance(values, Mapping):
            raise FganError(f"settings must be an object of names and values; got {_shown(values)}.")
        names = [field.name for field in dataclasses.fields(self)]
        for name in values:
            if name not in names:
                raise FganError(f'unknown setting "{str(name)[:80]}".{did_you_mean(str(name), names)}')
        return dataclasses.replace(self, **values)

    def to_values(self) -> dict[str, Any]:
        """Return all settings as JSON types."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    def differing(self) -> dict[str, Any]:
        """Return the settings that are not the usual ones."""
        usual = type(self)()
        names = [field.name for field in dataclasses.fields(self)]
        return {name: value for name in names if (value := getattr(self, name)) != getattr(usual, name)}


def _members(given: Any) -> tuple[Member, ...]:  # noqa: ANN401
    if isinstance(given, str | bytes) or not isinstance(given, Sequence):
        raise FganError(f"members must be a list of divergences; got {_shown(given)}.")
    if not 1 <= len(given) <= MOST_MEMBERS:
        raise FganError(f"a race has 1 to {MOST_MEMBERS} members; got {len(given)}.")
    return tuple(_member(one) for one in given)


def _member(given: Any) -> Member:  # noqa: ANN401
    if isinstance(given, Member):
        return given
    if isinstance(given, str):
        return Member(given)
    names = [field.name for field in dataclasses.fields(Member)]
    if not isinstance(given, Mapping) or "divergence" not in given or not set(given) <= set(names):
        raise FganError(
            f"a member must be a divergence, or an object with {', '.join(names)}; got {_shown(given)}."
        )
    return Member(**given)


def _points(given: Any, target: str) -> tuple[tuple[float, float], ...]:  # noqa: ANN401
    if target not in DRAWN:
        if given:
            raise FganError(f'points are for the targets drawn and rows; got the target "{target}".')
        return ()
    most = DRAWN[target]
    if isinstance(given, str | bytes) or not isinstance(given, Sequence) or not 2 <= len(given) <= most:
        number = f"{len(given)}" if isinstance(given, Sequence) else _shown(given)
        raise FganError(f'the target "{target}" needs 2 to {most} points (x, y); got {number}.')
    points = []
    for at, point in enumerate(given, 1):
        if isinstance(point, str) or not isinstance(point, Sequence) or len(point) != 2:
            raise FganError(f"point {at} must be two numbers; got {_shown(point)}.")
        x, y = (_number(f"point {at}", value, -FARTHEST, FARTHEST) for value in point)
        points.append((x, y))
    if len(set(points)) < 2:
        raise FganError(f"all {len(points)} points are the same. Give at least two different ones.")
    return tuple(points)


def _number(name: str, value: Any, low: float, high: float, *, whole: bool = False) -> float:  # noqa: ANN401
    kind = "a whole number" if whole else "a number"
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    fits = fits and low <= value <= high and math.isfinite(value) and not (whole and value != int(value))
    if not fits:
        raise FganError(f"{name} must be {kind} from {low:g} to {high:g}; got {_shown(value)}.")
    return int(value) if whole else float(value)


def _require_one_of(name: str, value: Any, allowed: Sequence[str]) -> None:  # noqa: ANN401
    if not isinstance(value, str) or value not in allowed:
        hint = did_you_mean(value, allowed) if isinstance(value, str) else ""
        raise FganError(f"{name} must be one of {', '.join(allowed)}; got {_shown(value)}.{hint}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
