"""What the losses are for, on pairs of Gaussians: the generator's gradient, and which divergence it belongs to.

P = N(0, 1), the model is x = μ + σz, and the critic is the best one, whose log-ratio l = log p/q is known.
"""

import math

import pytest
import torch
from cases import together
from catalogue import IDENTIFYING, SMOOTH, with_links
from torch import Tensor

from fgan.divergences import Divergence, divergence
from fgan.divergences.elementary import value_and_slope
from fgan.divergences.newton import invert
from fgan.objectives import GANLoss
from fgan.objectives.baselines import Hinge, LeastSquares
from fgan.objectives.penalties import NoisePenalty, Seen
from fgan.objectives.relativistic import RelativisticLoss
from fgan.objectives.tight import TightLoss

MU, SIGMA = 0.3, 1.1
every_link = together("name, link", with_links(IDENTIFYING))
L = torch.cat([torch.linspace(-4, 4, 40), torch.tensor([-0.01, 0.02])]).double()
"""Log-ratios, none of them 0, where some f'' is infinite."""


def density(x: Tensor, mu: float, sigma: float) -> Tensor:
    return torch.exp(-(((x - mu) / sigma) ** 2) / 2) / (sigma * math.sqrt(2 * math.pi))


def log_ratio(x: Tensor, mu: float = MU, sigma: float = SIGMA) -> Tensor:
    return ((x - mu) / sigma) ** 2 / 2 + math.log(sigma) - x**2 / 2


def exact(d: Divergence, mu: float, sigma: float) -> float:
    """D_f by the trapezoidal rule, which is exact to the last digits for such smooth and fading integrands."""
    x = torch.linspace(-14, 14, 20001, dtype=torch.float64)
    q = density(x, mu, sigma)
    return float((q * d.f(log_ratio(x, mu, sigma).exp())).sum() * (x[1] - x[0]))


def curvature_of_f(d: Divergence, u: Tensor) -> Tensor:
    """f''(u), from f alone."""
    u = u.detach().requires_grad_()
    (slope,) = torch.autograd.grad(d.f(u).sum(), u, create_graph=True)
    return torch.autograd.grad(slope.sum(), u)[0] if slope.requires_grad else torch.zeros_like(u)


def pull(loss, d: Divergence, l: Tensor) -> Tensor:  # noqa: E741
    """The weight w of each sample in the generator's gradient -mean(w ∇l), at the critic whose log-ratios are l."""
    v = invert(d.log_ratio, l).detach().requires_grad_()
    (slope,) = torch.autograd.grad(loss(v), v)
    return -slope * len(l) / value_and_slope(d.log_ratio, v.detach())[1]


@every_link
def test_the_saturating_gradient_weighs_by_u_squared_times_the_curvature(name, link):
    d = divergence(name, link)
    w = L.exp() ** 2 * curvature_of_f(d, L.exp())
    torch.testing.assert_close(
        pull(GANLoss(d, generator="saturating").generator, d, L), w, rtol=1e-5, atol=1e-9
    )


@every_link
def test_the_trick_weighs_by_u_times_the_curvature(name, link):
    d = divergence(name, link)
    w = L.exp() * curvature_of_f(d, L.exp())
    torch.testing.assert_close(pull(GANLoss(d).generator, d, L), w, rtol=1e-5, atol=1e-9)


@every_link
def test_a_generator_divergence_is_followed_whatever_the_critic_was_trained_with(name, link):
    d = divergence(name, link)
    for followed in ("kl", "reverse-kl", "softened-reverse-kl"):
        loss, h = GANLoss(d, generator_divergence=followed), divergence(followed)
        w = L.exp() ** 2 * curvature_of_f(h, L.exp())
        torch.testing.assert_close(pull(loss.generator, d, L), w, rtol=1e-6, atol=1e-9)
        assert loss.follows == followed


@together("name", IDENTIFYING)
def test_the_tight_loss_pulls_as_the_plain_one_where_no_shift_is_due(name):
    """Log-ratios whose ratios have mean 1 over the samples, as the best critic's have over the model."""
    d = divergence(name, "log-ratio")
    l = L - L.exp().mean().log()  # noqa: E741
    kinds = ({"generator": "saturating"}, {"generator": "non-saturating"}, {"generator_divergence": "js"})
    for kind in kinds:
        tight, plain = (pull(loss(d, **kind).generator, d, l) for loss in (TightLoss, GANLoss))
        torch.testing.assert_close(tight, plain, rtol=1e-6, atol=1e-9)


