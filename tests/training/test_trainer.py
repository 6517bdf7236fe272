import pytest
import torch
from stepping import step_alone, take_steps

import fgan
from fgan.data import Dataset, TensorSource
from fgan.frame import Frame
from fgan.objectives import Penalties, build_objective, squared_gradient
from fgan.training.averaging import ExponentialAverage
from fgan.training.ensemble import Ensemble
from fgan.training.player import Player
from fgan.training.step import Batch, Game
from fgan.training.trainer import Trainer


def weights(trainer: Trainer) -> list[torch.Tensor]:
    return [*trainer.generator.parameters, *trainer.critic.parameters]


def test_a_seed_gives_the_same_run_and_another_seed_another(small_config):
    def trained(seed):
        trainer = Trainer(small_config(seed=seed), fgan.load_data("ring8"))
        take_steps(trainer, 5)
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
    take_steps(second)
    take_steps(first)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(weights(first), weights(second), strict=True))


def test_metrics_are_means_over_the_window(small_config):
    data = fgan.load_data("ring8")
    single, window = (Trainer(small_config(), data) for _ in range(2))
    values = []
    for _ in range(4):
        take_steps(single)
        values.append(single.metrics())
        single.reset_metrics()
        take_steps(window)
    for name, mean in window.metrics().items():
        assert mean == pytest.approx(sum(value[name] for value in values) / 4, rel=1e-5)


def test_the_average_starts_fast_and_becomes_slow(small_config):
    trainer = Trainer(small_config(ema=0.9), fgan.load_data("ring8"))
    expected = [p.detach().clone() for p in trainer.generator.parameters]
    ensemble = Ensemble([trainer])
    for step in range(30):
        ensemble.step()
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
    take_steps(one, 7)
    other.load_state({group: {k: v.clone() for k, v in t.items()} for group, t in one.state().items()})
    for trainer in (one, other):
        take_steps(trainer, 5)
    assert all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))
    assert one.metrics() == other.metrics()
    assert one.steps_done == other.steps_done == 12


def test_every_setting_reaches_the_step(small_config):
    """A trainer under unusual settings takes the steps that its parts, set by hand, take."""
    config = small_config(
        divergence="squared-hellinger", link="log-ratio", generator_loss="saturating", lr=3e-3, beta1=0.7,
        beta2=0.8, n_critic=2, penalties="r1:0.9,gp:0.2:every=2:fade=3", batch_size=12, latent=5, width=8,
        depth=3, activation="tanh", ema=0.6, objective="relativistic", gradient_clip=0.5, critic_clamp=4.0,
        lr_fade=2.0, cooldown=0.5, steps=6,
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

    ensemble = Ensemble([trainer])
    for step in range(6):
        ensemble.step()
        for player in players:
            player.optimizer.lr = 3e-3 / (1 + step / 2) * (1, 1, 1, 1, 2 / 3, 1 / 3)[step]
        step_alone(*players, Game(objective, penalties, n_critic=2), draw, random, step)
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
    take_steps(trainer)
    assert trainer.is_finite()
    with torch.no_grad():
        getattr(trainer, player).parameters[1][0] = float("inf")
    assert not trainer.is_finite()


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
        take_steps(trainer, 10)
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
        penalties = trainer.game.penalties
        slopes = squared_gradient(v, x, penalties.scale)
        penalised.append(penalties.total(penalties.due(0), v, slopes, [50, 50, 0]).item())
    assert penalised[0] == pytest.approx(penalised[1], rel=1e-3)
