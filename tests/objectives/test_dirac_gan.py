"""The Dirac-GAN: P = δ_0, Q = δ_θ and a critic v = ψx, two numbers that show what converges and what circles.

Mescheder, Geiger, Nowozin, "Which training methods for GANs do actually converge?" (2018), §2 and §4.
"""

import itertools
import math

import pytest
import torch
from cases import one_fast, together
from catalogue import REGULAR

from fgan.divergences import divergence
from fgan.objectives import OBJECTIVES, build_objective, squared_gradient
from fgan.objectives.penalties import PENALTIES, Seen

KINDS = ("saturating", "non-saturating")


class DiracGAN:
    """The two players' losses at (ψ, θ); the critic has a constant, at which it is undecided."""

    def __init__(self, objective, penalty=None, gamma=0.0):
        self.objective, self.gamma = objective, gamma
        self.penalty = PENALTIES[penalty](objective.divergence) if penalty else None
        self.middle = getattr(objective, "middle", 0.0)

    def losses(self, psi, theta):
        real, fake = torch.zeros(1, 1, dtype=torch.float64, requires_grad=True), theta.view(1, 1)
        v_real, v_fake = ((psi * x + self.middle).view(-1) for x in (real, fake))
        critic = self.objective.critic(v_real, v_fake)
        if self.penalty:
            critic = critic + self.gamma * self.penalty(self.seen(psi, real, fake))
        return critic, self.objective.generator(v_fake, v_real)

    def seen(self, psi, real, fake):
        own = self.penalty.points(real, fake, self.penalty.draws(real, torch.Generator().manual_seed(0)))
        points = [real, fake] if own is None else [real, fake, own]
        x = torch.cat(points)
        v = (psi * x).view(-1)
        slopes = squared_gradient(v, x)
        return Seen(v[:1], v[1:2], slopes[:1], slopes[1:2], slopes[2:])

    def slopes(self):
        """Of the critic's loss and of minus the generator's by an output on a sample, where undecided."""
        v = torch.full((1,), self.middle, dtype=torch.float64)
        v_fake = v.clone().requires_grad_()
        losses = self.objective.critic(v, v_fake), -self.objective.generator(v_fake, v)
        return [torch.autograd.grad(loss, v_fake)[0].item() for loss in losses]

    def eigenvalues(self):
        """Of the Jacobian of the simultaneous gradient field (-∂ψ of the critic's loss, -∂θ of the generator's)."""
        at = [torch.zeros((), dtype=torch.float64, requires_grad=True) for _ in range(2)]
        rows = []
        for loss, player in zip(self.losses(*at), at, strict=True):
            (downhill,) = torch.autograd.grad(-loss, player, create_graph=True)
            second = torch.autograd.grad(downhill, at, allow_unused=True, retain_graph=True)
            rows.append(torch.stack([torch.zeros_like(at[0]) if part is None else part for part in second]))
        found = torch.linalg.eigvals(torch.stack(rows))
        return sorted(found.tolist(), key=lambda value: (value.real, value.imag))

    def play(self, steps=240, lr=0.2):
        """Play alternately and return θ over the last quarter."""
        psi, theta = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (0.2, 0.5))
        path = []
        for step in range(steps):
            for player, which in ((psi, 0), (theta, 1)):
                (slope,) = torch.autograd.grad(self.losses(psi, theta)[which], player)
                with torch.no_grad():
                    player -= lr * slope
            if step >= 3 * steps // 4:
                path.append(theta.item())
        return torch.tensor(path)


def predicted(gamma, slopes):
    """-γ/2 ± √(γ²/4 - f'(0)²), with the product of both players' slopes for f'(0)²."""
    product = slopes[0] * slopes[1]
    root = complex(gamma**2 / 4 - product) ** 0.5
    return sorted([-gamma / 2 - root, -gamma / 2 + root], key=lambda value: (value.real, value.imag))


@together("objective, penalty, gamma", itertools.product(OBJECTIVES, ("r1", "r2"), (0.0, 0.3, 1.0, 5.0)))
def test_the_eigenvalues_under_r1_and_r2_are_mescheders(objective, penalty, gamma):
    game = DiracGAN(build_objective(objective, "gan"), penalty if gamma else None, gamma)
    assert game.eigenvalues() == pytest.approx(predicted(gamma, game.slopes()), abs=1e-7)


@pytest.mark.parametrize("generator", KINDS)
def test_the_slope_for_gan_is_one_half_and_the_damping_critical_at_one(generator):
    objective = build_objective("plain", "gan", generator=generator)
    assert DiracGAN(objective).slopes() == [0.5, 0.5]
    assert DiracGAN(objective).eigenvalues() == pytest.approx([-0.5j, 0.5j])
    assert DiracGAN(objective, "r1", 1.0).eigenvalues() == pytest.approx([-0.5, -0.5], abs=1e-7)
    assert DiracGAN(objective, "r1", 2.0).eigenvalues() == pytest.approx(
        [-1 - math.sqrt(0.75), -1 + math.sqrt(0.75)]
    )


@together("name, generator", itertools.product(REGULAR, KINDS))
def test_every_smooth_divergence_circles_alone_and_converges_with_r1(name, generator):
    for link in divergence(name).links:
        objective = build_objective("plain", name, link=link, generator=generator)
        alone, held = DiracGAN(objective), DiracGAN(objective, "r1", 0.5)
        assert math.prod(alone.slopes()) > 0
        assert [value.real for value in alone.eigenvalues()] == pytest.approx([0.0, 0.0], abs=1e-9)
        assert all(value.real < 0 for value in held.eigenvalues())


@together("name", REGULAR)
def test_the_noise_penalty_damps_by_the_weight_at_p_equal_q(name):
    d = divergence(name, "log-ratio")
    game = DiracGAN(build_objective("plain", name, link="log-ratio"), "noise", 0.8)
    assert game.eigenvalues() == pytest.approx(predicted(0.8 * d.curvature, game.slopes()), abs=1e-7)
    assert all(value.real < 0 for value in game.eigenvalues())


@pytest.mark.parametrize("penalty", ["gp", "dragan"])
def test_a_slope_of_one_is_no_equilibrium(penalty):
    """At (0, 0) the wish for a slope drives the critic away; where the slope is 1 the generator must move."""
    game = DiracGAN(build_objective("plain", "gan"), penalty, 1.0)
    assert game.eigenvalues()[-1].real > 1


@pytest.mark.parametrize("penalty", ["gp-one-sided", "lecam"])
def test_penalties_that_are_flat_near_the_equilibrium_do_not_damp_there(penalty):
    game = DiracGAN(build_objective("plain", "gan"), penalty, 1.0)
    assert game.eigenvalues() == pytest.approx([-0.5j, 0.5j])


@pytest.mark.parametrize("objective", one_fast(["plain", "relativistic", "wasserstein"]))
@pytest.mark.parametrize(
    ("penalty", "converges"),
    [(None, False), ("r1", True), ("r2", True), ("gp", False), ("gp-one-sided", False), ("dragan", False)],
)
def test_the_alternating_game(objective, penalty, converges):
    last = DiracGAN(build_objective(objective, "gan"), penalty, 1.0).play().abs()
    assert last.max() < 1e-3 if converges else last.max() > 0.1


@pytest.mark.parametrize("name", one_fast(["gan", "kl", "reverse-kl", "squared-hellinger", "jeffreys"]))
def test_the_alternating_game_with_noise(name):
    assert DiracGAN(build_objective("plain", name, link="log-ratio"), "noise", 1.0).play().abs().max() < 1e-3
