"""From what a method found to estimates: numbers within their ranges, with all that must be said of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from fgan.divergences import Divergence
from fgan.errors import FganError
from fgan.estimation.diagnostics import Diagnostics, tail_warnings, warnings_of
from fgan.estimation.inequalities import check_inequalities
from fgan.estimation.prices import Cautioned, Mean, Sampling, price
from fgan.estimation.result import Estimate, Estimates, Source

Kind = TypeVar("Kind", bound=Estimate)


@dataclass(frozen=True)
class Evidence:
    """What one method found in samples.

    Args:
        method: its name.
        reason: why that one.
        caveat: what goes with its values, if they are not its critics'.
        n_p, n_q: how many samples.
        source: the samples, the critics and what these say.
        diagnostics: of the critics; None without them.
        p_value: of a permutation test, if asked for.
        notes: what is worth knowing of the samples.
        sampling: of the samples that report; all independent unless told.
    """

    method: str
    reason: str
    caveat: str
    n_p: int
    n_q: int
    source: Source
    diagnostics: Diagnostics | None
    p_value: float | None
    notes: Sequence[str]
    sampling: Sampling | None = None

    def estimates(
        self, make: Callable[..., Kind], direct: Mapping[Divergence, Mean | None]
    ) -> tuple[dict[str, Kind], dict[str, str]]:
        """Return an estimate of each divergence that there is a number for, and why not of the others.

        Args:
            make: the class of the estimates.
            direct: what the method says of each divergence without critics, None where it has no formula.

        Raises:
            FganError: where there is none at all.
        """
        found: dict[str, Kind] = {}
        skipped: dict[str, str] = {}
        for divergence, value in direct.items():
            if value is None and self.source.held_out is None:
                name = divergence.name
                skipped[name] = f'method "{self.method}" has no formula for "{name}". Take another.'
            else:
                found[divergence.name] = self._estimate(make, divergence, value)
        if not found:
            raise FganError(next(iter(skipped.values())))
        return found, skipped

    def _estimate(self, make: Callable[..., Kind], divergence: Divergence, direct: Mean | None) -> Kind:
        held_out = self.source.held_out
        priced = None if held_out is None else price(divergence, *held_out, self.sampling)
        best = direct or (priced.value if priced else None)
        assert best is not None, "one of both is there"
        lowest, highest = divergence.range
        low, high = best.interval()
        if math.isinf(best.value):
            low, high = (priced.lower_bound if priced else lowest), math.inf
        warnings = [*self.notes]
        if direct is not None:
            warnings += filter(None, [self.caveat, direct.caveat if isinstance(direct, Cautioned) else ""])
        if self.diagnostics is not None and direct is None:
            warnings += warnings_of(self.diagnostics, divergence, min(self.n_p, self.n_q))
            warnings += tail_warnings(self.diagnostics, divergence)
        return make(
            divergence=divergence.name,
            value=_within(best.value, lowest, highest),
            standard_error=best.standard_error,
            interval=(_within(low, lowest, highest), _within(high, lowest, highest)),
            lower_bound=max(priced.lower_bound, lowest) if priced else None,
            bound=priced.bound if priced else None,
            p_value=self.p_value,
            method=self.method,
            reason=self.reason,
            n_p=self.n_p,
            n_q=self.n_q,
            diagnostics=self.diagnostics,
            warnings=tuple(warnings),
            source=self.source,
        )


def checked(found: Mapping[str, Estimate], skipped: dict[str, str]) -> Estimates:
    """Return several estimates of the same samples, held against the known inequalities between them."""
    checks = check_inequalities(
        {name: one.value for name, one in found.items()}, {name: one.interval for name, one in found.items()}
    )
    return Estimates(dict(found), skipped, tuple(checks))


def _within(value: float, lowest: float, highest: float) -> float:
    return min(max(value, lowest), highest)
