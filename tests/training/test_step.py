"""A step is the textbook's, for every divergence, and moves each player by its own loss alone."""

import pytest
import torch
from cases import one_fast, together
from catalogue import EVERY
from stepping import step_alone

import fgan
from fgan.objectives import Penalties, build_objective
from fgan.training.player import Player
from fgan.training.step import Batch, Batches, Game, Group, critic_pass


@pytest.mark.parametrize("n_critic", one_fast([3, 1]))
@pytest.mark.parametrize("generator_loss", ["saturating", "non-saturating"])
@together("name", EVERY)
def test_a_step_is_the_textbook_one(name, generator_loss, n_critic):
    """The fused step equals one written naively: networks called batch by batch, .backward(), plain Adam."""
    r1, r2, lr, betas = 0.3, 0.7, 1e-2, (0.5, 0.9)
    loss = fgan.GANLoss(name, generator=generator_loss)
    d = fgan.divergence(name, loss.divergence.link)

    def networks():
        torch.manual_seed(0)
        return torch.nn.Sequential(torch.nn.Linear(3, 2)), torch.nn.Sequential(
            torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1), torch.nn.Flatten(0)
        )

    def draws():
        random = torch.Generator().manual_seed(5)
        return lambda: Batch(torch.randn(6, 2, generator=random), torch.randn(6, 3, generator=random))

    generator, critic = networks()
    players = Player(generator, lr, betas), Player(critic, lr, betas)
    draw = draws()
    game = Game(loss, Penalties(f"r1:{r1},r2:{r2}", d), n_critic=n_critic)
    for step in range(3):
        got = step_alone(*players, game, draw, torch.Generator(), step)

    naive_generator, naive_critic = networks()
    adams = [
        torch.optim.Adam(net.parameters(), lr=lr, betas=betas) for net in (naive_generator, naive_critic)
    ]
    draw = draws()
    for _ in range(3):
        for _ in range(n_critic):
            batch = draw()
            z, x = batch.latent, batch.real.requires_grad_()
            fake = naive_generator(z).detach().requires_grad_()
            bound = d.real_term(naive_critic(x)).mean() - d.fake_term(naive_critic(fake)).mean()
            slopes = [torch.autograd.grad(naive_critic(y).sum(), y, create_graph=True)[0] for y in (x, fake)]
            penalty = sum(w / 2 * g.square().sum(1).mean() for w, g in zip((r1, r2), slopes, strict=True))
            adams[1].zero_grad()
            (penalty - bound).backward()
            adams[1].step()
        v = naive_critic(naive_generator(z))
        generator_value = -(d.fake_term(v) if generator_loss == "saturating" else d.real_term(v)).mean()
        adams[0].zero_grad()
        generator_value.backward()
        adams[0].step()

    for a, b in zip((*generator.parameters(), *critic.parameters()),
                    (*naive_generator.parameters(), *naive_critic.parameters()), strict=True):  # fmt: skip
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
    expected = torch.stack([penalty - bound, generator_value, bound]).detach()
    losses = torch.stack([got.critic_loss, got.generator_loss, got.bound])
    torch.testing.assert_close(losses, expected, rtol=1e-4, atol=1e-5)


def test_a_player_moves_nothing_but_itself():
    generator, critic = torch.nn.Linear(3, 2), torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Flatten(0))
    players = Player(generator, 1e-2, (0.5, 0.9)), Player(critic, 1e-2, (0.5, 0.9))
    before = [p.clone() for p in generator.parameters()]
    game = Game(fgan.GANLoss("kl"), Penalties("none"))
    batch = Batches.of([Batch(torch.randn(4, 2), torch.randn(4, 3))])
    group = Group(game)
    players[1].descend(critic_pass(players[1], [group], batch, players[0](batch.latent).detach(), [[]]).total)
    assert all(torch.equal(a, b) for a, b in zip(before, generator.parameters(), strict=True))
    before = [p.clone() for p in critic.parameters()]
    players[0].descend(critic(generator(torch.randn(4, 3))).mean())
    assert all(torch.equal(a, b) for a, b in zip(before, critic.parameters(), strict=True))


@pytest.mark.parametrize("objective", ["plain", "relativistic", "wasserstein"])
def test_a_single_step_moves_both_players_from_where_they_stand(objective):
    """Algorithm 1: both gradients are those of the same point, as two separate passes give them."""
    torch.manual_seed(0)
    generator = torch.nn.Linear(3, 2)
    critic = torch.nn.Sequential(
        torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1), torch.nn.Flatten(0)
    )
    real, latent = torch.randn(6, 2), torch.randn(6, 3)
    losses = build_objective(objective, "kl", generator="saturating")
    game = Game(losses, Penalties("r1:0.3,r2:0.7"), single_step=True)

    x, fake = real.clone().requires_grad_(), generator(latent)
    apart = fake.detach().requires_grad_()
    v_real, v_fake = critic(x), critic(apart)
    slopes = [
        torch.autograd.grad(v.sum(), at, create_graph=True)[0] for v, at in ((v_real, x), (v_fake, apart))
    ]
    penalty = sum(w / 2 * g.square().sum(1).mean() for w, g in zip((0.3, 0.7), slopes, strict=True))
    critic_gradients = torch.autograd.grad(losses.critic(v_real, v_fake) + penalty, list(critic.parameters()))
    generator_gradients = torch.autograd.grad(
        losses.generator(critic(fake), critic(real)), list(generator.parameters())
    )

    players = Player(generator, 1e-2, (0.5, 0.9)), Player(critic, 1e-2, (0.5, 0.9))
    step_alone(*players, game, lambda: Batch(real, latent), torch.Generator(), 0)
    for player, expected in zip(players, (generator_gradients, critic_gradients), strict=True):
        for a, b in zip(player._gradients, expected, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
