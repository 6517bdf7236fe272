import pytest
import torch
from scipy.stats import kstest

import fgan
from fgan.estimation.permutation import permutation_p_value


@pytest.mark.parametrize(
    "critic", [lambda x: x, lambda x: 0 * x, lambda x: (x > 1).float(), lambda x: 1e30 * x**3]
)
def test_it_is_uniform_for_every_critic_of_equals(critic):
    values = []
    for seed in range(300):
        random = torch.Generator().manual_seed(seed)
        p, q = torch.randn(40, generator=random), torch.randn(70, generator=random)
        values.append(permutation_p_value(critic(p), critic(q), 99, seed))
    assert kstest(values, "uniform").pvalue > 1e-3
    assert set(values) <= {count / 100 for count in range(1, 101)}


def test_a_critic_that_is_right_is_believed_and_one_that_is_wrong_is_not():
    x = torch.linspace(0, 1, 60)
    assert permutation_p_value(x + 1, x, 999) == 0.001
    assert permutation_p_value(x, x + 1, 999) == 1.0


@pytest.mark.slow
def test_the_tester_has_not_seen_what_it_tests():
    """Noise that a network could learn by heart."""
    values = []
    for seed in range(20):
        random = torch.Generator().manual_seed(seed)
        p, q = (torch.randn(60, 40, generator=random) for _ in range(2))
        values.append(fgan.estimate(p, q, permutations=99, seed=seed, folds=2).p_value)
    assert kstest(values, "uniform").pvalue > 1e-3
