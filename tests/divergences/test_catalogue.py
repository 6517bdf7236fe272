import math

import pytest
import torch
from cases import together
from catalogue import EVERY

import fgan
from fgan import divergences
from fgan.divergences import CATALOGUE, Divergence, divergence

REQUIRED = {
    "total-variation", "kl", "reverse-kl", "pearson", "neyman", "squared-hellinger", "jeffreys", "js", "skew-js",
    "gan", "alpha", "softened-kl", "softened-reverse-kl", "triangular", "arithmetic-geometric", "symmetric-chi2",
    "skew-kl", "chi", "hockey-stick", "cressie-read", "tsallis", "marton", "harmonic",
}  # fmt: skip
TABLE_2 = {
    "total-variation", "kl", "reverse-kl", "pearson", "neyman", "squared-hellinger", "jeffreys", "js", "skew-js",
    "gan", "alpha",
}  # fmt: skip
L = torch.linspace(-5, 5, 41, dtype=torch.float64)


def test_the_catalogue_has_what_texts_know():
    assert set(CATALOGUE) >= REQUIRED and len(CATALOGUE) >= 24


@together("name", EVERY)
def test_a_name_gives_the_divergence_of_that_name(name):
    d = fgan.divergence(name)
    assert d.name == name
    assert repr(d) == f'fgan.divergence("{name}", link="{d.links[0]}")'
    family, _, value = name.partition(":")
    kind = CATALOGUE[family]
    assert type(d) is kind
    assert (kind(float(value)) if value else kind()).name == name
    assert getattr(divergences, kind.__name__) is kind


@together("name", EVERY)
def test_every_entry_says_what_it_is(name):
    d = fgan.divergence(name)
    assert all(vars(d.card).values()) and d.formulas.f
    assert d.card.symbol.count("{") == d.card.symbol.count("}")


@together("name", sorted(TABLE_2))
def test_the_papers_table_has_the_papers_link(name):
    assert all("paper" in divergence(n).links for n in EVERY if n.split(":")[0] == name)


@together(
    "name, link",
    [
        ("kl", "paper"),
        ("alpha:3", "paper"),
        ("alpha:-1", "paper"),
        ("alpha:0.9", "log-ratio"),
        ("triangular", "log-ratio"),
        ("symmetric-chi2", "paper"),
        ("tsallis:0.5", "log-ratio"),
        ("tsallis:2", "paper"),
        ("0.5*kl + 0.5*reverse-kl", "log-ratio"),
        ("symmetrized(js)", "log-ratio"),
        ("symmetrized(pearson)", "linear"),
        ("dual(pearson)", "linear"),
        ("2*dual(pearson)", "linear"),
        ("0.5*kl + 0.5*total-variation", "linear"),
        ("softened-kl + pearson", "linear"),
    ],
)
def test_the_first_link_is_the_one_that_trains(name, link):
    assert divergence(name).link == link


def test_the_constructors_take_their_parameter():
    assert divergences.Alpha(0.5).name == "alpha:0.5"
    assert divergences.HockeyStick(2, link="paper").name == "hockey-stick:2"
    assert fgan.divergence("tsallis:1e-1").name == "tsallis:0.1"


