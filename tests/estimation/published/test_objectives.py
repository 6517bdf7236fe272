"""The published estimators: what their papers prove of them, over the whole registry."""

import math

import pytest
import torch
from cases import one_fast

from fgan.estimation.published.objectives import (
    PUBLISHED,
    Mine,
    Weighted,
    donsker_varadhan,
    flo,
    info_nce,
    logistic,
    nwj,
    of,
    smile,
)


def normal_pair(n, rho, seed=0):
    """Return two normal variables with this correlation, as a column and a row."""
    random = torch.Generator().manual_seed(seed)
    x, noise = torch.randn(2, n, generator=random, dtype=torch.float64)
    return x[:, None], (rho * x + math.sqrt(1 - rho**2) * noise)[None, :]


def exact_scores(n, rho, seed=0):
    """Return the log-ratios of all their pairs."""
    x, y = normal_pair(n, rho, seed)
    return -(rho**2 * (x**2 + y**2) - 2 * rho * x * y) / (2 * (1 - rho**2)) - math.log(1 - rho**2) / 2


def exact_scores_of_many(nats, matrices=8, n=128, d=20):
    """Return the log-ratios of all pairs of d coordinates that share this information, matrix by matrix."""
    rho = math.sqrt(1 - math.exp(-2 * nats / d))
    random = torch.Generator().manual_seed(0)
    x, noise = torch.randn(2, matrices, n, d, generator=random, dtype=torch.float64)
    y = rho * x + math.sqrt(1 - rho**2) * noise
    squares = x.square().sum(-1)[..., :, None] + y.square().sum(-1)[..., None, :]
    return nats - (rho**2 * squares - 2 * rho * x @ y.mT) / (2 * (1 - rho**2))


@pytest.fixture(scope="module")
def exact():
    return exact_scores(3000, 0.7), -math.log(1 - 0.49) / 2


@pytest.mark.parametrize("name", one_fast(PUBLISHED))
def test_the_exact_log_ratio_gives_the_information(exact, name):
    scores, truth = exact
    second = [-scores.diagonal()] if PUBLISHED[name].two else []
    assert float(PUBLISHED[name].value(of(scores), *second)) == pytest.approx(truth, abs=0.04)


@pytest.mark.parametrize(
    "name", sorted(set(PUBLISHED) - {"mine"})
)  # whose gradient is that of dv, and its number none
def test_what_trains_is_largest_at_the_exact_log_ratio(name):
    scores = exact_scores(1500, 0.7)
    x, y = normal_pair(1500, 0.7)
    off = (x + 2 * y).sin()

    def gained(epsilon):
        moved = scores + epsilon * off
        second = [-scores.diagonal() + epsilon] if PUBLISHED[name].two else []
        return float(PUBLISHED[name].train()(of(moved), *second))

    assert gained(0.0) > max(gained(-2.0), gained(2.0))


