"""The f-GAN paper's section 4.1: a Gaussian fitted to a mixture of two, by each of several divergences.

Each run is Algorithm 1: both players move at once, the generator down the bound itself, against a critic of two
layers of 64 tanh on batches of 1,024 of each kind. Three things differ from the paper, all for the sake of less
noise: Adam moves the players, by steps that become shorter; what counts is the average of their weights over the last
steps; and the latents of a batch are stratified, one in each of 1,024 equally likely strata of the normal law, which
changes no expectation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from fgan.data import Dataset, load_data
from fgan.divergences import Divergence, divergence
from fgan.draws import DrawnFrom
from fgan.errors import DivergedError
from fgan.evaluation.jackknife import Uncertain
from fgan.experiments.paper.quadrature import exact_divergence
from fgan.networks import MLPCritic, MLPGenerator
from fgan.objectives import GANLoss, Penalties, faded
from fgan.training.averaging import ExponentialAverage
from fgan.training.player import Player
from fgan.training.step import Batch, Batches, Game, Group, two_player_step

BATCH, WIDTH, DEPTH = 1024, 64, 2
LR, BETAS, DECAY = 1e-2, (0.5, 0.9), 0.996
FADES = 4.0
"""The step size ends at 1/(1 + FADES) of what it was."""
LARGEST_PASS = 100_000
"""Samples that a critic looks at together."""


@dataclass(frozen=True, kw_only=True)
class ToySettings:
    """How long to train and how well to measure.

    Args:
        steps: of both players; the critic that prices all divergences then has a third as many to itself.
        n: fresh samples of each kind that a bound is computed from.
    """

    steps: int = 1500
    n: int = 1_000_000


@dataclass(frozen=True)
class Price:
    """A divergence of the data from a trained Gaussian: exactly, and as a bound from fresh samples."""

    exact: float
    estimate: Uncertain


@dataclass(frozen=True)
class ToyRun:
    """One trained Gaussian.

    Args:
        divergence: the name of what it was trained by.
        seed: of its run.
        mu, sigma: mean and standard deviation.
        own: the divergence it was trained by, estimated by its own critic.
        prices: every divergence asked for, all estimated by one critic that knows log(p/q).
    """

    divergence: str
    seed: int
    mu: float
    sigma: float
    own: Price
    prices: dict[str, Price]


def train_toy(name: str, seed: int, priced: tuple[str, ...], settings: ToySettings) -> ToyRun:
    """Fit a Gaussian to the paper's mixture by a divergence, and measure how far it is from it.

    Its own critic gives its bound. All divergences are priced by another, trained by Jeffreys' against the generator
    at rest, as its log(p/q) is good where either density is large. Bounds are of fresh samples, drawn independently,
    so that each is at most the exact value in expectation.

    Args:
        name: a divergence of the catalogue.
        seed: decides the initial weights and every draw.
        priced: divergences to price the trained Gaussian by.
        settings: how long, how many.

    Raises:
        FganError: for what cannot be trained.
        DivergedError: where the Gaussian is none.
    """
    setup = ToySetup(seed)
    loss = GANLoss(name, generator="saturating", link=link_of(name))
    trained, own = setup.play(setup.new_generator(), setup.new_critic(), loss, settings.steps)
    mu, sigma = gaussian_of(trained)
    if not (math.isfinite(mu) and 0 < sigma < math.inf):
        raise DivergedError(
            f"{name}, seed {seed}: training did not end in a Gaussian; got μ = {mu}, σ = {sigma}."
        )
    jeffreys = GANLoss("jeffreys", generator="saturating", link="log-ratio")
    _, ratio = setup.play(trained, setup.new_critic(), jeffreys, settings.steps // 3, at_rest=True)
    real, fake = setup.fresh(mu, sigma, settings.n)
    v_own, v_ratio = ((outputs(critic, real), outputs(critic, fake)) for critic in (own, ratio))

    def price(of: Divergence, v: tuple[Tensor, Tensor]) -> Price:
        return Price(exact_divergence(of, mu, sigma), bound(of, *v))

    prices = {other: price(divergence(other, "log-ratio"), v_ratio) for other in priced}
    return ToyRun(name, seed, mu, sigma, price(loss.divergence, v_own), prices)


def link_of(name: str) -> str:
    """Return how a critic's output becomes the bound: as log(p/q), unless that leaps or has no gradient."""
    # T has a 2u, and so leaps where the output is log u; under their own links it is the output itself.
    leaps = name in ("pearson", "symmetric-chi2")
    return "paper" if leaps or not divergence(name).smooth else "log-ratio"


