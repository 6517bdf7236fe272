"""The kernel density's log-likelihood is scikit-learn's, by the bandwidth that fits the validation samples best."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KernelDensity

from fgan.evaluation.parzen import log_likelihood


def mean_log_density(x, y, bandwidth):
    return KernelDensity(bandwidth=bandwidth).fit(x.numpy()).score(y.numpy()) / len(y)


@pytest.mark.parametrize(("d", "n", "far"), [(1, 300, 0.0), (5, 2000, 0.0), (20, 300, 40.0)])
def test_it_is_the_best_density_of_a_normal_kernel(d, n, far):
    draw = torch.Generator().manual_seed(0)
    x, y, v = torch.randn(3, n, d, generator=draw, dtype=torch.float64)
    y[0] += far  # so far that its terms are nothing beside one another's
    found, bandwidth = log_likelihood(x, y, v)
    assert found.value == pytest.approx(mean_log_density(x, y, bandwidth), rel=1e-6)
    around = [mean_log_density(x, v, bandwidth * factor) for factor in np.geomspace(0.5, 2, 9)]
    best = mean_log_density(x, v, bandwidth)
    assert max(around) - best < 0.003, "no other bandwidth fits them better"
