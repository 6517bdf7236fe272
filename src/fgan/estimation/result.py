"""Results of an estimate: values with intervals and diagnostics, as text, JSON and figures."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from fgan.data.tables import HowRead
from fgan.errors import FganError
from fgan.estimation.designs.design import Critic
from fgan.estimation.diagnostics import HEAVY_TAIL, Diagnostics
from fgan.estimation.inequalities import Check
from fgan.estimation.inputs.encoding import Inputs
from fgan.estimation.inputs.read import Samples
from fgan.estimation.plot import draw
from fgan.estimation.prices import HeldOut, Mean, Sampling
from fgan.output import aligned, html_lines, html_picture, html_table, jsonable

if TYPE_CHECKING:
    from fgan.figure import Figure


@dataclass(frozen=True)
class Source:
    """What several estimates from the same samples share.

    Args:
        inputs: the samples.
        critics: one for each fold.
        held_out: log-ratios on P and on Q, by critics that had not seen these samples.
        sampling: how these samples depend on each other.
    """

    inputs: Inputs
    critics: tuple[Critic, ...] = ()
    held_out: tuple[HeldOut, HeldOut] | None = None
    sampling: Sampling | None = None


@dataclass(frozen=True)
class Estimate:
    """An f-divergence of two distributions, estimated from samples of both.

    Args:
        divergence: its name.
        value: the best estimate, within the divergence's range.
        standard_error: of the value.
        interval: 95% confidence interval of the divergence itself: it counts the chance in the samples, that in the
            critics, and what twice the samples taught them. An end is infinite where no sample shows it.
        lower_bound: the divergence is at least this with 95% confidence, however good the critics are. None for a
            method without critics.
        bound: the critics' variational bound and its standard error. None for a method without critics.
        p_value: of the permutation test of P = Q, if requested.
        method: the method used.
        reason: why this method was chosen.
        n_p, n_q: number of samples of P and of Q.
        diagnostics: how far the critics can be trusted. None without critics.
        warnings: reasons to trust the estimate less.
        source: the samples and the critics.
        n_effective: effective sample sizes (Σw)²/Σw² of P and of Q, which intervals and bounds use. None, and not in
            JSON, if samples have no weights.
        blocks: number of consecutive rows kept together, if requested; otherwise not in JSON.
    """

    divergence: str
    value: float
    standard_error: float
    interval: tuple[float, float]
    lower_bound: float | None
    bound: Mean | None
    p_value: float | None
    method: str
    reason: str
    n_p: int
    n_q: int
    diagnostics: Diagnostics | None
    warnings: tuple[str, ...]
    source: Source = field(repr=False)
    n_effective: tuple[float, float] | None = None
    blocks: int | None = None

    @property
    def bound_interval(self) -> tuple[float, float] | None:
        """95% confidence interval of the critics' bound, which is at most the divergence. None without critics."""
        return None if self.bound is None else self.bound.interval()

    def log_ratio(self, x: Samples) -> Tensor:
        """Return log(p/q) of new samples, averaged over the folds' critics: float64 (n,).

        Raises:
            FganError: if the method has no critic, or x is of another kind than the fitted samples.
        """
        source = self.source
        if not source.critics:
            raise FganError(
                f'method "{self.method}" does not estimate a density ratio. Use method="logistic", for example.'
            )
        assert source.inputs.encode is not None, "there are critics"
        encoded = source.inputs.encode(x)
        return torch.stack([critic(encoded).double() for critic in source.critics]).mean(0)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-serialisable dict. A number that is not finite is None; `warnings` says why."""
        fields = {
            one.name: getattr(self, one.name) for one in dataclasses.fields(self) if one.name != "source"
        }
        for name in ("n_effective", "blocks"):
            if fields[name] is None:
                del fields[name]
        derived = {
            "infinite": math.isinf(self.value),
            "bound_interval": self.bound_interval,
            "how_read": self.how_read,
        }
        return jsonable({**fields, **derived})

    @property
    def how_read(self) -> HowRead:
        """How each column and file was interpreted, and how many rows were left out."""
        return self.source.inputs.how

    def plot(self) -> Figure:
        """Return a figure: log-ratios of both sets, calibration, and the bound against n if `curve` was requested.

        Raises:
            FganError: if the method has no critic.
        """
        return draw(self)

    @property
    def quantity(self) -> str:
        """What the value is of."""
        return self.divergence

    @property
    def basis(self) -> str:
        """The samples and the method, in one line."""
        names, weighted = self.source.inputs.names, self._weighted
        return (
            f"{self.n_p:,} samples of {names[0]}{weighted(0)}, {self.n_q:,} of {names[1]}{weighted(1)}; "
            f"{self.method} ({self.reason})"
        )

    def _weighted(self, side: int) -> str:
        """Say how many samples the weights of a side leave, if it has some."""
        if self.n_effective is None or self.source.inputs.weights[side] is None:
            return ""
        return f" (weighted, n_eff = {self.n_effective[side]:,.4g})"

    def verdict(self, p_value: float) -> str:
        """Say what was tested, and the p-value."""
        return f"p = {p_value:.3g} for the hypothesis that both distributions are the same (permutation test)"

    def __repr__(self) -> str:
        """Return the same text as `str`, for an interactive prompt."""
        return str(self)

    def _repr_html_(self) -> str:
        picture = (
            html_picture(self.plot()._repr_png_(), "log-ratios and calibration") if self.diagnostics else ""
        )
        return html_lines(str(self).splitlines()) + picture

    def __str__(self) -> str:
        """Return the estimate as text, with its warnings."""
        lines = [
            f"{self.quantity} = {self.value:.4g}  95% [{self.interval[0]:.4g}, {self.interval[1]:.4g}]",
            self.basis,
        ]
        if self.lower_bound is not None:
            lines.insert(
                1, f"at least {self.lower_bound:.4g} with 95% confidence, however good the critic is"
            )
        if self.p_value is not None:
            lines.append(self.verdict(self.p_value))
        lines += self.how_read.lines()
        return "\n".join([*lines, *(f"warning: {warning}" for warning in self.warnings)])


@dataclass(frozen=True, repr=False)
class Information(Estimate):
    """Mutual information of two variables: an `Estimate` of P_XY against P_X P_Y.

    `n_p` is the number of samples, `n_q` the number of shuffled pairs. `log_ratio(z)` of rows z = (x, y), concatenated,
    is the pointwise mutual information log p(x, y) / (p(x) p(y)).

    Args:
        ceiling: the largest value that this method can give for this number of samples; None if there is no limit.
    """

    ceiling: float | None = None

    @property
    def quantity(self) -> str:
        """What the value is of."""
        names = "; ".join(self.source.inputs.names)
        return f"I({names})" if self.divergence == "kl" else f"I_{self.divergence}({names})"

    @property
    def basis(self) -> str:
        """What it is made from, in a line."""
        unit = ", in nats" if self.divergence == "kl" else ""
        return f"{self.n_p:,} samples{self._weighted(0)}{unit}; {self.method} ({self.reason})"

    def verdict(self, p_value: float) -> str:
        """Say what was tested, and the p-value."""
        return f"p = {p_value:.3g} for the hypothesis that the two are independent (permutation test)"


@dataclass(frozen=True)
class Estimates(Mapping[str, Estimate]):
    """Estimates of several divergences from the same samples, by name.

    Args:
        estimates: an `Estimate` by name of divergence.
        skipped: divergences that the method cannot estimate, and why.
        checks: known inequalities between divergences, and whether these estimates satisfy them.
    """

    estimates: dict[str, Estimate]
    skipped: dict[str, str]
    checks: tuple[Check, ...]

    def __getitem__(self, name: str) -> Estimate:
        """Return the estimate of this divergence."""
        return self.estimates[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the divergences."""
        return iter(self.estimates)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.estimates)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-serialisable dict."""
        return {
            "estimates": {name: one.to_dict() for name, one in self.estimates.items()},
            "skipped": self.skipped,
            "checks": [jsonable(dataclasses.asdict(check)) for check in self.checks],
        }

    def __repr__(self) -> str:
        """Return the same table as `str`, for an interactive prompt."""
        return str(self)

    def _repr_html_(self) -> str:
        above, below = self._around()
        return html_lines(above) + html_table(self._rows()) + html_lines(below)

    def __str__(self) -> str:
        """Return the estimates as a table."""
        above, below = self._around()
        return "\n".join([*above, "", *aligned(self._rows()), *below])

    def _rows(self) -> list[tuple[str, ...]]:
        rows = [("", "value", "95% interval", "at least")]
        for name, one in self.estimates.items():
            low, high = one.interval
            least = "-" if one.lower_bound is None else f"{one.lower_bound:.4g}"
            mark = " *" if any(HEAVY_TAIL in warning for warning in one.warnings) else ""
            rows.append((name, f"{one.value:.4g}{mark}", f"[{low:.4g}, {high:.4g}]", least))
        return rows

    def _around(self) -> tuple[list[str], list[str]]:
        """Return the lines above the table, and those below."""
        first, lines = next(iter(self.estimates.values())), list[str]()
        if first.p_value is not None:
            lines += ["", first.verdict(first.p_value)]
        lines += first.how_read.lines()
        lines += [f"{name}: not estimated: {why}" for name, why in self.skipped.items()]
        broken = [check for check in self.checks if not check.holds]
        if self.checks:
            lines += ["", f"{len(self.checks) - len(broken)} of {len(self.checks)} known inequalities hold"]
        lines += [
            f"violated: {one.statement} ({one.name}): {one.left:.4g} > {one.right:.4g}" for one in broken
        ]
        if any(row[1].endswith("*") for row in self._rows()):
            lines.append("* Heavy-tailed: at large ratios this value relies on the critic's extrapolation.")
        warnings = dict.fromkeys(warning for one in self.estimates.values() for warning in one.warnings)
        return [first.basis], [*lines, *(f"warning: {one}" for one in warnings if HEAVY_TAIL not in one)]
