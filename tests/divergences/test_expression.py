import math

import pytest
import torch

import fgan
from fgan.divergences.expression import FUNCTIONS, parse, parse_definition

U = torch.tensor([0.25, 1.0, 3.0], dtype=torch.float64)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("u*log(u)", U * U.log()),
        ("(u-1)**4", (U - 1) ** 4),
        ("(u - 1)^2", (U - 1) ** 2),
        ("-u^2", -(U**2)),
        ("u**0.5 - 2e-1", U.sqrt() - 0.2),
        ("2**u", 2**U),
        ("max(u, 1) - min(u, 1)", U.clamp(min=1) - U.clamp(max=1)),
        ("abs(u-1)/2", (U - 1).abs() / 2),
        ("+u + pi*e", U + math.pi * math.e),
        ("3", torch.full_like(U, 3.0)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_formula_is_its_value(text, value):
    torch.testing.assert_close(parse(text)(U), value)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_that_of_torch_and_has_latex(name):
    formula = parse(f"{name}(u)")
    torch.testing.assert_close(formula(U), getattr(torch, name)(U))
    assert "u" in formula.latex and "%" not in formula.latex


def test_letters_and_other_variables():
    torch.testing.assert_close(parse("u**α - 1", constants={"α": 0.5})(U), U.sqrt() - 1)
    torch.testing.assert_close(parse("exp(t - 1)", "t")(U), (U - 1).exp())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("__import__('os').system('true')", "is not allowed|is not a known function"),
        ("u.__class__", r'"u.__class__" is not allowed'),
        ("(lambda: u)()", "is not allowed"),
        ("[u for u in (1,)]", "is not allowed"),
        ("u if u > 1 else 0", "is not allowed"),
        ("u and 1", "is not allowed"),
        ("u < 1", "is not allowed"),
        ("u @ u", "is not allowed"),
        ("u // 2", "is not allowed"),
        ("~u", "is not allowed"),
        ("'u'", "'u' is not a number"),
        ("True", "True is not a real number"),
        ("1j*u", "1j is not a real number"),
        ("x + 1", r'"x" is unknown; a formula may use e, pi, u'),
        ("lg(u)", r'"lg" is not a known function; a formula may call.*Did you mean "log"'),
        ("eval(u)", '"eval" is not a known function; a formula may call'),
        ("log + u", r'"log" is a function: write log\(u\)'),
        ("log(u, 2)", "log takes 1 argument; got 2"),
        ("max(u)", "max takes 2 arguments; got 1"),
        ("log(x=u)", "is not allowed"),
        ("log(*u)", "is not allowed"),
        ("u +", "not a formula"),
        ("", "not a formula"),
        ("u\x00", "not a formula"),
        ("1" + "0" * 400, "a number is too large"),
        ("(" * 150 + "u" + ")" * 150 + "+" + "-" * 150 + "u", "nested|not a formula"),
        ("u" + "+u" * 2000, "at most 2,000 characters; got 4,001"),
        ("u" + "+u" * 500, "nested at most 100 levels deep"),
    ],
)
def test_what_is_no_formula_is_said(text, said):
    with pytest.raises(fgan.FganError, match=said):
        parse(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("f(u)", "write a custom divergence like"),
        ("g(u)=u", "write a custom divergence like"),
        ("f(u)==u", "write a custom divergence like"),
        ("f(1)=u", "write a custom divergence like"),
        ("f(u)=2", "is not a function of u: u does not occur"),
        ("f(x)=u", '"u" is unknown'),
        ("f(log)=log", 'must not be called "log"'),
        ("f(e)=e", 'must not be called "e"'),
    ],
)
def test_what_is_no_definition_is_said(text, said):
    with pytest.raises(fgan.FganError, match=said):
        parse_definition(text)


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("u*log(u)", r"u \, \log(u)"),
        ("(u - 1)**2/(u + 1)", r"\frac{(u - 1)^{2}}{u + 1}"),
        ("-(u + 1)*log((u + 1)/2)", r"-(u + 1) \, \log(\frac{u + 1}{2})"),
        ("1 - (2 - u)", r"1 - (2 - u)"),
        ("sqrt(u)", r"\sqrt{u}"),
        ("exp(t - 1)", r"e^{t - 1}"),
        ("abs(u - 1)/2", r"\frac{\left|u - 1\right|}{2}"),
        ("max(t, -1/2)", r"\max(t, -\frac{1}{2})"),
        ("2*3", r"2 \cdot 3"),
        ("(u**2)**3", r"(u^{2})^{3}"),
        ("exp(u)**2", r"(e^{u})^{2}"),
        ("(-u)**2", "(-u)^{2}"),
    ],
)
def test_latex(text, latex):
    variable = "t" if "t" in text.replace("sqrt", "") else "u"
    assert parse(text, variable).latex == latex
