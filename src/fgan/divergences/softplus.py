"""log(1 + e^x) and its relatives, with every digit a type can hold."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

LOG2 = math.log(2.0)
NEGLIGIBLE = 80.0
"""Beside e^80 no type has a digit left for 80 or more, until e^x overflows."""


def softplus(x: Tensor) -> Tensor:
    """Return log(1 + e^x), elementwise; unlike `F.softplus` it keeps every digit of a float64 beyond x = 20."""
    return -F.logsigmoid(-x)


def log_softplus(x: Tensor) -> Tensor:
    """Return log log(1 + e^x), elementwise, also where log(1 + e^x) = e^x is too small for the type.

    >>> log_softplus(torch.tensor([-1000.0, 0.0]))
    tensor([-1000.0000,    -0.3665])
    """
    return torch.where(x < -30, x, softplus(x.clamp(min=-30)).log())


def exp_minus_softplus(x: Tensor) -> Tensor:
    """Return e^x - log(1 + e^x), elementwise; +inf at +inf, where the difference alone would be NaN."""
    return x.exp() - softplus(x.clamp(max=NEGLIGIBLE))


def log_cosh_half(x: Tensor) -> Tensor:
    """Return log cosh(x/2), elementwise."""
    return torch.where(x < 0, softplus(x) - x / 2, softplus(-x) + x / 2) - LOG2
