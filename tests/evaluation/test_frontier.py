"""The frontier beside the other metrics: numbers, curve, and what an older evaluation lacks."""

import json

import pytest
import torch

import fgan
from fgan.evaluation import Evaluation, divergences, over_runs


@pytest.fixture(scope="module")
def found():
    samples = fgan.load_data("ring8").train.draw(400, torch.Generator().manual_seed(1))
    samples = samples[samples[:, 0] > -0.5][:300]  # three of eight modes are gone
    return fgan.evaluate(samples, "ring8", metrics="frontier,js,fid")


def test_missing_modes_cost_recall_and_not_precision(found):
    recall, precision = found["frontier-recall"], found["frontier-precision"]
    assert recall.high < 0.85 < precision.high and recall.floor.high == 1.0
    for one in (recall, precision, found["frontier-area"]):
        assert 0 <= one.low <= one.value <= one.high <= 1 and one.better == "higher"
    assert "frontier-recall" in found.table() and found["fid"].low < found["fid"].value


def test_the_curve_is_in_the_json_and_comes_back(found):
    curve = json.loads(found.to_json())["frontier"]
    assert (
        len(curve["slope"]) == len(curve["low"]) == len(curve["floor"]["precision"]) == 39
        and 1.0 in curve["slope"]
    )
    assert all(low <= high for low, high in zip(curve["low"], curve["high"], strict=True))
    assert Evaluation.from_dict(json.loads(found.to_json())) == found
    older = {key: value for key, value in json.loads(found.to_json()).items() if key != "frontier"}
    assert (
        Evaluation.from_dict(older).frontier is None
        and "frontier" not in Evaluation.from_dict(older).to_dict()
    )
    assert over_runs([found, found])["frontier-area"].value == found["frontier-area"].value


def test_one_critic_serves_the_frontier_and_the_divergences(monkeypatch):
    fits, once = [], divergences.estimate
    monkeypatch.setattr(divergences, "estimate", lambda *args, **more: fits.append(1) or once(*args, **more))
    samples = fgan.load_data("ring8").train.draw(200, torch.Generator().manual_seed(1))
    fgan.evaluate(samples, "ring8", metrics="frontier,kl", n=200)
    assert len(fits) == 2, "one for the samples, one for the baseline"
