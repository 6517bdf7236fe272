r"""Logistic regression of P against Q on a ridge path: log-ratios that are linear in a few fixed features.

Gaussians, exponentials and their whole family have a log-ratio that is linear or quadratic, and margins that differ
show in functions of single coordinates: nothing flexible comes near a regression that has the right features.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from fgan.estimation.inputs.edges import edges_of
from fgan.estimation.inputs.outliers import ranked_columns
from fgan.estimation.weights import Weights, mean_of, of_mean_one, times

RIDGES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.001, 1e-4)
"""Penalties on half the squared coefficients of standardised features, beside the mean loss of a sample."""
MOST_FEATURES = 600
KNOTS = 12
"""Places of a coordinate where a spline may bend, at most."""
FEWEST_KNOTS = 3
OUTERMOST = 2.0
"""Where the outermost knots are, as normal quantiles."""
BENDS = (0.1, 0.03, 0.01, 0.003, 0.001, 3e-4, 1e-4, 3e-5)
"""Penalties on half the squared bends of splines."""
STRAIGHT = 1e-3
"""The penalty on what of a spline does not bend."""
FINE = 20
MAX_STEPS, TOLERANCE = 20, 2e-6
SLOW = 0.3
"""A step that is to gain more than this share of what the one before was is taken with a curvature too old."""
PATIENCE = 2
"""After so many lighter penalties that are no better, the rest of the path is not fitted."""

Features = Callable[[Tensor], Tensor]


def linear(x: Tensor) -> Tensor:
    """Return x (n, d) itself."""
    return x


def quadratic(x: Tensor) -> Tensor:
    """Return x and all products of two of its coordinates, (n, d (d + 3) / 2)."""
    first, second = torch.triu_indices(x.shape[1], x.shape[1])
    return torch.cat([x, x[:, first] * x[:, second]], 1)


def squares(x: Tensor) -> Tensor:
    """Return x and its squares, (n, 2d)."""
    return torch.cat([x, x.square()], 1)


def fine(x: Tensor) -> Tensor:
    """Return x and hats around points at every fifth of a spread, for any function of a few coordinates, (n, 42d)."""
    places = torch.arange(-FINE, FINE + 1) / 5
    hats = (1 - (x[:, :, None] - places).abs() * 5).clamp_(min=0.0)
    return torch.cat([x, hats.flatten(1)], 1)


def feature_maps(dimension: int) -> list[Features]:
    """Return the maps to features that this many coordinates allow, the simplest first."""
    sizes = {
        linear: dimension,
        quadratic: dimension * (dimension + 3) // 2,
        squares: 2 * dimension,
    }
    maps = [one for one in (linear, quadratic) if sizes[one] <= MOST_FEATURES]
    return maps if len(maps) > 1 or sizes[squares] > MOST_FEATURES else [*maps, squares]


@dataclass(frozen=True)
class Products:
    """Features of scaled inputs (n, d): each coordinate, and all products of two of some of them.

    Args:
        columns: coordinates that are multiplied.
    """

    columns: Tensor

    @property
    def __name__(self) -> str:
        """What regressions on these features are called."""
        return "products"

    def __call__(self, x: Tensor) -> Tensor:
        """Return x and the products (n, d + k (k + 1) / 2)."""
        some = x[:, self.columns]
        first, second = torch.triu_indices(some.shape[1], some.shape[1])
        return torch.cat([x, some[:, first] * some[:, second]], 1)


def products_of(p: Tensor, q: Tensor) -> Products | None:
    """Return the products of coordinates with more than two values; None where `quadratic` has them, or for too many.

    Many words make many coordinates of 0 and 1: too many for all products, but not for those of the numbers.

    >>> words, numbers = torch.eye(60), torch.arange(120.0).reshape(60, 2)
    >>> products_of(torch.cat([words, numbers], 1), torch.cat([words, numbers], 1)).columns.tolist()
    [60, 61]
    """
    dimension = p.shape[1]
    if quadratic in feature_maps(dimension):
        return None
    between = columns_between(p, q)
    few = len(between) > 1 and dimension + len(between) * (len(between) + 1) // 2 <= MOST_FEATURES
    return Products(between) if few else None


@dataclass(frozen=True)
class Splines:
    r"""Features whose sums are any functions of single coordinates: each of them, and what of it is above its knots.

    .. math:: \sum_i \beta_i x_i + \sum_i c_i x_i^2 / 2 + \sum_{i,k} b_{ik} (x_i - t_{ik})_+

    A coefficient b is how much the slope changes at a knot, so that a penalty on its square makes functions smooth. The
    square goes on bending beyond the outermost knots, as log-ratios of normal tails do.

    Args:
        columns: coordinates that bend (c,).
        knots: of each, in increasing order (c, k).
    """

    columns: Tensor
    knots: Tensor

    @property
    def __name__(self) -> str:
        """What regressions on these features are called."""
        return "splines"

    def __call__(self, x: Tensor) -> Tensor:
        """Return the features (n, d + c (k + 1)) of scaled inputs (n, d)."""
        bent = x[:, self.columns]
        above = (bent[:, :, None] - self.knots).clamp_(min=0.0)
        return torch.cat([x, bent.square() / 2, above.flatten(1)], 1)


def splines_of(p: Tensor, q: Tensor) -> Splines | None:
    """Return splines with knots at quantiles of both sides' samples (n, d), (m, d); None for too many coordinates.

    >>> x = torch.linspace(0, 1, 1001)[:, None]
    >>> splines_of(x, x).knots[0, [0, 11]]
    tensor([0.0230, 0.9770])
    """
    columns = columns_between(p, q)
    knots = min(KNOTS, (MOST_FEATURES - p.shape[1]) // max(len(columns), 1) - 1)
    if not len(columns) or knots < FEWEST_KNOTS:
        return None
    chances = torch.special.ndtr(torch.linspace(-OUTERMOST, OUTERMOST, knots))
    ranked = [ranked_columns(side[:, columns]) for side in (p, q)]
    places = [(chances * (len(side) - 1)).round().long() for side in ranked]
    middles = (ranked[0][places[0]] + ranked[1][places[1]]) / 2
    return Splines(columns, middles.T.contiguous())


def columns_between(p: Tensor, q: Tensor) -> Tensor:
    """Return which coordinates of samples (n, d), (m, d) have more than two values."""
    low, high = torch.minimum(p.amin(0), q.amin(0)), torch.maximum(p.amax(0), q.amax(0))
    return (((p > low) & (p < high)).any(0) | ((q > low) & (q < high)).any(0)).nonzero().flatten()


def logistic_loss(log_ratio_p: Tensor, log_ratio_q: Tensor, weights: Weights = (None, None)) -> Tensor:
    """Return ½ E_P[log(1 + e^-l)] + ½ E_Q[log(1 + e^l)] over the last axis; least at l = log(p/q).

    Weights, where there are some, have the mean 1.

    >>> logistic_loss(torch.zeros(3), torch.zeros(2))
    tensor(0.6931)
    """
    on_p, on_q = (times(F.softplus(x), w) for x, w in zip((-log_ratio_p, log_ratio_q), weights, strict=True))
    return (on_p.mean(-1) + on_q.mean(-1)) / 2


@dataclass(frozen=True)
class Regression:
    """A log-ratio that is linear in features.

    Args:
        features: from scaled inputs (n, d).
        coefficients: one for each feature.
        intercept: a number.
    """

    features: Features
    coefficients: Tensor
    intercept: Tensor

    @property
    def description(self) -> str:
        """The kind of its features."""
        return self.features.__name__

    def __call__(self, z: Tensor) -> Tensor:
        """Return the log-ratios (n,) of scaled inputs (n, d)."""
        return torch.addmv(self.intercept, self.features(z), self.coefficients)

    def times(self, factor: float) -> Regression:
        """Return the log-ratio times a factor."""
        return Regression(self.features, factor * self.coefficients, factor * self.intercept)


def best_regression(
    p: Tensor,
    q: Tensor,
    p_stop: Tensor,
    q_stop: Tensor,
    weights: Weights = (None, None),
    weights_stop: Weights = (None, None),
    maps: list[Features] | None = None,
    bends: bool = True,
) -> Regression | None:
    """Return the regression on scaled inputs (n, d) that loses least on the stopping samples; None for too many inputs.

    Where none beats l = 0, there is nothing to be seen: a hundredth of the first one is left, which says in what
    direction one would look, and costs nothing.

    Args:
        p, q, p_stop, q_stop: scaled inputs (n, d) that train and stop.
        weights, weights_stop: of these.
        maps: instead of those that suit the number of coordinates.
        bends: whether splines are among them.
    """
    first, best, least, edges = None, None, math.log(2), edges_of(p, q)
    splines = splines_of(p, q) if bends else None
    others = [one for one in (splines, products_of(p, q), edges) if one]
    for features in [*(maps or feature_maps(p.shape[1])), *others]:
        patience = math.inf if features is edges else PATIENCE  # a step needs a large coefficient
        path = ridge_path(features, p, q, weights)
        heaviest, better, least = best_of(path, p_stop, q_stop, weights_stop, least, patience)
        first, best = first or heaviest, better or best
    return best or (first and first.times(0.01))


def best_of(
    path: Iterator[Regression],
    p_stop: Tensor,
    q_stop: Tensor,
    weights_stop: Weights = (None, None),
    least: float = math.log(2),
    patience: float = PATIENCE,
) -> tuple[Regression, Regression | None, float]:
    """Return the first regression of a path, the best one, None where none loses less than others did, and the loss.

    Args:
        path: from the heaviest penalty to the lightest.
        p_stop, q_stop: scaled inputs (n, d) that choose.
        weights_stop: of these.
        least: what the best one so far loses; l = 0 loses log 2.
        patience: after so many that are no better, the rest is not fitted.
    """
    weights_stop, waited, first, best = of_mean_one(weights_stop), 0, None, None
    for regression in path:
        first = first or regression
        loss = float(logistic_loss(regression(p_stop), regression(q_stop), weights_stop))
        waited = 0 if loss < least else waited + 1
        if loss < least:
            best, least = regression, loss
        if waited == patience:
            break
    assert first is not None, "there is a penalty"
    return first, best, least


def ridge_path(
    features: Features, p: Tensor, q: Tensor, weights: Weights = (None, None)
) -> Iterator[Regression]:
    """Fit logistic regressions of scaled inputs (n, d), from the heaviest penalty to the lightest.

    Newton's method, each from where the one before ended; both sides count one half, however many samples they have.
    """
    x_p, x_q = features(p), features(q)
    center = (mean_of(x_p, weights[0]) + mean_of(x_q, weights[1])) / 2
    x = torch.cat([x_p - center, x_q - center])
    weight = torch.cat(
        [
            times(x.new_full((len(side),), 0.5 / len(side)), one)
            for side, one in zip((p, q), of_mean_one(weights), strict=True)
        ]
    )
    spread = (weight @ x.square()).sqrt()
    spread = torch.where(spread > 1e-6 * spread.max(), spread, torch.inf)  # a constant feature says nothing
    bent = isinstance(features, Splines)
    if bent:
        spread[p.shape[1] :] = 1.0  # a bend is one in units of the inputs
    x = torch.cat([x / spread, x.new_ones(len(x), 1)], 1)
    sign = torch.cat([x.new_full((len(p),), -1.0), x.new_ones(len(q))])
    w, curvature = x.new_zeros(x.shape[1]), None
    for ridge in BENDS if bent else RIDGES:
        penalty = torch.full_like(w, ridge)
        penalty[-1] = 0.0
        if bent:
            penalty[: p.shape[1]] = STRAIGHT
        w, curvature = _newton(x, weight, sign, penalty, w, curvature)
        coefficients = w[:-1] / spread
        yield Regression(features, coefficients, w[-1] - center @ coefficients)


def _newton(
    x: Tensor, weight: Tensor, sign: Tensor, penalty: Tensor, w: Tensor, curvature: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Minimise the weighted mean of log(1 + e^(sign x w)) + ½ penalty w² from w on.

    The curvature of the mean costs far more than a slope does, and changes little from one penalty to the next: it is
    computed anew only where steps with the old one go forward slowly.

    Returns:
        w, and the curvature of the mean that the last step took.
    """
    margin = sign * (x @ w)

    def loss_at(margin: Tensor, w: Tensor) -> float:
        return float(weight @ F.softplus(margin) + (penalty * w.square()).sum() / 2)

    loss, before = loss_at(margin, w), math.inf
    for _ in range(MAX_STEPS):
        probability = margin.sigmoid()
        slope = x.T @ (weight * sign * probability) + penalty * w
        if curvature is None:
            curvature = (x * (weight * probability * (1 - probability))[:, None]).T @ x
        step = torch.linalg.solve(curvature + torch.diag(penalty + 1e-6), slope)
        ahead = sign * (x @ step)
        share, new = 1.0, loss_at(margin - ahead, w - step)
        while new > loss and share > 1e-3:
            share /= 2
            new = loss_at(margin - share * ahead, w - share * step)
        gain = float(slope @ step) / 2
        if new > loss:  # the last digits of float32 are reached
            break
        w, margin, loss = w - share * step, margin - share * ahead, new
        if gain < TOLERANCE:
            break
        if share < 1 or gain > SLOW * before:
            curvature = None
        before = gain
    return w, curvature
