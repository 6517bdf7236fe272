"""An f that somebody wrote is recognised as the divergence it is: its parameter, its factor, its shift."""

import pytest

from fgan.divergences import divergence
from fgan.divergences.recognise import RATIOS, match, recognise


@pytest.mark.parametrize(
    "name",
    [
        "alpha:-2.75",
        "alpha:4.25",
        "skew-js:0.37",
        "skew-kl:0.03",
        "skew-kl:0.81",
        "skew-pearson:0.15",
        "skew-pearson:0.97",
    ],
)
def test_the_parameter_of_a_family_is_found(name):
    f = divergence(name).f(RATIOS)
    (found, *_) = recognise(2.5 * f - 3 * (RATIOS - 1))
    assert found.exact and not found.same and str(found) == f"2.5 × {name}"
    assert found.slope == pytest.approx(-3, abs=1e-4)


@pytest.mark.parametrize(
    ("factor", "shift", "same"), [(1, 0, True), (1.01, 0, False), (1, 0.01, False), (-1, 0, False)]
)
def test_only_the_divergence_itself_is_the_same(factor, shift, same):
    kl = divergence("kl")
    found = match(factor * kl.f(RATIOS) + shift, kl)
    assert found.same == same and found.exact == (factor > 0)


def test_what_is_no_divergence_of_the_catalogue_gets_the_nearest_inexact():
    (found,) = recognise((RATIOS - 1) ** 4)
    assert not found.exact and found.error > 1e-3
