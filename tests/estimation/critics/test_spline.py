"""The spline of one or two coordinates finds any function of them, and nothing where there is nothing."""

import math

import pytest
import torch

import fgan
from fgan.estimation.critics.regression import logistic_loss
from fgan.estimation.critics.spline import splined

NONE = (None, None)


def same(z: torch.Tensor) -> torch.Tensor:
    return z


def draws(n: int, d: int, seed: int) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_a_spline_finds_a_log_ratio_that_no_line_has() -> None:
    random = torch.Generator().manual_seed(0)
    side = (torch.rand(8000, 1, generator=random) < 0.5).float() * 3 - 1.5
    p, q = side + 0.5 * draws(8000, 1, 1), draws(8000, 1, 2)
    found = splined(None, [p[:6000], q[:6000], p[6000:], q[6000:]], same, NONE, NONE)
    assert found is not None
    x = torch.linspace(-2, 2, 41)[:, None]
    normals = [-((x - mean) ** 2) / (2 * 0.25) - math.log(0.5) for mean in (-1.5, 1.5)]
    truth = torch.stack(normals).logsumexp(0) - math.log(2) + x**2 / 2
    assert float((found(x) - truth[:, 0]).abs().mean()) < 0.15


def test_weights_count_as_repeated_samples_do() -> None:
    p, q = draws(600, 1, 3) * 0.5, draws(600, 1, 4)
    stop = [draws(300, 1, 5) * 0.5, draws(300, 1, 6)]
    twice = torch.ones(600)
    twice[:200] = 2.0
    weighted = splined(None, [p, q, *stop], same, (twice, None), NONE)
    repeated = splined(None, [torch.cat([p, p[:200]]), q, *stop], same, NONE, NONE)
    assert weighted is not None and repeated is not None
    x = torch.linspace(-3, 3, 30)[:, None]
    torch.testing.assert_close(weighted(x), repeated(x), atol=1e-4, rtol=1e-4)


def test_a_spline_never_loses_more_than_what_it_corrects_on_what_stops() -> None:
    sides = [draws(500, 2, seed) for seed in range(4)]
    found = splined(None, sides, same, NONE, NONE)
    if found is not None:
        assert float(logistic_loss(found(sides[2]), found(sides[3]))) < math.log(2)


def test_one_coordinate_takes_a_spline_and_no_network() -> None:
    p, q = draws(2000, 1, 0).abs(), draws(2000, 1, 1)
    found = fgan.estimate(p, q, "js")
    assert isinstance(found, fgan.estimation.Estimate)
    assert not any("network" in critic.description for critic in found.source.critics)


@pytest.mark.slow
def test_the_information_of_a_curve_is_found() -> None:
    x = draws(1500, 1, 0)
    found = fgan.mutual_information(x, x.square() + 0.01 * draws(1500, 1, 1))
    assert isinstance(found, fgan.estimation.Information)
    assert found.lower_bound is not None and found.lower_bound > 1.5
