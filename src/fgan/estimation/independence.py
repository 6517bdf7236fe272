"""A test of independence: could a critic pair x and y so well if they had nothing to do with each other?"""

from __future__ import annotations

import torch
from torch import Tensor

from fgan.estimation.designs.design import Critic
from fgan.estimation.permutation import p_value_of

MOST = 1000
"""Samples that are tested, at most: the critic looks at all their pairs."""


def independence_p_value(critic: Critic, x: Tensor, y: Tensor, permutations: int, seed: int = 0) -> float:
    """Return the p-value of independence from samples that had no part in the critic.

    The statistic is the mean of tanh(l/2), which is how sure the critic is that x and y belong together; the rows of y
    are permuted. Of independent samples the p-value is uniform on {1, ..., B+1}/(B+1) for every critic, exactly.

    Args:
        critic: of rows (x, y).
        x, y: samples that belong together (n, dx), (n, dy), in an order that says nothing.
        permutations: B.
        seed: decides them.
    """
    x, y = x[:MOST], y[:MOST]
    n = len(x)
    sure = torch.stack([(critic(torch.cat([one.expand(n, -1), y], 1)).double() / 2).tanh() for one in x])
    generator = torch.Generator().manual_seed(seed)
    rows = torch.arange(n)
    sums = torch.stack(
        [sure[rows, torch.randperm(n, generator=generator)].sum() for _ in range(permutations)]
    )
    return p_value_of(sure.diagonal().sum(), sums, generator)