@together(
    "wrong, nearest",
    [
        ("reverse_kl", "reverse-kl"),
        ("perason", "pearson"),
        ("KL", "kl"),
        ("hellinger", "squared-hellinger"),
        ("rkl", "reverse-kl"),
        ("TV", "total-variation"),
        ("le-cam", "triangular"),
        ("alfa:0.5", "alpha"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(wrong, nearest):
    with pytest.raises(fgan.FganError, match=f'unknown divergence "{wrong}". Did you mean "{nearest}"'):
        fgan.divergence(wrong)


@together(
    "name, said",
    [
        (
            "alpha:1",
            'the α of alpha must be a finite number other than 0 and 1; got 1.0. For α → 1 use "kl".',
        ),
        ("alpha:0", 'For α → 0 use "reverse-kl"'),
        ("alpha:nan", "must be a finite number other than 0 and 1; got nan"),
        ("alpha:inf", "must be a finite number other than 0 and 1; got inf"),
        ("alpha:0_5", "must be a finite number other than 0 and 1; got '0_5'"),
        ("alpha:half", "must be a finite number other than 0 and 1; got 'half'"),
        ("alpha:", "must be a finite number other than 0 and 1; got ''"),
        ("alpha", '"alpha" needs its α, a finite number other than 0 and 1: for example "alpha:'),
        ("skew-js:0", "the π of skew-js must be a number between 0 and 1, exclusive .*; got 0.0"),
        ("skew-js:3.14159", "a mixture weight, not 3.14"),
        ("skew-kl:1", "the π of skew-kl must be"),
        ("chi:0.5", "the k of chi must be a finite number of at least 1; got 0.5"),
        ("hockey-stick:-1", "the γ of hockey-stick must be a finite number above 0; got -1.0"),
        ("tsallis:1", 'For q → 1 use "kl"'),
        ("tsallis:-1", "the q of tsallis must be"),
        ("cressie-read:-1", 'For λ → -1 use "reverse-kl"'),
        ("kl:2", '"kl" takes no parameter; got "kl:2"'),
        ("renyi:2", "Train with alpha, measure with fgan.divergences.Renyi"),
        ("Bhattacharyya", "Train with squared-hellinger"),
        ("", 'unknown divergence ""'),
        ("-1*kl", r"multiplied by a positive finite number .*; got -1\.0"),
        ("0*kl", "multiplied by a positive finite number"),
        ("nan*kl", "multiplied by a positive finite number"),
        ("kl +", 'cannot read the divergence "kl \\+": a name is missing'),
        ("kl + + js", "a name is missing"),
        ("dual(kl", r'a "\)" is missing'),
        ("dual(kl))", r'"\)" is not expected here'),
        ("twice(kl)", r'"twice\(" is not one of dual, symmetrized, scaled'),
        ("kl js", '"js" is not expected here'),
        ("dual(nothing)", 'unknown divergence "nothing"'),
        ("scaled(total-variation)", r"has no f''\(1\), so it cannot be scaled"),
        ("scaled(chi:3)", r"has f''\(1\) = 0, so it cannot be scaled"),
        ("scaled(chi:1.5)", r"has f''\(1\) = inf, so it cannot be scaled"),
    ],
)
def test_a_name_that_means_nothing_is_said(name, said):
    with pytest.raises(fgan.FganError, match=said):
        fgan.divergence(name)


@together("value", [None, "0.5", True, math.nan])
def test_a_parameter_that_is_no_number_is_said(value):
    with pytest.raises(fgan.FganError, match="the α of alpha must be"):
        divergences.Alpha(value)


def test_an_unknown_link_is_refused():
    with pytest.raises(
        fgan.FganError, match='link must be one of paper, log-ratio, soft-hinge, linear; got "logit"'
    ):
        fgan.divergence("kl", link="logit")
    with pytest.raises(fgan.FganError, match=r'"triangular" has no link "paper"\. Its links: log-ratio'):
        fgan.divergence("triangular", link="paper")


def test_total_variation_says_that_it_knows_no_ratio():
    d = fgan.divergence("total-variation")
    assert not d.identifies_ratio
    assert torch.equal(d.log_ratio(torch.tensor([-3.0, 3.0])), torch.zeros(2))


@together(
    "name, equal, factor",
    [
        ("0.5*kl + 0.5*reverse-kl", "jeffreys", 0.5),
        ("2*symmetrized(kl)", "jeffreys", 1.0),
        ("kl + reverse-kl", "jeffreys", 1.0),
        ("dual(kl)", "reverse-kl", 1.0),
        ("dual(pearson)", "neyman", 1.0),
        ("dual(softened-kl)", "softened-reverse-kl", 1.0),
        ("dual(arithmetic-geometric)", "arithmetic-geometric", 1.0),
        ("symmetrized(relative-arithmetic-geometric)", "arithmetic-geometric", 1.0),
        ("dual(alpha:0.3)", "alpha:0.7", 1.0),
        ("dual(skew-js:0.1)", "skew-js:0.9", 1.0),
        ("pearson + neyman", "symmetric-chi2", 1.0),
        ("symmetrized(js)", "js", 1.0),
        ("0.5*(skew-kl:0.5 + dual(skew-kl:0.5))", "skew-js:0.5", 1.0),
        ("0.1*skew-kl:0.1 + 0.9*dual(skew-kl:0.9)", "skew-js:0.1", 1.0),
        ("scaled(pearson)", "alpha:2", 1.0),
        ("scaled(scaled(js))", "js", 2.0),
        ("alpha:2", "pearson", 0.5),
        ("alpha:0.5", "squared-hellinger", 2.0),
        ("alpha:-1", "neyman", 0.5),
        ("cressie-read:1", "pearson", 0.5),
        ("cressie-read:-2", "neyman", 0.5),
        ("tsallis:2", "pearson", 1.0),
        ("chi:2", "pearson", 1.0),
        ("chi:1", "total-variation", 2.0),
        ("hockey-stick:1", "total-variation", 1.0),
        ("skew-js:0.5", "js", 0.5),
        ("skew-pearson:0.5", "triangular", 0.5),
        ("harmonic", "triangular", 0.5),
        ("relative-arithmetic-geometric", "softened-reverse-kl", 0.25),
        ("skew-js:0.5 + arithmetic-geometric", "jeffreys", 0.25),
        ("f(u)=(u-1)**2", "pearson", 1.0),
    ],
)
def test_the_same_divergence_by_another_name(name, equal, factor):
    """Equal up to a part c(u - 1), which no divergence feels."""
    one, other = fgan.divergence(name), fgan.divergence(equal)
    u = torch.tensor([0.01, 0.3, 0.8, 1.5, 4.0, 60.0], dtype=torch.float64)
    gap = (one.f(u) - factor * other.f(u)) / (u - 1)
    torch.testing.assert_close(gap, gap[:1].expand_as(gap), rtol=1e-9, atol=1e-9)
    assert one.range == pytest.approx([factor * end for end in other.range])
    if one.smooth:
        torch.testing.assert_close(one.weight(L), factor * other.weight(L), rtol=1e-9, atol=1e-12)
    if one.curvature is not None:
        assert one.curvature == pytest.approx(factor * other.curvature)


@together(
    "spelling, name",
    [
        ("0.5*kl+0.5*reverse-kl", "0.5*kl + 0.5*reverse-kl"),
        (" kl+js ", "kl + js"),
        ("alpha:2+kl", "alpha:2 + kl"),
        ("2*alpha:-5e-1+1e-1*dual( js )", "2*alpha:-0.5 + 0.1*dual(js)"),
        ("alpha:2e+0", "alpha:2"),
        ("(kl)", "kl"),
        ("dual( f(u)=(u-1)**4 )+kl", "dual(f(u)=(u-1)**4) + kl"),
        ("0.5*(f(x)=x*log(x)) + kl", "0.5*(f(u)=u*log(u)) + kl"),
    ],
)
def test_blanks_do_not_matter(spelling, name):
    assert fgan.divergence(spelling).name == name


COMBINATIONS = [
    "dual(js)", "symmetrized(alpha:0.3)", "scaled(pearson)", "2*kl", "0.5*kl + 0.5*reverse-kl",
    "dual(0.5*kl + js)", "2*(kl + 3*js)", "scaled(dual(skew-kl:0.1))", "total-variation + 0.1*kl",
    "symmetrized(hockey-stick:2)",
]  # fmt: skip


@together("name", COMBINATIONS)
def test_a_combination_is_a_divergence_and_its_name_reads_back(name):
    d = fgan.divergence(name)
    again = fgan.divergence(d.name)
    assert again.name == d.name
    v = torch.linspace(-3.1, 3.3, 30, dtype=torch.float64)
    torch.testing.assert_close(again.real_term(v), d.real_term(v))
    by_ratio = d.with_link("log-ratio")  # the link "linear" goes on where f* ends
    torch.testing.assert_close(
        by_ratio.fake_term(v), d.conjugate(by_ratio.real_term(v)), rtol=1e-9, atol=1e-9
    )
    u = v.exp()
    touching = d.f(u) + d.conjugate(d.derivative(u)) - u * d.derivative(u)
    torch.testing.assert_close(touching, torch.zeros_like(touching), rtol=0, atol=1e-8)
    assert d.f(torch.zeros(1, dtype=torch.float64)).item() == pytest.approx(d.f_at_zero)


def test_operators_and_their_limits():
    kl, tv = fgan.divergence("kl"), fgan.divergence("total-variation")
    assert (0.5 * kl + kl.dual * 2).name == "0.5*kl + 2*dual(kl)"
    assert (3 * kl).link == "paper" and (3 * kl).with_link("log-ratio").link == "log-ratio"
    assert fgan.divergence("2*kl", link="log-ratio").link == "log-ratio"
    v = torch.tensor([0.3])
    torch.testing.assert_close((3 * kl).bound(v, v), 3 * kl.bound(v, v))
    assert not (tv + kl).smooth and (tv + kl).identifies_ratio
    with pytest.raises(TypeError):
        kl + 1
    with pytest.raises(TypeError):
        kl * kl
    with pytest.raises(fgan.FganError, match=r'"dual\(kl\)" has no link "paper"'):
        kl.dual.with_link("paper")


@together(
    "name, facts",
    [
        (
            "kl",
            {"f_at_zero": 0, "slope_at_infinity": math.inf, "threshold": 1, "curvature": 1, "local_order": 1},
        ),
        ("reverse-kl", {"f_at_zero": math.inf, "slope_at_infinity": 0, "local_order": 0, "growth": (0, 1)}),
        ("pearson", {"curvature": 2, "local_order": 2, "growth": (2, 0), "slope_at_zero": -2}),
        ("neyman", {"slope_at_infinity": 1, "local_order": -1, "growth": (0, 2)}),
        ("js", {"range": (0, 2 * math.log(2)), "symmetric": True, "local_order": 0.5}),
        ("gan", {"range": (-math.log(4), 0.0), "f_at_one": -math.log(4)}),
        ("total-variation", {"range": (0, 1), "curvature": None, "local_order": None}),
        ("hockey-stick:2", {"range": (0, 1), "symmetric": False}),
        ("hockey-stick:0.5", {"range": (0, 0.5)}),
        ("marton", {"range": (0, 1), "curvature": None, "finite_where_model_misses_data": True}),
        ("jeffreys", {"finite_where_model_misses_data": False, "finite_where_data_misses_model": False}),
        ("chi:3", {"curvature": 0, "growth": (3, 0)}),
        ("arithmetic-geometric", {"curvature": 0.25, "symmetric": True, "growth": (1, 1)}),
        ("skew-kl:0.1", {"range": (0, math.log(10))}),
        ("skew-pearson:0.1", {"range": (0, 9)}),
        ("squared-hellinger", {"growth": (0.5, 0.5), "symmetric": True}),
        ("hockey-stick:100", {"symmetric": False}),
        ("skew-kl:0.999999", {"symmetric": False}),
        ("1e-12*kl", {"symmetric": False}),
        ("alpha:0.501", {"symmetric": False}),
    ],
)
def test_known_facts(name, facts):
    d = fgan.divergence(name)
    for fact, value in facts.items():
        got = getattr(d, fact)
        assert got == (
            value if value is None or isinstance(value, bool) else pytest.approx(value, abs=1e-12)
        ), fact


def test_a_subclass_of_three_functions_is_a_divergence():
    """What docs/develop/architecture.md promises: f and the two terms are enough."""

    class Reversed(Divergence):
        name = "mine"
        title = "KL the other way"
        formula = "-log(u)"

        def f(self, u):
            return -u.log()

        def real_at(self, log_ratio):
            return -(-log_ratio).exp()

        def fake_at(self, log_ratio):
            return log_ratio - 1

    mine, known = Reversed(), fgan.divergence("reverse-kl", "log-ratio")
    assert mine.links == ("log-ratio",)
    t = torch.tensor([-5.0, -0.3, 0.5], dtype=torch.float64)
    torch.testing.assert_close(mine.conjugate(t), known.conjugate(t))
    torch.testing.assert_close(mine.weight(L), known.weight(L))
    assert mine.conjugate_domain == known.conjugate_domain
