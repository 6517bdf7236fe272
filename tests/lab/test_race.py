"""A race is fgan's own ensemble: repeatable, changed while it runs, and written down as Python."""

import pytest
import torch

from fgan.errors import FganError
from fgan.lab import Member, Race, Settings
from fgan.training.ensemble import Ensemble

SMALL = {"width": 16, "critic_width": 16, "batch": 32}


def weights(race):
    return [
        {f"{who}.{name}": value.clone() for who in ("generator", "critic")
         for name, value in getattr(trainer, who).network.state_dict().items()}
        for trainer in race.trainers
    ]  # fmt: skip


def same(one, other):
    return [all(torch.equal(a[name], b[name]) for name in a) for a, b in zip(one, other, strict=True)]


def test_members_train_as_they_would_alone():
    names = ["js", "kl", "js", "pearson"]
    race = Race(
        Settings(members=[Member(names[0]), names[1], Member(names[2], "saturating"), names[3]], **SMALL)
    )
    race.run(until=20)
    for k in range(4):
        alone = Race(Settings(members=[race.settings.members[k]], **SMALL))
        alone.run(until=20)
        for name, value in weights(alone)[0].items():
            torch.testing.assert_close(weights(race)[k][name], value, rtol=1e-3, atol=1e-4)


def test_all_begin_alike():
    race = Race(Settings(**SMALL))
    assert all(same(weights(race)[:1] * 4, weights(race)))
    z = torch.randn(5, race.latent)
    assert torch.equal(race.generated(z)[0], race.generated(z)[3])


def test_samples_and_outputs_are_in_the_order_of_the_members():
    race = Race(Settings(members=["pearson", "gan", "kl", Member("gan", "saturating")], **SMALL))
    assert race.order.tolist() != sorted(race.order.tolist()), "else there is nothing to see"
    race.run(until=5)
    z, x = torch.randn(7, race.latent), torch.randn(7, 2)
    own = [trainer.generator.network(z) for trainer in race.trainers]
    torch.testing.assert_close(race.generated(z), torch.stack(own))
    own = [trainer.critic.network(x) for trainer in race.trainers]
    torch.testing.assert_close(race.outputs(x.expand(4, 7, 2)), torch.stack(own))