class ToySetup:
    """The data, the networks and the draws of one run.

    Args:
        seed: decides all of them.
    """

    def __init__(self, seed: int) -> None:
        self._weights = torch.Generator().manual_seed(seed)
        self.random = torch.Generator().manual_seed(seed)
        self.data: Dataset = load_data("paper-mixture")
        self.frame = self.data.frame

    def new_generator(self) -> nn.Module:
        """Return μ + σ z, at random."""
        with DrawnFrom(self._weights):
            return MLPGenerator(self.frame, latent=1, depth=0)

    def new_critic(self) -> nn.Module:
        """Return the paper's critic, at random."""
        with DrawnFrom(self._weights):
            return MLPCritic(self.frame, WIDTH, DEPTH, "tanh")

    def play(
        self, generator: nn.Module, critic: nn.Module, loss: GANLoss, steps: int, *, at_rest: bool = False
    ) -> tuple[nn.Module, nn.Module]:
        """Let both players move, by steps that become shorter, and return the averages of their weights.

        Args:
            generator, critic: where they begin; they are moved.
            loss: what they play for.
            steps: how many.
            at_rest: the generator does not move.
        """
        generator.requires_grad_(True)  # averages come without
        players = Player(generator, LR, BETAS), Player(critic, LR, BETAS)
        averages = [ExponentialAverage(player.network, DECAY) for player in players]
        groups = [Group(Game(loss, Penalties("none"), single_step=True))]
        for step in range(steps):
            lr = LR * faded(step, steps / FADES)
            players[0].optimizer.lr, players[1].optimizer.lr = 0.0 if at_rest else lr, lr
            two_player_step(*players, groups, [self.draw()], [[]])
            for average in averages:
                average.update(step)
        return averages[0].network, averages[1].network

    def draw(self) -> Batches:
        """Return a batch of one member: data, and one latent in each stratum."""
        shares = torch.arange(BATCH) + torch.rand(BATCH, generator=self.random, dtype=torch.float64)
        latent = torch.special.ndtri(shares.clamp(min=1e-12) / BATCH).float()
        return Batches.of([Batch(self.data.train.draw(BATCH, self.random), latent.unsqueeze(1))])

    def fresh(self, mu: float, sigma: float, n: int) -> tuple[Tensor, Tensor]:
        """Return n independent samples (n, 1) of the data and of a Gaussian, which nobody has seen."""
        return self.data.held_out.draw(n, self.random), mu + sigma * torch.randn(n, 1, generator=self.random)


def gaussian_of(generator: Callable[[Tensor], Tensor]) -> tuple[float, float]:
    """Return μ and σ of a generator μ + σ z, σ without its sign."""
    with torch.no_grad():
        mean, above = generator(torch.tensor([[0.0], [1.0]])).double().flatten().tolist()
    return mean, abs(above - mean)


def outputs(critic: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return what a critic says of samples (n, 1), float64 (n,)."""
    with torch.no_grad():
        return torch.cat([critic(part) for part in x.split(LARGEST_PASS)]).double()


def bound(of: Divergence, v_real: Tensor, v_fake: Tensor) -> Uncertain:
    """Return E_P[T] - E_Q[f*(T)] over samples that the critic was not trained on, with its standard error.

    Args:
        of: the divergence, by whose link the outputs are read.
        v_real, v_fake: raw outputs (n,) on data and on samples.
    """
    real, fake = of.real_term(v_real), of.fake_term(v_fake)
    error = real.var() / len(real) + fake.var() / len(fake)
    return Uncertain(float(real.mean() - fake.mean()), float(error) ** 0.5)
