"""The numbers below a race agree with the truth where it is known."""

import math

import pytest
import torch

import fgan
from fgan.lab import Race, Settings
from fgan.lab.measures import SAMPLES, Ruler, spread_latents
from fgan.lab.targets import Target, target_of

NAMES = ["kl", "reverse-kl", "js", "gan", "squared-hellinger", "total-variation", "jeffreys", "pearson"]


@pytest.fixture(scope="module")
def ruler():
    return Ruler(target_of(Settings(target="blobs")), 4)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_separates_the_target_from_itself(ruler, name):
    x = ruler.target.sample(400_000, torch.Generator().manual_seed(5))
    assert ruler.exact(fgan.divergence(name), ruler.density(x)) == pytest.approx(0, abs=0.02)
    few = ruler.density(x[:SAMPLES])
    assert 0 <= ruler.exact(fgan.divergence(name), few) < 0.2, "as few as a race draws"


@pytest.mark.parametrize(("name", "truth"), [("kl", 0.5), ("reverse-kl", 0.5), ("jeffreys", 1.0)])
def test_between_two_normals(name, truth):
    """One and the other a standard deviation apart, both smoothed: KL is half of what 1/(1 + h²) leaves."""
    target = Target("normal", torch.zeros(1, 2), torch.ones(1), torch.ones(1))
    ruler = Ruler(target, 4)
    x = torch.randn(400_000, 2, generator=torch.Generator().manual_seed(1)) + torch.tensor([1.0, 0.0])
    truth /= 1 + ruler.smoothing**2
    assert ruler.exact(fgan.divergence(name), ruler.density(x)) == pytest.approx(truth, rel=0.03)


@pytest.mark.parametrize(
    ("name", "truth"),
    [("total-variation", 1), ("js", 2 * math.log(2)), ("squared-hellinger", 2), ("gan", 2 * math.log(2))],
)
def test_of_what_does_not_overlap(name, truth):
    target = Target(
        "far", torch.tensor([[0.0, 0.0], [30.0, 0.0]]), torch.ones(2), torch.tensor([1 - 1e-9, 1e-9])
    )
    ruler = Ruler(target, 2)
    x = torch.randn(50_000, 2, generator=torch.Generator().manual_seed(1)) + torch.tensor([30.0, 0.0])
    assert ruler.exact(fgan.divergence(name), ruler.density(x)) == pytest.approx(truth, rel=0.03)
    assert ruler.exact(fgan.divergence("kl"), ruler.density(x)) > 6


def test_samples_out_of_view_count(ruler):
    x = ruler.target.sample(20_000, torch.Generator().manual_seed(5))
    x[:10_000] += 1000
    assert ruler.exact(fgan.divergence("total-variation"), ruler.density(x)) == pytest.approx(0.5, abs=0.03)
    assert ruler.exact(fgan.divergence("kl"), ruler.density(x)) == pytest.approx(math.log(2), abs=0.05)


@pytest.mark.parametrize("name", ["kl", "js", "total-variation", "gan"])
def test_samples_far_from_all_data_are_far(name):
    ruler = Ruler(target_of(Settings(target="ring")), 4)
    x = torch.full((4096, 2), 6.0)
    d = fgan.divergence(name)
    highest = {"kl": 25.0, "js": 2 * math.log(2), "total-variation": 1.0, "gan": 2 * math.log(2)}[name]
    assert ruler.exact(d, ruler.density(x)) > 0.95 * highest


def test_a_mode_counts_with_a_tenth_of_its_samples():
    target = target_of(Settings(target="blobs"))
    ruler, (left, right) = Ruler(target, 4), target.centers
    few = torch.cat([left.expand(4056, 2), right.expand(40, 2)])
    assert ruler._coverage(few) == (1, 1.0)
    enough = torch.cat([left.expand(3900, 2), right.expand(196, 2)])
    assert ruler._coverage(enough) == (2, 1.0)


def test_on_a_line():
    ruler = Ruler(target_of(Settings(target="mixture")), 2)
    x = ruler.target.sample(200_000, torch.Generator().manual_seed(5))
    q = ruler.density(x)
    assert float(q.sum()) * ruler.cell == pytest.approx(1, abs=1e-3)
    assert ruler.exact(fgan.divergence("kl"), q) == pytest.approx(0, abs=0.02)


def test_every_member_is_measured():
    race = Race(
        Settings(members=NAMES, width=16, critic_width=16, batch=64, lr=3e-3, critic_lr=3e-3, target="blobs")
    )
    ruler = Ruler(race.target, race.latent)
    race.run(until=400)
    for name, found in zip(NAMES, ruler.measure(race), strict=True):
        assert found.modes in (1, 2) and 0 <= found.within <= 1, name
        assert found.bound is not None and found.exact is not None, name
        assert found.bound < found.exact + 0.1, f"{name}: the bound is one, up to smoothing: {found}"


def test_a_member_that_blew_up_has_no_numbers():
    race = Race(Settings(members=["kl", "js"], width=8, critic_width=8))
    with torch.no_grad():
        next(iter(race.trainers[1].generator.network.parameters())).fill_(float("nan"))
    one, other = Ruler(race.target, race.latent).measure(race)
    assert one.bound is not None and (other.bound, other.exact, other.modes) == (None, None, None)


def test_latents_are_normal_and_spread():
    z = spread_latents(SAMPLES, 4)
    assert z.mean(0).abs().max() < 0.01 and (z.std(0) - 1).abs().max() < 0.01
    assert torch.equal(z, spread_latents(SAMPLES, 4))
