"""The formulas of a divergence as text and LaTeX; those of a combination are composed from its parts."""

from __future__ import annotations

import ast
import copy
import re
from dataclasses import dataclass

from fgan.divergences import Divergence
from fgan.divergences.combine import Dual, Multiple, Sum
from fgan.divergences.expression import parse, parse_definition
from fgan.errors import FganError
from fgan.reporting.wording import SUPERSCRIPTS


@dataclass(frozen=True)
class Formula:
    """A formula in the grammar of `fgan.divergences.expression`, and in LaTeX."""

    text: str
    latex: str

    @property
    def pretty(self) -> str:
        """The text with raised whole powers and dots.

        >>> Formula("2*(u - 1)**2/u**α", "").pretty
        '2·(u - 1)²/u^α'
        """
        close = re.sub(r" ?\*\* ?", "**", self.text)
        raised = re.sub(r"\*\*(\d+)(?![\d.]|\*\*)", lambda match: match[1].translate(SUPERSCRIPTS), close)
        return re.sub(r" ?\* ?", "·", raised.replace("**", "^"))


def formulas(d: Divergence) -> dict[str, Formula | None]:
    """Return f, f', f*, g_f and the soft hinge of a divergence, None where no closed form is known.

    >>> from fgan import divergence
    >>> formulas(divergence("0.5*kl + 0.5*reverse-kl"))["f"].text
    '0.5 * (u * log(u)) + 0.5 * -log(u)'
    """
    given = d.formulas
    texts = {
        "f": (_combined(d, "f"), "u"),
        "derivative": (_combined(d, "derivative"), "u"),
        "conjugate": (given.conjugate, "t"),
        "activation": (given.activation, "v"),
        "soft_hinge": (given.soft_hinge, "v"),
    }
    return {what: _formula(d, text, variable) for what, (text, variable) in texts.items()}


def _formula(d: Divergence, text: str | None, variable: str) -> Formula | None:
    if text is None:
        return None
    try:
        return Formula(text, _tidied(parse(text, variable, d.formulas.constants).latex))
    except FganError:
        pass
    try:  # a user's f in another letter
        return Formula(text, _tidied(parse_definition(text).latex))
    except FganError:  # a user's f given as a function
        return None


def _tidied(latex: str) -> str:
    """Take minus signs out of needless brackets and numerators, and let brackets grow around fractions."""
    latex = re.sub(r"(^|\{)\((-[^()]+)\) \\,", r"\1\2 \\,", latex)
    latex = re.sub(r"(^|, )\\frac\{-(\w+)\}", r"\1-\\frac{\2}", latex)
    if r"\frac" not in latex:
        return latex
    return latex.replace("(", r"\left(").replace(")", r"\right)")


def _combined(d: Divergence, what: str) -> str | None:
    if not isinstance(d, Multiple | Sum | Dual):
        return getattr(d.formulas, what)
    tree = _tree(d, what)
    return None if tree is None else ast.unparse(ast.fix_missing_locations(tree))


def _tree(d: Divergence, what: str) -> ast.expr | None:
    """Return the formula with its constants' values in place of their letters, which two parts may share."""
    match d:
        case Multiple():
            inner = _tree(d.of, what)
            return inner and _product(ast.Constant(_short(d.factor)), inner)
        case Sum():
            first, second = _tree(d.first, what), _tree(d.second, what)
            return first and second and ast.BinOp(first, ast.Add(), second)
        case Dual() if what == "f":
            inner = _tree(d.of, what)
            inverse = ast.BinOp(ast.Constant(1), ast.Div(), ast.Name("u"))
            return inner and _product(ast.Name("u"), _Filled({"u": inverse}).visit(inner))
        case Dual():
            return None
    text = getattr(d.formulas, what)
    try:
        tree = None if text is None else parse(text, "u", d.formulas.constants).tree
    except FganError:
        return None
    return tree and _Filled(
        {name: ast.Constant(_short(x)) for name, x in d.formulas.constants.items()}
    ).visit(tree)


def _product(left: ast.expr, right: ast.expr) -> ast.expr:
    return right if isinstance(left, ast.Constant) and left.value == 1 else ast.BinOp(left, ast.Mult(), right)


def _short(x: float) -> float:
    return int(x) if x == int(x) else x


class _Filled(ast.NodeTransformer):
    """Puts expressions in place of names."""

    def __init__(self, values: dict[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        # A copy each time: a node in two places would be filled twice, by itself in the end.
        return copy.deepcopy(self.values.get(node.id, node))
