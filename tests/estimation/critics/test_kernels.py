"""Kernel ratios: each one's own law."""

import pytest
import torch

from fgan.estimation.critics.kernels import KLIEP, LeastSquares
from fgan.estimation.designs.two_samples import TwoSamples


def test_least_squares_is_the_minimum_of_its_own_loss(gaussians):
    job = TwoSamples(*gaussians(500, 2), 2).job(0)
    (critic,) = LeastSquares()([job])
    ridge = float(critic.description.split("ridge ")[1])

    def loss(weights):
        ratio = [
            torch.exp(
                -(torch.cdist(critic.scaling(x).double(), critic.centers.double()) ** 2)
                / (2 * critic.width**2)
            )
            @ weights
            for x in (job.p, job.q)
        ]
        return ratio[1].square().mean() / 2 - ratio[0].mean() + ridge * weights.square().sum() / 2

    slope = torch.func.grad(loss)(critic.weights)
    assert slope.abs().max() < 1e-8


def test_kliep_is_a_ratio_of_mean_one(gaussians):
    job = TwoSamples(*gaussians(500, 2), 2).job(0)
    (critic,) = KLIEP()([job])
    assert critic(job.q).exp().mean() == pytest.approx(1.0, abs=0.01)
    assert (critic.weights >= 0).all()


def test_a_relative_ratio_is_bounded(gaussians):
    p, q = gaussians(300, 1, kl=8.0)
    job = TwoSamples(p, q, 2).job(0)
    (critic,) = LeastSquares(0.1)([job])
    ratio = critic(torch.cat([p, q])).exp()
    assert (ratio / (0.1 * ratio + 0.9)).max() <= 10
