"""Names, nests and formulas have limits of length, depth and cost: an error at once, or an answer within seconds."""

import time

import pytest
import torch

import fgan
from fgan.errors import FganError

BALANCED = "u*log(u)"
for _ in range(7):
    BALANCED = f"({BALANCED}+{BALANCED})"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("symmetrized(" * 20 + "js" + ")" * 20, "at most 64 divergences"),
        ("dual(" * 100 + "kl" + ")" * 100, "more than 32 levels deep"),
        ("scaled(" * 300 + "kl" + ")" * 300, "at most 2,000 characters"),
        ("(" * 400 + "kl" + ")" * 400, "more than 32 levels deep"),
        ("+".join(["kl"] * 200), "at most 64 divergences"),
        ("a" * 10**6, "at most 2,000 characters; got 1,000,000"),
        ("(" * 10**6, "at most 2,000 characters"),
        ("symmetrized(" * 4 + f"f(u)={'u*' * 40}u" + ")" * 4, "at most 64 divergences"),
        (f"f(u)={BALANCED}", "at most 100 numbers"),
        ("f(u)=" + "max(u," * 60 + "u**2" + ")" * 60, "at most 100 numbers"),
        ("f(u)=u**9**9**9", "must be finite|too large"),
        ("f(ｕ)=ｕ**2", 'is not the letter "u"'),
        ("ｋｌ", "unknown divergence"),
        ("alpha:150", "at most 100 in size; got 150. Beyond, density ratios p/q of 1,200 overflow"),
        ("alpha:1e308", "at most 100 in size"),
        ("alpha:-1e308", "at most 100 in size"),
        ("chi:1e20", "at most 100 in size"),
        ("hockey-stick:1e9", "at most 1,000,000 in size"),
        ("tsallis:1e-320", "differ from 0 by at least 1e-06"),
        ("alpha:1e-9", 'use "reverse-kl", its limit'),
        ("alpha:1.0000000001", 'use "kl", its limit'),
        ("skew-kl:1e-100", "differ from 0 by at least 1e-12"),
        ("skew-js:1e-7", "differ from 0 by at least 1e-06"),
        ("skew-kl:0.9999999", "differ from 1 by at least 1e-06"),
        ("alpha:" + "9" * 500, "must be a finite number"),
        ("1e308*kl", "between 1e-100 and 1e[+]100"),
        ("1e-320*kl", "between 1e-100 and 1e[+]100"),
    ],
)
def test_what_is_too_much_is_refused_at_once(name, said):
    began = time.process_time()
    with pytest.raises(FganError, match=said) as caught:
        fgan.divergence(name)
    assert time.process_time() - began < 2
    assert len(str(caught.value)) < 3000


@pytest.mark.parametrize(
    "name",
    ["symmetrized(" * 6 + "js" + ")" * 6, "dual(" * 30 + "kl" + ")" * 30, "+".join(["kl", "js"] * 15), "alpha:100",
     "tsallis:0.000001", "skew-kl:1e-12", "skew-pearson:1e-7", "hockey-stick:1000000", "1e-100*kl"],
)  # fmt: skip
def test_what_is_just_allowed_is_quick(name):
    began = time.process_time()
    assert fgan.divergence(fgan.divergence(name).name).name == fgan.divergence(name).name
    assert time.process_time() - began < 5


def test_combinations_in_python_have_the_same_limits():
    d = fgan.divergence("kl")
    with pytest.raises(FganError, match="at most 64 divergences"):
        for _ in range(20):
            d = d.symmetrized
    with pytest.raises(FganError, match="at most 100 in size"):
        fgan.divergences.Renyi(1e300)
    with pytest.raises(FganError, match="named by a text"):
        fgan.divergence(3)


def test_a_sum_is_flat():
    u = torch.tensor([0.3, 1.0, 4.0], dtype=torch.float64)
    many = fgan.divergence(" + ".join(["kl"] * 40))
    torch.testing.assert_close(many.f(u), 40 * fgan.divergence("kl").f(u))


@pytest.mark.parametrize("pi", [1e-7, 1e-9, 1e-12])
def test_skewed_divergences_keep_their_digits_as_the_weight_vanishes(pi):
    log_ratios = torch.tensor([-10.0, -2, -0.01, 0, 0.5, 2, 6], dtype=torch.float64)
    kl, pearson = (fgan.divergence(f"{name}:{pi!r}") for name in ("skew-kl", "skew-pearson"))
    u = log_ratios.exp()
    m = 1 + pi * (u - 1)
    close = {"rtol": 1e-13, "atol": 1e-13}
    torch.testing.assert_close(kl.real_at(log_ratios), log_ratios - m.log() + (1 - pi) / m, **close)
    torch.testing.assert_close(kl.fake_at(log_ratios), (1 - pi) * u / m, **close)
    torch.testing.assert_close(kl.f(u), u * (log_ratios - m.log()), **close)
    torch.testing.assert_close(pearson.f(u), (1 - pi) ** 2 * (u - 1) ** 2 / m, **close)
    for d in (kl, pearson):
        t = d.real_at(log_ratios)
        torch.testing.assert_close(d.conjugate(t), d.fake_at(log_ratios), rtol=1e-11, atol=1e-11)
        narrow = d.fake_at(log_ratios.float()).double()
        torch.testing.assert_close(narrow, d.fake_at(log_ratios), rtol=1e-5, atol=1e-5)
