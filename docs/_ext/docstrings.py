"""Docstrings are plain text: names in backticks become links, and paths of pages do."""

import re

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from sphinx.application import Sphinx
from sphinx.domains.python import PyXRefRole

PAGE = re.compile(r"`{0,2}docs/([\w/-]+)\.md`{0,2}")
NAME = re.compile(r"(fgan\.)?[A-Za-z_][\w.]*")
LINK = PyXRefRole()


def name(
    role: str, raw: str, text: str, line: int, inliner: Inliner, options: object = None, content: object = ()
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Link what is a name of fgan's; leave all other text in backticks as it is."""
    if not NAME.fullmatch(text):
        return [nodes.literal(raw, text)], []
    return LINK("py:obj", raw, text, line, inliner)


def pages(_: Sphinx, __: str, ___: str, *rest: object) -> None:
    """Link pages of this site."""
    lines = rest[-1]
    assert isinstance(lines, list)
    lines[:] = [PAGE.sub(r":doc:`/\1`", line) for line in lines]


def setup(app: Sphinx) -> dict[str, bool]:
    """Join the build."""
    app.add_role("name", name)
    app.connect("autodoc-process-docstring", pages)
    app.config.default_role = "name"
    return {"parallel_read_safe": True}
