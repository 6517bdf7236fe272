"""Latents: the truncation trick, and seeds that mean the same picture with and without it."""

import math

import pytest
import torch
from exported import trained
from scipy.stats import kstest, truncnorm

from fgan.errors import FganError
from fgan.training.sampling import truncated


@pytest.mark.parametrize("threshold", [1e-3, 0.7, 2.0, 30.0])
def test_truncated_latents_are_truncated_normal_and_keep_their_order(threshold):
    z = torch.randn(20_000, generator=torch.Generator().manual_seed(0))
    cut = truncated(z, threshold)
    assert cut.dtype == z.dtype and cut.abs().max() <= threshold
    assert kstest(cut.numpy(), truncnorm(-threshold, threshold).cdf).pvalue > 0.01
    order = z.argsort()
    assert (cut[order].diff() >= 0).all() and (cut.sign() == z.sign()).all()
    if threshold == 30:
        assert torch.allclose(cut, z, atol=1e-6)


@pytest.mark.parametrize("threshold", [0, -1, math.inf, math.nan])
def test_a_threshold_that_is_none_is_refused(threshold):
    with pytest.raises(FganError, match=r"--truncate must be above 0 and finite.*got"):
        trained().sample(4, truncate=threshold)


def test_samples_are_truncated_where_asked_and_only_there():
    one = trained(classes=3)
    plain, cut = one.sample(500, seed=2), one.sample(500, seed=2, truncate=0.3)
    assert torch.equal(plain, one.sample(500, seed=2)) and not torch.equal(plain, cut)
    assert cut.std(0).mean() < 0.6 * plain.std(0).mean()
