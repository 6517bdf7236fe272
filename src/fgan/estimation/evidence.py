"""From what a method found to estimates: numbers within their ranges, with all that must be said of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from fgan.divergences import Divergence
from fgan.errors import FganError
from fgan.estimation.designs.design import CrossFit
from fgan.estimation.diagnostics import Diagnostics, diagnose, tail_warnings, warnings_of
from fgan.estimation.inequalities import check_inequalities
from fgan.estimation.inputs.encoding import Inputs
from fgan.estimation.methods import Method
from fgan.estimation.prices import Cautioned, Mean, price
from fgan.estimation.result import Estimate, Estimates, Source

Kind = TypeVar("Kind", bound=Estimate)


@dataclass(frozen=True)
class Evidence:
    """What one method found in samples.

    Args:
        inputs: the samples.
        method: which.
        reason: why that one.
        fitted: its critics, and what they say of samples that they had not seen; None for a method without.
        p_value: of a permutation test, if asked for.
        direct: what the method says of each divergence without critics, None where it has no formula.
    """

    inputs: Inputs
    method: Method
    reason: str
    fitted: CrossFit | None
    p_value: float | None
    direct: Mapping[Divergence, Mean | None]

    @cached_property
    def source(self) -> Source:
        """The samples, the critics and what these say."""
        if self.fitted is None:
            return Source(self.inputs)
        return Source(self.inputs, tuple(self.fitted.critics), (self.fitted.p, self.fitted.q))

    @cached_property
    def diagnostics(self) -> Diagnostics | None:
        """How far the critics can be trusted; None without critics."""
        if self.fitted is None:
            return None
        critics = tuple(critic.description for critic in self.fitted.critics)
        return diagnose(self.fitted.p, self.fitted.q, critics)

    def estimates(self, make: Callable[..., Kind]) -> tuple[dict[str, Kind], dict[str, str]]:
        """Return an estimate of each divergence that there is a number for, and why not of the others.

        Args:
            make: the class of the estimates.

        Raises:
            FganError: where there is none at all.
        """
        found: dict[str, Kind] = {}
        skipped: dict[str, str] = {}
        for divergence, value in self.direct.items():
            if value is None and self.fitted is None:
                name = divergence.name
                skipped[name] = f'method "{self.method.name}" has no formula for "{name}". Take another.'
            else:
                found[divergence.name] = self._estimate(make, divergence, value)
        if not found:
            raise FganError(next(iter(skipped.values())))
        return found, skipped

    def _estimate(self, make: Callable[..., Kind], divergence: Divergence, direct: Mean | None) -> Kind:
        fitted, priced = self.fitted, None
        n_p, n_q = len(self.inputs.first), len(self.inputs.second)
        if fitted is not None:
            priced, n_q = price(divergence, fitted.p, fitted.q, fitted.sampling), len(fitted.q)
        best = direct or (priced.value if priced else None)
        assert best is not None, "one of both is there"
        lowest, highest = divergence.range
        low, high = best.interval()
        if math.isinf(best.value):
            low, high = (priced.lower_bound if priced else lowest), math.inf
        warnings = [*self.inputs.notes]
        if direct is not None:
            warnings += filter(
                None, [self.method.caveat, direct.caveat if isinstance(direct, Cautioned) else ""]
            )
        if self.diagnostics is not None and direct is None:
            warnings += warnings_of(self.diagnostics, divergence, min(self.inputs.sizes))
            warnings += tail_warnings(self.diagnostics, divergence)
        return make(
            divergence=divergence.name,
            value=_within(best.value, lowest, highest),
            standard_error=best.standard_error,
            interval=(_within(low, lowest, highest), _within(high, lowest, highest)),
            lower_bound=max(priced.lower_bound, lowest) if priced else None,
            bound=priced.bound if priced else None,
            p_value=self.p_value,
            method=self.method.name,
            reason=self.reason,
            n_p=n_p,
            n_q=n_q,
            diagnostics=self.diagnostics,
            warnings=tuple(warnings),
            source=self.source,
            n_effective=self.inputs.sizes if self.inputs.weighted else None,
        )


def checked(found: Mapping[str, Estimate], skipped: dict[str, str]) -> Estimates:
    """Return several estimates of the same samples, held against the known inequalities between them."""
    checks = check_inequalities(
        {name: one.value for name, one in found.items()}, {name: one.interval for name, one in found.items()}
    )
    return Estimates(dict(found), skipped, tuple(checks))


def _within(value: float, lowest: float, highest: float) -> float:
    return min(max(value, lowest), highest)
