import pytest
import torch

import fgan
from fgan.divergences import CATALOGUE

REQUIRED = {"total-variation", "kl", "reverse-kl", "pearson", "squared-hellinger", "js", "gan"}


def test_the_catalogue_has_the_first_seven():
    assert set(CATALOGUE) >= REQUIRED


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_name_gives_the_divergence_of_that_name(name):
    assert fgan.divergence(name).name == name
    assert repr(fgan.divergence(name)) == f'fgan.divergence("{name}", link="paper")'


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("reverse_kl", "reverse-kl"),
        ("perason", "pearson"),
        ("KL", "kl"),
        ("hellinger", "squared-hellinger"),
        ("rkl", "reverse-kl"),
        ("TV", "total-variation"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(wrong, nearest):
    with pytest.raises(fgan.FganError, match=f'unknown divergence "{wrong}". Did you mean "{nearest}"'):
        fgan.divergence(wrong)


def test_an_unknown_link_is_refused():
    with pytest.raises(fgan.FganError, match='"paper" or "log-ratio"; got "logit"'):
        fgan.divergence("kl", link="logit")


def test_total_variation_says_that_it_knows_no_ratio():
    d = fgan.divergence("total-variation")
    assert not d.identifies_ratio
    assert torch.equal(d.log_ratio(torch.tensor([-3.0, 3.0])), torch.zeros(2))
