import pytest
import torch

from fgan.divergences import divergence
from fgan.objectives.baselines import Hinge, LeastSquares, Wasserstein

V_REAL, V_FAKE = torch.tensor([0.5, 1.0, 2.0]), torch.tensor([-1.5, 0.25])
# Two laws over four atoms, given by their counts.
P, Q = torch.tensor([1, 2, 3, 2]), torch.tensor([3, 1, 2, 2])
RATIO = P.double() / Q


def best(v):
    return v.repeat_interleave(P), v.repeat_interleave(Q)


def exact(name):
    return float((Q.double() / Q.sum() * divergence(name).f(RATIO)).sum())


def test_the_formulas():
    assert Wasserstein().critic(V_REAL, V_FAKE).item() == pytest.approx(-0.625 - 3.5 / 3)
    assert Wasserstein().generator(V_FAKE).item() == pytest.approx(0.625)
    assert Hinge().critic(V_REAL, V_FAKE).item() == pytest.approx(0.5 / 3 + 1.25 / 2)
    assert Hinge().generator(V_FAKE).item() == pytest.approx(0.625)
    assert LeastSquares().critic(V_REAL, V_FAKE).item() == pytest.approx((1.25 / 3 + (2.25 + 0.0625) / 2) / 2)
    assert LeastSquares().generator(V_FAKE).item() == pytest.approx((6.25 + 0.5625) / 4)


@pytest.mark.parametrize(
    ("objective", "critic", "value"),
    [
        (Hinge(), RATIO.log().sign(), 2 - 2 * exact("total-variation")),
        (LeastSquares(), RATIO / (1 + RATIO), 1 / 4 - exact("triangular") / 8),
    ],
    ids=["hinge", "least-squares"],
)
def test_the_best_critic_and_what_it_finds(objective, critic, value):
    assert objective.critic(*best(critic)).item() == pytest.approx(value, abs=1e-12)
    random = torch.Generator().manual_seed(0)
    for _ in range(20):
        other = critic + torch.randn(4, generator=random, dtype=torch.float64) / 10
        assert objective.critic(*best(other)).item() >= value - 1e-12


def test_with_other_targets_both_players_terms_add_up_to_half_of_triangular():
    """b - c = 1 and b - a = 2, as LSGAN's authors have it: here a = -1, b = 1, c = 0."""
    v = (RATIO - 1) / (RATIO + 1)
    terms = sum((part**2).mean() / 2 for part in best(v))
    assert terms.item() == pytest.approx(exact("triangular") / 2)


def test_the_best_least_squares_critic_gives_back_the_ratio():
    real, fake = LeastSquares().log_ratios(*best(RATIO / (1 + RATIO)))
    torch.testing.assert_close(real, RATIO.log().repeat_interleave(P))
    torch.testing.assert_close(fake, RATIO.log().repeat_interleave(Q))
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        wild = torch.tensor([-3.0, 0.0, 1.0, 7.0], dtype=dtype)
        assert all(part.isfinite().all() for part in LeastSquares().log_ratios(wild, wild))


def test_a_constant_added_to_a_wasserstein_critic_is_no_evidence():
    real, fake = Wasserstein().evidence(torch.tensor([51.0, 52.0]), torch.tensor([50.0, 49.0]))
    assert (real > 0).all() and (fake < 0).all()


@pytest.mark.parametrize("objective", [Hinge(), LeastSquares()])
def test_evidence_is_zero_where_the_critic_is_undecided(objective):
    middle = torch.full((3,), objective.middle)
    real, fake = objective.evidence(middle + 1, middle)
    assert (real > 0).all() and (fake == 0).all()
    assert objective.log_ratios(middle, middle) is None or isinstance(objective, LeastSquares)
