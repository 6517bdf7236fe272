"""Every law holds for the whole catalogue, and each law catches a divergence that breaks it."""

import math

import pytest
import torch
from catalogue import EVERY

from fgan.divergences import (
    GAN,
    KL,
    Divergence,
    JensenShannon,
    Link,
    Pearson,
    ReverseKL,
    TotalVariation,
    divergence,
)
from fgan.divergences.card import Formulas
from fgan.divergences.tails import Tail, Tails
from fgan.verification import LAWS, broken_laws


@pytest.mark.parametrize("name", EVERY)
def test_the_catalogue_obeys(name):
    assert broken_laws(divergence(name)) == {}


@pytest.mark.parametrize(
    "name",
    [
        "0.5*kl + 0.5*reverse-kl",
        "dual(pearson)",
        "symmetrized(skew-kl:0.1)",
        "scaled(js)",
        "3*gan",
        "f(u)=(u-1)**4",
    ],
)
def test_combinations_obey(name):
    assert set(broken_laws(divergence(name))) <= ({"f(1) = 0"} if "gan" in name else set())


def kl(**members) -> type[KL]:
    return type("Broken", (KL,), members)


def linked(base: type[Divergence], real, fake, log_ratio) -> type[Divergence]:
    return type("Broken", (base,), {"paper_link": lambda self: Link(real, fake, log_ratio)})


def naive_js(v):
    return -torch.log(2 - torch.exp(math.log(2) - torch.log(1 + torch.exp(-v))))


def raises(self, u):
    raise ZeroDivisionError("division by zero")


