"""Formulas as text, such as "f(u) = (u - 1)**4", turned into functions of tensors and LaTeX without evaluating code."""

from __future__ import annotations

import ast
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.errors import FganError, did_you_mean

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "abs": torch.abs,
    "atan": torch.atan,
    "cosh": torch.cosh,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": torch.log,
    "log1p": torch.log1p,
    "sinh": torch.sinh,
    "sqrt": torch.sqrt,
    "tanh": torch.tanh,
}
EXTREMES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"max": torch.maximum, "min": torch.minimum}
CONSTANTS = {"e": math.e, "pi": math.pi}
OPERATORS: dict[type[ast.operator], Callable[[Tensor, Tensor], Tensor]] = {
    ast.Add: torch.add,
    ast.Sub: torch.sub,
    ast.Mult: torch.mul,
    ast.Div: torch.div,
    ast.Pow: torch.pow,
}
LONGEST = 2000
DEEPEST = 100
MOST_PARTS = 100
"""Numbers, variables and functions: a divergence is checked at 20,000 points, where each takes time."""


@dataclass(frozen=True)
class Expression:
    """A formula in one variable; call it on a tensor.

    >>> square = parse("(u - 1)**2")
    >>> square(torch.tensor([0.0, 3.0]))
    tensor([1., 4.])
    >>> square.latex
    '(u - 1)^{2}'
    """

    text: str
    variable: str
    constants: Mapping[str, float]
    tree: ast.expr

    def __call__(self, x: Tensor) -> Tensor:
        """Return the value at x, elementwise."""
        names = {**CONSTANTS, **self.constants}

        def value(node: ast.expr) -> Tensor:
            match node:
                case ast.Constant(value=int() | float() as number):
                    return torch.tensor(float(number), dtype=x.dtype)
                case ast.Name(id=name):
                    return x if name == self.variable else torch.tensor(names[name], dtype=x.dtype)
                case ast.UnaryOp(op=ast.USub(), operand=inner):
                    return -value(inner)
                case ast.UnaryOp(operand=inner):
                    return value(inner)
                case ast.BinOp(left=left, op=ast.Pow(), right=right) if self.variable not in _names(right):
                    # With a plain number as exponent the gradient at 0 is finite too.
                    return _power(value(left), float(value(right)))
                case ast.BinOp(left=left, op=operator, right=right):
                    return OPERATORS[type(operator)](value(left), value(right))
                case ast.Call(func=ast.Name(id=name), args=[one]):
                    return FUNCTIONS[name](value(one))
                case ast.Call(func=ast.Name(id=name), args=[one, other]):
                    return EXTREMES[name](value(one), value(other))
            raise AssertionError(f"parse() let {ast.dump(node)} through")

        result = value(self.tree)
        return result if result.shape == x.shape else result.expand(x.shape)  # a constant

    @property
    def parts(self) -> int:
        """How many numbers, variables, signs and functions it has."""
        return sum(isinstance(node, ast.expr) for node in ast.walk(self.tree))

    @property
    def latex(self) -> str:
        """The formula in LaTeX."""
        return _latex(self.tree)


def _names(node: ast.expr) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _power(base: Tensor, exponent: float) -> Tensor:
    # torch has fast kernels for squares and cubes only.
    return base.square().square() if exponent == 4 else base.pow(exponent)


def parse(text: str, variable: str = "u", constants: Mapping[str, float] | None = None) -> Expression:
    """Parse a formula of numbers, the variable, + - * / ** (or ^), brackets, abs, exp, log, sqrt, max, min and more.

    Args:
        text: the right-hand side, such as "u*log(u)".
        variable: the name of its one variable.
        constants: further names with their values; e and pi are predefined.

    Raises:
        FganError: if it is not a valid formula; the message says why.

    >>> parse("__import__('os')")
    Traceback (most recent call last):
    fgan.errors.FganError: in "__import__('os')": "__import__" is not a known function; a formula may call...
    """
    constants = dict(constants or {})
    known = {variable, *CONSTANTS, *constants}

    def refuse(rule: str) -> FganError:
        return FganError(f'in "{shortened(text)}": {rule}')

    if len(text) > LONGEST:
        rest = "Round its numbers, or write a subclass of fgan.Divergence."
        raise refuse(f"a formula has at most {LONGEST:,} characters; got {len(text):,}. {rest}")
    try:
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "msg", None) or str(error)
        raise refuse(f"not a formula ({reason}). Write for example (u - 1)**2 or u*log(u).") from error

    def check(node: ast.AST, depth: int) -> None:
        if depth > DEEPEST:
            raise refuse(f"a formula may be nested at most {DEEPEST} levels deep.")
        match node:
            case ast.Constant(value=bool() | complex()):
                raise refuse(f"{node.value!r} is not a real number.")
            case ast.Constant(value=int() | float()):
                if not _fits(node.value):
                    raise refuse("a number is too large.")
                return
            case ast.Constant():
                raise refuse(f"{node.value!r} is not a number.")
            case ast.Name(id=name):
                if name in FUNCTIONS or name in EXTREMES:
                    raise refuse(f'"{name}" is a function: write {name}({variable}).')
                if name not in known:
                    hint = did_you_mean(name, known)
                    raise refuse(f'"{name}" is unknown; a formula may use {_listed(sorted(known))}.{hint}')
                return
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=inner):
                return check(inner, depth + 1)
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
                check(left, depth + 1)
                return check(right, depth + 1)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                wanted = 1 if name in FUNCTIONS else 2 if name in EXTREMES else 0
                if not wanted:
                    functions = sorted([*FUNCTIONS, *EXTREMES])
                    hint = did_you_mean(name, functions)
                    raise refuse(
                        f'"{name}" is not a known function; a formula may call {_listed(functions)}.{hint}'
                    )
                if len(arguments) != wanted:
                    raise refuse(f"{name} takes {wanted} argument{'s' * (wanted > 1)}; got {len(arguments)}.")
                for argument in arguments:
                    check(argument, depth + 1)
                return None
        written = ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__
        raise refuse(f'"{shortened(written)}" is not allowed: only + - * / ** and functions of {variable}.')

    check(tree, 0)
    found = Expression(text.strip(), variable, constants, tree)
    if found.parts > MOST_PARTS:
        raise refuse(
            f"a formula has at most {MOST_PARTS} numbers, variables, signs and functions; got {found.parts}."
        )
    return found


