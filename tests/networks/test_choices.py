"""One-hot blocks: drawn by the latent with the softmax's chances, differentiable, alike in a stack and alone."""

import pytest
import torch

from fgan.frame import Frame
from fgan.networks import Architecture, build_generator
from fgan.networks.stacked import Stack
from fgan.networks.units import Choices

FRAME = Frame((7,), center=(0.5,) * 7, scale=(2.0,) * 7, choices=((1, 3, 1), (5, 2, 0)))
BUILT = Architecture(latent=4, width=8, depth=1, activation="relu", classes=3)


def test_blocks_are_one_hot_and_shut_gates_are_zero():
    generator = build_generator(BUILT, FRAME)
    assert generator.latent == 4 + 5
    x = generator(torch.randn(200, 9), torch.arange(200) % 3)
    for first, count in ((1, 3), (5, 2)):
        block = x[:, first : first + count]
        assert (block.sort(1).values == torch.eye(count)[-1]).all()
        assert 0 < block[:, 0].sum() < 200, "both come up"
    assert (x[x[:, 1] == 0, 0] == 0).all() and (x[x[:, 1] == 1, 0] != 0).all()
    x[:, 2].sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in generator.parameters())
    assert Frame.from_json(FRAME.to_json()) == FRAME and FRAME.in_data_units.choices == FRAME.choices


@pytest.mark.parametrize("chances", [(0.7, 0.2, 0.1), (0.98, 0.01, 0.01)])
def test_a_draw_has_the_chances_of_the_softmax(chances):
    z = torch.randn(20_000, 3, generator=torch.Generator().manual_seed(0))
    scores = torch.tensor(chances).log().expand(20_000, 3)
    drawn = Choices([], ((0, 3, 0),)).choose(z, scores).mean(0)
    torch.testing.assert_close(drawn, torch.tensor(chances), atol=0.012, rtol=0)


def test_extreme_latents_give_finite_draws():
    x = Choices([], ((0, 2, 0),))(torch.tensor([[40.0, -40.0, 0.0, 0.0], [-40.0, -40.0, 0.0, 1.0]]))
    assert x.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_a_stack_gives_what_each_network_gives_alone():
    networks = [build_generator(BUILT, FRAME) for _ in range(3)]
    z, labels = torch.randn(3, 50, 9), torch.arange(150).view(3, 50) % 3
    alone = [network(one, label).detach() for network, one, label in zip(networks, z, labels, strict=True)]
    torch.testing.assert_close(Stack(networks)(z, labels).detach(), torch.stack(alone))
