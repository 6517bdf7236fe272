"""Somebody else's activation and conjugate, or terms of a bound: what is right passes, what is wrong is named."""

import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from fgan.divergences import KL, ReverseKL, divergence
from fgan.errors import FganError
from fgan.verification import Report, foreign, verify

LOG2 = math.log(2)


def terms(real, fake):
    return SimpleNamespace(real_term=real, fake_term=fake)


def softlog(v):
    """log(1 + e^v) as it should be written; torch's own drops its digits past a threshold."""
    return torch.logaddexp(v, torch.zeros_like(v))


def identity(v):
    return v


def kl(t):
    return torch.exp(t - 1)


def pearson(t):
    return t * t / 4 + t


def naive_softplus(v):
    return torch.log(1 + torch.exp(v))


def skewed(weight):
    """The paper's JS-weighted."""
    floor = -weight * math.log(weight)

    def fake(v):
        # log(1 - π e^(T/π)) = log(1 - sigmoid(v)^(1/π)), also where the power rounds to 1.
        x = -F.logsigmoid(v) / weight
        small = torch.log(-torch.expm1(-x.clamp(min=1e-9)))
        return (1 - weight) * (math.log(1 - weight) - torch.where(x > 1e-9, small, -v - math.log(weight)))

    return terms(lambda v: floor + F.logsigmoid(v), fake)


def alpha_below_one(a):
    """The paper's α-divergence for α < 1."""

    def fake(v):
        # The power of (1 - a) log(1 + e^-v), through its logarithm.
        base = math.log(1 - a) + torch.where(v < 20, softlog(-v.clamp(max=20)).log(), -v)
        return torch.expm1(a / (a - 1) * base) / a

    return terms(lambda v: 1 / (1 - a) + F.logsigmoid(v), fake)


GOOD = {
    "total-variation": ((lambda v: 0.5 * torch.tanh(v), identity), "total-variation"),
    "total-variation/clamped": (
        (lambda v: 0.5 * torch.tanh(v), lambda t: t.clamp(min=-0.5)),
        "total-variation",
    ),
    "total-variation/slow": ((lambda v: 0.5 * v / (1 + v.abs()), identity), "total-variation"),
    "kl": ((identity, kl), "kl"),
    "kl/from-zero": ((identity, lambda t: torch.exp(t) - 1), "kl"),
    "reverse-kl": (terms(lambda v: -torch.exp(-v), lambda v: v - 1), "reverse-kl"),
    "reverse-kl/decreasing": (terms(lambda v: -torch.exp(v), lambda v: -v - 1), "reverse-kl"),
    "pearson": ((identity, pearson), "pearson"),
    "pearson/clamped": ((identity, lambda t: pearson(t.clamp(min=-2))), "pearson"),
    "pearson/exponential": (
        terms(lambda v: torch.exp(v) - 2, lambda v: torch.exp(v) * torch.exp(v) / 4 - 1),
        "pearson",
    ),
    "neyman": (terms(lambda v: 1 - torch.exp(-v), lambda v: 2 - 2 * torch.exp(-v / 2)), "neyman"),
    "squared-hellinger": (
        terms(lambda v: 1 - torch.exp(-v), lambda v: torch.exp(v) - 1),
        "squared-hellinger",
    ),
    "jeffreys/log-ratio": (
        terms(lambda v: 1 + v - torch.exp(-v), lambda v: torch.exp(v) - 1 + v),
        "jeffreys",
    ),
    "js": (terms(lambda v: LOG2 + F.logsigmoid(v), lambda v: softlog(v) - LOG2), "js"),
    "js/half": (
        terms(lambda v: (LOG2 + F.logsigmoid(v)) / 2, lambda v: (softlog(v) - LOG2) / 2),
        "skew-js:0.5",
    ),
    "gan": (terms(F.logsigmoid, softlog), "gan"),
    "skew-js:0.1": (skewed(0.1), "skew-js:0.1"),
    "skew-js:0.9": (skewed(0.9), "skew-js:0.9"),
    "alpha:0.5": (alpha_below_one(0.5), "alpha:0.5"),
    "alpha:-1": (alpha_below_one(-1.0), "alpha:-1"),
    "alpha:3": ((identity, lambda t: ((1 + 2 * t).clamp(min=0) ** 1.5 - 1) / 3), "alpha:3"),
    "marton": ((lambda v: -softlog(-v), pearson), "marton"),
    "hinge": (
        terms(lambda v: -F.relu(1 - v) + 1, lambda v: F.relu(1 + v).clamp(max=2) - 1),
        "chi:1",
    ),
}


