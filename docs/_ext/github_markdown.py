"""Markdown written for GitHub: what MyST spells otherwise."""

import re

from sphinx.application import Sphinx

ANCHOR = re.compile(r'^<a id="([\w-]+)"></a>$', re.MULTILINE)


def anchors(_: Sphinx, __: str, text: list[str]) -> None:
    """Let links find `<a id="name"></a>`, which MyST passes on as HTML that it does not read."""
    text[0] = ANCHOR.sub(r"(\1)=", text[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Join the build."""
    app.connect("source-read", anchors)
    return {"parallel_read_safe": True}
