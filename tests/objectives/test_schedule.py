import math

import pytest
import torch

import fgan
from fgan.objectives import Penalties, faded, read_terms, squared_gradient


@pytest.mark.parametrize(
    "text", ["r1:1", "r1:0.5,r2:2", "noise:2:fade=5000", "gp:10:every=4", "lecam:0.001:every=2:fade=100"]
)
def test_what_is_written_is_read_and_written_again(text):
    assert ",".join(map(str, read_terms(text))) == text


@pytest.mark.parametrize("text", ["none", "", "  none "])
def test_there_may_be_none(text):
    assert read_terms(text) == [] and Penalties(text).due(0) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("r3:1", 'a penalty must be one of r1, .* got "r3"'),
        ("r1", "has no weight"),
        ("r1:much", "penalties must be NAME:WEIGHT"),
        ("r1:-1", "must be positive and finite"),
        ("r1:inf", "must be positive and finite"),
        ("r1:1:every=0", '"every" must be a whole number of at least 1'),
        ("r1:1:every=1.5", '"every" must be a whole number of at least 1'),
        ("r1:1:every=inf", '"every" must be a whole number of at least 1'),
        ("r1:1:fade=0", '"fade" positive'),
        ("r1:1:often=3", "penalties must be NAME"),
        ("r1:1:every=2:every=3", "penalties must be NAME"),
        ("r1:1,r1:2", 'name each penalty once; got "r1" twice'),
    ],
)
def test_mistakes_are_said(text, said):
    with pytest.raises(fgan.FganError, match=said):
        read_terms(text)


def test_a_lazy_penalty_counts_rarely_and_as_much_on_the_whole():
    (lazy,) = read_terms("r1:0.5:every=4")
    weights = [lazy.weight_at(step) for step in range(12)]
    assert [step for step, weight in enumerate(weights) if weight] == [0, 4, 8]
    assert sum(weights) == pytest.approx(0.5 * 12)


def test_a_fading_weight_halves_and_never_ends():
    (fading,) = read_terms("r1:3:fade=100")
    assert fading.weight_at(0) == 3 and fading.weight_at(100) == pytest.approx(1.5)
    assert fading.weight_at(10**6) > 0 and faded(5, math.inf) == 1


def test_slopes_count_in_the_units_given():
    x = torch.randn(6, 2, requires_grad=True)
    v = 3 * x[:, 0] + 4 * x[:, 1]
    for scale, expected in ((1.0, 25.0), (2.0, 100.0), (torch.tensor([1.0, 0.0]), 9.0)):
        penalties = Penalties("r1:1,r2:1", scale=scale)
        slopes = squared_gradient(v, x, penalties.scale)
        total = penalties.total(penalties.due(0), v, slopes, [3, 3, 0, 0])
        assert total.item() == pytest.approx(expected, rel=1e-5)
