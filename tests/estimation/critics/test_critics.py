import math

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

import fgan
from fgan.estimation.critics.learner import NeuralLearner, padded
from fgan.estimation.critics.network import Part, Parts, Schedule, train
from fgan.estimation.critics.regression import (
    RIDGES,
    best_regression,
    linear,
    logistic_loss,
    quadratic,
    ridge_path,
)
from fgan.estimation.critics.scaling import scaling_of
from fgan.estimation.designs.two_samples import TwoSamples
from fgan.frame import Frame
from fgan.networks import MLPCritic
from fgan.networks.pyramid import pyramid_of


def test_regression_is_scikit_learns():
    random = torch.Generator().manual_seed(0)
    p, q = 0.5 + torch.randn(300, 4, generator=random), torch.randn(300, 4, generator=random)
    both = torch.cat([p, q])
    both = (both - both.mean(0)) / both.std(0, correction=0)
    x, y = both.numpy(), [1] * 300 + [0] * 300
    for ours, ridge in zip(ridge_path(linear, both[:300], both[300:]), RIDGES, strict=True):
        theirs = LogisticRegression(C=1 / (600 * ridge), tol=1e-8).fit(x, y)
        assert torch.from_numpy(theirs.coef_[0]).sub(ours.coefficients).abs().max() < 5e-3


def test_unequal_sizes_count_the_same():
    """Thrice as many samples of Q: log(p/q) is not shifted by log 3."""
    random = torch.Generator().manual_seed(0)
    p, q = 1 + torch.randn(2000, 1, generator=random), torch.randn(6000, 1, generator=random)
    fitted = best_regression(p[:1500], q[:4500], p[1500:], q[4500:])
    x = torch.tensor([[0.0], [1.0]])
    assert fitted(x).sub(x[:, 0] - 0.5).abs().max() < 0.15


def test_features_are_all_products():
    assert quadratic(torch.tensor([[2.0, 3.0]])).tolist() == [[2, 3, 4, 6, 9]]


def test_the_loss_is_least_at_the_log_ratio():
    random = torch.Generator().manual_seed(0)
    p, q = 1 + torch.randn(50_000, generator=random), torch.randn(50_000, generator=random)
    best = logistic_loss(p - 0.5, q - 0.5)
    for factor, shift in ((1.2, 0.0), (0.8, 0.0), (1.0, 0.2), (1.0, -0.2)):
        assert logistic_loss(factor * (p - 0.5) + shift, factor * (q - 0.5) + shift) > best


def parts(seed: int) -> Parts:
    random = torch.Generator().manual_seed(seed)
    sides = [
        shift + torch.randn(n, 2, generator=random) for shift, n in ((1, 200), (0, 200), (1, 60), (0, 60))
    ]
    return Parts(*(Part(x, torch.zeros(len(x))) for x in sides))


def networks(count: int) -> list[MLPCritic]:
    made = []
    for _ in range(count):
        torch.manual_seed(0)
        made.append(MLPCritic(Frame((2,)), 16, 1))
    return made


def test_a_fold_trained_beside_others_is_what_it_is_alone():
    together, alone = networks(3), networks(1)
    jobs = [parts(seed) for seed in range(3)]
    schedule = Schedule(epochs=4, batch=50, patience=100)
    train(together, jobs, logistic_loss, schedule)
    # The shuffles of a solo run are those of the first fold.
    train(alone, jobs[:1], logistic_loss, Schedule(epochs=1, batch=50, patience=100))
    first = networks(3)
    train(first, jobs, logistic_loss, Schedule(epochs=1, batch=50, patience=100))
    x = torch.randn(50, 2, generator=torch.Generator().manual_seed(9))
    assert torch.allclose(first[0](x), alone[0](x), atol=1e-5)
    assert not torch.allclose(together[0](x), together[1](x), atol=1e-3)


def test_training_stops_at_the_best_and_a_network_that_learns_nothing_stays_out():
    random = torch.Generator().manual_seed(0)
    sides = [torch.randn(n, 2, generator=random) for n in (60, 60, 400, 400)]
    job = Parts(*(Part(x, torch.zeros(len(x))) for x in sides))
    (network,) = networks(1)
    last = network.layers[-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(last.bias)
    (learnt,) = train([network], [job], logistic_loss, Schedule(epochs=20, batch=30, lr=0.05))
    final = float(logistic_loss(network(job.p_stop.x), network(job.q_stop.x)))
    assert final <= math.log(2) + 1e-6
    assert learnt == (final < math.log(2) - 1e-9)


def test_one_fold_that_breaks_breaks_no_other():
    jobs = [parts(0), parts(1)]
    jobs[0].p.offset[:] = torch.nan
    pair = networks(2)
    assert train(pair, jobs, logistic_loss, Schedule(epochs=5, batch=50)) == [False, True]
    assert all(value.isfinite().all() for value in pair[0].parameters())


def test_scaling_is_increasing_and_keeps_what_is_usual():
    x = torch.tensor([-1e9, -50.0, -1.0, 0.0, 1.0, 50.0, 1e9])[:, None]
    scaling = scaling_of(torch.randn(1000, 1, generator=torch.Generator().manual_seed(0)))
    z = scaling(x).flatten()
    assert (z.diff() > 0).all() and z.abs().max() < 40
    assert z[4] == pytest.approx(1.0, abs=0.1)


def test_a_column_of_two_values_has_a_spread():
    x = torch.tensor([0.0] * 90 + [1.0] * 10)[:, None]
    assert scaling_of(x)(x).std() == pytest.approx(1.0, rel=0.01)


@pytest.mark.parametrize("side", [1, 3, 8, 9, 13, 17, 28, 33, 100])
def test_padded_images_fit_the_critic(side):
    framed = padded(torch.ones(2, 3, side, max(1, side - 1), dtype=torch.uint8))
    pyramid_of(Frame(tuple(framed.shape[1:])), "dcgan")
    assert framed.sum() == 2 * 3 * side * max(1, side - 1)


def test_few_samples_get_a_regression_only(gaussians):
    design = TwoSamples(*gaussians(100, 2), 2)
    (critic,) = NeuralLearner()([design.job(0)])
    assert "network" not in critic.description


def test_a_relation_of_numbers_is_seen_beside_a_column_of_many_words():
    random = np.random.default_rng(0)
    words = [f"w{n}" for n in range(60)]

    def rows(correlation):
        x, noise = random.normal(size=(2, 1000))
        y = correlation * x + math.sqrt(1 - correlation**2) * noise
        return {"x": x, "y": y, "word": random.choice(words, 1000)}

    found = fgan.estimate(rows(0.5), rows(-0.5), "kl")
    assert found.interval[0] < 2 / 3 < found.interval[1] and found.lower_bound > 0.2
