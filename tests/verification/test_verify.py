"""`fgan.verify` by everything that it takes."""

import sys

import pytest

import fgan
from fgan.divergences import EXAMPLES
from fgan.errors import FganError


def entropy(u):
    return u * u.log()


@pytest.mark.parametrize(
    ("target", "recognised"),
    [
        ("reverse-kl", "reverse-kl"),
        ("f(u)=(u-1)**2", "pearson"),
        ("fgan.divergences:KL", "kl"),
        (fgan.divergence("js"), "js"),
        (fgan.Divergence.from_f("f(u)=u*log(u)"), "kl"),
        (entropy, "kl"),
        ((lambda v: v, lambda t: (t - 1).exp()), "kl"),
    ],
)
def test_one_target(target, recognised):
    report = fgan.verify(target)
    assert report.holds and (report.recognised or "").startswith(recognised), report.text


def test_a_claim_is_held_against_names_too():
    report = fgan.verify("kl", "js")
    assert not report.holds and report.broken[0].law == "is js"
    assert fgan.verify("tsallis:2", "pearson", name="mine").target == "mine"


def test_without_a_target_the_catalogue(monkeypatch):
    monkeypatch.setitem(vars(sys.modules["fgan.verification.foreign"]), "EXAMPLES", EXAMPLES[:2])
    reports = fgan.verify()
    assert list(reports) == list(EXAMPLES[:2]) and all(report.holds for report in reports.values())


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("kll", r'unknown divergence "kll".*Did you mean.*package.module:object'),
        ("nowhere:kl", 'there is no module "nowhere"'),
        (lambda u: -u * u, "takes one argument, so it was read as f.*convex"),
        (lambda u: u, "takes one argument, so it was read as f"),
    ],
)
def test_mistakes(target, said):
    with pytest.raises(FganError, match=said):
        fgan.verify(target)