def test_the_tight_loss_pulls_by_the_shifted_ratios():
    """KL's tight bound does not know the critic's constant; the pull does not depend on it."""
    d = divergence("kl")
    ratios = L.softmax(0) * len(L)
    for constant in (-3.0, 7.0):
        torch.testing.assert_close(
            pull(TightLoss(d, generator="saturating").generator, d, L + constant), ratios
        )
        torch.testing.assert_close(
            pull(TightLoss(d, generator_divergence="js").generator, d, L + constant),
            divergence("js").weight(ratios.log()),
        )


def path_gradient(weight: Tensor, z: Tensor) -> tuple[float, float]:
    """-E_Q[w ∇l ∂x] by μ and by σ, for x = μ + σz with the critic held."""
    x = (MU + SIGMA * z).requires_grad_()
    (slope,) = torch.autograd.grad(log_ratio(x).sum(), x)
    terms = -weight * slope * density(z, 0.0, 1.0) * (z[1] - z[0])
    return float(terms.sum()), float((terms * z).sum())


def slopes(value, step: float = 1e-4) -> tuple[float, float]:
    """The derivatives of a function of μ and σ at (MU, SIGMA)."""
    by_mu = (value(MU + step, SIGMA) - value(MU - step, SIGMA)) / (2 * step)
    return by_mu, (value(MU, SIGMA + step) - value(MU, SIGMA - step)) / (2 * step)


@together("name", [name for name in IDENTIFYING if divergence(name).curvature != math.inf])
def test_the_saturating_gradient_is_that_of_the_divergence(name):
    d = divergence(name, "log-ratio")
    z = torch.linspace(-11, 11, 8001, dtype=torch.float64)
    found = path_gradient(pull(GANLoss(d, generator="saturating").generator, d, log_ratio(MU + SIGMA * z)), z)
    assert found == pytest.approx(slopes(lambda *at: exact(d, *at)), rel=1e-5)


@together("name", lambda: [name for name in SMOOTH if "the h with" not in GANLoss(name).follows])
def test_the_trick_s_gradient_is_that_of_the_divergence_it_is_said_to_follow(name):
    d, followed = divergence(name, "log-ratio"), divergence(GANLoss(name).follows.replace(" × ", "*"))
    torch.testing.assert_close(followed.weight(L), d.weight(L) / L.exp(), rtol=1e-6, atol=1e-9)
    if d.identifies_ratio:
        z = torch.linspace(-11, 11, 4001, dtype=torch.float64)
        found = path_gradient(pull(GANLoss(d).generator, d, log_ratio(MU + SIGMA * z)), z)
        assert found == pytest.approx(slopes(lambda *at: exact(followed, *at)), rel=1e-5)


def test_hinge_follows_twice_total_variation():
    tv = divergence("total-variation")
    x = torch.linspace(-14, 14, 200001, dtype=torch.float64)
    best = log_ratio(x).sign()

    def generator(mu: float, sigma: float) -> float:
        """-E_Q[v] with the critic held."""
        loss = Hinge().generator(best[:1]) / best[0]
        return float((density(x, mu, sigma) * best * loss).sum() * (x[1] - x[0]))

    # The sum only knows the kinks to a step of the grid.
    assert slopes(generator, 1e-2) == pytest.approx(
        [2 * slope for slope in slopes(lambda *at: exact(tv, *at), 1e-2)], rel=1e-2
    )


def test_least_squares_pulls_like_the_trick_on_an_eighth_of_triangular():
    v = L.sigmoid().requires_grad_()
    (slope,) = torch.autograd.grad(LeastSquares().generator(v), v)
    weight = -slope * len(L) * (v * (1 - v)).detach()
    d = divergence("triangular")
    torch.testing.assert_close(weight, pull(GANLoss(d).generator, d, L) / 8)


@pytest.mark.parametrize("name", ["js", "gan"])
def test_the_noise_penalty_is_roths(name):
    """E_P[(1 - D)² |∇v|²] + E_Q[D² |∇v|²] with D = sigmoid(v), against ours under Q alone, by quadrature."""
    x = torch.linspace(-14, 14, 4001, dtype=torch.float64).requires_grad_()
    l = log_ratio(x)  # noqa: E741
    slope = torch.autograd.grad(l.sum(), x)[0] ** 2
    x, v = x.detach(), l.detach()
    dx = float(x[1] - x[0])
    p, q, real = density(x, 0.0, 1.0), density(x, MU, SIGMA), v.sigmoid()
    roth = ((p * (1 - real) ** 2 + q * real**2) * slope).sum() * dx
    # The penalty is a mean over samples: the quadrature's weights go into the slopes.
    ours = NoisePenalty(divergence(name))(Seen(v, v, slope, slope * q * dx * len(x), slope[:0]))
    torch.testing.assert_close(2 * ours, roth)


