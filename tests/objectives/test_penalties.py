import pytest
import torch
from cases import together
from catalogue import IDENTIFYING, REGULAR, with_links

import fgan
from fgan.divergences import divergence
from fgan.objectives import PENALTIES, squared_gradient
from fgan.objectives.penalties import Dragan, GradientPenalty, LeCam, NoisePenalty, Seen

A = 1.5
REAL, FAKE = torch.tensor([[1.0, 2.0], [0.0, 1.0]]).double(), torch.tensor([[0.5, 0.0], [0.1, -0.3]]).double()
WEIGHED = with_links([name for name in IDENTIFYING if name in REGULAR])


def critic(x):
    """v = a|x|², whose slope is 2a|x|."""
    return A * x.square().sum(1)


def points(penalty, real, fake):
    return penalty.points(real, fake, penalty.draws(real, torch.Generator().manual_seed(0)))


def seen(penalty, real=REAL, fake=FAKE, v=critic):
    own = points(penalty, real, fake)
    parts = [real, fake, real[:0] if own is None else own]
    x = torch.cat(parts).requires_grad_()
    outputs = v(x)
    sizes = [len(part) for part in parts]
    v_real, v_fake, v_own = outputs.split(sizes)
    return Seen(v_real, v_fake, *squared_gradient(outputs, x).split(sizes), v_own), parts[2]


def steepness(x):
    return 2 * A * x.square().sum(1).sqrt()


@pytest.mark.parametrize("name", PENALTIES)
def test_each_penalty_on_a_quadratic_critic(name):
    penalty = PENALTIES[name](divergence("gan"))
    look, own = seen(penalty)
    own = own if len(own) else REAL  # not used
    d_fake = critic(FAKE).sigmoid()
    expected = {
        "r1": (steepness(REAL) ** 2).mean() / 2,
        "r2": (steepness(FAKE) ** 2).mean() / 2,
        "r1-approx": ((critic(own) - critic(REAL)) ** 2).mean() / 2e-6,
        "r2-approx": ((critic(own) - critic(FAKE)) ** 2).mean() / 2e-6,
        "gp": ((steepness(own) - 1) ** 2).mean(),
        "gp-one-sided": ((steepness(own) - 1).clamp(min=0) ** 2).mean(),
        "dragan": ((steepness(own) - 1) ** 2).mean(),
        "noise": (d_fake * steepness(FAKE) ** 2).mean() / 2,
        "lecam": ((critic(REAL) - 0.01 * critic(FAKE).mean()) ** 2).mean()
        + ((critic(FAKE) - 0.01 * critic(REAL).mean()) ** 2).mean(),
    }
    torch.testing.assert_close(penalty(look).detach(), expected[name], rtol=1e-5, atol=1e-6)
    assert penalty.needs_slopes == (name not in ("lecam", "r1-approx", "r2-approx"))


@pytest.mark.parametrize("name", PENALTIES)
def test_the_critic_can_descend_each_penalty(name):
    """The gradient by the critic's a, against finite differences."""
    a = torch.tensor(0.8, dtype=torch.float64, requires_grad=True)

    def value(at):
        penalty = PENALTIES[name](divergence("js"))
        return penalty(seen(penalty, v=lambda x: at * x.square().sum(1))[0])

    if name == "lecam":  # its anchors are given numbers: only the other factor moves
        assert torch.autograd.grad(value(a), a)[0] > 0
        return
    (slope,) = torch.autograd.grad(value(a), a)
    with torch.enable_grad():
        around = (value(a.detach() + 1e-5) - value(a.detach() - 1e-5)) / 2e-5
    torch.testing.assert_close(slope, around.detach(), rtol=1e-5, atol=1e-8)


def test_wgan_gp_looks_at_points_between_data_and_samples():
    real, fake = torch.zeros(500, 3, 4), torch.ones(500, 3, 4)
    own = points(GradientPenalty(None), real, fake)
    assert (own == own[:, :1, :1]).all()  # one share for a whole sample
    assert own.min() >= 0 and own.max() <= 1 and 0.45 < own.mean() < 0.55 and own.std() > 0.25


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_dragan_looks_near_data_on_the_upper_side(dtype):
    real = torch.tensor([[[[-1.0, 1.0]]]] * 2000, dtype=dtype)
    noise = points(Dragan(None), real, real + 100) - real
    assert noise.dtype == dtype
    assert noise.min() >= 0 and noise.max() <= 0.5  # half of the spread, which is 1
    assert noise.mean().item() == pytest.approx(1 / 8, abs=0.01)
    units = torch.tensor([[-1.0, -1000.0], [1.0, 1000.0]] * 2000, dtype=dtype)
    noise = points(Dragan(None), units, units) - units
    torch.testing.assert_close(noise.mean(0), torch.tensor([1 / 8, 125.0], dtype=dtype), rtol=0.1, atol=0)
    one = torch.zeros(1, 1, dtype=dtype)
    assert torch.equal(points(Dragan(None), one, one), one)