@pytest.mark.parametrize("case", GOOD)
def test_right_code_passes_under_its_name(case):
    candidate, name = GOOD[case]
    claimed = verify(candidate, name)
    assert claimed.holds, claimed.text
    free = verify(candidate)
    assert free.holds and free.recognised, free.text


@pytest.mark.parametrize(
    "name", ["kl", "js", "jeffreys", "hockey-stick:2", "f(u)=(u-1)**4", "0.5*kl + 0.5*dual(js)"]
)
def test_divergences_of_ours_pass_under_their_name(name):
    d = divergence(name)
    assert verify(d, name).holds, verify(d, name).text
    assert verify(SimpleNamespace(real_term=d.real_term, fake_term=d.fake_term), name).holds


def gan_pair(v):
    return -torch.log(1 + torch.exp(-v))


BROKEN = {
    "sigmoid-critic": ((torch.sigmoid, kl), None, "bound is tight", "T stays in [0, 1]"),
    "sigmoid-critic-as-kl": ((torch.sigmoid, kl), "kl", "bound is tight", "T stays in [0, 1]"),
    "relu-critic": ((torch.relu, pearson), "pearson", "bound is tight", "[0, inf)"),
    "tanh-critic": ((torch.tanh, lambda t: torch.exp(t - 1)), None, "bound is tight", "[-1, 1]"),
    "sigmoid-critic-fused": (
        terms(torch.sigmoid, lambda v: kl(torch.sigmoid(v))),
        None,
        "bound is tight",
        "between 0.367879 and 1",
    ),
    "sigmoid-critic-fused-as-kl": (
        terms(torch.sigmoid, lambda v: kl(torch.sigmoid(v))),
        "kl",
        "bound is tight for kl",
        "below",
    ),
    "outside/reverse-kl": ((identity, lambda t: -1 - torch.log(-t)), None, "T inside dom f*", "f*(T) = inf"),
    "outside/js": ((torch.sigmoid, lambda t: -torch.log(2 - torch.exp(t))), None, "T inside dom f*", "nan"),
    "outside/neyman": ((identity, lambda t: 2 - 2 * torch.sqrt(1 - t)), None, "T inside dom f*", "nan"),
    "outside/alpha": ((identity, lambda t: ((1 + 2 * t) ** 1.5 - 1) / 3), None, "T inside dom f*", "nan"),
    "outside/finite-garbage": ((identity, lambda t: t / (1 - t)), None, "f* is convex", "t = 1"),
    "not-convex/wave": ((identity, lambda t: t + torch.sin(t)), None, "f* is convex", "falls from 2"),
    "not-convex/concave": ((identity, lambda t: -(t**2)), None, "f* is convex", "falls"),
    "not-convex/cube": ((identity, lambda t: ((1 + t / 2) ** 3 - 1) / 1.5), None, "f* is convex", "falls"),
    "degenerate/wasserstein": ((identity, identity), None, "not degenerate", "1 t + const"),
    "degenerate/constant": ((identity, lambda t: 0 * t + 1), None, "not degenerate", "f* is 1 for every T"),
    "degenerate/activation": ((torch.zeros_like, kl), None, "not degenerate", "activation is 0"),
    "degenerate/softplus": (terms(identity, softlog), None, "not degenerate", "keeps growing"),
    "degenerate/decreasing": ((torch.tanh, lambda t: -t), None, "not degenerate", "-1 t"),
    "overflow/js": (
        (lambda v: LOG2 - torch.log(1 + torch.exp(-v)), lambda t: -torch.log(2 - torch.exp(t))),
        "js",
        "usable numbers for |v| <= 100",
        "inf in float32 at v = 16.75",
    ),
    "overflow/js-float64": (
        (lambda v: LOG2 - torch.log(1 + torch.exp(-v)), lambda t: -torch.log(2 - torch.exp(t))),
        "js",
        "usable numbers for |v| <= 100",
        "inf in float64 at v = 36.75",
    ),
    "overflow/softplus": (
        terms(lambda v: -naive_softplus(-v), naive_softplus),
        "gan",
        "usable numbers for |v| <= 100",
        "inf in float32 at v = 88.75",
    ),
    "overflow/nan": (
        terms(lambda v: 1 - torch.exp(-v), lambda v: (1 - torch.exp(-v)) / torch.exp(-v)),
        "squared-hellinger",
        "usable numbers for |v| <= 100",
        "nan in float32 at v = -88.75",
    ),
    "overflow/gradient": (
        (lambda v: 1 - torch.exp(-v), lambda t: 2 - 2 * torch.sqrt(1 - t)),
        "neyman",
        "usable numbers for |v| <= 100",
        "its gradient",
    ),
    "claim/half-js": (GOOD["js/half"][0], "js", "is js", "0.5 × js"),
    "claim/bits": ((identity, lambda t: kl(t * LOG2) / LOG2), "kl", "is kl", "1.4427 × kl"),
    "claim/gan-as-js": (
        GOOD["gan"][0],
        "js",
        "is js",
        "f(1) = -1.38629: js shifted by -1.38629, which is gan",
    ),
    "claim/js-as-gan": (GOOD["js"][0], "gan", "is gan", "which is js"),
    "claim/shift": ((identity, torch.exp), "kl", "is kl", "f(1) = -1"),
    "claim/scale-and-shift": ((identity, lambda t: 2 * kl(t / 2) + 3), "kl", "is kl", "2 × kl, f(1) = -3"),
    "claim/total-variation": (
        (torch.tanh, identity),
        "total-variation",
        "is total-variation",
        "2 × total-variation",
    ),
    "claim/another": ((identity, kl), "reverse-kl", "is reverse-kl", "this is kl, not reverse-kl"),
    "claim/above": ((identity, kl), "reverse-kl", "lower bound of reverse-kl", "above"),
    "claim/alpha-in-the-power": (
        (identity, lambda t: ((1 + 2 * t).clamp(min=0) / 3) ** 1.5),
        "alpha:3",
        "is alpha:3",
        "alpha:3",
    ),
    "claim/marton-as-pearson": ((lambda v: -softlog(-v), pearson), "pearson", "bound is tight", "(-inf"),
    "gradients/detached": ((identity, lambda t: kl(t).detach()), "kl", "gradients", "by differences"),
    "gradients/wrong": (
        (identity, lambda t: kl(t).detach() + t - t.detach()),
        "kl",
        "gradients",
        "by autograd",
    ),
    "shape/mean": ((identity, lambda t: kl(t).mean()), None, "elementwise", "shape ()"),
    "shape/column": ((identity, lambda t: kl(t)[:, None]), None, "elementwise", "(5, 1)"),
    "batch/normalised": ((lambda v: v - v.cumsum(0) / 9, kl), None, "elementwise", "depending on"),
    "complex": ((identity, lambda t: (t + 0j).sqrt()), None, "real values", "complex"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_wrong_code_is_named_with_a_value(case):
    candidate, claim, law, said = BROKEN[case]
    report = verify(candidate, claim)
    assert not report.holds
    found = {item.law: item.what for item in report.broken}
    assert law in found, report.text
    assert any(said in item.what for item in report.broken if item.law == law), report.text
    assert all(item.mend for item in report.broken)


def refuses(t):
    if (t > 3).any():
        raise ValueError("t must be at most 3")
    return kl(t)


@pytest.mark.slow
def test_an_exception_at_some_outputs_is_a_broken_law():
    found = {item.law: item.what for item in verify((identity, refuses), "kl").broken}
    assert "ValueError: t must be at most 3" in found["defined for every v"]


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        ((identity, lambda t: 1 / 0), "ZeroDivisionError"),
        ((identity, lambda t: 3.0), "it returned float"),
        ((identity, kl, kl), "a tuple of 3"),
        ((identity, 3.0), "function, float"),
        (3.0, "an object of type float"),
        (SimpleNamespace(activation=identity), "SimpleNamespace with activation"),
        (lambda t, v: v, "needs t, v"),
        (type("Needs", (), {"__init__": lambda self, order: None}), "needs order"),
        (lambda: 1 / 0, "raised ZeroDivisionError"),
    ],
    ids=["raises", "float", "triple", "number-in-pair", "number", "half", "function", "class", "factory"],
)
def test_unusable_objects_are_mistakes(candidate, said):
    with pytest.raises(FganError, match=said) as caught:
        verify(candidate)
    assert caught.value.exit_code == 2


