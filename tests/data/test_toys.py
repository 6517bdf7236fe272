import math

import pytest
import torch

from fgan.data import load_data
from fgan.data.toys import MOONS_SIGMA

NAMES = ["ring8", "grid25", "paper-mixture", "moons"]
N = 400_000


@pytest.mark.parametrize("name", NAMES)
def test_moments_are_the_ones_the_data_set_states(name, generator):
    data = load_data(name)
    x = data.train.draw(N, generator).double()
    assert x.shape == (N, *data.shape) and data.frame.value_range is None
    center, scale = (torch.tensor(one).double() for one in (data.frame.center, data.frame.scale))
    assert center.shape == scale.shape == data.shape
    noise = scale / math.sqrt(N)
    assert ((x.mean(0) - center).abs() < 5 * noise).all()
    fourth = ((x - x.mean(0)) ** 4).mean(0) - x.var(0) ** 2
    assert ((x.var(0) - scale**2).abs() < 5 * (fourth / N).sqrt()).all()


def test_exact_moments():
    assert list(load_data("ring8").frame.scale) == pytest.approx([math.sqrt(0.5001)] * 2)
    assert list(load_data("ring8").frame.center) == pytest.approx([0, 0], abs=1e-6)
    assert list(load_data("grid25").frame.scale) == pytest.approx([math.sqrt(8.0025)] * 2)
    assert list(load_data("paper-mixture").frame.center) == pytest.approx([1.01])
    assert list(load_data("paper-mixture").frame.scale) == pytest.approx([math.sqrt(3.35135)])
    assert list(load_data("moons").frame.scale) == pytest.approx(
        [math.sqrt(0.7525), math.sqrt(0.565 - 1 / math.pi)]
    )


def test_moons_have_the_moments_of_scikit_learns(generator):
    from sklearn.datasets import make_moons

    theirs, _ = make_moons(200_000, noise=MOONS_SIGMA, random_state=0)
    ours = load_data("moons").train.draw(200_000, generator).numpy()
    assert ours.mean(0) == pytest.approx(theirs.mean(0), abs=0.01)
    assert ours.std(0) == pytest.approx(theirs.std(0), abs=0.01)
    assert ours.min(0) == pytest.approx(theirs.min(0), abs=0.08) and ours.max(0) == pytest.approx(
        theirs.max(0), abs=0.08
    )


@pytest.mark.parametrize(("name", "count", "sigma"), [("ring8", 8, 0.01), ("grid25", 25, 0.05)])
def test_modes_are_where_the_samples_are_and_equally_likely(name, count, sigma, generator):
    data = load_data(name)
    assert data.modes is not None and data.modes.centers.shape == (count, 2) and data.modes.sigma == sigma
    x = data.train.draw(100_000, generator)
    distance, mode = torch.cdist(x, data.modes.centers).min(dim=1)
    assert (distance.square().mean() / 2).sqrt() == pytest.approx(sigma, rel=0.02)
    counts = torch.bincount(mode, minlength=count)
    assert (counts / 100_000 * count - 1).abs().max() < 0.1


@pytest.mark.parametrize(("name", "count"), [("ring8", 8), ("grid25", 25)])
def test_the_class_of_a_mixture_is_its_mode(name, count, generator):
    data = load_data(name)
    x, labels = data.train.draw_labelled(10_000, generator)
    assert data.classes == tuple(str(k) for k in range(count))
    assert torch.equal(torch.cdist(x, data.modes.centers).argmin(dim=1), labels)


def test_the_class_of_a_moon_is_its_half_circle(generator):
    data = load_data("moons")
    x, labels = data.train.draw_labelled(10_000, generator)
    assert data.classes == ("upper", "lower")
    radii = [(x - torch.tensor(center)).norm(dim=1) for center in ((0.0, 0.0), (1.0, 0.5))]
    assert (torch.stack(radii, 1).gather(1, labels[:, None]) - 1).abs().max() < 6 * MOONS_SIGMA
    assert load_data("paper-mixture").classes == ()


def test_mode_centres():
    ring, grid = load_data("ring8").modes, load_data("grid25").modes
    assert ring is not None and grid is not None
    assert torch.allclose(ring.centers.norm(dim=1), torch.ones(8))
    assert torch.cdist(ring.centers, ring.centers).fill_diagonal_(9).min() == pytest.approx(
        2 * math.sin(math.pi / 8)
    )
    expected = {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}
    assert {tuple(center) for center in grid.centers.tolist()} == expected
    assert load_data("moons").modes is None and load_data("paper-mixture").modes is None


def test_the_paper_mixture_has_its_two_components(generator):
    from statistics import NormalDist

    x = load_data("paper-mixture").train.draw(N, generator).flatten()
    left, right = NormalDist(-1, math.sqrt(0.065)), NormalDist(2, math.sqrt(2))
    for point in (-1.5, -1.0, -0.6, 0.0, 1.0, 2.0, 4.0):
        exact = 0.33 * left.cdf(point) + 0.67 * right.cdf(point)
        assert (x < point).float().mean().item() == pytest.approx(exact, abs=0.004)


@pytest.mark.parametrize("name", NAMES)
def test_the_generator_decides_every_sample_and_held_out_is_the_same_distribution(name):
    data = load_data(name)
    draw = data.train.draw(64, torch.Generator().manual_seed(1))
    assert draw.dtype == torch.float32
    assert torch.equal(draw, data.held_out.draw(64, torch.Generator().manual_seed(1)))
    assert not torch.equal(draw, data.train.draw(64, torch.Generator().manual_seed(2)))
