"""The link "linear": chosen by rule, never steep, never flat, and always a bound."""

import math
import pickle
import re
from pathlib import Path

import pytest
import torch
from cases import together

import fgan
from fgan.divergences import divergence
from fgan.divergences.base import Derived
from fgan.objectives.relativistic import RelativisticLoss
from fgan.verification.laws import broken_laws

LIST = Path(__file__).parents[2] / "benchmarks" / "own_f.txt"
THIRTY = [
    f"f(u)={line}" for line in LIST.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
]
COMBINED = ["symmetrized(pearson)", "dual(pearson)", "0.1*kl + total-variation", "dual(hockey-stick:2)"]
V = torch.linspace(-30, 30, 241, dtype=torch.float64) + 1e-3


def test_there_are_thirty():
    assert len(THIRTY) == len(set(THIRTY)) == 30


@together(
    "name, why",
    [
        ("f(u)=(u-1)**4", r"f\*\(T\) grows as u\^4"),
        ("f(u)=exp(u)", "faster than any power of u"),
        ("f(u)=1/u", r"T falls as -u\^-2"),
        ("f(u)=exp(1/u)", "faster than any power of 1/u"),
        ("f(u)=2*(u+1)*log((u+1)/2)", r"T levels off at 0\.6137"),
        ("f(u)=u*log(2*u/(1+u))", r"f\*\(T\) levels off"),
        ("f(u)=abs(u-1)", "the bound jumps at u = 1"),
        ("f(u)=1000*u*log(u)", r"rise 1\.36e\+03 times as fast as v"),
        ("dual(pearson)", r"T falls as -u\^-2"),
        ("0.1*kl + total-variation", "the bound jumps at u = 1"),
    ],
)
def test_it_is_chosen_where_the_log_ratio_fails_and_says_why(name, why):
    d = divergence(name)
    assert d.links == ("linear", "log-ratio")
    (note,) = (note for note in d.notes if '"linear"' in note)
    assert re.search(why, note), note
    assert not any('"linear"' in note for note in d.with_link("log-ratio").notes)


@together(
    "name", ["f(u)=u*log(u)", "f(u)=-log(u)", "f(u)=(u-1)*log(u)", "f(u)=-sqrt(u)", "0.5*kl + 0.5*dual(kl)"]
)
def test_where_the_log_ratio_trains_it_stays(name):
    d = divergence(name)
    assert d.links == ("log-ratio", "linear") and not any("link" in note for note in d.notes)


@together("name", [*THIRTY, *COMBINED])
def test_one_term_is_straight_and_the_other_is_less_steep(name):
    d = divergence(name).with_link("linear")
    v = V.clone().requires_grad_()
    (real,) = torch.autograd.grad(d.real_term(v).sum(), v)
    (fake,) = torch.autograd.grad(d.fake_term(v).sum(), v)
    scale = d.linear.scale
    assert 0 < scale <= 1
    below = V < 0
    torch.testing.assert_close(torch.where(below, real, fake), torch.full_like(V, scale))
    less = torch.where(below, fake, real)
    assert (less >= 0).all() and (less <= scale * (1 + 1e-12)).all()


@together("name", [*THIRTY, *COMBINED])
def test_no_output_is_better_than_the_best_and_all_laws_hold(name):
    d = divergence(name).with_link("linear")
    v = V[V.abs() < 12]  # beyond, a T next to the edge of dom f* has no digits left
    real, fake = d.real_term(v), d.fake_term(v)
    assert (fake >= d.conjugate(real) - 1e-9 * (1 + fake.abs())).all()
    assert not broken_laws(d)


def test_for_total_variation_it_is_the_hinge_loss():
    d = divergence("f(u)=abs(u-1)/2")
    torch.testing.assert_close(d.real_term(V), (V / 2).clamp(max=0.5))
    torch.testing.assert_close(d.fake_term(V), (V / 2).clamp(min=-0.5))


@together("name", ["f(u)=(u-1)**4", "f(u)=-log(u)", "f(u)=abs(u-1)**1.5", "0.1*kl + total-variation"])
def test_narrow_outputs_lose_only_their_own_digits(name):
    d = divergence(name).with_link("linear")
    for term in (d.real_term, d.fake_term, d.log_ratio):
        torch.testing.assert_close(term(V.float()).double(), term(V.float().double()), rtol=1e-5, atol=1e-5)


def test_its_log_ratio_is_differentiable_and_says_where_there_is_none():
    d = divergence("f(u)=(u-1)**2")
    v = torch.tensor([-1.5, -0.2, 0.4, 7.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(d.log_ratio, (v,))
    assert torch.autograd.gradgradcheck(d.real_term, (v,)) and torch.autograd.gradgradcheck(d.fake_term, (v,))
    assert d.log_ratio(torch.tensor(-3.0)) == -math.inf  # T = v below f'(0) = -2
    bounded = divergence("f(u)=(u-1)**2/(u+1)")
    assert bounded.log_ratio(torch.tensor(9.0)) == math.inf


def test_a_copy_of_it_travels():
    d = divergence("f(u)=(u-1)**2")
    assert d.real_term(V).isfinite().all()
    there = pickle.loads(pickle.dumps(d))
    assert torch.equal(there.fake_term(V), d.fake_term(V))
    assert torch.equal(d.with_link("log-ratio").with_link("linear").fake_term(V), d.fake_term(V))


@pytest.mark.parametrize(
    "name", ["f(u)=max(u-2,0)", "f(u)=max(u-3,0)**2 + max(0.3-u,0)**2", "dual(hockey-stick:2)"]
)
def test_an_f_that_is_straight_around_one_is_refused_with_what_to_add(name):
    with pytest.raises(fgan.FganError, match=r"f is straight .*u = .*0 as soon as .*0\.1\*js \+ "):
        fgan.GANLoss(name)
    assert fgan.GANLoss(f"0.1*js + {name}").divergence.link == "linear"


@together("name", ["f(u)=max(u-1,0)", "f(u)=max(1-u,0)**2", "f(u)=(u-1)**4", "f(u)=u*log(u) + 3*u"])
def test_an_f_that_bends_at_one_is_not(name):
    assert fgan.GANLoss(name).divergence.link in ("linear", "log-ratio")


def test_entries_of_the_catalogue_keep_their_links():
    assert not issubclass(type(divergence("kl")), Derived)
    assert "linear" not in divergence("triangular").links


def test_pairs_play_by_it_where_the_log_ratio_explodes():
    loss = RelativisticLoss("f(u)=(u-1)**4")
    assert loss.divergence.link == "linear"
    v = 100 * torch.ones(4)
    assert loss.critic(v, -v).isfinite()
    assert RelativisticLoss("f(u)=u*log(u)").divergence.link == "log-ratio"