FLAT, OFF = Tail(sign=0.0, shift=0.0, power=0.0), Tail(sign=1.0, shift=1e4, power=1.0)
less_one = [lambda v: v, lambda v: (v - 1).exp(), lambda v: v - 1]
BROKEN = [
    ("f is convex", "concave", kl(f=lambda self, u: -torch.xlogy(u, u))),
    ("f is convex", "wavy", kl(f=lambda self, u: (u - 1) ** 2 / 100 + torch.sin(3 * u))),
    ("f is convex", "nan", kl(f=lambda self, u: (u - 1e-2).log())),
    ("f(1) = 0", "shifted", kl(f=lambda self, u: torch.xlogy(u, u) + 1)),
    ("f(1) = 0", "gan-of-another-name", type("Broken", (GAN,), {"name": "mine"})),
    ("f' is the slope of f", "affine-part-lost", kl(derivative=lambda self, u: u.log())),
    ("Fenchel-Young", "conjugate-too-small", kl(conjugate=lambda self, t: 0.99 * (t - 1).exp())),
    ("Fenchel-Young", "conjugate-too-large", kl(conjugate=lambda self, t: 1.01 * (t - 1).exp())),
    ("f** = f", "conjugate-without-the-one", kl(conjugate=lambda self, t: t.exp())),
    (
        "f** = f",
        "conjugate-cut-off",
        kl(conjugate=lambda self, t: torch.where(t < 3, (t - 1).exp(), torch.inf)),
    ),
    ("dom f*", "infinite-inside", kl(conjugate=lambda self, t: torch.where(t < 3, (t - 1).exp(), torch.inf))),
    (
        "dom f*",
        "finite-outside",
        type("Broken", (ReverseKL,), {"conjugate": lambda self, t: -1 - torch.log(t.abs())}),
    ),
    ("dom f*", "no-clamp", type("Broken", (Pearson,), {"conjugate": lambda self, t: t * t / 4 + t})),
    ("inverse of f'", "off-by-one", kl(log_ratio_at=lambda self, t: t)),
    ("slope of f* is u", "detached", kl(conjugate=lambda self, t: (t - 1).exp().detach())),
    ("weight is u² f''", "doubled", kl(weight=lambda self, log_ratio: 2 * log_ratio.exp())),
    ("weight is u² f''", "of-the-reverse", kl(weight=lambda self, log_ratio: torch.ones_like(log_ratio))),
    ("limits of f", "f-at-zero", kl(f_at_zero=1.0)),
    ("limits of f", "slope-at-zero", kl(slope_at_zero=-8.0)),
    ("limits of f", "slope-at-infinity", kl(slope_at_infinity=3.0)),
    ("limits of f", "infinite-instead", type("Broken", (TotalVariation,), {"slope_at_infinity": math.inf})),
    ("limits of f", "threshold", kl(threshold=0.0)),
    ("limits of f", "curvature", kl(curvature=2.0)),
    ("printed formulas", "f", kl(formulas=Formulas(f="(u - 1)*log(u)"))),
    ("printed formulas", "derivative", kl(formulas=Formulas(derivative="log(u)"))),
    ("printed formulas", "conjugate", kl(formulas=Formulas(conjugate="exp(t)"))),
    ("printed formulas", "activation", kl(formulas=Formulas(activation="v + 1"))),
    ("range", "too-narrow", type("Broken", (TotalVariation,), {"f_at_zero": 0.1})),
    ("range", "not-zero-at-equality", kl(f_at_one=0.25)),
    ("dual", "itself", kl(dual=property(lambda self: self))),
    ("dual", "called-symmetric", kl(symmetric=True)),
    ("loss between logits", "fake-term-too-small", kl(fake_at=lambda self, log_ratio: 0.9 * log_ratio.exp())),
    ("finite between far logits", "tail", kl(_tails=Tails((FLAT, FLAT), (FLAT, OFF)))),
    ("preference score is f'", "affine-part-lost", kl(real_at=lambda self, log_ratio: log_ratio)),
    ("distillation weight is r² f''", "of-the-reverse", kl(weight=lambda self, at: torch.ones_like(at))),
    ("robust mean", "inverse-too-steep", kl(log_ratio_at=lambda self, t: 2 * (t - 1))),
    ("activation into dom f*", "outside", linked(ReverseKL, lambda v: v, lambda v: v, lambda v: v)),
    (
        "activation into dom f*",
        "falling",
        linked(KL, lambda v: -v, lambda v: (-v - 1).exp(), lambda v: -v - 1),
    ),
    ("activation into dom f*", "constant", linked(KL, torch.zeros_like, torch.zeros_like, torch.zeros_like)),
    (
        "terms are composed",
        "conjugate-of-v",
        linked(ReverseKL, lambda v: -(-v).exp(), lambda v: v, lambda v: v),
    ),
    ("terms are composed", "another-activation", kl(activation=lambda self, v: v + 1)),
    ("log-ratio of v", "off-by-one", linked(KL, *less_one[:2], lambda v: v)),
    ("T = f'(u)", "off-by-one", linked(KL, *less_one[:2], lambda v: v)),
    (
        "bound is tight",
        "sigmoid-critic",
        linked(KL, torch.sigmoid, lambda v: (v.sigmoid() - 1).exp(), lambda v: v.sigmoid() - 1),
    ),
    (
        "bound is below D_f",
        "fake-term-too-small",
        linked(KL, lambda v: v, lambda v: (v - 1).exp() - 0.5, less_one[2]),
    ),
    ("float64", "naive-js", linked(JensenShannon, JensenShannon().real_at, naive_js, lambda v: v)),
    ("float32", "naive-js", linked(JensenShannon, JensenShannon().real_at, naive_js, lambda v: v)),
    ("bfloat16", "naive-js", linked(JensenShannon, JensenShannon().real_at, naive_js, lambda v: v)),
    ("float32", "another-type", linked(KL, *less_one[:1], lambda v: (v.double() - 1).exp(), less_one[2])),
    (
        "bfloat16",
        "too-coarse",
        linked(KL, lambda v: v, lambda v: ((v - 1).exp() * 8).round() / 8, less_one[2]),
    ),
]


@pytest.mark.parametrize(
    ("law", "broken"), [pytest.param(law, kind, id=f"{law}/{what}") for law, what, kind in BROKEN]
)
def test_a_law_catches_what_breaks_it(law, broken):
    complaint = LAWS[law](broken())
    assert complaint
    assert any(letter.isdigit() for letter in complaint), complaint
    assert law in broken_laws(broken())


def test_every_law_is_shown_to_catch_something():
    assert {law for law, _, _ in BROKEN} == set(LAWS)


def test_a_divergence_that_raises_breaks_laws_instead_of_the_check():
    broken = broken_laws(kl(f=raises)())
    assert broken["f is convex"] == "raised ZeroDivisionError: division by zero"


def test_the_complaint_names_the_link():
    wrong = linked(KL, torch.sigmoid, lambda v: (v.sigmoid() - 1).exp(), lambda v: v.sigmoid() - 1)
    assert broken_laws(wrong())["bound is tight"].endswith("(link paper)")
