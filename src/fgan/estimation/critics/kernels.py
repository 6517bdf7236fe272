r"""Density ratios as sums of Gaussian kernels: uLSIF, RuLSIF and KLIEP, each the solution of a convex problem.

.. math:: r(x) = \sum_j \theta_j e^{-|x - c_j|^2 / (2 s^2)}, \quad c_j \text{ samples of } P

The width s and the ridge are those that lose least on the stopping samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.estimation.critics.scaling import Scaling, scaling_of
from fgan.estimation.designs.design import Critic, Job
from fgan.estimation.weights import Weight, Weights, mean_of, of_mean_one, times

CENTERS = 200
WIDTHS = (0.2, 0.35, 0.6, 1.0, 1.8)
"""Kernel widths in units of the median distance between samples."""
RIDGES = (1e-3, 1e-2, 1e-1, 1.0)
SMALLEST = 1e-3
"""A ratio below it is taken for it: sums of kernels with signs may fall below 0."""
STEPS = 300


@dataclass(frozen=True)
class KernelRatio:
    """A ratio p / (α p + (1 - α) q) that is a sum of kernels, turned into log(p/q).

    Args:
        scaling: of the inputs.
        centers: scaled (b, d).
        width: s.
        weights: θ (b,).
        relative: α.
        description: what it is.
    """

    scaling: Scaling
    centers: Tensor
    width: float
    weights: Tensor
    relative: float
    description: str

    def __call__(self, x: Tensor) -> Tensor:
        """Return log(p/q) (n,) of samples (n, d)."""
        return torch.cat([self._some(part) for part in x.split(4096)])

    def _some(self, x: Tensor) -> Tensor:
        ratio = _kernel(self.scaling(x), self.centers, self.width) @ self.weights
        if not self.relative:
            return ratio.clamp(min=SMALLEST).log()
        alpha = self.relative
        ratio = ratio.clamp(SMALLEST, (1 - SMALLEST) / alpha)
        return (ratio * (1 - alpha) / (1 - alpha * ratio)).log()


class LeastSquares:
    r"""uLSIF, and with α > 0 RuLSIF: the least squares fit of r_α = p / (αp + (1-α)q), in closed form.

    .. math:: \theta = (\hat H + \lambda I)^{-1} \hat h, \quad
        \hat H = \alpha E_P[\phi\phi^T] + (1 - \alpha) E_Q[\phi\phi^T], \; \hat h = E_P[\phi]

    Args:
        relative: α; the ratio is at most 1/α.

    Source: Kanamori, Hido and Sugiyama, "A least-squares approach to direct importance estimation" (2009); Yamada et
    al., "Relative density-ratio estimation for robust distribution comparison" (2013).
    """

    def __init__(self, relative: float = 0.0) -> None:
        self.relative = relative

    def __call__(self, jobs: list[Job]) -> list[Critic]:
        """Return a critic for each job."""
        return [_best(self._fits(job)) for job in jobs]

    def _fits(self, job: Job) -> Iterator[tuple[float, KernelRatio]]:
        name, alpha = "rulsif" if self.relative else "ulsif", self.relative
        for seen in _all_widths(job):
            of_p, of_q = seen.weights
            of_p_stop, of_q_stop = seen.weights_stop
            second = alpha * _gram(seen.p, of_p) + (1 - alpha) * _gram(seen.q, of_q)
            first = mean_of(seen.p, of_p)
            for ridge in RIDGES:
                eye = torch.eye(len(first), dtype=first.dtype)
                weights = torch.linalg.solve(second + ridge * eye, first)
                p, q = seen.p_stop @ weights, seen.q_stop @ weights
                squares = float(
                    alpha * mean_of(p.square(), of_p_stop) + (1 - alpha) * mean_of(q.square(), of_q_stop)
                )
                what = f"{name}, width {seen.width:.3g}, ridge {ridge:g}"
                yield squares / 2 - float(mean_of(p, of_p_stop)), seen.ratio(weights, alpha, what)


class KLIEP:
    r"""KLIEP: the largest likelihood E_P[log r] of a ratio with θ >= 0 and E_Q[r] = 1, a concave problem.

    With every kernel divided by its mean under Q, the weights are those of a mixture, and the steps of
    expectation-maximisation for a mixture's weights lead to the best.

    Source: Sugiyama et al., "Direct importance estimation with model selection and its application to covariate shift
    adaptation" (2008).
    """

    def __call__(self, jobs: list[Job]) -> list[Critic]:
        """Return a critic for each job."""
        return [_best(self._fits(job)) for job in jobs]

    def _fits(self, job: Job) -> Iterator[tuple[float, KernelRatio]]:
        for seen in _all_widths(job):
            of_p, of_q = seen.weights
            of_p_stop, of_q_stop = seen.weights_stop
            means = mean_of(seen.q, of_q).clamp(min=1e-12)
            p = seen.p / means
            shares = torch.full_like(means, 1 / len(means))
            for _ in range(STEPS):
                new = shares * mean_of(p / (p @ shares).clamp(min=1e-300)[:, None], of_p)
                done = float((new - shares).abs().sum()) < 1e-6
                shares = new
                if done:
                    break
            weights = shares / means
            likelihood = float(mean_of((seen.p_stop @ weights).clamp(min=SMALLEST).log(), of_p_stop))
            # The likelihood alone would be won by a ratio that is too large.
            loss = float(mean_of(seen.q_stop @ weights, of_q_stop)) - likelihood
            yield loss, seen.ratio(weights, 0.0, f"kliep, width {seen.width:.3g}")


@dataclass(frozen=True)
class _Kernels:
    """All samples of a job seen through the kernels of one width, float64 (n, b)."""

    scaling: Scaling
    centers: Tensor
    width: float
    p: Tensor
    q: Tensor
    p_stop: Tensor
    q_stop: Tensor
    weights: Weights
    weights_stop: Weights

    def ratio(self, weights: Tensor, relative: float, description: str) -> KernelRatio:
        return KernelRatio(self.scaling, self.centers, self.width, weights, relative, description)


def _best(fits: Iterator[tuple[float, KernelRatio]]) -> KernelRatio:
    """Return the ratio of the least loss."""
    return min(fits, key=lambda fit: fit[0])[1]


def _all_widths(job: Job) -> Iterator[_Kernels]:
    scaling = scaling_of(job.p, job.q)
    parts = [scaling(x) for x in (job.p, job.q, job.p_stop, job.q_stop)]
    centers = parts[0][:CENTERS]
    both = torch.cat([centers, parts[1][:CENTERS]])
    apart = torch.pdist(both)
    median = float(apart[apart > 0].median()) if bool((apart > 0).any()) else 1.0
    for width in WIDTHS:
        seen = [_kernel(x, centers, width * median) for x in parts]
        yield _Kernels(
            scaling, centers, width * median, *seen, weights=job.weights, weights_stop=job.weights_stop
        )


def _kernel(x: Tensor, centers: Tensor, width: float) -> Tensor:
    return torch.exp(-torch.cdist(x.double(), centers.double()).square() / (2 * width**2))


def _gram(x: Tensor, weight: Weight) -> Tensor:
    weight, _ = of_mean_one((weight, None))
    return times(x.T, weight) @ x / len(x)
