"""Divergences between features of samples and of data, against closed forms."""

import pytest
import torch

import fgan
from fgan.evaluation.divergences import PRICED, feature_divergences, fit_critics


def test_normal_features_have_the_divergences_of_the_closed_forms():
    """N(m, I) in 4 dimensions, |m|² = 1: KL = 1/2, Hellinger and TV as between N(0, 1) and N(1, 1)."""
    random = torch.Generator().manual_seed(0)
    x, y = (torch.randn(2000, 4, generator=random) for _ in range(2))
    found = feature_divergences(fit_critics(x + 0.5, y))
    exact = {
        "kl": 0.5,
        "reverse-kl": 0.5,
        "js": 0.222842,
        "squared-hellinger": 0.235006,
        "total-variation": 0.382925,
    }
    for name in PRICED:
        low, high = found[name].interval(0.999)
        assert low < exact[name] < high and found[name].value == pytest.approx(exact[name], rel=0.2), name


def test_a_collapsed_generator_is_as_far_as_can_be_and_the_numbers_are_finite():
    real = torch.randn(500, 3, generator=torch.Generator().manual_seed(0))
    found = feature_divergences(fit_critics(torch.zeros(500, 3), real))
    assert found["total-variation"].value > 0.95 and found["kl"].value > 3
    assert all(abs(number.value) < 1e6 and number.standard_error < 1e6 for number in found.values())


def test_they_stand_beside_the_other_metrics_and_need_fifty_samples():
    samples = fgan.load_data("ring8").train.draw(300, torch.Generator().manual_seed(1))
    found = fgan.evaluate(samples, "ring8", metrics=("divergences", "fid"))
    assert found["js"].low <= found["js"].high <= 1.3863
    assert found["total-variation"].floor is not None and found["total-variation"].better == "lower"
    with pytest.raises(fgan.FganError, match=r"at least 50 samples .there are 40"):
        fgan.evaluate(samples[:40], "ring8", metrics=("kl",))
