import math

import pytest
import torch
from cases import together
from catalogue import EVERY_LINK
from stepping import take_steps

import fgan
from fgan.objectives import build_objective
from fgan.training.telemetry import EDGE, TELEMETRY, effective_share, telemetry
from fgan.training.trainer import PROBE, Trainer

TRAINED = [(name, link) for name, link in EVERY_LINK if fgan.divergence(name).smooth or link != "log-ratio"]


@together("name, link", TRAINED)
def test_rates_are_of_ratios_above_one(name, link):
    d = fgan.divergence(name, link)
    v = torch.linspace(-4, 4, 200, dtype=torch.float64)
    seen = telemetry(fgan.GANLoss(d), v, v[:100])
    ratios = d.log_ratio(v)
    if d.identifies_ratio:
        assert seen["true_positive_rate"] == pytest.approx((ratios > 1e-9).double().mean().item(), abs=1e-6)
        mean = ratios.mean().item()
        assert seen["log_ratio_real"] == (
            pytest.approx(mean, rel=1e-6, abs=1e-6) if math.isfinite(mean) else None
        )
    else:
        assert seen["log_ratio_real"] is None and seen["effective_sample_size"] is None
        assert 0 <= seen["false_positive_rate"] <= seen["true_positive_rate"] <= 1


def test_the_share_near_the_edge_is_counted_where_there_is_an_edge():
    v = torch.tensor([0.0, 1.0, 30.0, 40.0])
    hellinger = fgan.GANLoss("squared-hellinger")  # T = 1 - e^-v, edge at 1
    assert telemetry(hellinger, v, v)["near_edge"] == 0.5
    just_inside = -math.log(EDGE * 1.01) * torch.ones(2)
    assert telemetry(hellinger, just_inside, just_inside)["near_edge"] == 0
    assert telemetry(fgan.GANLoss("kl"), v, v)["near_edge"] is None


@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_the_effective_share_is_the_textbooks_and_does_not_overflow(scale):
    l = torch.randn(1000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)  # noqa: E741
    u = l.exp()
    assert effective_share(l).item() == pytest.approx((u.sum() ** 2 / (u.square().sum() * 1000)).item())
    assert 1 / 1000 - 1e-12 <= effective_share(scale * l).item() <= 1


@pytest.mark.parametrize(
    "objective", ["tight", "relativistic", "reweighted", "wasserstein", "hinge", "least-squares"]
)
def test_every_objective_has_telemetry(objective):
    v = torch.randn(64, generator=torch.Generator().manual_seed(0))
    seen = telemetry(build_objective(objective, "js"), v + 1, v - 1)
    assert tuple(seen) == TELEMETRY
    assert 0 <= seen["false_positive_rate"] < seen["true_positive_rate"] <= 1


def test_huge_outputs_are_none_rather_than_infinite():
    v = torch.tensor([3e38, 3e38])
    seen = telemetry(fgan.GANLoss("kl"), v, v)
    assert seen["log_ratio_real"] is None and seen["true_positive_rate"] == 1


def test_looking_changes_nothing(small_config):
    data = fgan.load_data("ring8")
    config = small_config(spectral_norm=True)
    watched, alone = Trainer(config, data), Trainer(config, data)
    for _ in range(5):
        take_steps(alone)
        take_steps(watched)
        seen = watched.telemetry()
        assert seen == watched.telemetry()
    for group, tensors in alone.state().items():
        for name, tensor in tensors.items():
            assert torch.equal(tensor, watched.state()[group][name]), (group, name)
    assert seen["learning_rate"] == config.lr and seen["critic_gradient_norm"] > 0
    assert PROBE >= 100
