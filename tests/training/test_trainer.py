import copy

import pytest
import torch
from cases import together
from catalogue import EVERY

import fgan
from fgan.data import Dataset, TensorSource
from fgan.frame import Frame
from fgan.objectives import Penalties, build_objective, squared_gradient
from fgan.training.averaging import ExponentialAverage
from fgan.training.players import Batch, Party, Player, Rules, look, two_player_step
from fgan.training.trainer import Trainer


def weights(trainer: Trainer) -> list[torch.Tensor]:
    return [*trainer.generator.parameters, *trainer.critic.parameters]


def test_a_seed_gives_the_same_run_and_another_seed_another(small_config):
    def trained(seed):
        trainer = Trainer(small_config(seed=seed), fgan.load_data("ring8"))
        for _ in range(5):
            trainer.step()
        return trainer

    first, again, other = trained(0), trained(0), trained(1)
    assert all(torch.equal(a, b) for a, b in zip(weights(first), weights(again), strict=True))
    assert first.metrics() == again.metrics()
    assert not any(
        torch.equal(a, b) for a, b in zip(weights(first), weights(other), strict=True) if a.ndim > 1
    )


def test_the_global_random_state_neither_matters_nor_moves(small_config):
    data = fgan.load_data("ring8")
    torch.manual_seed(1)
    first = Trainer(small_config(), data)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    second = Trainer(small_config(), data)
    second.step()
    first.step()
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(weights(first), weights(second), strict=True))


@pytest.mark.parametrize("n_critic", [1, 3])
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
    rules = Rules(loss, Penalties(f"r1:{r1},r2:{r2}", d), n_critic=n_critic)
    for step in range(3):
        got = two_player_step(*players, rules, draw, torch.Generator(), step)

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
    rules = Rules(fgan.GANLoss("kl"), Penalties("none"))
    batch = Batch.stacked([Batch(torch.randn(4, 2), torch.randn(4, 3))])
    party = Party(rules, [torch.Generator()])
    players[1].descend(look(players[1], [party], batch, players[0](batch.latent).detach(), 0).total)
    assert all(torch.equal(a, b) for a, b in zip(before, generator.parameters(), strict=True))
    before = [p.clone() for p in critic.parameters()]
    players[0].descend(critic(generator(torch.randn(4, 3))).mean())
    assert all(torch.equal(a, b) for a, b in zip(before, critic.parameters(), strict=True))


def test_metrics_are_means_over_the_window(small_config):
    data = fgan.load_data("ring8")
    single, window = (Trainer(small_config(), data) for _ in range(2))
    values = []
    for _ in range(4):
        single.step()
        values.append(single.metrics())
        single.reset_metrics()
        window.step()
    for name, mean in window.metrics().items():
        assert mean == pytest.approx(sum(value[name] for value in values) / 4, rel=1e-5)


def test_the_average_starts_fast_and_becomes_slow(small_config):
    trainer = Trainer(small_config(ema=0.9), fgan.load_data("ring8"))
    expected = [p.detach().clone() for p in trainer.generator.parameters]
    for step in range(30):
        trainer.step()
        decay = min(0.9, (1 + step) / (10 + step))
        followed = [p.detach() for p in trainer.generator.parameters]
        expected = [decay * e + (1 - decay) * p for e, p in zip(expected, followed, strict=True)]
    for a, b in zip(trainer.average.network.parameters(), expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
    assert trainer.sampler is trainer.average.network


def test_without_average_samples_come_from_the_generator_itself(small_config):
    trainer = Trainer(small_config(ema=0.0), fgan.load_data("ring8"))
    assert trainer.average is None
    assert trainer.sampler is trainer.generator.network


def test_state_is_the_whole_memory(small_config):
    data = fgan.load_data("moons")
    config = small_config(data="moons")
    one, other = Trainer(config, data), Trainer(config, data)
    for _ in range(7):
        one.step()
    other.load_state({group: {k: v.clone() for k, v in t.items()} for group, t in one.state().items()})
    for trainer in (one, other):
        for _ in range(5):
            trainer.step()
    assert all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))
    assert one.metrics() == other.metrics()
    assert one.steps_done == other.steps_done == 12


def test_every_setting_reaches_the_step(small_config):
    """A trainer under unusual settings takes the steps that its parts, set by hand, take."""
    config = small_config(
        divergence="squared-hellinger", link="log-ratio", generator_loss="saturating", lr=3e-3, beta1=0.7,
        beta2=0.8, n_critic=2, penalties="r1:0.9,gp:0.2:every=2:fade=3", batch_size=12, latent=5, width=8,
        depth=3, activation="tanh", ema=0.6, objective="relativistic", gradient_clip=0.5, critic_clamp=4.0,
        lr_fade=2.0,
    )  # fmt: skip
    data = fgan.load_data("grid25")
    trainer, parts = Trainer(config, data), Trainer(config, data)
    linear = [layer for layer in parts.critic.network.layers if isinstance(layer, torch.nn.Linear)]
    assert [layer.out_features for layer in linear] == [8, 8, 8, 1]
    assert sum(isinstance(layer, torch.nn.Tanh) for layer in parts.generator.network.layers) == 3
    players = [Player(p.network, 3e-3, (0.7, 0.8), 0.5) for p in (parts.generator, parts.critic)]
    objective = build_objective(
        "relativistic", "squared-hellinger", link="log-ratio", generator="saturating", critic_clamp=4.0
    )
    penalties = Penalties("r1:0.9,gp:0.2:every=2:fade=3", objective.divergence, trainer._spread())
    random = torch.Generator().manual_seed(config.seed)

    def draw():
        latent = torch.randn(12, 5, generator=random)
        return Batch(data.train.draw(12, random), latent)

    for step in range(4):
        trainer.step()
        for player in players:
            player.optimizer.lr = 3e-3 / (1 + step / 2)
        two_player_step(*players, Rules(objective, penalties, n_critic=2), draw, random, step)
    assert all(torch.equal(a, b) for a, b in zip(weights(trainer), weights(parts), strict=True))
    assert trainer.average.decay == 0.6