class Module(torch.nn.Module):
    def activation(self, v):
        return v

    def conjugate(self, t):
        return kl(t)


@pytest.mark.parametrize(
    "candidate",
    [
        (identity, kl),
        [identity, kl],
        SimpleNamespace(activation=identity, conjugate=kl),
        terms(identity, kl),
        Module,
        Module(),
        lambda: (identity, kl),
        lambda order=1: Module(),
        KL,
        KL(),
        KL("log-ratio"),
        lambda: KL(),
    ],
    ids=[
        "pair",
        "list",
        "attributes",
        "terms",
        "class",
        "module",
        "factory",
        "default",
        "kl",
        "KL()",
        "log",
        "make",
    ],
)
def test_every_kind_of_object_is_taken(candidate):
    report = verify(candidate, "kl")
    assert report.holds and report.recognised == "kl", report.text


def in_place(v):
    return v.clamp_(-1, 1)


def by_numpy(t):
    return torch.from_numpy(t.numpy() ** 2 / 4 + t.numpy())


def test_code_that_autograd_cannot_follow_breaks_one_law():
    report = verify((identity, by_numpy), "pearson")
    assert [item.law for item in report.broken] == ["gradients"], report.text
    assert "numpy" in report.broken[0].what


def test_code_that_writes_into_its_argument_spoils_no_later_check():
    assert not verify((in_place, kl), "kl").holds
    assert verify((identity, kl), "kl").holds


