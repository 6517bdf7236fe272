"""Permutation tests of equality (two samples) and of independence (x and y)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fgan.estimation.weights import Weight, Weights

BLOCK = 4_000_000
"""Entries of the permutations that are held at once."""
MOST_PAIRED = 1000
"""Samples that are tested for independence, at most: the critic looks at all their pairs."""


def permutation_p_value(
    log_ratio_p: Tensor,
    log_ratio_q: Tensor,
    permutations: int,
    seed: int = 0,
    weights: Weights = (None, None),
) -> float:
    """Return the p-value of P = Q from log-ratios of samples that had no part in the critic.

    The statistic is the difference of the means of tanh(l/2), which is how sure the critic is, between the two sides;
    labels are permuted among these samples. Where P = Q, the p-value is uniform on {1, ..., B+1}/(B+1) for every
    critic, exactly: ties are broken at random.

    Where there are weights, a sample and its weight stay together, and the statistic is the difference of the weighted
    means over its standard error. Where the weights are distributed alike in both sets, the p-value is as exact;
    otherwise it is asymptotically (Chung and Romano), which holds for the studentised statistic only.

    Args:
        log_ratio_p, log_ratio_q: of samples of P (n,) and of Q (m,).
        permutations: B.
        seed: decides them.
        weights: of the samples.

    Source: Kim, Ramdas, Singh and Wasserman, "Classification accuracy as a proxy for two-sample testing" (2021); Chung
    and Romano, "Exact and asymptotically robust permutation tests" (2013); the permutation test is Fisher's.

    >>> l = torch.linspace(0, 1, 50)
    >>> permutation_p_value(l + 3, l, 999)
    0.001
    """
    generator = torch.Generator().manual_seed(seed)
    scores = (torch.cat([log_ratio_p, log_ratio_q]).double() / 2).tanh()
    n = len(log_ratio_p)
    statistic = _statistic(scores, weights, n)
    sums, left = [], permutations
    while left:
        count = min(left, max(1, BLOCK // len(scores)))
        chosen = torch.rand(count, len(scores), generator=generator).topk(n, 1, sorted=False).indices
        sums.append(statistic(chosen))
        left -= count
    return p_value_of(statistic(torch.arange(n)[None])[0], torch.cat(sums), generator)


def in_blocks(log_ratio: Tensor, weight: Weight, blocks: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return one log-ratio for each block, as sure as its samples are on average, and its weight.

    Args:
        log_ratio: of samples (n,).
        weight: of samples.
        blocks: which block each is of.
    """
    index = blocks.unique(return_inverse=True)[1]
    own = log_ratio.new_ones(len(log_ratio), dtype=torch.float64) if weight is None else weight.double()
    sure = (log_ratio.double() / 2).tanh()
    total = own.new_zeros(int(index.max()) + 1).index_add(0, index, own)
    mean = torch.zeros_like(total).index_add(0, index, own * sure) / total
    return 2 * mean.atanh(), None if weight is None else total


def _statistic(scores: Tensor, weights: Weights, n: int) -> Callable[[Tensor], Tensor]:
    """Return what is compared, (k,), of which samples (k, n) are said to be those of P."""
    if all(one is None for one in weights):
        return lambda chosen: scores[chosen].sum(1)
    sizes = n, len(scores) - n
    weight = torch.cat(
        [
            torch.ones(size, dtype=scores.dtype) if one is None else one / one.mean()
            for one, size in zip(weights, sizes, strict=True)
        ]
    )
    # Of each side: the sums of w, wx, w², w²x, w²x², of which mean and variance are made.
    powers = torch.stack([weight, weight * scores, *(weight.square() * scores**k for k in range(3))])

    def studentised(chosen: Tensor) -> Tensor:
        of_p = powers[:, chosen].sum(-1)
        sides = of_p, powers.sum(-1, keepdim=True) - of_p
        means = [w_x / w for w, w_x, *_ in sides]
        variances = [
            (ww_xx - 2 * mean * ww_x + mean.square() * ww) / w.square()
            for mean, (w, _, ww, ww_x, ww_xx) in zip(means, sides, strict=True)
        ]
        return (means[0] - means[1]) / (variances[0] + variances[1]).clamp(min=1e-300).sqrt()

    return studentised


def independence_p_value(
    critic: Callable[[Tensor], Tensor],
    x: Tensor,
    y: Tensor,
    permutations: int,
    seed: int = 0,
    block: int = 1,
) -> float:
    """Return the p-value of independence from samples that had no part in the critic.

    The statistic is the mean of tanh(l/2), which is how sure the critic is that x and y belong together; the rows of y
    are permuted. Of independent samples the p-value is uniform on {1, ..., B+1}/(B+1) for every critic, exactly.

    Args:
        critic: of rows (x, y).
        x, y: samples that belong together (n, dx), (n, dy), in an order that says nothing but within blocks.
        permutations: B.
        seed: decides them.
        block: rows that stay together, as steps of a series must; then blocks of y are permuted, which is exact if
            blocks are independent.
    """
    n = max(MOST_PAIRED // block, 2) * block
    x, y = x[:n], y[:n]
    n = len(x)
    sure = torch.stack([(critic(torch.cat([one.expand(n, -1), y], 1)).double() / 2).tanh() for one in x])
    generator = torch.Generator().manual_seed(seed)
    rows = torch.arange(n)
    sums = torch.stack([sure[rows, _permuted(n, block, generator)].sum() for _ in range(permutations)])
    return p_value_of(sure.diagonal().sum(), sums, generator)


def _permuted(n: int, block: int, generator: torch.Generator) -> Tensor:
    """Return a random order of n rows in which blocks stay together."""
    order = torch.randperm(n // block, generator=generator)
    return order if block == 1 else (order[:, None] * block + torch.arange(block)).flatten()


def p_value_of(observed: Tensor, permuted: Tensor, generator: torch.Generator) -> float:
    """Return the rank of an observed number among those of permutations (B,), ties broken at random, over B + 1."""
    near = (permuted - observed).abs() <= 1e-12 * (1 + observed.abs())
    above, equal = int(((permuted > observed) & ~near).sum()), int(near.sum())
    rank = above + 1 + int(torch.randint(equal + 1, (), generator=generator))
    return rank / (len(permuted) + 1)
