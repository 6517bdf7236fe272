import pytest
import torch
from cases import one_fast

from fgan.errors import FganError
from fgan.evaluation.classes import class_coverage, classifier_score
from fgan.evaluation.copying import closeness
from fgan.evaluation.frechet import frechet_distance
from fgan.evaluation.jackknife import GROUPS, Jackknife, group_of, mean
from fgan.evaluation.kernel import kernel_distance
from fgan.evaluation.neighbours import precision_recall
from fgan.evaluation.parzen import log_likelihood


def coverage(x, y):
    return class_coverage(x, y)["modes-kl"]


STATISTICS = {
    "fid": frechet_distance,
    "kid": kernel_distance,
    "kid-of-few-columns": lambda x, y: kernel_distance(x[:, :4], y[:, :4]),
    "kid-of-many-columns": lambda x, y: kernel_distance(x.repeat(1, 3), y.repeat(1, 3)),
    "is": lambda x, y: classifier_score(x),
    "modes-kl": coverage,
    "closeness": lambda x, y: closeness(x[:, 0], y[:, 0]),
}
NEIGHBOURS = {
    name: lambda x, y, name=name: precision_recall(x, y)[name]
    for name in ("precision", "recall", "density", "coverage")
}


@pytest.mark.parametrize("name", STATISTICS)
@pytest.mark.parametrize("group", [0, 3, 9])
def test_what_is_said_of_a_group_left_out_is_what_comes_of_leaving_it_out(name, group, pair):
    x, y = pair
    whole = STATISTICS[name](x, y)
    part = STATISTICS[name](x[group_of(len(x)) != group], y[group_of(len(y)) != group])
    assert whole.without[group] == pytest.approx(part.value, rel=1e-9, abs=1e-12)
    assert len(whole.without) == GROUPS


def test_the_density_estimate_too(pair, monkeypatch):
    x, y = pair
    # The bandwidth is chosen once, from all samples.
    _, bandwidth = log_likelihood(x, y, y + 0.1)
    whole, _ = log_likelihood(x, y, y + 0.1)
    monkeypatch.setattr("fgan.evaluation.parzen.choose_bandwidth", lambda *arguments: bandwidth)
    part, _ = log_likelihood(x[group_of(len(x)) != 4], y[group_of(len(y)) != 4], y)
    assert whole.without[4] == pytest.approx(part.value, rel=1e-9)


def test_the_standard_error_of_a_mean_is_the_textbook_one():
    values = torch.randn(5000, generator=torch.Generator().manual_seed(0))
    random = torch.Generator().manual_seed(1)
    errors = [mean(values[torch.randperm(5000, generator=random)]).standard_error for _ in range(400)]
    variance = sum(error**2 for error in errors) / len(errors)
    assert variance == pytest.approx(values.var().item() / 5000, rel=0.08)


def test_an_interval_is_symmetric_and_students():
    low, high = Jackknife(1.0, tuple([0.9, 1.1] * 5)).interval()
    assert (low + high) / 2 == pytest.approx(1.0)
    assert (high - low) / 2 == pytest.approx(
        2.2622 * Jackknife(1.0, tuple([0.9, 1.1] * 5)).standard_error, rel=1e-4
    )


def test_too_few_samples_are_refused():
    with pytest.raises(FganError, match="at least 20 samples of each kind; got 19"):
        frechet_distance(torch.randn(19, 2), torch.randn(50, 2))


@pytest.mark.parametrize("name", STATISTICS | NEIGHBOURS)
def test_samples_that_are_all_the_same_give_a_number(name):
    x, y = torch.ones(100, 4), torch.randn(100, 4, generator=torch.Generator().manual_seed(0))
    for one, other in ((x, y), (x, x)):
        found = (STATISTICS | NEIGHBOURS)[name](one, other)
        assert all(torch.tensor([found.value, found.standard_error]).isfinite())


@pytest.mark.parametrize("name", one_fast(["fid", "kid", "is", "closeness", *NEIGHBOURS]))
def test_the_standard_error_is_the_spread_of_repeated_draws(name):
    """For sets of 400, where it may err on the safe side; benchmarks/intervals.py counts what intervals cover."""
    random = torch.Generator().manual_seed(1)
    pairs = [torch.randn(2, 400, 3, generator=random) for _ in range(60)]
    found = [(STATISTICS | NEIGHBOURS)[name](0.8 * x + 0.3, y) for x, y in pairs]
    spread = torch.tensor([one.value for one in found]).std().item()
    error = sum(one.standard_error**2 for one in found) / len(found)
    assert 0.7 < error**0.5 / spread < 1.7


def test_an_unbiased_distance_between_equals_is_covered():
    """Of 200 intervals of 95%, 92% to 98% hold 0, give or take what 200 can show."""
    random = torch.Generator().manual_seed(1)
    intervals = [kernel_distance(*torch.randn(2, 200, 3, generator=random)).interval() for _ in range(200)]
    assert sum(low <= 0 <= high for low, high in intervals) / 200 >= 0.9