CHANGES = {
    "rates": {"lr": 3e-4, "critic_lr": 2e-3},
    "penalty": {"penalty": "gp", "gamma": 1.0},
    "no penalty": {"penalty": "none"},
    "batch": {"batch": 64},
    "critic steps": {"n_critic": 3},
    "loss": {"members": [Member("kl", "saturating"), Member("js", "saturating")]},
    "follow": {"members": ["kl", Member("js", follow="kl")]},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_keeps_the_networks_and_goes_on(change):
    race = Race(Settings(members=["kl", "js"], **SMALL))
    race.run(until=10)
    before = weights(race)
    race.change(**change)
    assert all(same(before, weights(race))) and race.steps == 10
    race.run(until=15)
    assert race.steps == 15 and not any(same(before, weights(race)))
    assert all(trainer.is_finite() for trainer in race.trainers)


def test_a_new_width_begins_the_generators_anew():
    race = Race(Settings(members=["kl", "js"], **SMALL))
    race.run(until=10)
    critics = [trainer.critic.network.state_dict() for trainer in race.trainers]
    critics = [{name: value.clone() for name, value in one.items()} for one in critics]
    race.change(width=8, depth=1)
    assert all(
        torch.equal(value, trainer.critic.network.state_dict()[name])
        for trainer, one in zip(race.trainers, critics, strict=True)
        for name, value in one.items()
    )
    race.run(until=20)
    assert all(trainer.is_finite() for trainer in race.trainers)


def test_members_come_go_and_change():
    race = Race(Settings(members=["kl", "js", "gan"], **SMALL))
    race.run(until=10)
    before = weights(race)
    race.change(members=["gan", "kl"])
    assert all(same([before[2], before[0]], weights(race))), "those that stay keep everything"
    race.change(members=["gan", "pearson"])
    now = weights(race)
    assert same(before[2:], now[:1]) == [True]
    generator = [name for name in now[1] if name.startswith("generator")]
    assert all(torch.equal(now[1][name], before[0][name]) for name in generator), "a generator goes on"
    critic = [name for name in now[1] if name.startswith("critic") and name.endswith("weight")]
    assert not any(torch.equal(now[1][name], before[0][name]) for name in critic), "its critic begins anew"
    race.change(members=["gan", "pearson", "kl"])
    race.run(until=15)
    assert len(race.trainers) == 3 and all(trainer.is_finite() for trainer in race.trainers)


def test_a_late_joiner_takes_steps_as_long_as_any_first_one():
    race = Race(Settings(members=["kl"], **SMALL))
    race.run(until=50)
    race.change(members=["kl", "js"])

    def longest(race, k, who=("generator", "critic")):
        before = weights(race)[k]
        race.step()
        now = weights(race)[k]
        return max(float((now[name] - before[name]).abs().max()) for name in now if name.startswith(who))

    first = longest(Race(Settings(members=["js"], **SMALL)), 0)
    assert longest(race, 1) == pytest.approx(first, rel=0.05)
    race.run(until=80)
    race.change(width=8)
    assert longest(race, 0, "generator") == pytest.approx(first, rel=0.05)


def test_a_changed_member_keeps_its_own_generator():
    race = Race(Settings(members=["kl", "js"], **SMALL))
    race.run(until=10)
    before = weights(race)
    race.change(members=["kl", "kl"])
    now = weights(race)
    for k in range(2):
        assert all(
            torch.equal(now[k][name], before[k][name]) for name in now[k] if name.startswith("generator")
        )


@pytest.mark.parametrize(
    "change", [{"lr": -1}, {"members": ["kll"]}, {"seed": 3}, {"width": 0}, {"speed": 2}]
)
def test_a_mistake_changes_nothing(change):
    race = Race(Settings(**SMALL))
    race.run(until=3)
    before, settings, snippet = weights(race), race.settings, race.snippet
    with pytest.raises(FganError):
        race.change(**change)
    assert all(same(before, weights(race))) and (race.settings, race.snippet) == (settings, snippet)
    race.run(until=5)


def test_the_snippet_repeats_the_race_to_the_bit():
    race = Race(Settings(members=["kl", Member("js", "saturating"), "f(u)=(u-1)**4"], seed=4, **SMALL))
    race.run(until=8)
    race.change(lr=5e-4, members=["kl", Member("js", follow="kl")])
    race.step("critic")
    race.step("generator")
    race.run(until=12)
    race.change(width=8)
    race.run(until=13)
    scope = {}
    exec(race.snippet, scope)
    assert all(same(weights(race), weights(scope["race"]))) and scope["race"].snippet == race.snippet


def test_of_points_and_of_pictures():
    drawn = Race(Settings(target="drawn", points=((0, 0), (1, 1), (2, 0)), members=["kl"], **SMALL))
    scope = {}
    exec(drawn.snippet, scope)
    assert scope["race"].settings == drawn.settings
    digits = Race(Settings(target="digits", members=["kl", "gan"], **SMALL))
    digits.run(until=3)
    assert digits.generated(torch.randn(4, digits.latent), torch.arange(4)).shape == (2, 4, 1, 8, 8)


def test_a_member_that_blows_up_stops_no_other():
    race = Race(Settings(members=["kl", "js"], **SMALL))
    with torch.no_grad():
        for parameter in race.trainers[0].generator.network.parameters():
            parameter.fill_(float("nan"))
    Ensemble(race.trainers)
    race.run(until=5)
    assert [trainer.is_finite() for trainer in race.trainers] == [False, True]


def test_what_cannot_train_says_whose_fault_it_is():
    with pytest.raises(FganError, match=r"total-variation: .*noise penalty"):
        Race(Settings(members=["kl", "total-variation"], penalty="noise"))
