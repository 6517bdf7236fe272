r"""Importance weights of samples: only their ratios matter, and None stands for equal ones.

.. math:: \bar x = \frac{\sum_i w_i x_i}{\sum_i w_i}, \quad
    \operatorname{Var} \bar x \approx \frac{\sum_i w_i^2 (x_i - \bar x)^2}{(\sum_i w_i)^2}, \quad
    n_{\mathrm{eff}} = \frac{(\sum_i w_i)^2}{\sum_i w_i^2}

Source: Kish, "Survey sampling" (1965), for the effective sample size; Hesterberg, "Weighted average importance sampling
and defensive mixture distributions" (1995), for the variance of a weighted mean.
"""

from __future__ import annotations

from torch import Tensor

Weight = Tensor | None
"""One for each sample of a set (n,), positive; None where all are equal."""
Weights = tuple[Weight, Weight]
"""Of two sets."""


def mean_of(x: Tensor, weight: Weight, dim: int = 0) -> Tensor:
    """Return the weighted mean of x along a dimension, of which weight has one for each place.

    >>> import torch
    >>> mean_of(torch.tensor([[1.0], [4.0]]), torch.tensor([2.0, 1.0]))
    tensor([2.])
    """
    if weight is None:
        return x.mean(dim)
    weight = weight.to(x.dtype)
    return (x.movedim(dim, -1) * weight).sum(-1) / weight.sum(-1)


def variance_of_mean(x: Tensor, weight: Weight) -> float:
    """Return the variance of the weighted mean of independent samples x (n,)."""
    if weight is None:
        return float(x.var()) / len(x)
    n = effective_size(weight)
    apart = weight * (x - mean_of(x, weight))
    return float(apart.square().sum() / weight.sum().square()) * n / (n - 1)


def variance_by_blocks(x: Tensor, weight: Weight, blocks: Tensor) -> float:
    """Return the variance of the weighted mean of samples x (n,) of which only blocks are independent.

    Source: Künsch, "The jackknife and the bootstrap for general stationary observations" (1989).

    >>> import torch
    >>> x = torch.tensor([0.0, 0.0, 2.0, 2.0])
    >>> variance_by_blocks(x, None, torch.tensor([0, 0, 1, 1]))  # two samples, and not four
    1.0
    """
    weight = x.new_ones(len(x)) if weight is None else weight
    apart = weight * (x - mean_of(x, weight))
    count = int(blocks.max()) + 1
    sums = apart.new_zeros(count).index_add(0, blocks, apart)
    return float(sums.square().sum() / weight.sum().square()) * count / (count - 1)


def effective_size(weight: Tensor) -> float:
    """Return how many samples of equal weight know as much: Kish's (Σw)² / Σw².

    >>> import torch
    >>> effective_size(torch.tensor([1.0, 1.0, 0.0, 0.0]))
    2.0
    """
    weight = weight.double()
    return float(weight.sum().square() / weight.square().sum())


def size_of(samples: Tensor, weight: Weight) -> float:
    """Return the effective size of a set of samples (n, ...)."""
    return len(samples) if weight is None else effective_size(weight)


def heaviest_fill(samples: Tensor, weight: Weight) -> float:
    """Return n for equal weights, and else Σw / max w: so many samples as heavy as the heaviest make the whole."""
    return len(samples) if weight is None else float(weight.sum() / weight.max())


def some_of(weight: Weight, rows: Tensor) -> Weight:
    """Return the weights of some samples."""
    return None if weight is None else weight[rows]


def of_mean_one(weights: Weights) -> Weights:
    """Return the same weights, each set divided by its mean."""
    p, q = (None if one is None else one / one.mean() for one in weights)
    return p, q


def times(terms: Tensor, weight: Weight) -> Tensor:
    """Return terms (..., n) times weights of mean 1, so that their mean is the weighted one."""
    return terms if weight is None else terms * weight.to(terms.dtype)
