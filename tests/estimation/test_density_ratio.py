import pickle

import pytest
import torch
from sklearn.base import clone

import fgan
from fgan.estimation import METHODS


def test_it_learns_the_ratio_and_applies_it(gaussians):
    p, q = gaussians(2000, 2)
    ratio = fgan.DensityRatio(method="logistic", folds=3).fit(p, q)
    x = torch.randn(200, 2, generator=torch.Generator().manual_seed(5))
    true = x.sum(1) * 0.5**0.5 - 0.5
    assert ratio.log_ratio(x).sub(true).abs().mean() < 0.15
    assert torch.equal(ratio.predict(x), ratio.log_ratio(x).exp())
    assert ratio.estimate_.value == pytest.approx(0.5, rel=0.2)


def test_weights_make_q_stand_for_p(gaussians):
    p, q = gaussians(3000, 1)
    weights = fgan.DensityRatio().fit(p, q).predict(q)
    assert float((weights * q[:, 0]).sum() / weights.sum()) == pytest.approx(1.0, abs=0.15)


def test_it_has_the_manners_of_scikit_learn(gaussians):
    ratio = fgan.DensityRatio(method="gaussian", seed=3)
    assert (
        clone(ratio).get_params()
        == ratio.get_params()
        == {
            "method": "gaussian",
            "folds": 5,
            "kinds": None,
            "missing": "refuse",
            "blocks": None,
            "seed": 3,
            "device": "auto",
        }
    )
    assert ratio.set_params(folds=2).folds == 2
    with pytest.raises(fgan.FganError, match='no parameter "fold"'):
        ratio.set_params(fold=2)
    with pytest.raises(fgan.FganError, match="Call fit"):
        ratio.log_ratio([1.0])
    with pytest.raises(fgan.FganError, match="does not estimate a density ratio"):
        fgan.DensityRatio("knn").fit(*gaussians(100))
    assert repr(ratio) == (
        "DensityRatio(method='gaussian', folds=2, kinds=None, missing='refuse', blocks=None, seed=3, device='auto')"
    )


@pytest.mark.parametrize("method", METHODS)
def test_what_was_learnt_can_be_saved(method, gaussians):
    """As joblib does, for every method and its critics."""
    p, q = gaussians(120)
    x = torch.zeros(2, 1)
    if "vectors" not in METHODS[method].two_samples:
        p, q, x = (p > 0).long(), (q > 0).long(), x.long()
    found = fgan.estimate(p, q, method=method, folds=2)
    again = pickle.loads(pickle.dumps(found))
    assert again.value == found.value
    if found.source.critics:
        assert again.log_ratio(x).equal(found.log_ratio(x))