@pytest.mark.parametrize("shape", [(3,), (1, 2, 2)], ids=str)
@pytest.mark.parametrize("name", PENALTIES)
def test_points_of_several_critics_are_those_of_each(name, shape):
    penalty, random = PENALTIES[name](divergence("gan")), torch.Generator().manual_seed(0)
    real, fake = torch.rand(2, 2, 5, *shape, generator=random)
    drawn = [penalty.draws(one, random) for one in real]
    if drawn[0] is None:
        assert penalty.points(real, fake, None) is None
        return
    each = [penalty.points(*one) for one in zip(real, fake, drawn, strict=True)]
    torch.testing.assert_close(penalty.points(real, fake, torch.stack(drawn)), torch.stack(each))


@pytest.mark.parametrize("scale", [1.0, 20.0, torch.tensor([2.0, 0.5])], ids=str)
@pytest.mark.parametrize("bend", [0.0, 0.3])
@pytest.mark.parametrize("name", ["r1", "r2"])
def test_the_approximate_penalties_are_the_exact_ones_in_expectation(name, bend, scale):
    """On v = a·x/s + bend |x/s|²/2, in float32 as critics compute."""
    exact, approximate = PENALTIES[name](None), PENALTIES[f"{name}-approx"](None)
    approximate.scale = scale
    n = 20_000
    real, fake = (torch.full((n, 2), at) * scale for at in (0.4, -0.7))
    x = torch.cat([real, fake, points(approximate, real, fake)]).requires_grad_()

    def bent(x):
        at = x / scale
        return at @ torch.tensor([1.0, -2.0]) + bend * at.square().sum(1) / 2

    v = bent(x)
    look = Seen(*v.split(n)[:2], *squared_gradient(v, x, scale).split(n), v.split(n)[2])
    # The mean of n squares of one normal variable, whose standard deviation is the root of two.
    assert approximate(look).item() == pytest.approx(exact(look).item(), rel=4 * (2 / n) ** 0.5)


def test_an_approximate_penalty_sees_the_curvature_where_the_slope_is_none():
    """σ²/8 (2‖H‖² + (tr H)²), with H = 2aI in two dimensions."""
    penalty, zero = PENALTIES["r1-approx"](None), torch.zeros(50_000, 2, dtype=torch.float64)
    look, _ = seen(penalty, zero, zero)
    expected = penalty.sigma**2 / 8 * (2 * 2 * (2 * A) ** 2 + (4 * A) ** 2)
    assert penalty(look).item() == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("name", ["gp", "gp-one-sided", "dragan"])
def test_a_dead_critic_gets_no_infinite_slope(name):
    a = torch.zeros((), dtype=torch.float64, requires_grad=True)
    penalty = PENALTIES[name](None)
    value = penalty(seen(penalty, v=lambda x: a * x.sum(1))[0])
    assert value.item() == pytest.approx(0.0 if name == "gp-one-sided" else 1.0, abs=1e-5)
    assert torch.autograd.grad(value, a)[0].isfinite()


@together("name, link", WEIGHED)
def test_the_noise_penalty_is_a_number_wherever_it_fits(name, link):
    penalty, largest = NoisePenalty(divergence(name, link)), torch.finfo(torch.float32).max / 4
    for value in (-1e4, -88.0, -20.0, -2.0, 0.0, 2.0, 20.0, 88.0, 1e4):
        found = []
        for dtype in (torch.float32, torch.float64):
            v, slope = (torch.tensor([at], dtype=dtype, requires_grad=True) for at in (value, 1.0))
            total = penalty(Seen(v, v, slope, slope, slope))
            slopes = torch.autograd.grad(total, (v, slope), allow_unused=True, materialize_grads=True)
            found.append(torch.stack([total.detach(), *torch.cat(slopes)]))
        assert found[0][0] >= -1e-6
        if (found[1].abs() < largest).all():
            assert found[0].isfinite().all(), (value, found)


@pytest.mark.parametrize("name", [None, "total-variation", "marton", "chi:1.5", "chi:3"])
def test_the_noise_penalty_needs_a_ratio_and_a_weight(name):
    with pytest.raises(fgan.FganError, match=r"the noise penalty .* r1 and r2"):
        NoisePenalty(name and divergence(name))


def test_lecam_remembers():
    first, second = LeCam(None), LeCam(None)
    look, _ = seen(first)
    for _ in range(3):
        first(look)
    assert (first.memory()["anchors"] != 0).all()
    second.memory()["anchors"].copy_(first.memory()["anchors"])
    torch.testing.assert_close(first(look), second(look))
    torch.testing.assert_close(first.memory(), second.memory())
    for _ in range(2000):
        first(look)
    means = torch.stack([critic(REAL).mean(), critic(FAKE).mean()]).float()
    torch.testing.assert_close(first.memory()["anchors"], means[None], rtol=1e-4, atol=0)


@pytest.mark.parametrize("scale", [2.0, torch.tensor([2.0, 0.5])], ids=str)
def test_slopes_by_scaled_inputs(scale):
    """They are those of the critic of x / scale: units do not matter."""
    x = REAL.clone().requires_grad_()
    own = (REAL / scale).requires_grad_()
    torch.testing.assert_close(
        squared_gradient(critic(x), x, scale), squared_gradient(critic(own * scale), own)
    )