@every_link
def test_the_noise_penalty_is_the_curvature_of_the_conjugate_times_the_slope_of_t(name, link):
    """Roth et al., eq. 8: E_Q[f*''(T) |∇T|²]."""
    d = divergence(name, link)
    if d.local_order is None:
        return
    v = invert(d.log_ratio, L)
    t_slope = value_and_slope(d.real_term, v)[1]
    expected = t_slope**2 / curvature_of_f(d, L.exp())  # f*'' is the reciprocal of f''
    v, one = v[:, None], torch.ones_like(v)[:, None]
    got = 2 * NoisePenalty(d)(Seen(v, v, one, one, one))  # the mean over one sample, in each row
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-9)


# Relativistic pairs: A = P×Q, B = Q×P, on a grid.
GRID = torch.linspace(-9, 9, 451, dtype=torch.float64)


def between_pairs(d: Divergence, mu: float, sigma: float, mu_first: float, sigma_first: float) -> float:
    """D_f(A‖B) with Q = N(mu_first, sigma_first) in A, N(mu, sigma) in B."""
    b = density(GRID, mu, sigma)[:, None] * density(GRID, 0.0, 1.0)
    ratio = (log_ratio(GRID, mu, sigma)[:, None] - log_ratio(GRID, mu_first, sigma_first)).exp()
    return float((b * d.f(ratio)).sum() * (GRID[1] - GRID[0]) ** 2)


def pairwise_gradient(loss: RelativisticLoss) -> tuple[float, float]:
    """The generator's gradient over all pairs (x, y), by μ and by σ, for y = μ + σz and v = log p/q."""
    z = GRID
    y = (MU + SIGMA * z).requires_grad_()
    l_fake = log_ratio(y)
    (l_slope,) = torch.autograd.grad(l_fake.sum(), y)
    v_fake = l_fake.detach().expand(len(z), len(z)).clone().requires_grad_()
    v_real = log_ratio(GRID)[:, None].expand_as(v_fake)
    (slope,) = torch.autograd.grad(loss.generator(v_fake, v_real), v_fake)
    weights = density(GRID, 0.0, 1.0)[:, None] * density(z, 0.0, 1.0) * (GRID[1] - GRID[0]) ** 2
    terms = slope * slope.numel() * weights * l_slope
    return float(terms.sum()), float((terms * z).sum())


@pytest.mark.parametrize("name", ["kl", "js", "reverse-kl", "alpha:0.5", "skew-kl:0.5"])
def test_the_saturating_relativistic_gradient_is_that_of_the_divergence_between_pairs(name):
    expected = slopes(lambda *at: between_pairs(divergence(name), *at, *at))
    assert pairwise_gradient(RelativisticLoss(name, generator="saturating")) == pytest.approx(
        expected, rel=1e-5
    )
    assert pairwise_gradient(RelativisticLoss("gan", generator_divergence=name)) == pytest.approx(
        expected, rel=1e-5
    )


@pytest.mark.parametrize("name", ["kl", "js", "gan", "pearson"])
def test_the_relativistic_trick_follows_h_as_the_exchanged_pairs_move_and_not_otherwise(name):
    h = divergence(GANLoss(name).follows.replace(" × ", "*"))
    found = pairwise_gradient(RelativisticLoss(name))
    assert found == pytest.approx(slopes(lambda *at: between_pairs(h, *at, MU, SIGMA)), rel=1e-5)
    assert found != pytest.approx(slopes(lambda *at: between_pairs(h, *at, *at)), rel=1e-2)


@together("name", IDENTIFYING)
def test_the_relativistic_bound_reaches_the_divergence_between_pairs(name):
    """At P = Q, where the best critic is constant: the divergence is f(1)."""
    v = torch.full((5,), 0.7, dtype=torch.float64)
    d = divergence(name)
    assert -RelativisticLoss(name).critic(v, v).item() == pytest.approx(d.f_at_one, abs=1e-12)


def test_an_activation_that_is_not_odd_leaves_the_relativistic_bound_below():
    v = torch.zeros(5)
    assert -RelativisticLoss("kl", link="paper").critic(v, v).item() == pytest.approx(-math.exp(-1))
