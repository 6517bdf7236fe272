"""Markdown written for GitHub: what MyST or a site spell otherwise."""

import posixpath
import re

from sphinx.application import Sphinx

ANCHOR = re.compile(r'^<a id="([\w-]+)"></a>$', re.MULTILINE)
ABOVE = re.compile(r"\]\(((?:\.\./)+[\w./-]*README(?:\.zh-CN)?\.md)(?:#[\w-]*)?\)")
PAGES = {
    "../README.md": "index.md",
    "../README.zh-CN.md": "zh/index.md",
    "../benchmarks/README.md": "benchmarks/index.md",
}


def rewrite(_: Sphinx, page: str, text: list[str]) -> None:
    """Let links find `<a id="name"></a>`, and let those to a README find the page that stands for it here."""

    def target(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), link[1]))
        return f"](/{PAGES[path]})" if path in PAGES else link[0]

    text[0] = ABOVE.sub(target, ANCHOR.sub(r"(\1)=", text[0]))


def setup(app: Sphinx) -> dict[str, bool]:
    """Join the build."""
    app.connect("source-read", rewrite)
    return {"parallel_read_safe": True}
