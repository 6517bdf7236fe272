"""The frontier of precision and recall, against closed forms, the published code and its own laws."""

import json
import math

import pytest
import torch
from torch.distributions import Normal

import fgan
from fgan.errors import FganError
from fgan.estimation.formulas.discrete import shares_of
from fgan.estimation.trade_off.curve import counted_in, of_categories, rays
from fgan.estimation.trade_off.result import Frontier

P = [120, 90, 200, 10, 0, 80, 150, 50, 200, 100]
Q = [60, 140, 180, 90, 30, 0, 150, 100, 200, 50]
"""Counts of ten categories, 1,000 of each set."""


def normals(n: int, shift: float, d: int = 1, seed: int = 0) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    return [at + torch.randn(n, d, generator=random, dtype=torch.float64) for at in (0.0, shift)]


@pytest.fixture(scope="module")
def shifted() -> Frontier:
    return fgan.frontier(*normals(2000, 1.0, seed=1))


def test_shares_give_the_curve_of_the_published_code():
    """compute_prd of github.com/msmsajjadi/precision-recall-distributions, on the same shares at nine angles."""
    theirs = [0.182999378, 0.381076477, 0.577725047, 0.79, 0.864490864, 0.904142136, 0.930273395]
    sides = (torch.arange(10).repeat_interleave(torch.tensor(one)) for one in (P, Q))
    p, q = (shares_of(one, 10, None) for one in sides)
    assert counted_in(p, q, rays(7)).value.tolist() == pytest.approx(theirs, abs=1e-9)
    found = fgan.frontier(P, Q, counts=True)
    for beta, score in ((8, 0.9060425654701045), (1 / 8, 0.886358929932296)):  # prd_to_max_f_beta_pair
        ours = found.f_score(beta)
        assert ours.low < score < ours.high and ours.value == pytest.approx(score, abs=0.04)


def test_two_normals_against_closed_forms(shifted):
    """N(0, 1) and N(1, 1): overlap 2Φ(-½), E_γ, and the trade-off curve Φ(Φ⁻¹(1 - a) - 1)."""
    unit = Normal(0.0, 1.0)

    def above(gamma: float) -> float:  # p/q = e^(½ - x) is above γ where x < ½ - log γ
        at = torch.tensor(0.5 - math.log(gamma))
        return float(unit.cdf(at) - gamma * unit.cdf(at - 1)) - max(1 - gamma, 0.0)

    expected = [(shifted.overlap, 2 * float(unit.cdf(torch.tensor(-0.5))))]
    expected += [(shifted.hockey_stick(gamma), above(gamma)) for gamma in (0.5, 1.0, 2.0, 5.0)]
    for error in (0.05, 0.2, 0.5):
        truth = float(unit.cdf(unit.icdf(torch.tensor(1 - error)) - 1))
        expected.append((shifted.type_two_error(error), truth))
    for found, truth in expected:
        assert found.low <= truth <= found.high and found.value == pytest.approx(truth, abs=0.04)
        assert found.high - found.low < 0.13


def test_precision_and_recall_read_off_the_curve(shifted):
    for place in (40, 99, 150):
        precision, recall = float(shifted.precision[place]), float(shifted.recall[place])
        assert shifted.precision_at(recall).value == pytest.approx(precision, abs=0.03)
        assert shifted.recall_at(precision).value == pytest.approx(recall, abs=0.03)
    assert shifted.precision_at(1.0).value < 0.25 < shifted.precision_at(0.0).value
    assert shifted.f_score(8).value > shifted.f_score(1).value < shifted.f_score(1 / 8).value


def test_equal_and_separate_distributions():
    equal = fgan.frontier(*normals(1000, 0.0))
    assert equal.area.high == 1.0 == equal.overlap.high and equal.area.low > 0.85
    apart = fgan.frontier(*normals(1000, 100.0))
    assert apart.area.high < 0.01 and apart.overlap.value == 0.0 and 0.0 < apart.overlap.high < 0.01


def test_swapping_the_sides_swaps_precision_and_recall():
    ours, theirs = fgan.frontier(P, Q, counts=True), fgan.frontier(Q, P, counts=True)
    assert ours.f_score(8).value == pytest.approx(theirs.f_score(1 / 8).value, abs=0.04)
    assert ours.area.value == pytest.approx(theirs.area.value, abs=0.02)


