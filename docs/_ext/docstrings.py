"""Docstrings are plain text with mathematics: their signs stay as they are, their names and paths become links."""

import importlib
import inspect
import re
from collections.abc import Iterator

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from sphinx.application import Sphinx
from sphinx.domains.python import PyXRefRole

PAGE = re.compile(r"(`{0,2})docs/([\w/-]+)\.md\1")
NAME = re.compile(r"[A-Za-z_]\w*(\.\w+)*(\(\))?")
CODE = re.compile(r"(``.*?``|:\w+:`[^`]*`|`[^`]*`)")
MARKUP = re.compile(r"(?<![\w*])\*\w+\*(?![\w*])|[*|]|(?<=\w)_(?!\w)")
ARGS = re.compile(r"^Args:\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^    (\w[\w, ]*):", re.MULTILINE)
LINK = PyXRefRole()


def name(
    role: str, raw: str, text: str, line: int, inliner: Inliner, options: object = None, content: object = ()
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Link what may be a name of fgan's; leave all other text in backticks as it is."""
    text = nodes.unescape(text, restore_backslashes=True)
    if NAME.fullmatch(text):
        return LINK("py:obj", raw, text, line, inliner)
    return [nodes.literal(raw, text)], []


def plain(lines: list[str]) -> Iterator[str]:
    """Yield the lines with every sign escaped that is markup by chance: f*, |w|, name_; not *emphasis*."""
    block: int | None = None  # how far the lines of mathematics lie right
    example = False
    for line in lines:
        indent = len(line) - len(line.lstrip())
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        if block is not None and line.strip() and indent <= block:
            block = None
        if line.lstrip().startswith(".. math::"):
            block = indent
        yield line if example or block is not None else _escaped(line)


def _escaped(line: str) -> str:
    parts = CODE.split(PAGE.sub(r":doc:`/\2`", line))
    return "".join(part if place % 2 else MARKUP.sub(_mark, part) for place, part in enumerate(parts))


def _mark(found: re.Match[str]) -> str:
    return found[0] if len(found[0]) > 1 else f"\\{found[0]}"


def process(_: Sphinx, __: str, ___: str, *rest: object) -> None:
    """Rewrite a docstring in place."""
    lines = rest[-1]
    assert isinstance(lines, list)
    lines[:] = plain(lines)


def fields(docstring: str) -> set[str]:
    """Return the names that stand under `Args:`."""
    found = ARGS.search(docstring)
    return {name.strip() for line in FIELD.findall(found[1]) for name in line.split(",")} if found else set()


def told(app: Sphinx, _: str, name: str, __: object, skip: bool, ___: object) -> bool | None:
    """Leave out a field that its class has described under `Args:` already."""
    here = app.env.current_document
    home = getattr(importlib.import_module(here.autodoc_module), here.autodoc_class, None)
    return True if home and name in fields(inspect.getdoc(home) or "") else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Join the build."""
    app.add_role("name", name)
    app.connect("autodoc-process-docstring", process, priority=400)  # before napoleon, which writes markup
    app.connect("autodoc-skip-member", told)
    app.config.default_role = "name"
    return {"parallel_read_safe": True}
