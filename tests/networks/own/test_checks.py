"""What is wrong with a user's network is said before training, in words that name the mend."""

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

import fgan
from fgan.frame import Frame
from fgan.networks.own import own_critic, own_generator, refer_to

POINTS, PICTURES = Frame((2,)), Frame.of_images((1, 8, 8))


class Called(nn.Module):
    """A linear network whose forward is a function of its layer and its inputs."""

    def __init__(self, inputs, outputs, forward=lambda layer, x: layer(x)):
        super().__init__()
        self.layer, self.called = nn.Linear(inputs, outputs), forward

    def forward(self, *inputs):
        return self.called(self.layer, *inputs)


def generator(given, frame=POINTS, latent=4, classes=0, wants_latent=True):
    return own_generator(refer_to(given, "generator"), frame, latent, classes, wants_latent=wants_latent)


def critic(given, frame=POINTS, classes=0):
    return own_critic(refer_to(given, "critic"), frame, classes)


class NeedsHidden(nn.Module):
    def __init__(self, hidden):
        super().__init__()


def frozen():
    return Called(4, 2).requires_grad_(False)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Called(5, 2), r"takes 5 numbers: set latent=5"),
        (Called(4, 3), r"must return samples \(16, 2\).*returned \(16, 3\)"),
        (Called(4, 2, lambda layer, z: (layer(z), z)), "must return one tensor; it returned a tuple of 2"),
        (Called(4, 2, lambda layer, z: layer(z).detach()), "has no gradient"),
        (Called(4, 2, lambda layer, z: layer(z) * float("nan")), "values that are not finite"),
        (Called(4, 2).double(), r"float64 .*Call \.to\(torch.float32\)"),
        (Called(4, 2).to("meta"), "meta device"),
        (frozen, "requires_grad=False on layer.weight, layer.bias"),
        (nn.Flatten, "has no parameters"),
        (NeedsHidden, r"hidden; fgan passes only latent, shape, classes.*lambda: NeedsHidden\(hidden=\.\.\.\)"),
        (lambda: [nn.Linear(4, 2)], "^generator=lambda must return an nn.Module; it returned a list"),
        (lambda: 1 / 0, "raised ZeroDivisionError"),
    ],
)  # fmt: skip
def test_a_generator_that_cannot_be_trained(given, said):
    with pytest.raises(fgan.FganError, match=f"(?s){said}"):
        generator(given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Called(2, 2), r"one raw output per sample, 16 here; it returned \(16, 2\)"),
        (Called(2, 1, lambda layer, x: layer(x).mean()), r"it returned \(\)"),
        (Called(2, 1, lambda layer, x: layer(x[:, None, :])[..., 0].tile(1, 3)), r"it returned \(16, 3\)"),
        (3, "must be an nn.Module, a class or function"),
    ],
)
def test_a_critic_that_cannot_be_trained(given, said):
    with pytest.raises(fgan.FganError, match=f"(?s){said}"):
        critic(given)


def test_labels_are_passed_where_there_are_classes():
    with pytest.raises(fgan.FganError, match=r"raised TypeError.*and labels \(n,\)"):
        critic(Called(2, 1, lambda layer, x: layer(x)), classes=3)
    conditional = critic(Called(2, 1, lambda layer, x, y: layer(x) + y[:, None]), classes=3)
    v = conditional(torch.zeros(2, 2), torch.tensor([0, 2]))
    assert v.shape == (2,) and (v[1] - v[0]).item() == pytest.approx(2)


@pytest.mark.parametrize(
    ("given", "frame", "said"),
    [
        (nn.Sequential(nn.Linear(2, 1), nn.Sigmoid()), POINTS, "ends in Sigmoid"),
        (Called(2, 1, lambda layer, x: layer(x).sigmoid()), POINTS, "between 0 and 1 when tried"),
        (nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)), POINTS, "has BatchNorm1d"),
        (Called(2, 1).eval(), POINTS, "in eval mode"),
    ],
)
def test_what_is_worth_knowing_of_a_critic(given, frame, said):
    (note,) = critic(given, frame).notes
    assert said in note


@pytest.mark.parametrize("given", [Called(2, 1), Called(2, 1, lambda layer, x: layer(x).relu())])
def test_a_raw_critic_needs_no_note(given):
    assert critic(given).notes == ()


def test_pictures_outside_of_their_range_are_noted():
    squashed = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    (note,) = generator(squashed, PICTURES).notes
    assert "outside the data's range, 0 to 1" in note and "sigmoid" in note
    assert generator(nn.Sequential(squashed, nn.Sigmoid()), PICTURES).notes == ()


def test_a_network_is_copied_and_put_into_train_mode():
    mine = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)).eval()
    before = {name: tensor.clone() for name, tensor in mine.state_dict().items()}
    made = critic(mine)
    assert made.network is not mine and made.training and made.network[1].training and not mine.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in mine.state_dict().items())
    assert all(torch.equal(tensor, before[name]) for name, tensor in made.network.state_dict().items())


def test_a_power_iteration_is_no_part_of_the_try():
    mine = nn.Sequential(spectral_norm(nn.Linear(2, 1)))
    u = mine[0].parametrizations.weight[0]._u.clone()
    assert torch.equal(critic(mine).network[0].parametrizations.weight[0]._u, u)


def test_lazy_layers_learn_their_sizes():
    made = critic(lambda: nn.Sequential(nn.LazyLinear(5), nn.ReLU(), nn.LazyLinear(1)))
    assert [p.shape for p in made.parameters()] == [(5, 2), (5,), (1, 5), (1,)]


def test_a_factory_is_told_what_its_signature_asks_for():
    asked = {}

    def make(shape, latent, classes=7):
        asked.update(shape=shape, latent=latent, classes=classes)
        return Called(latent, 2)

    generator(make)
    assert asked == {"shape": (2,), "latent": 4, "classes": 0}


def test_the_latent_of_a_network_counts_where_the_recipe_says_none():
    mine = Called(9, 2)
    mine.latent = 9
    assert generator(mine, wants_latent=False).latent == 9
    with pytest.raises(fgan.FganError, match="set latent=9"):
        generator(mine, wants_latent=True)


def test_dropout_is_seen_and_leaves_the_global_random_numbers_alone():
    mine = nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    before = torch.get_rng_state()
    made = critic(mine)
    assert made.draws and torch.equal(before, torch.get_rng_state())
    assert not critic(Called(2, 1)).draws


def test_batch_statistics_do_not_pass_for_a_sigmoid():
    for seed in range(60):
        torch.manual_seed(seed)
        (note,) = critic(nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)), POINTS).notes
        assert "has BatchNorm1d" in note