def test_a_divergence_is_a_mixture_of_hockey_sticks():
    """D_f = ∫ f''(γ) E_γ dγ with f'' = 1/(γ (1 + γ)) of JS, and E_γ of the curve of the shares."""
    sides = (torch.arange(10).repeat_interleave(torch.tensor(one)) for one in (P, Q))
    p, q = (shares_of(one, 10, None) for one in sides)
    log_gamma = torch.linspace(-25, 25, 20_001, dtype=torch.float64)
    gamma = log_gamma.exp()
    sticks = 1 - gamma * counted_in(p, q, 1 / gamma).value - (1 - gamma).clamp(min=0.0)
    assert float(torch.trapezoid(sticks / (1 + gamma), log_gamma)) == pytest.approx(
        fgan.between(P, Q, "js"), abs=1e-4
    )


def test_weights_make_a_biased_sample_whole():
    random = torch.Generator().manual_seed(1)
    p, q = torch.randint(0, 5, (3000,), generator=random), torch.randint(0, 5, (3000,), generator=random)
    kept = torch.rand(3000, generator=random) < torch.where(p < 2, 0.3, 1.0)
    p = p[kept]
    weights = torch.where(p < 2, 1 / 0.3, 1.0)
    plain = fgan.frontier(p, q, kinds="category")
    weighted = fgan.frontier(p, q, kinds="category", weights_p=weights)
    assert plain.overlap.high < 0.9 < weighted.overlap.high == 1.0
    assert weighted.n_effective is not None and "n_eff" in str(weighted)
    even = fgan.frontier(p, q, kinds="category", weights_p=torch.full((len(p),), 3.0))
    assert even.precision.tolist() == pytest.approx(plain.precision.tolist())


def test_blocks_widen_the_band():
    p, q = (one.repeat_interleave(10, 0) for one in normals(200, 0.5))
    rows, blocks = fgan.frontier(p, q, method="gaussian"), fgan.frontier(p, q, method="gaussian", blocks=10)
    assert blocks.overlap.high - blocks.overlap.low > 1.5 * (rows.overlap.high - rows.overlap.low)


@pytest.mark.parametrize("spread", [1.0, 0.1, 0.0])
def test_bands_hold_the_discrete_truth(spread):
    from fgan.estimation.designs.design import cross_fit
    from fgan.estimation.designs.two_samples import TwoSamples
    from fgan.estimation.formulas.discrete import CountLearner

    random, slope, repeats = torch.Generator().manual_seed(3), rays(9), 100
    p = 0.05 + torch.rand(10, generator=random).double()
    q = p * (spread * torch.randn(10, generator=random).double()).exp()
    p, q = p / p.sum(), q / q.sum()
    truth = torch.minimum(slope[:, None] * p, q).sum(1)
    held = torch.zeros(len(slope))
    for seed in range(repeats):
        x, y = (torch.multinomial(one, 500, replacement=True, generator=random) for one in (p, q))
        design = TwoSamples(x, y, 5, seed)
        fitted = cross_fit(design, CountLearner(10)([design.job(fold) for fold in range(5)]))
        shares = shares_of(x, 10, None), shares_of(y, 10, None)
        found = of_categories(fitted.p, fitted.q, fitted.sampling, 5, shares, slope)
        held += (found.low <= truth + 1e-9) & (truth <= found.high + 1e-9)
        assert ((found.low <= found.value) & (found.value <= found.high)).all()
    assert float(held.mean()) / repeats >= 0.93 and float(held.min()) / repeats >= 0.9


def test_what_it_says(shifted):
    text = str(shifted)
    assert "F_8 (recall)" in text and "precision at recall 0.9" in text
    assert "however good the critic is" in text and "cannot see" in text
    found = json.loads(json.dumps(shifted.to_dict(), allow_nan=False))
    assert len(found["curve"]["precision"]) == len(found["curve"]["slope"]) == 199
    assert found["overlap"].keys() == {"value", "low", "high"} and "critic" in found["band"]
    assert len(shifted.plot().axes) == 2 and "<img" in shifted._repr_html_()
    counted = fgan.frontier(P, Q, counts=True)
    assert counted.categories and "critic" not in counted.claim


def test_what_it_refuses(shifted):
    with pytest.raises(FganError, match="has no critic, so it shows no frontier"):
        fgan.frontier(*normals(200, 1.0), method="knn")
    with pytest.raises(FganError, match="recall must be between 0 and 1; got 90"):
        shifted.precision_at(90)
    with pytest.raises(FganError, match="gamma must be above 0"):
        shifted.hockey_stick(0)
    with pytest.raises(FganError, match="beta must be above 0"):
        shifted.f_score(-1)
