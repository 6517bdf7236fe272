import pytest
from cases import together
from catalogue import EVERY

from fgan.divergences import divergence
from fgan.objectives.followed import followed_by_the_trick


@pytest.mark.parametrize(
    ("name", "followed"),
    {
        "kl": "reverse-kl",
        "pearson": "2 × kl",
        "reverse-kl": "0.5 × neyman",
        "gan": "0.5 × softened-reverse-kl",
        "js": "0.5 × softened-reverse-kl",
        "softened-kl": "2 × js",
        "alpha:3": "0.5 × pearson",
        "alpha:2": "kl",
        "alpha:0.5": "alpha:-0.5",
        "neyman": "2 × alpha:-2",
        "squared-hellinger": "0.5 × alpha:-0.5",
        "total-variation": "total-variation",
        "hockey-stick:2": "0.5 × hockey-stick:2",
        "f(u) = 3*u*log(u)": "3 × reverse-kl",
    }.items(),
)
def test_what_is_followed(name, followed):
    assert followed_by_the_trick(divergence(name)) == followed


@pytest.mark.parametrize("order", [-1.7, -0.3, 0.25, 1.25, 2.6])
def test_the_trick_takes_one_from_alpha(order):
    assert followed_by_the_trick(divergence(f"alpha:{order}")) == f"alpha:{order - 1:.6g}"


@pytest.mark.parametrize("name", ["total-variation", "chi:1", "2*total-variation", "f(u)=abs(u - 1)"])
def test_a_kink_at_one_is_its_own(name):
    assert followed_by_the_trick(divergence(name)) == divergence(name).name


@pytest.mark.slow
@together("name", EVERY)
def test_the_link_makes_no_difference(name):
    said = {followed_by_the_trick(divergence(name, link)) for link in divergence(name).links}
    assert len(said) == 1


def test_what_has_no_name_is_described():
    assert followed_by_the_trick(divergence("jeffreys")) == (
        "the h with h'' = f''/u of jeffreys, near p = q like alpha:-0.5"
    )
    kinked = followed_by_the_trick(divergence("f(u) = abs(u - 1) + (u - 1)**2"))
    assert kinked.startswith("no single divergence") and "kinks" in kinked


def test_an_f_beyond_all_numbers_is_none_of_the_catalogue():
    """e^u overflows within the ratios at which an f is known."""
    found = followed_by_the_trick(divergence("f(u) = exp(u - 1) - u"))
    assert found.startswith("the h with h'' = f''/u of")
