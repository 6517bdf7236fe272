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


@dataclass(frozen=True)
class Parameter:
    """The parameter of a family.

    Args:
        letter: its letter in the formulas.
        rule: the allowed values, as text after "must be".
        accepts: the rule as a function of a finite number.
        examples: values that represent the family in tests, tables and plots.
        limits: excluded values at which the limit has its own name.
    """

    letter: str
    rule: str
    accepts: Callable[[float], bool]
    examples: tuple[float, ...]
    limits: Mapping[float, str] = field(default_factory=dict)

    def check(self, family: str, value: object) -> float:
        """Return the value as a float.

        Raises:
            FganError: if the rule does not accept it.
        """
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
        if math.isfinite(number) and self.accepts(number):
            return number
        message = f"the {self.letter} of {family} must be {self.rule}; got {value!r}."
        if number in self.limits:
            message += f' For {self.letter} → {spell(number)} use "{self.limits[number]}".'
        raise FganError(message)


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
