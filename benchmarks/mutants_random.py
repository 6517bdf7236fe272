"""Random small breaks of a source file: what mutants.py tries beside those that people thought of."""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Iterator
from pathlib import Path

COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
ANNOTATIONS = ("annotation", "returns", "type_params", "decorator_list")
"""Parts that change nothing when the code runs, or decide only how a class prints itself."""


def places(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that can be broken, outside annotations, docstrings and texts of errors."""
    for name, value in ast.iter_fields(tree):
        if name in ANNOTATIONS:
            continue
        for node in value if isinstance(value, list) else [value]:
            if isinstance(node, ast.AST) and not isinstance(node, (ast.Raise, ast.JoinedStr)):
                if breaks(node):
                    yield node
                yield from places(node)


def breaks(node: ast.AST) -> list[ast.AST]:
    """Return what a node can be replaced by."""
    found: list[ast.AST] = []
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        found.append(_with(node, ops=[COMPARISONS[type(node.ops[0])](), *node.ops[1:]]))
    elif isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in OPERATORS:
        found.append(_with(node, op=OPERATORS[type(node.op)]()))
    elif isinstance(node, ast.BoolOp):
        found.append(_with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And()))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        found.append(node.operand)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        found.append(ast.Constant(not node.value))
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        found += [ast.Constant(node.value + 1), ast.Constant(-node.value if node.value else 2)]
    elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
        found.append(_with(node, test=ast.UnaryOp(ast.Not(), node.test)))
    elif isinstance(node, ast.Return) and node.value is not None:
        found.append(_with(node, value=ast.Constant(None)))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        found.append(ast.Pass())
    return found


def _with(node: ast.AST, **parts: object) -> ast.AST:
    other = copy.copy(node)
    for name, part in parts.items():
        setattr(other, name, part)
    return other


def broken(source: str, which: int, seed: int) -> tuple[str, str]:
    """Return a source with one of its places broken, and what was done, with its line.

    Args:
        source: Python.
        which: number of the place; see `places`.
        seed: chooses among the breaks of that place.
    """
    tree = ast.parse(source)
    node = list(places(tree))[which]
    new = random.Random(seed).choice(breaks(node))
    done = f"line {node.lineno}: {_short(node)} -> {_short(new)}"
    _Swap(node, new).visit(tree)
    return ast.unparse(ast.fix_missing_locations(tree)), done


def _short(node: ast.AST) -> str:
    return " ".join(ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).split())[:50]


class _Swap(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def sample(root: Path, files: list[str], count: int, seed: int) -> Iterator[tuple[str, str, str]]:
    """Yield random breaks: the file, the whole broken source, and what was done.

    Args:
        root: of the package.
        files: paths below it, files or folders.
        count: how many; every place is as likely as every other.
        seed: the same gives the same breaks.
    """
    paths = [
        path
        for name in files
        for path in ([root / name] if name.endswith(".py") else (root / name).rglob("*.py"))
    ]
    all_places = [
        (path, which) for path in sorted(paths) for which, _ in enumerate(places(ast.parse(path.read_text())))
    ]
    chosen = random.Random(seed).sample(all_places, min(count, len(all_places)))
    for k, (path, which) in enumerate(chosen):
        text, done = broken(path.read_text(), which, seed + k)
        yield str(path.relative_to(root)), text, done