def test_the_bounds_keep_their_order():
    for seed in range(20):
        scores = 3 * torch.randn(9, 9, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        means = of(scores)
        best_u = means.others(scores) - means.on_joint
        assert nwj(means) <= donsker_varadhan(means) + 1e-12
        assert nwj(means) <= flo(means, best_u) + 1e-12
        assert info_nce(means) <= math.log(9)
        assert smile(means, math.inf) == donsker_varadhan(means)


def test_what_each_score_may_be_off_by_without_a_change(exact):
    scores, _ = exact
    shift = torch.randn(len(scores), 1, dtype=torch.float64)
    assert donsker_varadhan(of(scores + 3)).item() == pytest.approx(donsker_varadhan(of(scores)).item())
    assert info_nce(of(scores + shift)).item() == pytest.approx(info_nce(of(scores)).item())


def test_mine_without_memory_has_the_gradient_of_the_bound_and_with_it_another():
    scores = exact_scores(50, 0.5).requires_grad_()
    (of_bound,) = torch.autograd.grad(donsker_varadhan(of(scores)), scores)
    (first,) = torch.autograd.grad(Mine()(of(scores)), scores)
    assert torch.allclose(first, of_bound)
    remembering = Mine(momentum=0.9)
    remembering(of(scores + 2))
    (later,) = torch.autograd.grad(remembering(of(scores)), scores)
    # The running mean after the larger batch: 0.9 e² + 0.1, in units of this batch's.
    away = ~torch.eye(50, dtype=torch.bool)
    assert torch.allclose(later[away], of_bound[away] / (0.9 * math.e**2 + 0.1))


@pytest.mark.parametrize("name", one_fast(PUBLISHED))
def test_what_stops_training_gains_nothing_by_a_constant(name):
    scores = exact_scores(2000, 0.5)
    second = [-scores.diagonal()] if PUBLISHED[name].two else []

    def stops_at(constant):
        return float((PUBLISHED[name].stop or PUBLISHED[name].train())(of(scores + constant), *second))

    assert stops_at(0.0) >= max(stops_at(-3.0), stops_at(3.0)) - 1e-9


@pytest.mark.parametrize("objective", [donsker_varadhan, info_nce, smile, logistic])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_no_score_is_too_large(objective, dtype):
    scores = (
        (1e4 * torch.randn(16, 16, generator=torch.Generator().manual_seed(0))).to(dtype).requires_grad_()
    )
    value = objective(of(scores))
    (slope,) = torch.autograd.grad(value, scores)
    assert value.isfinite() and slope.isfinite().all()


@pytest.mark.parametrize("name", PUBLISHED)
def test_matrices_may_be_batched(name):
    scores = torch.stack([exact_scores(20, 0.5, seed) for seed in range(3)])
    second = [-scores.diagonal(dim1=1, dim2=2)] if PUBLISHED[name].two else []
    one = [PUBLISHED[name].train()(of(s), *[u[i] for u in second]) for i, s in enumerate(scores)]
    assert torch.allclose(PUBLISHED[name].train()(of(scores), *second), torch.stack(one))


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_weight_of_a_sample_tells_how_far_the_estimate_moves_without_it(name):
    scores = exact_scores(200, 0.5)
    second = [-scores.diagonal()] if PUBLISHED[name].two else []
    weights = torch.ones(200, dtype=torch.float64, requires_grad=True)
    value = PUBLISHED[name].value(Weighted(scores, weights), *second)
    (moved,) = torch.autograd.grad(value, weights)
    kept = torch.arange(200) != 17
    without = PUBLISHED[name].value(of(scores[kept][:, kept]), *[u[kept] for u in second])
    assert float((value - without).detach()) == pytest.approx(moved[17].item(), rel=0.1, abs=1e-4)


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("nats", [2.0, 6.0, 10.0])
def test_what_stops_prefers_the_exact_log_ratio_to_one_that_spreads_too_far(name, nats):
    """Of few pairs, Donsker and Varadhan's bound would not: at 10 nats it rises with the spread."""
    scores = exact_scores_of_many(nats)

    def mean(spread):
        own = -spread * scores.diagonal(dim1=-2, dim2=-1)
        stop = PUBLISHED[name].stop or PUBLISHED[name].train()
        return float(stop(of(spread * scores), *[own] * PUBLISHED[name].two).mean())

    assert mean(1.0) > max(mean(1.5), mean(2.0), mean(3.0))
    if nats == 10.0:
        assert donsker_varadhan(of(2 * scores)).mean() > donsker_varadhan(of(scores)).mean() + 0.5


def test_effective_pairs_are_those_that_a_mean_rests_on():
    scores = torch.full((6, 6), -9.0, dtype=torch.float64)
    scores[0, 1] = scores[2, 5] = 30.0
    scores.fill_diagonal_(99.0)  # which the product leaves out
    assert float(of(scores).effective_pairs()) == pytest.approx(2.0)
