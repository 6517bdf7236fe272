"""From a method's findings to estimates: values within their ranges, with their warnings."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import torch

from fgan.divergences import Divergence
from fgan.errors import DataError, FganError
from fgan.estimation.designs.design import CrossFit
from fgan.estimation.diagnostics import Diagnostics, diagnose, infinite_mean, tail_warnings, warnings_of
from fgan.estimation.inequalities import check_inequalities
from fgan.estimation.inputs.encoding import Inputs
from fgan.estimation.inputs.outliers import farthest_cell
from fgan.estimation.methods import Method
from fgan.estimation.prices import Cautioned, Mean, Price, price
from fgan.estimation.result import Estimate, Estimates, Source
from fgan.estimation.sign import sign_bound, sign_value

CLAIMS = 1.0
"""A negative bound is a failure of critics whose median |l| is above this; below it, it is chance."""

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
        block: consecutive rows that stayed together.
    """

    inputs: Inputs
    method: Method
    reason: str
    fitted: CrossFit | None
    p_value: float | None
    direct: Mapping[Divergence, Mean | None]
    block: int = 1

    @cached_property
    def source(self) -> Source:
        """The samples, the critics and what these say."""
        if self.fitted is None:
            return Source(self.inputs)
        fitted = self.fitted
        return Source(self.inputs, tuple(fitted.critics), (fitted.p, fitted.q), fitted.sampling)

    @cached_property
    def diagnostics(self) -> Diagnostics | None:
        """How far the critics can be trusted; None without critics."""
        if self.fitted is None:
            return None
        critics = tuple(critic.description for critic in self.fitted.critics)
        return diagnose(self.fitted.p, self.fitted.q, critics)

    @cached_property
    def prices(self) -> dict[Divergence, Price]:
        """What the critics say of each divergence; none without critics."""
        fitted = self.fitted
        if fitted is None:
            return {}
        return {one: price(one, fitted.p, fitted.q, fitted.sampling, fitted.fewer) for one in self.direct}

    def falls_below(self, other: Evidence) -> bool:
        """Whether a value or a bound of it is below what other critics of the same samples show to be there."""
        return any(
            min(self.prices[one].value.value, self.prices[one].bound.value) < found.lower_bound
            for one, found in other.prices.items()
        )

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
                skipped[name] = (
                    f'method "{self.method.name}" has no formula for "{name}". Use another method.'
                )
            else:
                found[divergence.name] = self._estimate(make, divergence, value)
        if not found:
            raise FganError(next(iter(skipped.values())))
        return found, skipped

    def _estimate(self, make: Callable[..., Kind], divergence: Divergence, direct: Mean | None) -> Kind:
        fitted, priced = self.fitted, self.prices.get(divergence)
        n_p, n_q = len(self.inputs.first), len(fitted.q if fitted else self.inputs.second)
        best = direct or (priced.value if priced else None)
        assert best is not None, "one of both is there"
        if priced and math.isinf(best.value) and math.isfinite(priced.value.value):
            # What one set of samples lacks may be rare there, and not impossible.
            best = Mean(priced.value.value, math.inf)
        lower_bound = max(priced.lower_bound, divergence.range[0]) if priced else None
        unlearnt = priced.unlearnt if priced and direct is None else 0.0
        value, interval, warnings = self._honest(divergence, best, lower_bound, unlearnt)
        endless = infinite_mean(fitted.p, fitted.q, divergence) if fitted and direct is None else ""
        if endless:  # a finite value relies on extrapolation, and so do both ends that are made from it
            interval = min(value, lower_bound or divergence.range[0]), math.inf
        self._require_numbers(
            divergence, value, *interval, lower_bound, priced.bound.value if priced else None
        )
        warnings = [*self.inputs.notes, *warnings]
        if direct is not None:
            warnings += filter(
                None, [self.method.caveat, direct.caveat if isinstance(direct, Cautioned) else ""]
            )
        if self.diagnostics is not None and direct is None:
            warnings += warnings_of(self.diagnostics, divergence, min(self.inputs.sizes))
            warnings += [endless] if endless else tail_warnings(self.diagnostics, divergence)
        return make(
            divergence=divergence.name,
            value=value,
            standard_error=best.standard_error,
            interval=interval,
            lower_bound=lower_bound,
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
            blocks=self.block if self.block > 1 else None,
        )

    def _honest(
        self, divergence: Divergence, best: Mean, lower_bound: float | None, unlearnt: float
    ) -> tuple[float, tuple[float, float], list[str]]:
        """Return a value and an interval within the range that contradict no bound at hand, and what to say of them."""
        lowest, highest = divergence.range
        value, (low, high), warnings = best.value, best.interval(), []
        floor = lowest if lower_bound is None else lower_bound
        high += unlearnt  # critics fall short; they never reach too far
        if unlearnt > best.standard_error:
            warnings.append(
                f"the critics still learn: from half as many samples, {divergence.name} comes out smaller. "
                f"The value may be too small by about {unlearnt:.2g}, which the upper end counts. Use more samples."
            )
        by_accuracy = lowest if self.fitted is None else sign_bound(divergence, self.fitted)
        if math.isinf(best.standard_error):
            low, high = floor, math.inf
        elif high < lowest and self._claim > CLAIMS:
            high = highest
            warnings.append(
                f"{self.method.name} failed: it found {value:.4g}, but {divergence.name} is never below "
                f"{lowest:g}. Any value "
                f'above {floor:.4g} is possible. Use another method, such as "logistic".'
            )
        elif high < floor and floor > lowest:
            warnings.append(
                f"{self.method.name} found {value:.4g}, which is below its own lower bound (95% confidence). "
                f"The value is raised to that bound, {floor:.4g}; the true value may be larger."
            )
            value, low, high = floor, floor, highest
        elif self.fitted is not None and high < by_accuracy:
            warnings.append(
                f"{self.method.name} found {value:.4g}, but its critics' accuracy implies at least "
                f"{by_accuracy:.4g} (95% confidence): its log-ratios are too close to 0. The value is computed "
                "from the accuracy instead."
            )
            value, low, high = sign_value(divergence, self.fitted), by_accuracy, highest
        elif self._apart and math.isfinite(
            highest
        ):  # without an error, the sign alone gives the largest value
            value = max(value, sign_value(divergence, self.fitted)) if self.fitted else value
            high = highest
        elif self._apart and high < math.inf:
            low, high = floor, math.inf  # the value's own lower end is extrapolated as the value is
            warnings.append(
                "the two sets are perfectly separated: no sample shows how far apart they are, or whether "
                f"their supports overlap, so {divergence.name} may be +inf. The value relies on the critics' "
                f"extrapolation; only the lower bound, {floor:.4g}, is certain."
            )
        value, high = max(value, floor), max(high, floor)
        return _within(value, divergence), (_within(low, divergence), _within(high, divergence)), warnings

    @cached_property
    def _claim(self) -> float:
        """How far the critics' log-ratios are from 0 by their median; without critics, nobody knows."""
        if self.fitted is None:
            return math.inf
        return float(torch.cat([self.fitted.p.log_ratio, self.fitted.q.log_ratio]).abs().median())

    @cached_property
    def _apart(self) -> bool:
        """Whether held-out critics, or a single column, classify every sample correctly."""
        fitted, inputs = self.fitted, self.inputs
        if fitted is not None and bool((fitted.p.log_ratio > 0).all() and (fitted.q.log_ratio < 0).all()):
            return True
        if inputs.kind != "vectors" or inputs.joint:
            return False
        p, q = inputs.first, inputs.second
        return bool(((p.amin(0) > q.amax(0)) | (p.amax(0) < q.amin(0))).any())

    def _require_numbers(self, divergence: Divergence, *numbers: float | None) -> None:
        """Raise a DataError where a number is none, which names the cell that is the farthest out."""
        if not any(one is not None and math.isnan(one) for one in numbers):
            return
        where = farthest_cell(self.inputs)
        raise DataError(
            f"{self.method.name} gives NaN for {divergence.name}: the values exceed double precision. {where}"
            "Repair or remove that row, or rescale the column."
        )


def checked(found: Mapping[str, Estimate], skipped: dict[str, str]) -> Estimates:
    """Return several estimates of the same samples, held against the known inequalities between them."""
    checks = check_inequalities(
        {name: one.value for name, one in found.items()}, {name: one.interval for name, one in found.items()}
    )
    return Estimates(dict(found), skipped, tuple(checks))


def _within(value: float, divergence: Divergence) -> float:
    lowest, highest = divergence.range
    return min(max(value, lowest), highest)  # NaN stays NaN