def test_the_average_has_the_buffers_of_the_network():
    network = torch.nn.BatchNorm1d(2)
    average = ExponentialAverage(network, 0.9)
    network(torch.randn(8, 2) + 3)
    average.update(0)
    assert torch.equal(average.network.running_mean, network.running_mean)


@pytest.mark.parametrize("player", ["generator", "critic"])
def test_a_weight_that_is_not_finite_is_noticed(small_config, player):
    trainer = Trainer(small_config(), fgan.load_data("ring8"))
    trainer.step()
    assert trainer.is_finite()
    with torch.no_grad():
        getattr(trainer, player).parameters[1][0] = float("inf")
    assert not trainer.is_finite()


@pytest.mark.parametrize("objective", ["plain", "relativistic", "wasserstein"])
def test_a_single_step_moves_both_players_from_where_they_stand(objective):
    """Algorithm 1: both gradients are those of the same point, as two separate passes give them."""
    torch.manual_seed(0)
    generator = torch.nn.Linear(3, 2)
    critic = torch.nn.Sequential(
        torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1), torch.nn.Flatten(0)
    )
    real, latent = torch.randn(6, 2), torch.randn(6, 3)
    game = build_objective(objective, "kl", generator="saturating")
    rules = Rules(game, Penalties("r1:0.3,r2:0.7"), single_step=True)

    x, fake = real.clone().requires_grad_(), generator(latent)
    apart = fake.detach().requires_grad_()
    v_real, v_fake = critic(x), critic(apart)
    slopes = [
        torch.autograd.grad(v.sum(), at, create_graph=True)[0] for v, at in ((v_real, x), (v_fake, apart))
    ]
    penalty = sum(w / 2 * g.square().sum(1).mean() for w, g in zip((0.3, 0.7), slopes, strict=True))
    critic_gradients = torch.autograd.grad(game.critic(v_real, v_fake) + penalty, list(critic.parameters()))
    generator_gradients = torch.autograd.grad(
        game.generator(critic(fake), critic(real)), list(generator.parameters())
    )

    players = Player(generator, 1e-2, (0.5, 0.9)), Player(critic, 1e-2, (0.5, 0.9))
    two_player_step(*players, rules, lambda: Batch(real, latent), torch.Generator(), 0)
    for player, expected in zip(players, (generator_gradients, critic_gradients), strict=True):
        for a, b in zip(player._gradients, expected, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_a_long_gradient_is_shortened_and_a_short_one_is_not():
    for clip, length in ((1.0, 5.0), (10.0, 5.0)):
        network = torch.nn.Linear(2, 1, bias=False)
        free, clipped = (
            Player(copy.deepcopy(network), 0.1, (0.0, 0.0), limit) for limit in (float("inf"), clip)
        )
        shrink = min(1.0, clip / length)
        for _ in range(2):
            free.move((torch.tensor([[3.0, 4.0]]) * shrink,))
            clipped.move((torch.tensor([[3.0, 4.0]]),))
        assert torch.equal(free.network.weight, clipped.network.weight)
        assert torch.equal(free.optimizer.state()["square.0"], clipped.optimizer.state()["square.0"])
        assert clipped.gradient_norm().item() == pytest.approx(length), "the norm before it was clipped"


@pytest.mark.parametrize("penalties", ["r1:0.5,r2:0.5", "gp:1", "noise:1"])
def test_the_units_of_the_data_change_nothing(small_config, penalties):
    """Millimetres or metres: the same steps, and samples in the data's own units."""
    values = torch.randn(500, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def trained(unit: float) -> Trainer:
        source = TensorSource((values * unit).float())
        center, scale = ((one * unit).float().tolist() for one in (values.mean(0), values.std(0)))
        trainer = Trainer(
            small_config(data="x", penalties=penalties),
            Dataset("x", Frame((3,), None, tuple(center), tuple(scale)), source, source),
        )
        for _ in range(10):
            trainer.step()
        return trainer

    one, other = trained(1.0), trained(1024.0)
    latents = torch.randn(20, one.latent)
    torch.testing.assert_close(one.sample(latents) * 1024, other.sample(latents), rtol=1e-3, atol=1e-2)
    assert one.metrics() == pytest.approx(other.metrics(), rel=1e-3, abs=1e-5)


def test_one_weight_means_the_same_in_two_and_in_many_dimensions(small_config):
    """A critic with the same change across the data has the same penalty, however many pixels carry it."""
    penalised = []
    for side in (2, 16):
        grey = torch.rand(3000, 1, 1, 1, generator=torch.Generator().manual_seed(0)).expand(-1, 1, side, side)
        source = TensorSource(grey.contiguous())
        data = Dataset("x", Frame.of_images((1, side, side)), source, source)
        trainer = Trainer(small_config(data="x", penalties="r1:1"), data)
        x = source.values[:100].clone().requires_grad_()
        v = 7 * x.flatten(1).mean(1)
        rules = trainer.rules.penalties
        slopes = squared_gradient(v, x, rules.scale)
        penalised.append(rules.total(rules.due(0), v, slopes, [50, 50, 0]).item())
    assert penalised[0] == pytest.approx(penalised[1], rel=1e-3)
