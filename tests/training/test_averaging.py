"""The average of a module's weights, as a loop of one's own uses it."""

import copy

import pytest
import torch
from torch import nn

import fgan
from fgan.training.averaging import ExponentialAverage


def network():
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))


def moved(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter))
    module(torch.randn(4, 2))  # the buffers


def test_it_is_the_average_of_training():
    followed = network()
    mine, ours = fgan.EMA(followed, 0.9), ExponentialAverage(followed, 0.9)
    for step in range(30):
        moved(followed)
        mine.update()
        ours.update(step)
    theirs = ours.network.state_dict()
    for name, value in mine.module.state_dict().items():
        torch.testing.assert_close(value, theirs[name])
    assert not mine.module.training and not any(p.requires_grad for p in mine.parameters())


def test_it_goes_on_from_its_state_dict():
    followed = network()
    one = fgan.EMA(followed, 0.99)
    for _ in range(5):
        moved(followed)
        one.update()
    other = fgan.EMA(followed, 0.99)
    other.load_state_dict(copy.deepcopy(one.state_dict()))
    moved(followed)
    for average in (one, other):
        average.update()
    x = torch.randn(7, 2)
    assert torch.equal(one(x), other(x)) and torch.equal(one(x), one.module(x))


def test_it_is_no_part_of_the_module_and_stays_in_eval_mode():
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = network()
            self.average = fgan.EMA(self.net)

    both = Both().train()
    assert both.net.training and not both.average.training and not both.average.module.training
    assert len(list(both.parameters())) == 2 * len(list(both.net.parameters()))


@pytest.mark.parametrize("decay", [-0.1, 1.0, 2, float("nan")])
def test_a_decay_out_of_range_is_said(decay):
    with pytest.raises(fgan.FganError, match="at least 0 and below 1"):
        fgan.EMA(network(), decay)
