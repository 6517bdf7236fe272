import pytest
import torch

from fgan.errors import FganError
from fgan.frame import Frame
from fgan.networks import NETWORKS, Architecture, build_critic, build_generator

FRAME = Frame((1, 8, 8), (0.0, 1.0))
KINDS = list(NETWORKS)


def pair(kind: str, classes: int, **changes):
    torch.manual_seed(0)
    built = Architecture(
        kind=kind, latent=5, width=8, depth=2, activation="leaky-relu", classes=classes, **changes
    )
    return build_generator(built, FRAME), build_critic(built, FRAME)


@pytest.mark.parametrize("kind", KINDS)
def test_a_label_changes_the_sample_and_what_the_critic_says(kind):
    generator, critic = pair(kind, 3)
    z, x = torch.randn(1, 5).repeat(3, 1), torch.rand(1, 1, 8, 8).repeat(3, 1, 1, 1)
    labels = torch.tensor([0, 1, 1])
    for outputs in (generator(z, labels), critic(x, labels)):
        assert not torch.allclose(outputs[0], outputs[1])
        torch.testing.assert_close(outputs[1], outputs[2])


@pytest.mark.parametrize("spectral_norm", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_critic_projects_on_the_class(kind, spectral_norm):
    """v(x, y) = ψ(φ(x)) + <e_y, φ(x)>, eq. 3 of Miyato and Koyama."""
    _, critic = pair(kind, 3, spectral_norm=spectral_norm)
    critic.eval()  # so that the power iteration stands still
    x, labels = torch.rand(4, 1, 8, 8), torch.tensor([2, 0, 1, 2])
    phi = critic.layers[:-1](x)
    psi = phi @ critic.layers[-1].weight[0] + critic.layers[-1].bias
    expected = psi + torch.stack([critic.embedding.weight[y] @ f for y, f in zip(labels, phi, strict=True)])
    torch.testing.assert_close(critic(x, labels), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_classes_weigh_as_much_as_the_head_at_the_start(kind):
    _, critic = pair(kind, 200)
    phi = critic.layers[:-1](torch.rand(50, 1, 8, 8))
    by_class = phi @ critic.embedding.weight.T
    assert by_class.std(1).mean().item() == pytest.approx(phi.square().mean(1).sqrt().mean().item(), rel=0.3)


@pytest.mark.parametrize("kind", KINDS)
def test_labels_must_be_there_exactly_where_classes_are(kind):
    z, x, labels = torch.randn(2, 5), torch.rand(2, 1, 8, 8), torch.tensor([0, 1])
    for network, inputs in zip(pair(kind, 3), (z, x), strict=True):
        with pytest.raises(FganError, match=r"with 3 classes needs labels \(n,\); got none"):
            network(inputs)
    for network, inputs in zip(pair(kind, 0), (z, x), strict=True):
        with pytest.raises(FganError, match="without classes takes no labels; got some"):
            network(inputs, labels)


def test_many_classes_share_an_embedding_of_128():
    assert pair("mlp", 10)[0].embedding.weight.shape == (10, 10)
    assert pair("mlp", 300)[0].embedding.weight.shape == (300, 128)
