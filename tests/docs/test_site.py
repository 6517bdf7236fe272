"""The site builds without a warning, its links lead somewhere, and it works from a folder, offline."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browser import opened

pytestmark = pytest.mark.slow
pytest.importorskip("sphinx")


def sphinx(source: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """Build a site as `make docs` does."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", source, out]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "LANG": "C.UTF-8"}
    )


@pytest.fixture(scope="module")
def site(root, tmp_path_factory):
    """The built site."""
    out = tmp_path_factory.mktemp("site")
    built = sphinx(root / "docs", out)
    assert built.returncode == 0, built.stderr
    return out


class Page(HTMLParser):
    """The targets and links of a page, and what a browser loads for it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids, self.links, self.loads = set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.ids |= {known[key] for key in ("id", "name") if known.get(key)}
        if tag == "a" and known.get("href"):
            self.links.append(known["href"])
        elif tag == "link" and known.get("rel") not in ("canonical", "author"):
            self.loads.append(known["href"])
        elif known.get("src"):
            self.loads.append(known["src"])


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path) for path in sorted(site.rglob("*.html"))}


def test_every_link_within_the_site_has_its_target(pages):
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.is_file() or (anchor and target in pages and anchor not in pages[target].ids):
                broken.append(f"{path.name}: {link}")
    assert broken == []


def test_no_page_loads_anything_from_elsewhere(site, pages):
    for path, page in pages.items():
        assert [url for url in page.loads if urlsplit(url).scheme not in ("", "data")] == [], path.name
        assert not any(url.startswith("//") for url in page.loads), path.name
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(https?:)?//|@import", sheet.read_text(encoding="utf-8")), (
            sheet.name
        )


def test_the_search_index_holds_words_and_names(site):
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    assert {"pearson", "diverg", "collaps", "checkpoint"} <= index["terms"].keys()
    assert {"train", "GANLoss", "FganError"} <= {name for *_, name in index["objects"]["fgan"]}


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    yield from opened(tmp_path_factory.mktemp("profile"))


def sized(tab, width: int) -> None:
    tab("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)


def test_mathematics_is_drawn_offline_on_every_page(tab, site):
    with_formulas = [
        path for path in site.rglob("*.html") if 'class="math' in path.read_text(encoding="utf-8")
    ]
    assert site / "reference/catalogue.html" in with_formulas
    for path in with_formulas:
        tab.open(path)
        formulas, drawn, wrong = (
            tab.eval(f"document.querySelectorAll('{which}').length")
            for which in (".math", ".math math", ".katex-error")
        )
        assert (drawn, wrong) == (formulas, 0), path.name
        assert all(
            one["request"]["url"].startswith(("file:", "data:"))
            for one in tab.of("Network.requestWillBeSent")
        )
        assert tab.of("Runtime.exceptionThrown") == [], path.name


def test_equations_are_aligned_at_their_signs(tab, site):
    sized(tab, 1400)
    tab.open(site / "reference/catalogue.html")
    rows = tab.eval(
        "[...document.querySelector('mtable').children].map(row => [...row.children].map("
        "cell => cell.firstElementChild.getBoundingClientRect())).map(([a, b]) => [a.right, b.left])"
    )
    assert len(rows) > 2
    assert max(abs(x - rows[0][0]) for row in rows for x in row) < 1


@pytest.mark.parametrize("width", [1400, 390])
def test_no_page_is_wider_than_the_screen(tab, site, pages, width):
    sized(tab, width)
    for path in pages:
        tab.open(path)
        assert tab.eval("document.documentElement.scrollWidth") <= width, path.relative_to(site)


def test_searching_finds_pages_from_a_folder(tab, site):
    tab.open(site / "search.html")
    tab("Page.navigate", url=(site / "search.html").as_uri() + "?q=pearson")
    tab.wait("document.querySelectorAll('ul.search li').length > 0")


FAKE = '''"""Stands for the package."""

__all__ = ["shown", "unlisted", "wordless", "Kind"]


def shown():
    """Words."""


def unlisted():
    """Words."""


def wordless():
    pass


class Kind:
    """A kind.

    Args:
        told: a field.
    """

    told: int = 0
    untold: int = 0
'''


def test_a_public_name_without_an_entry_or_without_words_fails_the_build(root, tmp_path):
    (tmp_path / "fgan.py").write_text(FAKE)
    (tmp_path / "conf.py").write_text(
        f"import sys\nsys.path[:0] = [{str(tmp_path)!r}, {str(root / 'docs/_ext')!r}]\n"
        "extensions = ['sphinx.ext.autodoc', 'sphinx.ext.napoleon', 'public_names', 'docstrings']\n"
        "autodoc_default_options = {'members': True, 'undoc-members': True}\n"
    )
    entries = ".. autofunction:: fgan.{}\n\n"
    page = (
        "Page\n====\n\n" + "".join(map(entries.format, ("shown", "wordless"))) + ".. autoclass:: fgan.Kind\n"
    )
    (tmp_path / "index.rst").write_text(page)
    built = sphinx(tmp_path, tmp_path / "out")
    assert built.returncode == 1
    assert sorted(re.findall(r"WARNING: (.*?) \[fgan\]", built.stderr)) == [
        "attribute Kind.untold has no docstring",
        "fgan.unlisted is public and has no entry in docs/reference/api/",
        "function wordless has no docstring",
    ]
