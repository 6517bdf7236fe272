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


def test_each_of_several_players_is_clipped_by_its_own_gradient():
    networks = [torch.nn.Linear(2, 1, bias=False) for _ in range(4)]
    for network in networks:
        torch.nn.init.zeros_(network.weight)
    gradients = torch.tensor([[[3.0, 4.0]], [[0.3, 0.4]]])
    together = [Player(network, 0.1, (0.0, 0.0), 1.0) for network in networks[:2]]
    alone = [Player(network, 0.1, (0.0, 0.0), 1.0) for network in networks[2:]]
    moved = []
    for player, gradient in [(Player.joined(together), gradients), *zip(alone, gradients, strict=True)]:
        player.optimizer.step = lambda given: moved.append(given[0])
        player.move((gradient,))
    assert torch.allclose(moved[0][0], moved[1]) and torch.allclose(moved[0][1], moved[2])
    assert [round(one.norm().item(), 5) for one in moved[1:]] == [1.0, 0.5]
