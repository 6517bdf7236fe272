"""The paper's toy: real runs, short ones, and the table made of them."""

import json
import math

import pytest
import torch

import fgan
from fgan.errors import FganError
from fgan.evaluation.jackknife import Uncertain
from fgan.experiments.paper.quadrature import Gaussian, exact_divergence
from fgan.experiments.paper.toy import Price, ToyRun, ToySettings, ToySetup, bound, link_of, train_toy
from fgan.experiments.paper.toy_table import _row, text_of, toy_table

QUICK = ToySettings(steps=700, n=100_000)


@pytest.fixture(scope="module")
def run():
    return train_toy("js", 0, ("kl", "js", "neyman"), QUICK)


@pytest.mark.slow
def test_a_short_run_is_near_the_optimum_already(run):
    assert run.mu == pytest.approx(1.3068, rel=0.05)
    assert run.sigma == pytest.approx(1.7540, rel=0.05)


@pytest.mark.slow
def test_bounds_of_fresh_samples_are_close_to_the_exact_value_and_not_above(run):
    for price in (run.own, run.prices["kl"], run.prices["js"]):
        _, estimate = price.exact, price.estimate
        assert estimate.value - 3 * estimate.standard_error <= price.exact
        assert estimate.value == pytest.approx(price.exact, rel=0.08)
    assert (
        run.own.exact
        == run.prices["js"].exact
        == pytest.approx(exact_divergence(fgan.divergence("js"), run.mu, run.sigma), rel=1e-12)
    )


def test_a_run_is_the_same_again():
    small = ToySettings(steps=30, n=1000)
    assert train_toy("pearson", 3, ("kl",), small) == train_toy("pearson", 3, ("kl",), small)


def test_stratified_latents_are_normal_one_by_one_and_evener_than_chance_together():
    setup = ToySetup(0)
    latents = torch.stack([setup.draw().latent.flatten() for _ in range(200)])
    assert latents.mean() == pytest.approx(0, abs=0.01) and latents.var() == pytest.approx(1, abs=0.01)
    assert latents.mean(1).std() < 0.003  # independent ones: 1/√1024 = 0.03
    assert bool(latents.isfinite().all())


def test_a_generator_at_rest_does_not_move():
    setup = ToySetup(0)
    generator = setup.new_generator()
    before = [parameter.clone() for parameter in generator.parameters()]
    loss = fgan.GANLoss("js", generator="saturating", link="log-ratio")
    averaged, _ = setup.play(generator, setup.new_critic(), loss, 5, at_rest=True)
    for network in (generator, averaged):
        assert all(torch.equal(old, new) for old, new in zip(before, network.parameters(), strict=True))


def test_the_standard_error_of_a_bound_is_its_spread_over_samples():
    d, draw = fgan.divergence("kl"), torch.Generator().manual_seed(0)
    found = [
        bound(
            d,
            0.5 * torch.randn(400, generator=draw).double(),
            0.5 * torch.randn(800, generator=draw).double(),
        )
        for _ in range(400)
    ]
    spread = torch.tensor([one.value for one in found]).std().item()
    assert found[0].standard_error == pytest.approx(spread, rel=0.15)


def made(name, seed, mu, exact):
    return ToyRun(
        name, seed, mu, 1.7, Price(exact, Uncertain(0.1, 0.01)), {name: Price(exact, Uncertain(0.1, 0.01))}
    )


def test_a_row_is_the_mean_over_seeds_with_students_interval():
    row = _row(
        Gaussian(1.3, 1.7, 0.12),
        [made("js", seed, mu, 0.13) for seed, mu in enumerate((1.2, 1.3, 1.4))],
        ("js",),
    )
    assert row.mu.value == pytest.approx(1.3)
    assert row.mu.high - row.mu.value == pytest.approx(4.3027 * 0.1 / math.sqrt(3), rel=1e-4)
    assert row.own.estimate.high - row.own.estimate.value == pytest.approx(
        1.96 * 0.01 / math.sqrt(3), rel=1e-3
    )


def test_json_says_what_is_not_known_and_what_is_infinite_by_null():
    row = _row(Gaussian(1.8, 1.5, 0.4), [made("neyman", 0, 1.8, math.inf)], ("neyman",))
    found = json.loads(json.dumps(row.to_dict(), allow_nan=False))
    assert found["mu_interval"] is None and found["exact"] is None and found["published"] is None
    assert found["bound_interval"][0] < found["bound"] < found["bound_interval"][1]
    assert "inf" in text_of([row])


def test_pearson_and_what_has_a_kink_keep_their_own_activation():
    assert {name: link_of(name) for name in ("kl", "jeffreys", "pearson", "total-variation")} == {
        "kl": "log-ratio", "jeffreys": "log-ratio", "pearson": "paper", "total-variation": "paper",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("divergences", "options", "message"),
    [
        ([], {}, "--divergences must be different names"),
        (["kl", "kl"], {}, "--divergences must be different names"),
        (["kll"], {}, "kll"),
        (["kl"], {"seeds": 0}, "--seeds must be at least 1"),
        (["kl"], {"settings": ToySettings(steps=2)}, "--steps must be at least 3"),
        (["kl"], {"settings": ToySettings(n=1)}, "--n must be at least 2"),
    ],
)
def test_mistakes_are_said_before_anything_is_trained(divergences, options, message):
    with pytest.raises(FganError, match=message):
        toy_table(divergences, **options)
