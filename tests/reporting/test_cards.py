"""Records and cards: complete, valid as JSON, and true, for every divergence of the catalogue."""

import itertools
import json
import math

import pytest
import torch
from cases import together
from catalogue import EVERY

from fgan.divergences import CATALOGUE, Divergence, Renyi, divergence
from fgan.errors import FganError
from fgan.reporting.cards import card, family_remark, table
from fgan.reporting.character import _costs_by_the_trick, by_the_trick
from fgan.reporting.formulas import formulas
from fgan.reporting.graphs import curves
from fgan.reporting.records import find, record, with_infinities
from fgan.reporting.relatives import dual_of, same_as
from fgan.reporting.wording import costs, leaning, tails

COMBINED = ["0.5*kl + 0.5*reverse-kl", "dual(js)", "scaled(pearson)", "0.3*alpha:0.5 + dual(alpha:2)"]
ALL = [*EVERY, *COMBINED, "f(u)=(u-1)**4", "f(x)=x*log(x)", "renyi:2", "bhattacharyya"]
U = torch.tensor([0.1, 0.6, 1.0, 1.7, 8.0], dtype=torch.float64)


@together("name, width", itertools.product(ALL, (80, 120)))
def test_a_card_fits_its_width_and_has_no_escape_codes(name, width):
    text = card(find(name), width)
    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text and "nan" not in text and "None" not in text


@together("name", ALL)
def test_a_record_is_valid_json(name):
    text = json.dumps(with_infinities(record(find(name))), allow_nan=False)
    assert json.loads(text)["name"] == find(name).name


def test_the_formula_of_a_combination_of_itself_has_an_end():
    found = formulas(divergence("symmetrized(symmetrized(kl))"))["f"]
    assert found and "log(1 / u)" in found.text


def test_infinities_are_strings():
    facts = with_infinities(record(divergence("kl")))["facts"]
    assert facts["slope_at_infinity"] == "inf" and facts["slope_at_zero"] == "-inf"
    assert facts["range"] == [0.0, "inf"]


@together("name", [*EVERY, *COMBINED])
def test_the_dual_and_the_relatives_are_what_they_say(name):
    d = divergence(name)
    if not d.symmetric:
        dual = dual_of(d)
        agree_up_to_a_line(dual.factor * divergence(dual.name).f(U), U * d.f(1 / U))
    for relative in same_as(d):
        other = divergence(relative.name)
        agree_up_to_a_line(relative.factor * other.f(U), d.f(U))
        assert relative.factor * other.f_at_one + relative.offset == pytest.approx(d.f_at_one, abs=1e-9)


def agree_up_to_a_line(one, other):
    """A multiple of u - 1 and a constant change no divergence but by that constant."""
    gap = one - other
    lines = torch.stack([torch.ones_like(U), U], dim=1)
    fitted = lines @ torch.linalg.lstsq(lines, gap[:, None]).solution
    torch.testing.assert_close(fitted[:, 0], gap, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", COMBINED)
def test_the_formula_of_a_combination_is_its_f(name):
    d = divergence(name)
    formula = formulas(d)["f"]
    assert formula is not None
    torch.testing.assert_close(divergence(f"f(u)={formula.text}").f(U), d.f(U) - d.f_at_one)


@together("name", EVERY)
def test_the_two_costs_are_the_range_and_none_is_negative(name):
    d = divergence(name)
    missed, implausible = costs(d)
    assert missed >= -1e-9 and implausible >= -1e-9
    low, high = d.range
    assert missed + implausible == pytest.approx(high - low)


@together("name", EVERY)
def test_the_character_of_the_trick_is_that_of_the_divergence_it_follows(name):
    found = by_the_trick(divergence(name))
    if not found.leaning or "the h with" in found.follows:
        return
    followed = divergence(found.follows.replace(" × ", "*"))
    assert found.leaning == leaning(followed)
    if divergence(name).smooth:
        mine, theirs = _costs_by_the_trick(divergence(name)), costs(followed)
        assert mine == pytest.approx(theirs, rel=1e-5, abs=1e-7)


@together("name", EVERY)
def test_curves_have_a_finite_window(name):
    for curve in curves(divergence(name)):
        assert math.isfinite(curve.low) and curve.low < curve.high < math.inf


def test_the_table_has_a_row_for_every_entry_within_its_width():
    text = table()
    assert all(f"\n{name}:" in text or f"\n{name} " in text for name in CATALOGUE)
    assert max(map(len, text.splitlines())) <= 110
    assert max(map(len, table(92).splitlines())) <= 92


def test_a_family_stands_for_its_telling_member_and_says_so():
    assert find("alpha").name == "alpha:0.5"
    assert isinstance(find("renyi"), Renyi)
    for name, kind in CATALOGUE.items():
        told = family_remark(name, find(name))
        assert bool(told) == hasattr(kind, "family"), name
    assert family_remark("alpha:0.5", find("alpha:0.5")) == ""


def test_a_user_s_f_comes_with_its_notes():
    assert "f(1) = 1 is not 0" in card(divergence("f(u)=u**2"))
    assert "the same as     pearson" in card(divergence("f(u)=u**2"))


@pytest.mark.parametrize("name", ["klx", "alpha:1", "renyi:1", "renyi:x", "kl:3", "dual(", ""])
def test_what_is_no_divergence_is_refused(name):
    with pytest.raises(FganError):
        find(name)


def test_a_term_beyond_every_power_is_called_heavy():
    class Exponential(Divergence):
        """f(u) = e^(u-1) - u."""

        name = "exponential"

        def f(self, u):
            return (u - 1).exp() - u

        def real_at(self, log_ratio):
            return log_ratio.expm1().exp() - 1

        def fake_at(self, log_ratio):
            return (log_ratio.exp() - 1) * log_ratio.expm1().exp()

    assert Exponential().growth == (math.inf, 0)
    assert tails(Exponential()).startswith("Heavy: the bound averages more than any power of u over the")
