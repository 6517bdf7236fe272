"""Settings are checked field by field, and a link or a snippet gives them back."""

import json

import pytest

from fgan.errors import FganError
from fgan.lab import Member, Settings

WRONG = {
    "not an object": [],
    "an unknown field": {"learning_rate": 1e-3},
    "text for a number": {"lr": "0.001"},
    "a rate of zero": {"lr": 0},
    "infinity": {"gamma": float("inf")},
    "NaN": {"critic_lr": float("nan")},
    "half a unit": {"width": 8.5},
    "truth for a number": {"batch": True},
    "too wide": {"critic_width": 10**6},
    "another target": {"target": "ringg"},
    "another penalty": {"penalty": "r3"},
    "no members": {"members": []},
    "nine members": {"members": ["kl"] * 9},
    "members as text": {"members": "kl"},
    "a member without a divergence": {"members": [{"loss": "saturating"}]},
    "a member with another field": {"members": [{"divergence": "kl", "lr": 1}]},
    "another loss": {"members": [{"divergence": "kl", "loss": "hinge"}]},
    "an endless formula": {"members": ["u" * 10_000]},
    "a negative seed": {"seed": -1},
    "points of a ring": {"points": [[0, 0], [1, 1]]},
    "a drawing of nothing": {"target": "drawn"},
    "a drawing of one point": {"target": "drawn", "points": [[0, 0]]},
    "a drawing without width": {"target": "drawn", "points": [[1, 2], [1, 2]]},
    "three coordinates": {"target": "rows", "points": [[0, 0, 0], [1, 1, 1]]},
    "far points": {"target": "rows", "points": [[0, 0], [1e9, 1]]},
    "too many points": {"target": "drawn", "points": [[k, k] for k in range(401)]},
}


@pytest.mark.parametrize("values", WRONG.values(), ids=WRONG.keys())
def test_mistakes_say_what_was_received(values):
    with pytest.raises(FganError) as caught:
        Settings.from_values(values)
    assert len(str(caught.value)) < 300 and str(caught.value).endswith((".", "?"))


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(members=["kl", Member("js", "saturating", "kl")], lr=3e-4, penalty="none"),
        Settings(target="rows", points=((0.1, 0.2), (1.5, -2.0)), seed=7),
    ],
)
def test_they_survive_json(settings):
    assert Settings.from_values(json.loads(json.dumps(settings.to_values()))) == settings


def test_what_is_not_given_is_usual():
    assert Settings.from_values({"lr": 0.01}) == Settings(lr=0.01)
    assert Settings().differing() == {}
    assert Settings(lr=0.01).changed({"gamma": 1}).differing() == {"lr": 0.01, "gamma": 1.0}


@pytest.mark.parametrize("name", ["target", "seed", "points", "critic_width"])
def test_some_only_change_with_a_new_race(name):
    with pytest.raises(FganError, match="Start anew"):
        Settings().changed({name: 1})


def test_penalties_as_the_trainer_reads_them():
    assert Settings(gamma=0.5).penalties == "r1:0.5,r2:0.5"
    assert Settings(gamma=0).penalties == Settings(penalty="none").penalties == "none"
