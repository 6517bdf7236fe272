"""Somebody else's code that passed although it is wrong, or failed although it is right."""

import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from cases import together
from catalogue import EVERY_LINK

from fgan.divergences import divergence
from fgan.errors import FganError
from fgan.verification import broken_laws, is_target, load, verify
from fgan.verification.points import LOG_RATIOS, slopes

LOG2 = math.log(2)
GAN = divergence("gan")


def terms(real, fake):
    return SimpleNamespace(real_term=real, fake_term=fake)


def identity(v):
    return v


def kl(t):
    return torch.exp(t - 1)


def js_activation(v):
    return LOG2 + F.logsigmoid(v)


def clamped_reverse_kl(limit):
    return terms(lambda v: -torch.exp(-v.clamp(-limit, limit)), lambda v: v.clamp(-limit, limit) - 1)


TOO_SHORT = {
    "tanh": ((lambda v: 20 * torch.tanh(v / 20), kl), "kl", "log(p/q) above 19"),
    "slow": ((lambda v: 15 * v / (1 + v.abs()), kl), "kl", "log(p/q) below -16"),
    "clamp": ((lambda v: v.clamp(-12, 12), kl), "kl", "T stays in [-12, 12]"),
    "pearson": ((lambda v: v.clamp(-2 + 1e-3, 1e5), lambda t: t * t / 4 + t), "pearson", "f'(u)"),
    "reverse-kl": (clamped_reverse_kl(10), "reverse-kl", "log(p/q) above 10"),
    "gan": (
        terms(
            lambda v: GAN.real_term(v.clamp(-10, 10)),
            lambda v: GAN.fake_term(v.clamp(-10, 10)),
        ),
        "gan",
        "log(p/q) below -10",
    ),
}


@pytest.mark.parametrize("claimed", [True, False])
@pytest.mark.parametrize("case", TOO_SHORT)
def test_t_that_stops_short_of_the_end_of_its_range_is_named(case, claimed):
    candidate, claim, said = TOO_SHORT[case]
    report = verify(candidate, claim if claimed else None)
    found = {item.law: item.what for item in report.broken}
    assert said in found.get("bound is tight", ""), report.text


def test_terms_that_stop_within_the_compared_ratios_are_named_without_a_claim():
    found = {item.law: item.what for item in verify(clamped_reverse_kl(8)).broken}
    assert "tight only for p/q in this range" in found["bound is tight"]


@pytest.mark.slow
@together("name, link", EVERY_LINK)
def test_the_catalogue_as_two_terms_reaches_its_ends(name, link):
    d = divergence(name, link)
    report = verify(terms(d.real_term, d.fake_term), name)
    assert report.holds, report.text


@pytest.mark.parametrize("name", ["kl", "pearson", "total-variation", "hockey-stick:2", "marton"])
def test_an_activation_and_its_conjugate_reach_their_ends(name):
    d = divergence(name)
    report = verify((d.activation, d.conjugate), name)
    assert report.holds, report.text


def test_a_slope_that_overflows_is_not_taken_for_an_affine_conjugate():
    d = divergence("alpha:0.99", "paper")
    found = {item.law for item in verify(terms(d.real_term, d.fake_term), "alpha:0.99").broken}
    assert "not degenerate" not in found


def test_a_slow_activation_reaches_every_end():
    assert verify((torch.asinh, kl), "kl").holds


@pytest.mark.parametrize(
    ("candidate", "name"),
    [
        ((lambda v: v.float(), lambda t: torch.exp(t.float() - 1)), "kl"),
        (terms(lambda v: F.logsigmoid(v.float()), lambda v: -F.logsigmoid(-v.float())), "gan"),
        ((lambda v: v.float(), lambda t: t * t / 4 + t), "pearson"),
        ((lambda v: 0.5 * torch.tanh(v.float()), identity), "total-variation"),
    ],
    ids=["kl", "gan", "pearson", "total-variation"],
)
def test_code_in_float32_alone_passes_with_a_note(candidate, name):
    report = verify(candidate, name)
    assert report.holds and name in (report.recognised or ""), report.text
    assert any("float32 for a float64 v" in note for note in report.notes)


