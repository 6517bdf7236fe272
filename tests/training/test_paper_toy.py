"""The paper's toy (section 4.1): a Gaussian fitted to a mixture of two, by each of five divergences."""

import pytest
import torch
from stepping import step_alone

import fgan
from fgan.networks import MLPCritic, MLPGenerator
from fgan.objectives import GANLoss, Penalties, faded
from fgan.training.averaging import ExponentialAverage
from fgan.training.player import Player
from fgan.training.step import Batch, Game

# (μ, σ) at which quadrature finds each divergence smallest, and how small it is there.
OPTIMUM = {
    "kl": (1.0100, 1.8307, 0.2831),
    "reverse-kl": (1.5781, 1.6312, 0.2482),
    "js": (1.3068, 1.7540, 0.1281),
    "jeffreys": (1.3216, 1.7029, 0.5708),
    "pearson": (0.5737, 1.9273, 0.6458),
}
STEPS, LR, FADE = 2500, 1e-2, 400.0


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIMUM)
def test_algorithm_1_finds_the_best_gaussian(name):
    """Both players at once, the bound itself, a critic of two layers of 64 tanh, batches of 1,024: as in the paper."""
    data = fgan.load_data("paper-mixture")
    frame = data.frame
    torch.manual_seed(0)
    players = [
        Player(network, LR, (0.5, 0.9))
        for network in (MLPGenerator(frame, 1, 1, 0), MLPCritic(frame, 64, 2, "tanh"))
    ]
    link = "paper" if name == "pearson" else "log-ratio"  # Pearson's T = 2(u - 1) leaps for a v that is log u
    loss = GANLoss(name, generator="saturating", link=link)
    game = Game(loss, Penalties("none"), single_step=True)
    average, random = ExponentialAverage(players[0].network, 0.99), torch.Generator().manual_seed(0)

    def draw():
        return Batch(data.train.draw(1024, random), torch.randn(1024, 1, generator=random))

    bounds = []
    for step in range(STEPS):
        for player in players:
            player.optimizer.lr = LR * faded(step, FADE)
        bounds.append(step_alone(*players, game, draw, random, step).bound)
        average.update(step)
    mean = average.network(torch.zeros(1, 1)).item()
    spread = abs(average.network(torch.ones(1, 1)).item() - mean)
    mu, sigma, least = OPTIMUM[name]
    assert mean == pytest.approx(mu, rel=0.04)
    assert spread == pytest.approx(sigma, rel=0.04)
    assert torch.stack(bounds[-300:]).mean().item() == pytest.approx(least, rel=0.08)
