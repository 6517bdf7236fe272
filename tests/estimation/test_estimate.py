"""What a user relies on: the number, its interval, the bound, whatever form the samples come in."""

import json

import numpy as np
import pytest
import torch

import fgan
from fgan.divergences import EXAMPLES
from fgan.estimation import METHODS, Estimate, Estimates

EXACT = {
    "kl": 0.5,
    "reverse-kl": 0.5,
    "js": 2 * 0.111421,
    "squared-hellinger": 0.235006,
    "total-variation": 0.382925,
}
"""N(1, 1) against N(0, 1)."""


@pytest.fixture(scope="module")
def everything():
    random = torch.Generator().manual_seed(1)
    p, q = 1 + torch.randn(2000, 1, generator=random), torch.randn(2000, 1, generator=random)
    return fgan.estimate(p, q, "all", permutations=99)


@pytest.mark.parametrize(("name", "exact"), EXACT.items())
def test_a_known_divergence(everything, name, exact):
    found = everything[name]
    assert found.interval[0] <= exact <= found.interval[1]
    assert found.value == pytest.approx(exact, rel=0.15)
    assert 0.7 * exact < found.lower_bound < exact


def test_one_critic_prices_the_whole_catalogue_and_keeps_the_inequalities(everything):
    assert list(everything) == list(EXAMPLES)
    assert len(everything.checks) == 9 and all(check.holds for check in everything.checks)
    assert everything["kl"].p_value == 0.01
    for found in everything.values():
        lowest, highest = fgan.divergence(found.divergence).range
        assert lowest <= found.interval[0] <= found.value <= found.interval[1] <= highest


def test_one_of_all_is_what_it_is_alone(everything, gaussians):
    p, q = gaussians(400)
    many, one = fgan.estimate(p, q, ["js", "kl"]), fgan.estimate(p, q, "kl")
    assert isinstance(many, Estimates) and isinstance(one, Estimate)
    assert (many["kl"].value, many["kl"].interval) == (one.value, one.interval)


def test_the_log_ratio_of_new_samples(everything):
    x = torch.linspace(-1, 2, 7)
    assert everything["kl"].log_ratio(x).sub(x - 0.5).abs().max() < 0.3


def test_a_flexible_difference_is_seen_in_many_dimensions():
    """Signs whose product is 1 under P and -1 under Q: no regression on pairs of coordinates can tell."""
    random = torch.Generator().manual_seed(0)

    def side(sign: int) -> torch.Tensor:
        signs = 2.0 * torch.randint(2, (4000, 3), generator=random) - 1
        signs[:, 2] = sign * signs[:, 0] * signs[:, 1]
        return 2 * signs + torch.randn(4000, 3, generator=random)

    found = fgan.estimate(side(1), side(-1), "total-variation")
    assert found.lower_bound > 0.7
    assert any("network" in critic for critic in found.diagnostics.critics)


def test_equals_are_equal(gaussians):
    p, q = gaussians(1000, 5, kl=0.0)
    found = fgan.estimate(p, q, ["kl", "js", "total-variation"], permutations=199)
    for one in found.values():
        assert one.interval[0] == 0 <= one.value < 0.05
        assert one.lower_bound == 0
    assert found["kl"].p_value > 0.01


def test_the_same_seed_gives_the_same_number_whatever_holds_the_samples(gaussians):
    p, q = gaussians(300, 2)
    values = {
        fgan.estimate(a, b, seed=1).value
        for a, b in (
            (p, q),
            (p.numpy(), q.numpy()),
            (p.double(), q.numpy().astype(np.float64)),
            (p.tolist(), q.tolist()),
        )
    }
    assert len(values) == 1
    assert fgan.estimate(p, q, seed=2).value not in values


def test_units_do_not_matter(gaussians):
    p, q = gaussians(500, 2)
    scale, shift = torch.tensor([1e-3, 1e6]).double(), torch.tensor([5.0, -1e9]).double()
    here, there = fgan.estimate(p, q), fgan.estimate(p.double() * scale + shift, q.double() * scale + shift)
    assert there.value == pytest.approx(here.value, rel=1e-3)