def test_code_in_float32_alone_is_still_held_to_its_laws():
    assert not verify((lambda v: torch.sigmoid(v.float()), kl), "kl").holds
    assert not verify((lambda v: v.float(), lambda t: 1.05 * kl(t)), "kl").holds
    detached = verify((lambda v: v.float(), lambda t: kl(t).detach()), "kl")
    assert "gradients" in {item.law for item in detached.broken}


@pytest.mark.parametrize(
    "candidate",
    [(lambda v: v.mul_(1), kl), (identity, lambda t: t.sub_(1).exp_())],
    ids=["activation", "conjugate"],
)
def test_code_that_writes_in_place_can_be_right(candidate):
    report = verify(candidate, "kl")
    assert report.holds, report.text


@pytest.mark.parametrize(
    "text", ["f(u)=max(u,1/u)", "f(u)=abs(u-1)-log(u)", "f(u)=abs(u-1)+u*log(u)", "f(u)=abs(u-1)"]
)
def test_a_kink_beside_an_infinite_slope_breaks_no_law(text):
    d = divergence(text)
    assert slopes(d).isfinite().all() and len(slopes(d)) > 20
    assert broken_laws(d) == {}


def test_slopes_of_a_smooth_divergence_are_its_own():
    d = divergence("kl")
    assert torch.equal(slopes(d)[3:], d.real_at(LOG_RATIOS))


@pytest.mark.parametrize(
    ("candidate", "name", "said"),
    [
        (
            (js_activation, lambda t: -torch.log(2 - torch.exp(t) + 1e-6)),
            "js",
            "13.8155 at v = 100, not 99.3069",
        ),
        (
            terms(F.logsigmoid, lambda v: -torch.log(1 - torch.sigmoid(v) + 1e-8)),
            "gan",
            "18.4207 at v = 100, not 100",
        ),
    ],
    ids=["js", "gan"],
)
def test_an_epsilon_inside_a_logarithm_is_named(candidate, name, said):
    for claim in (name, None):
        found = {item.law: item.what for item in verify(candidate, claim).broken}
        assert said in found["terms go on for |v| <= 100"]


def test_terms_that_overflow_are_said_to_be_unusable_and_no_more():
    candidate = (lambda v: LOG2 - torch.log(1 + torch.exp(-v)), lambda t: -torch.log(2 - torch.exp(t)))
    assert {item.law for item in verify(candidate, "js").broken} == {"usable numbers for |v| <= 100"}


@pytest.mark.parametrize(
    ("conjugate", "said"),
    [
        (lambda t: kl(t) - 0.001 * torch.exp(-(((t - 2.05) / 0.01) ** 2)), "at t = 2.04"),
        (lambda t: torch.where(t > 3, kl(t) + 0.01, kl(t)), "f* changes by 0.046957"),
        (lambda t: torch.where(t > 3, kl(t) - 1e-4, kl(t)), "f* changes by"),
    ],
    ids=["dent", "jump", "fall"],
)
def test_dents_and_jumps_between_the_outputs_are_named(conjugate, said):
    found = {item.law: item.what for item in verify((identity, conjugate), "kl").broken}
    assert said in found["f* is convex"]


def test_the_threshold_of_softplus_is_no_jump():
    report = verify((identity, lambda t: kl(t) + F.softplus(t)))
    assert report.holds, report.text


def test_an_unbounded_range_is_not_said_to_end_where_the_conjugate_overflows():
    (found,) = verify((F.softplus, kl)).broken
    assert found.what.endswith("T stays in [0, inf)")


def test_a_file_is_no_module():
    assert is_target("pk/sub/m.py:good") and not is_target("f(u)=max(u,1/u)")
    with pytest.raises(FganError, match=r"Pass pk\.sub\.m:good, without \.py"):
        load("pk/sub/m.py:good")


def test_only_names_of_the_module_itself_are_suggested(tmp_path, monkeypatch):
    (tmp_path / "review_mine.py").write_text("import torch\nfrom math import log\ntorches = (abs, abs)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(FganError, match="torches"):
        load("review_mine:torche")
    with pytest.raises(FganError) as caught:
        load("review_mine:logg")
    assert "log?" not in str(caught.value) and '"log"' not in str(caught.value)
