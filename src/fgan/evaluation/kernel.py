"""The kernel distance between two sets of features, known as KID where the features are Inception's."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fgan.evaluation.domain import require_memory_of
from fgan.evaluation.jackknife import GROUPS, Jackknife, group_of, jackknife, leave_out, sum_by_group
from fgan.output import watched

FEW = 1000
"""Most cubic monomials that are summed in place of all pairs: those of 16 columns."""


def kernel_distance(samples: Tensor, reference: Tensor, block: int = 500) -> Jackknife:
    r"""Return the unbiased squared MMD of features (n, d) and (m, d) under k(x, y) = (xᵀy/d + 1)³.

        It is computed from all pairs instead of an average over subsets of 1,000: the same expectation with less noise.
    It is 0 on average for two sets of the same distribution, whatever their size, so it can be negative.

        Source: Bińkowski et al., "Demystifying MMD GANs" (2018), §4; Gretton et al. (2012), eq. 3.

        >>> x = torch.randn(100, 3, generator=torch.Generator().manual_seed(0))
        >>> kernel_distance(x, x).value < 0
        True
    """
    sizes, monomials = (len(samples), len(reference)), math.comb(samples.shape[1] + 3, 3)
    by_monomials = monomials <= min(FEW, *(size // 2 for size in sizes))
    at_once = block * (monomials if by_monomials else max(sizes))
    require_memory_of("kid", 8 * (sum(sizes) * samples.shape[1] + 4 * at_once), samples, reference)
    x, y = samples.double(), reference.double()
    if by_monomials:
        f, g = (_sums_of_monomials(z, block) for z in (x, y))
        xx, yy, xy = f @ f.T, g @ g.T, f @ g.T
    else:
        xx, yy, xy = _block_sums(x, x, block), _block_sums(y, y, block), _block_sums(x, y, block)
    n, m = (leave_out(torch.bincount(group_of(len(z), z.device)).double()) for z in (x, y))
    xx, yy = (without_groups(sums - _diagonal(z).diag()) for sums, z in ((xx, x), (yy, y)))
    return jackknife(xx / (n * (n - 1)) + yy / (m * (m - 1)) - 2 * without_groups(xy) / (n * m))


def without_groups(sums: Tensor) -> Tensor:
    """From sums over pairs by their two groups (B, B) make that of all, then those without each group: (1 + B,)."""
    total = sums.sum()
    # The row and the column of a group both hold what lies within it.
    return torch.cat([total[None], total - sums.sum(0) - sums.sum(1) + sums.diag()])


def _block_sums(x: Tensor, y: Tensor, block: int) -> Tensor:
    """Return the kernel's sums over pairs by the groups of both, (B, B); of a set with itself at half the work."""
    rows, columns = group_of(len(x), x.device), group_of(len(y), y.device)
    member = torch.nn.functional.one_hot(columns).double()
    sums = torch.zeros(GROUPS, GROUPS, dtype=torch.float64, device=x.device)
    for start in watched(range(0, len(x), block), "kid"):
        part = slice(start, start + block)
        if x is not y:
            sums.index_add_(0, rows[part], _kernel(x[part] @ y.T, x.shape[1]) @ member)
            continue
        k = _kernel(x[part] @ y[start:].T, x.shape[1])
        size = len(k)
        sums.index_add_(0, rows[part], k[:, :size] @ member[part])
        beyond = torch.zeros_like(sums).index_add_(0, rows[part], k[:, size:] @ member[start + size :])
        sums += beyond + beyond.T
    return sums


def _sums_of_monomials(x: Tensor, block: int) -> Tensor:
    """Return sums by group (B, D) of f(x), where f(x)ᵀf(y) is the kernel: all cubic monomials of (x/√d, 1)."""
    d = x.shape[1]
    of = torch.combinations(torch.arange(d + 1, device=x.device), 3, with_replacement=True)
    equal = (of[:, :-1] == of[:, 1:]).sum(1)  # neighbours of a sorted triple
    orders = torch.tensor([6.0, 3.0, 1.0], dtype=x.dtype, device=x.device)[equal]
    factors = torch.nn.functional.pad(x / math.sqrt(d), (0, 1), value=1.0)
    groups = group_of(len(x), x.device)
    sums = x.new_zeros(GROUPS, len(of))
    for start in watched(range(0, len(x), block), "kid"):
        part = slice(start, start + block)
        sums.index_add_(0, groups[part], factors[part][:, of].prod(2))
    return sums * orders.sqrt()


def _diagonal(x: Tensor) -> Tensor:
    """Return the kernel's sums over pairs of a sample with itself, by group (B,)."""
    return sum_by_group(_kernel(x.square().sum(1), x.shape[1]))


def _kernel(products: Tensor, dimension: int) -> Tensor:
    k = products.div_(dimension).add_(1)
    return k.square().mul_(k)