def test_outliers_do_not_matter_much(gaussians):
    p, q = gaussians(1000, 2, kl=0.3)
    here = fgan.estimate(p, q, "js").value
    p[0], q[0] = 1e12, -1e9
    assert fgan.estimate(p, q, "js").value == pytest.approx(here, abs=0.02)


def test_sets_of_unequal_size(gaussians):
    p, _ = gaussians(2000, 2)
    _, q = gaussians(300, 2, seed=1)
    found = fgan.estimate(p, q)
    assert (found.n_p, found.n_q) == (2000, 300)
    assert found.interval[0] <= 0.5 <= found.interval[1]


def test_fifty_samples_are_enough_to_see_a_large_difference(gaussians):
    p, q = gaussians(50, 2, kl=3.0)
    found = fgan.estimate(p, q, "total-variation")
    assert 0.3 < found.lower_bound <= found.value <= 1


def test_a_divergence_of_ones_own(gaussians):
    p, q = gaussians(400)
    own = fgan.estimate(p, q, "f(u) = u*log(u)")
    assert own.value == pytest.approx(fgan.estimate(p, q, "kl").value, rel=1e-6)
    assert fgan.estimate(p, q, fgan.divergence("kl").dual).value > 0


def test_the_learning_curve_rises_to_the_whole(gaussians):
    p, q = gaussians(800, 3)
    found = fgan.estimate(p, q, curve=True, method="gaussian")
    assert [row[0] for row in found.diagnostics.curve] == [100, 200, 400, 800]
    assert found.diagnostics.curve[-1][1] == found.bound.value
    assert found.diagnostics.curve[0][2] > found.diagnostics.curve[-1][2]


def test_it_is_written_as_json_and_for_people(everything, gaussians):
    json.dumps(everything.to_dict(), allow_nan=False)
    p, q = gaussians(200)
    one = fgan.estimate(p, q, permutations=19)
    written = json.loads(json.dumps(one.to_dict(), allow_nan=False))
    assert written["value"] == one.value and written["method"] == "logistic" and written["infinite"] is False
    text = str(one)
    for part in ("kl = ", "95% [", "at least", "200 samples of P", "logistic", "p = "):
        assert part in text
    assert "total-variation" in str(everything) and "9 of 9 known inequalities hold" in str(everything)
    assert "pearson" in str(everything) and "*" in str(everything)


def test_it_is_drawn(gaussians, tmp_path):
    p, q = gaussians(400)
    fgan.estimate(p, q, curve=True, method="gaussian").plot().savefig(tmp_path / "one.png")
    assert (tmp_path / "one.png").stat().st_size > 10_000
    with pytest.raises(fgan.FganError, match="no critic to plot"):
        fgan.estimate(p, q, method="knn").plot()


def test_no_random_state_of_the_users_moves(gaussians):
    p, q = gaussians(300)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    fgan.estimate(p, q, permutations=19)
    assert torch.equal(torch.rand(1), expected)


def test_images_of_any_size_are_told_apart():
    random = torch.Generator().manual_seed(0)
    p, q = (torch.randint(0, 256, (400, 9, 11), generator=random, dtype=torch.uint8) for _ in range(2))
    p[:, 2:5, 3:6] = (p[:, 2:5, 3:6].int() + 60).clamp(max=255).to(torch.uint8)
    found = fgan.estimate(p, q, "total-variation", permutations=99)
    assert found.lower_bound > 0.3 and found.p_value == 0.01
    assert "dcgan network" in found.diagnostics.critics
    assert found.log_ratio(p[:5]).shape == (5,)


def test_every_method_is_documented(root):
    page = (root / "docs/guides/estimation.md").read_text()
    assert all(f"`{name}`" in page for name in METHODS)
