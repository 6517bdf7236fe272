import copy

import pytest
import torch

from fgan.training.player import Player


def test_a_long_gradient_is_shortened_and_a_short_one_is_not():
    for clip, length in ((1.0, 5.0), (10.0, 5.0)):
        network = torch.nn.Linear(2, 1, bias=False)
        free, clipped = (
            Player(copy.deepcopy(network), 0.1, (0.0, 0.0), limit) for limit in (float("inf"), clip)
        )
        shrink = min(1.0, clip / length)
        for _ in range(2):
            free.move((torch.tensor([[3.0, 4.0]]) * shrink,))
            clipped.move((torch.tensor([[3.0, 4.0]]),))
        assert torch.equal(free.network.weight, clipped.network.weight)
        assert torch.equal(free.optimizer.state()["square.0"], clipped.optimizer.state()["square.0"])
        assert clipped.gradient_norm().item() == pytest.approx(length), "the norm before it was clipped"