def parse_definition(text: str) -> Expression:
    """Parse "f(u) = ..." as a formula in u, or in another letter.

    Raises:
        FganError: if it does not have this form.

    >>> parse_definition("f(x) = x**2 - 1")(torch.tensor(3.0))
    tensor(8.)
    """
    match = re.fullmatch(r"\s*f\s*\(\s*([^\W\d]\w*)\s*\)\s*=(?!=)(.*)", text, flags=re.S)
    if not match:
        raise FganError(f'write a custom divergence like "f(u)=(u-1)**4"; got "{shortened(text)}".')
    variable, right = match.groups()
    if (usual := unicodedata.normalize("NFKC", variable)) != variable:
        raise FganError(
            f'the variable "{variable}" is not the letter "{usual}" that it looks like; write {usual}.'
        )
    if variable in FUNCTIONS or variable in EXTREMES or variable in CONSTANTS:
        raise FganError(f'the variable of "{shortened(text)}" must not be called "{variable}"; call it u.')
    if variable != "u":
        parse(right, variable)  # report errors in the user's own letter
        right, variable = re.sub(rf"\b{variable}\b", "u", right), "u"
    expression = parse(right, variable)
    if variable not in _names(expression.tree):
        raise FganError(
            f'"{shortened(text)}" is not a function of {variable}: {variable} does not occur in it.'
        )
    return expression


def _fits(number: object) -> bool:
    try:
        return isinstance(number, int | float) and math.isfinite(float(number))
    except OverflowError:
        return False


def shortened(text: str) -> str:
    """Return a text, or the beginning of a long one.

    >>> shortened("kl")
    'kl'
    """
    return text if len(text) <= 80 else text[:77] + "..."


def _listed(names: list[str]) -> str:
    return ", ".join(names)


LETTERS = {"α": r"\alpha", "γ": r"\gamma", "λ": r"\lambda", "π": r"\pi", "pi": r"\pi"}
SUM, PRODUCT, POWER, ATOM = range(4)


def _rank(node: ast.expr) -> int:
    match node:
        case ast.BinOp(op=ast.Add() | ast.Sub()) | ast.UnaryOp():
            return SUM
        case ast.BinOp(op=ast.Mult()):
            return PRODUCT
        case ast.BinOp(op=ast.Pow()) | ast.Call(func=ast.Name(id="exp")):
            return POWER
    return ATOM


def _latex(node: ast.expr) -> str:
    def inner(part: ast.expr, least: int) -> str:
        written = _latex(part)
        return written if _rank(part) >= least else rf"({written})"

    match node:
        case ast.Constant(value=number):
            return f"{number:g}" if isinstance(number, float) else str(number)
        case ast.Name(id=name):
            return LETTERS.get(name, name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"-{inner(operand, PRODUCT)}"
        case ast.UnaryOp(operand=operand):
            return _latex(operand)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return f"{_latex(left)} + {_latex(right)}"
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return f"{_latex(left)} - {inner(right, PRODUCT)}"
        case ast.BinOp(left=ast.UnaryOp(op=ast.USub(), operand=left), op=ast.Mult() | ast.Div() as operator):
            return f"-{_latex(ast.BinOp(left, operator, node.right))}"
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            dot = r" \cdot " if isinstance(right, ast.Constant) else r" \, "
            return f"{inner(left, PRODUCT)}{dot}{inner(right, PRODUCT)}"
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return rf"\frac{{{_latex(left)}}}{{{_latex(right)}}}"
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            base = _latex(left) if isinstance(left, ast.Name | ast.Constant) else rf"({_latex(left)})"
            return f"{base}^{{{_latex(right)}}}"
        case ast.Call(func=ast.Name(id=name), args=[one]):
            written = _latex(one)
            forms = {"abs": r"\left|%s\right|", "exp": "e^{%s}", "sqrt": r"\sqrt{%s}", "atan": r"\arctan(%s)"}
            forms |= {"log1p": r"\log(1 + %s)", "expm1": r"(e^{%s} - 1)"}
            return forms.get(name, rf"\{name}(%s)") % written
        case ast.Call(func=ast.Name(id=name), args=[one, other]):
            return rf"\{name}({_latex(one)}, {_latex(other)})"
    raise AssertionError(f"parse() let {ast.dump(node)} through")
