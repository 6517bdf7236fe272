"""An audit as HTML: a part for notebooks, and a page of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fgan.auditing.sections import sections_of
from fgan.output import html_lines, html_picture, html_table
from fgan.visible import in_html

if TYPE_CHECKING:
    from fgan.auditing.result import Audit

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h3 { margin: 2rem 0 .5rem; }
.conclusion { font-size: 1.15rem; border-left: .3rem solid #4878a8; padding: .5rem 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #8884; white-space: nowrap; }
img { max-width: 100%; background: white; margin-top: 2rem; }
"""


def html_of(found: Audit) -> str:
    """Return an audit as part of a page."""
    parts = [f'<p class="conclusion">{in_html(found.conclusion)}</p>', html_lines(found.verdict)]
    for heading, rows, lines in sections_of(found, whole=True):
        table = f'<div class="wide">{html_table(rows)}</div>' if rows else ""
        parts += [f"<h3>{in_html(heading)}</h3>", table, html_lines(lines)]
    picture = html_picture(found.plot()._repr_png_(), "divergences of columns, differences of pairs")
    return "".join([*parts, picture])


def page_of(found: Audit) -> str:
    """Return an audit as a page of its own."""
    title = f"{found.called.first} and {found.called.second}: fgan audit"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{in_html(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><h1>{in_html(found.called.first)} and {in_html(found.called.second)}</h1>{html_of(found)}</body></html>"
    )
