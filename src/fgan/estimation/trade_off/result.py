"""A frontier of precision and recall: the curve with its band, its summaries, as text, JSON and a figure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from fgan.data.tables import HowRead
from fgan.errors import FganError
from fgan.estimation.trade_off.curve import Curve
from fgan.estimation.trade_off.plot import draw
from fgan.output import aligned, html_lines, html_picture, html_table, jsonable

if TYPE_CHECKING:
    from fgan.figure import Figure

WEIGHTED = 8.0
"""The β of F_β and F_1/β that summarise a frontier, as in Sajjadi et al."""
AT = 0.9
"""The precision, and the recall, at which the table shows the other."""


@dataclass(frozen=True)
class Banded:
    """A number with its 95% interval.

    >>> str(Banded(0.5, 0.4, 0.6))
    '0.5  [0.4, 0.6]'
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return text such as 0.5  [0.4, 0.6]."""
        return f"{self.value:.4g}  [{self.low:.4g}, {self.high:.4g}]"


@dataclass(frozen=True)
class Frontier:
    r"""The frontier of precision and recall of samples Q for data P, with a pointwise 95% band.

    At slope λ, precision is α(λ) = ∫ min(λp, q) and recall β(λ) = α(λ)/λ. Intervals of summaries come from the ends of
    the band.

    Args:
        slope: λ, ascending; the middle one is 1: float64 (k,).
        precision, recall: the best estimate of the frontier (k,).
        low, high: 95% band of the precision at the same slope (k,); over the slope, that of the recall.
        shortfall: how far the critics are estimated to be above the frontier; `precision` has it taken off (k,).
        method: the method used.
        reason: why this method was chosen.
        n_p, n_q: number of samples of P and of Q.
        names: what P and Q are.
        categories: whether both are categories, so that the band needs no assumption.
        warnings: reasons to trust the frontier less.
        n_effective: effective sample sizes of P and of Q; None if samples have no weights.
        how_read: how each column and file was interpreted.
        curve: computes the curve at other slopes.
        guide: a smoother curve, which says where scores are largest (k,).
    """

    slope: Tensor
    precision: Tensor
    recall: Tensor
    low: Tensor
    high: Tensor
    shortfall: Tensor
    method: str
    reason: str
    n_p: int
    n_q: int
    names: tuple[str, str]
    categories: bool
    warnings: tuple[str, ...]
    n_effective: tuple[float, float] | None
    how_read: HowRead
    curve: Callable[[Tensor], Curve] = field(repr=False)
    guide: Tensor = field(repr=False)

    def f_score(self, beta: float = 1.0) -> Banded:
        r"""Return the largest F_β on the frontier, (1 + β²) α(λ) / (1 + β² λ); β above 1 favours recall.

        F_8 summarises recall, F_1/8 precision.

        Raises:
            FganError: for a β that is not above 0.
        """
        if not 0 < beta < math.inf:
            raise FganError(f"beta must be above 0 and finite; got {beta}.")
        return self._largest((1 + beta**2) / (1 + beta**2 * self.slope), torch.zeros_like(self.slope))

    @property
    def area(self) -> Banded:
        """The area under the frontier: 1 for equal distributions, 0 for separate ones."""
        step = math.pi / 2 / (len(self.slope) + 1)
        weight = torch.full_like(self.slope, step / 2)
        weight[[0, -1]] += step / 4  # up to the axes
        found = (
            float(weight @ (one.square() * (1 + self.slope**-2)))
            for one in (self.precision, self.low, self.high)
        )
        return Banded(*(min(one, 1.0) for one in found))

    @property
    def overlap(self) -> Banded:
        """The largest precision that equals its recall: ∫ min(p, q), 1 less the total variation."""
        middle = len(self.slope) // 2
        return Banded(*(float(one[middle]) for one in (self.precision, self.low, self.high)))

    def precision_at(self, recall: float) -> Banded:
        """Return the largest precision at this recall.

        Raises:
            FganError: for a recall outside 0 to 1.
        """
        _require_share("recall", recall)
        return Banded(*(_at(one / self.slope, one, recall) for one in (self.precision, self.low, self.high)))

    def recall_at(self, precision: float) -> Banded:
        """Return the largest recall at this precision.

        Raises:
            FganError: for a precision outside 0 to 1.
        """
        _require_share("precision", precision)
        turned = ((one.flip(0), (one / self.slope).flip(0)) for one in (self.precision, self.low, self.high))
        return Banded(*(_at(precisions, recalls, precision) for precisions, recalls in turned))

    def type_two_error(self, type_one_error: float) -> Banded:
        r"""Return the least error of a test of P against Q that takes data for samples this often.

        .. math:: T(a) = \sup_\lambda [\alpha(\lambda) - \lambda a]

        This is the trade-off curve of hypothesis testing: T(a) = 1 - a if both are equal, 0 if they are separate.

        Raises:
            FganError: for an error outside 0 to 1.

        Source: Dong, Roth and Su, "Gaussian differential privacy" (2022), for trade-off curves.
        """
        _require_share("type_one_error", type_one_error)
        return self._largest(torch.ones_like(self.slope), -self.slope * type_one_error)

    def hockey_stick(self, gamma: float = 1.0) -> Banded:
        r"""Return the hockey-stick divergence E_γ(P‖Q) = 1 - γ α(1/γ) - (1 - γ)_+; γ = 1 is the total variation.

        Raises:
            FganError: for a γ that is not above 0.
        """
        if not 0 < gamma < math.inf:
            raise FganError(f"gamma must be above 0 and finite; got {gamma}.")
        point = self.curve(torch.tensor([1 / gamma], dtype=torch.float64))
        shift = max(1 - gamma, 0.0)
        value, high, low = (
            max(1 - gamma * float(one) - shift, 0.0) for one in (point.value, point.low, point.high)
        )
        return Banded(value, low, high)

    def _largest(self, factor: Tensor, shift: Tensor) -> Banded:
        """Return the largest factor · α + shift over all slopes, where the guide has it."""
        values, lows, highs = (factor * one + shift for one in (self.precision, self.low, self.high))
        best = int((factor * self.guide + shift).argmax())
        return Banded(*(min(max(float(one), 0.0), 1.0) for one in (values[best], lows[best], highs.max())))

    @property
    def summary(self) -> dict[str, Banded]:
        """The numbers that the table shows, by name."""
        return {
            "F_8 (recall)": self.f_score(WEIGHTED),
            "F_1/8 (precision)": self.f_score(1 / WEIGHTED),
            "area": self.area,
            "overlap": self.overlap,
            f"precision at recall {AT}": self.precision_at(AT),
            f"recall at precision {AT}": self.recall_at(AT),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-serialisable dict."""
        curve = {
            name: getattr(self, name).tolist() for name in ("slope", "precision", "recall", "low", "high")
        }
        found = {
            **self.summary,
            "curve": curve,
            "shortfall": float(self.shortfall.max()),
            "band": self.claim,
            "method": self.method,
            "reason": self.reason,
            "n_p": self.n_p,
            "n_q": self.n_q,
            "names": self.names,
            "warnings": self.warnings,
            "how_read": self.how_read,
        }
        if self.n_effective is not None:
            found["n_effective"] = self.n_effective
        return jsonable(found)

    @property
    def claim(self) -> str:
        """What the band covers, in plain words."""
        if self.categories:
            return (
                "95% band at each point, for the frontier of the distributions: its upper end from held-out "
                "shares, its lower end from all of them"
            )
        return (
            "no precision and recall are above the upper end, however good the critic is (97.5% at each point). The "
            f"lower end counts what chance costs these critics (at most {float(self.shortfall.max()):.2g}), but not "
            "differences that critics of this kind cannot see: those can only lower the frontier"
        )

    def plot(self) -> Figure:
        """Return a figure: precision against recall, and the trade-off between both errors of a test."""
        return draw(self)

    def __repr__(self) -> str:
        """Return the same text as `str`, for an interactive prompt."""
        return str(self)

    def _repr_html_(self) -> str:
        rows, lines = self._parts()
        picture = html_picture(self.plot()._repr_png_(), "precision against recall, with a 95% band")
        return html_table(rows) + html_lines(lines) + picture

    def __str__(self) -> str:
        """Return the summary as a table, with what the band covers and the warnings."""
        rows, lines = self._parts()
        return "\n".join([*aligned(rows), *lines])

    def _parts(self) -> tuple[list[tuple[str, ...]], list[str]]:
        rows = [("", "value", "95% interval")]
        rows += [
            (name, f"{one.value:.4g}", f"[{one.low:.4g}, {one.high:.4g}]")
            for name, one in self.summary.items()
        ]
        sizes = ["", ""] if self.n_effective is None else [f" (n_eff = {n:,.4g})" for n in self.n_effective]
        basis = (
            f"samples {self.names[1]} ({self.n_q:,}{sizes[1]}) for data {self.names[0]} ({self.n_p:,}{sizes[0]}); "
            f"{self.method} ({self.reason})"
        )
        warned = [f"warning: {one}" for one in self.warnings]
        return rows, [basis, f"band: {self.claim}", *self.how_read.lines(), *warned]


def _require_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise FganError(f"{name} must be between 0 and 1; got {value}.")


def _at(x: Tensor, y: Tensor, where: float) -> float:
    """Return y where x, which falls as y rises, is this; 0 where x is never so large."""
    x, y = x.flip(0).cummax(0).values, y.cummax(0).values.flip(0)
    place = int(torch.searchsorted(x, torch.tensor(where, dtype=x.dtype)))
    if place == 0:
        return float(y[0])
    if place == len(x):
        return 0.0
    share = (where - float(x[place - 1])) / (float(x[place]) - float(x[place - 1]))
    return float(y[place - 1]) + share * (float(y[place]) - float(y[place - 1]))
