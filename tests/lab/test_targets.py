"""The targets are what they say: densities that sum to one, and samples that follow them."""

import math

import pytest
import torch

from fgan.lab import Settings
from fgan.lab.targets import MAKERS, target_of

DRAWN = {
    "drawn": Settings(target="drawn", points=((0.0, 0.0), (1.0, 0.5), (2.0, -1.0))),
    "rows": Settings(target="rows", points=tuple((math.sin(k), 1e3 + k / 40) for k in range(80))),
    "rows on a line": Settings(target="rows", points=tuple((3.0, float(k)) for k in range(20))),
}
EVERY = {name: Settings(target=name) for name in MAKERS} | DRAWN


@pytest.fixture(params=EVERY.values(), ids=EVERY.keys())
def target(request):
    return target_of(request.param)


def grid(target, cells):
    (low, high), *_ = target.view
    cell = (high - low) / cells
    axes = [start + (torch.arange(cells) + 0.5) * cell for start, _ in target.view]
    points = torch.cartesian_prod(*axes).view(-1, target.dimension).double()
    return points, cell**target.dimension


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_densities_sum_to_one_in_the_view(target, smoothing):
    points, area = grid(target, 500 if target.dimension == 2 else 4000)
    smoothing *= target.view[0][1] - target.view[0][0]
    total = float(target.log_density(points, smoothing / 10).exp().sum()) * area
    assert total == pytest.approx(1, abs=2e-3)


def test_samples_follow_the_density(target):
    x = target.sample(20_000, torch.Generator().manual_seed(3)).double()
    points, area = grid(target, 300)
    weights = target.log_density(points).exp() * area
    mean = (weights[:, None] * points).sum(0)
    spread = (weights[:, None] * (points - mean).square()).sum(0).sqrt()
    torch.testing.assert_close(x.mean(0), mean, rtol=0, atol=float(spread.max()) * 0.05)
    torch.testing.assert_close(x.std(0), spread, rtol=0.05, atol=float(spread.max()) * 0.01)
    frame = target.dataset().frame
    torch.testing.assert_close(
        torch.tensor(frame.center).double(), mean, rtol=0, atol=float(spread.max()) * 0.01
    )
    torch.testing.assert_close(
        torch.tensor(frame.scale).double(), spread, rtol=0.02, atol=float(spread.max()) * 0.01
    )


def test_nearly_all_samples_lie_within_three_sigmas(target):
    pieces = target.piece_of(target.sample(5000, torch.Generator().manual_seed(0)))
    assert (pieces >= 0).float().mean() > (0.98 if target.dimension == 2 else 0.99)
    assert int(pieces.max()) < len(target.centers)
    if target.modes:
        assert set(pieces[pieces >= 0].tolist()) == set(range(len(target.centers)))


def test_the_smaller_scale_of_a_table_is_seen():
    points = tuple((2000.0 + k / 4, 0.3 * (-1) ** k) for k in range(100))
    target = target_of(Settings(target="rows", points=points))
    x = target.sample(5000, torch.Generator().manual_seed(0))
    assert ((x[:, 1].abs() - 1).abs() < 3 * target.sigma).float().mean() > 0.99, (
        "two levels, one deviation off"
    )
    assert (x[:, 1].abs() < 0.25).float().mean() < 0.01


def test_samples_lie_in_the_view(target):
    x = target.sample(2000, torch.Generator().manual_seed(0))
    inside = [(x[:, k] > low) & (x[:, k] < high) for k, (low, high) in enumerate(target.view)]
    assert torch.stack(inside).all(0).float().mean() > 0.99
