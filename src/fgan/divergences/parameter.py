"""Families of divergences with one parameter: "alpha:0.5" is `Alpha(0.5)`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import ClassVar

from fgan.divergences.base import Divergence
from fgan.errors import FganError
from fgan.output import spell

SHOWN = 40
NEAREST = 1e-6
"""Nearer to a value at which a formula divides by zero, float64 has too few digits left."""


@dataclass(frozen=True)
class Parameter:
    """The parameter of a family.

    Args:
        letter: its letter in the formulas.
        rule: the allowed values, as text after "must be".
        accepts: the rule as a function of a finite number.
        examples: values that represent the family in tests, tables and plots.
        limits: excluded values at which the limit has its own name.
        poles: values to stay away from by `NEAREST`.
        nearest: to such a pole, where its formulas lose no digits: how near.
        largest: absolute value.
        beyond: what fails above it, as the end of a sentence.
    """

    letter: str
    rule: str
    accepts: Callable[[float], bool]
    examples: tuple[float, ...]
    limits: Mapping[float, str] = field(default_factory=dict)
    poles: tuple[float, ...] = ()
    nearest: Mapping[float, float] = field(default_factory=dict)
    largest: float = 100.0
    beyond: str = "density ratios p/q of 1,200 overflow float64, and of 2.4 float32"

    def check(self, family: str, value: object) -> float:
        """Return the value as a float.

        Raises:
            FganError: if the rule does not accept it.
        """
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
        if math.isfinite(number) and self.accepts(number):
            self._require_computable(family, number)
            return number
        got = repr(value)
        got = got if len(got) <= SHOWN else f"{got[:SHOWN]}…"
        message = f"the {self.letter} of {family} must be {self.rule}; got {got}."
        if number in self.limits:
            message += f' For {self.letter} → {spell(number)} use "{self.limits[number]}".'
        raise FganError(message)

    def _require_computable(self, family: str, number: float) -> None:
        if abs(number) > self.largest:
            raise FganError(
                f"the {self.letter} of {family} must be at most {self.largest:,.0f} in size; got {number:.6g}. Beyond, "
                f"{self.beyond}."
            )
        near = min(self.poles, key=lambda pole: abs(number - pole), default=None)
        least = NEAREST if near is None else self.nearest.get(near, NEAREST)
        if near is not None and abs(number - near) < least * (1 - 1e-9):
            instead = f'; use "{self.limits[near]}", its limit' if near in self.limits else ""
            raise FganError(
                f"the {self.letter} of {family} must differ from {spell(near)} by at least {least:g}, or the terms "
                f"have too few digits; got {number!r}{instead}."
            )


class OneParameter(Divergence):
    """A divergence whose name is "family:value".

    Args:
        value: the parameter.
        link: as for every `Divergence`.

    Raises:
        FganError: for a value outside the family's range, or an unknown link.
    """

    family: ClassVar[str]
    parameter: ClassVar[Parameter]

    def __init__(self, value: float, link: str | None = None) -> None:
        self.value = self.parameter.check(self.family, value)
        self.name = f"{self.family}:{spell(self.value)}"
        self.formulas = replace(type(self).formulas, constants={self.parameter.letter: self.value})
        super().__init__(link)