def test_what_is_no_fault_is_a_note():
    def notes(candidate) -> str:
        report = verify(candidate)
        assert report.holds, report.text
        return " ".join(report.notes)

    assert "f(1) = -1.38629" in notes(GOOD["gan"][0])
    assert "decreases" in notes(GOOD["reverse-kl/decreasing"][0])
    assert "looser" in notes(GOOD["pearson"][0])
    assert notes(GOOD["kl"][0]) == ""
    narrow = verify((identity, lambda t: kl(t.float())), "kl")
    assert "precision is lost" in " ".join(narrow.notes)


def test_an_affine_part_changes_no_divergence():
    report = verify(GOOD["kl/from-zero"][0], "kl")
    assert report.holds and any(
        "(u - 1), which does not change the divergence" in note for note in report.notes
    )


@pytest.mark.parametrize(
    ("candidate", "recognised"),
    [
        ((lambda v: 3 * v, lambda t: 3 * kl(t / 3)), "3 × kl"),
        (terms(lambda v: torch.expm1(-0.7 * v) / -0.7, lambda v: torch.expm1(0.3 * v) / 0.3), "alpha:0.3"),
        ((lambda v: 0.5 * torch.sigmoid(v), identity), "0.5 × total-variation"),
        ((torch.sigmoid, kl), "kl, by its f*"),
    ],
    ids=["scaled", "family", "total-variation", "by-conjugate"],
)
def test_what_is_recognised(candidate, recognised):
    assert (verify(candidate).recognised or "").startswith(recognised)


def test_a_conjugate_of_nobodys_divergence_can_hold():
    quartic = verify((identity, lambda t: t + 3 * (t.abs() / 4) ** (4 / 3)))
    assert quartic.recognised is None and quartic.holds, quartic.text


def test_a_broken_subclass_breaks_the_native_laws():
    class Mine(ReverseKL):
        def conjugate(self, t):
            return -torch.log(-t)

    found = {item.law for item in verify(Mine, "reverse-kl").broken}
    assert {"Fenchel-Young", "terms are composed"} <= found


def test_the_report_names_what_it_checked():
    report = verify((identity, kl), "js", name="mine")
    assert isinstance(report, Report)
    assert report.text.startswith("mine: a pair (activation, conjugate)\n  recognised: kl\n")
    assert "this is kl, not js" in report.text and report.text.endswith("2 broken laws as js")
    assert foreign((identity, kl), "mine").name == "mine"
