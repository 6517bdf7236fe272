"""A page and its translation have the same structure, so that neither is changed without the other."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS, CHINESE = ROOT / "docs", ROOT / "docs" / "zh"
ENGLISH_PAGES = [
    ROOT / "README.md",
    *(page for folder in ("start", "theory") for page in sorted((DOCS / folder).glob("*.md"))),
    DOCS / "guides" / "choose.md",
]
PAGES = [page for page in ENGLISH_PAGES if page.name != "index.md"]
CHINESE_PAGES = [ROOT / "README.zh-CN.md", *sorted(CHINESE.rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.S | re.M)
FORMULA = re.compile(r"\$\$(.*?)\$\$", re.S)


def translation(page: Path) -> Path:
    """Return where the Chinese page lies."""
    if page.parent == ROOT:
        return page.with_name("README.zh-CN.md")
    return CHINESE / page.relative_to(DOCS)


def slug(title: str) -> str:
    """Return a heading's anchor, as GitHub and MyST make it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def headings(text: str) -> list[tuple[int, str]]:
    """Return (level, title) of each heading outside of code."""
    return [
        (len(marks), title) for marks, title in re.findall(r"^(#+) (.+)$", FENCE.sub("", text), flags=re.M)
    ]


def code(text: str) -> list[str]:
    """Return the code blocks without their comments."""
    blocks = []
    for language, body in FENCE.findall(text):
        if language in ("python", "sh"):
            body = re.sub(r"(^|\s+)# .*$", "", body, flags=re.M)
        blocks.append(f"{language}: {body.strip()}")
    return blocks


def links(page: Path) -> list[str]:
    """Return where links and images lead, as of the English pages; an anchor becomes its heading's number."""
    found = []
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", page.read_text(encoding="utf-8"))):
        if target in ("README.md", "README.zh-CN.md"):
            continue
        if target.startswith("http"):
            found.append(target)
            continue
        path, _, anchor = target.partition("#")
        reached = (page.parent / path).resolve() if path else page
        number = ""
        if anchor:
            slugs = [slug(title) for _, title in headings(reached.read_text(encoding="utf-8"))]
            number = f"#{slugs.index(anchor) if anchor in slugs else f'{anchor} (no such heading)'}"
        found.append(f"{reached.relative_to(ROOT)}".replace("docs/zh/", "docs/") + number)
    return sorted(found)


def tables(text: str) -> list[str]:
    """Return how many rows and columns each table has; those that a command writes, whole."""
    written = re.findall(r"<!-- table \w+ -->.*?<!-- end -->", text, flags=re.S)
    rest = FENCE.sub("", text)
    for table in written:
        rest = rest.replace(table, "")
    shapes = []
    for block in re.findall(r"(?:^\|.*\n)+", rest + "\n", flags=re.M):
        rows = block.strip().splitlines()
        shapes.append(f"{len(rows)} rows of {rows[1].count('|') - 1}: {rows[0]}".partition(":")[0])
    return written + shapes


def formulas(text: str) -> list[str]:
    """Return the display formulas without words and spaces."""
    return [re.sub(r"\\text\w*\{[^}]*\}|\s", "", one) for one in FORMULA.findall(FENCE.sub("", text))]


def spans(text: str) -> list[str]:
    """Return the names of flags, files and functions that the prose has."""
    return sorted(Counter(re.findall(r"`([^`\n]+)`", FENCE.sub("", text))).elements())


def structure(page: Path) -> dict[str, list[str]]:
    """Return what a page and its translation share."""
    text = page.read_text(encoding="utf-8")
    return {
        "levels of headings": ["#" * level for level, _ in headings(text)],
        "code blocks": code(text),
        "links and images": links(page),
        "tables": tables(text),
        "formulas": formulas(text),
        "names in `code`": spans(text),
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_translation_has_the_structure_of_its_page(page):
    other = translation(page)
    assert other.exists(), f"{page.relative_to(ROOT)} has no translation {other.relative_to(ROOT)}"
    ours, theirs = structure(page), structure(other)
    for what, expected in ours.items():
        missing, extra = Counter(expected) - Counter(theirs[what]), Counter(theirs[what]) - Counter(expected)
        assert not missing and not extra, (
            f"{what} of {page.relative_to(ROOT)} and {other.relative_to(ROOT)} differ.\n"
            f"Only in the first: {list(missing)}\nOnly in the second: {list(extra)}"
        )
        assert what in ("links and images", "names in `code`", "tables") or expected == theirs[what], (
            f"{what} of {other.relative_to(ROOT)} come in another order than in {page.relative_to(ROOT)}"
        )


@pytest.mark.parametrize("page", CHINESE_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_chinese_prose_has_full_width_punctuation(page):
    text = re.sub(r"<!-- table \w+ -->.*?<!-- end -->", "", page.read_text(encoding="utf-8"), flags=re.S)
    text = FORMULA.sub("", FENCE.sub("", text))
    text = re.sub(r"`[^`\n]+`|\$[^$\n]+\$|\]\([^)\s]+\)", "x", text)
    assert not re.findall(
        r".{0,12}[\u4e00-\u9fff][,:;?()].{0,12}|.{0,12}[,:;?()][\u4e00-\u9fff].{0,12}", text
    )


@pytest.mark.parametrize("page", CHINESE_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_chinese_page_has_a_space_before_inline_mathematics(page):
    """GitHub shows the dollars of a formula that follows a Chinese character or full-width sign."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    formulas = re.findall(r"(?s)(.?)(?<!\$)\$(?!\$)[^$\n]+\$(?!\$)", FORMULA.sub("", text))
    assert set(formulas) <= set(" \n*")


@pytest.mark.parametrize("page", CHINESE_PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_chinese_page_marks_links_to_english_pages(page):
    for line in FENCE.sub("", page.read_text(encoding="utf-8")).splitlines():
        for target in re.findall(r"\]\(([^)\s]+\.md)(?:#[^)\s]*)?\)", line):
            reached = (page.parent / target).resolve()
            english = CHINESE not in reached.parents and reached.name not in ("README.md", "README.zh-CN.md")
            assert target.startswith("http") or not english or "英文" in line, (
                f"{target}: write （英文） after it"
            )


def test_no_translation_is_left_of_a_page_that_is_gone():
    expected = {translation(page) for page in PAGES}
    left = [page for page in CHINESE.rglob("*.md") if page.name != "index.md" and page not in expected]
    assert not left


def test_a_difference_is_found_and_said(tmp_path, monkeypatch):
    page, other = tmp_path / "docs" / "start" / "a.md", tmp_path / "docs" / "zh" / "start" / "a.md"
    for one in (page, other):
        one.parent.mkdir(parents=True, exist_ok=True)
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    monkeypatch.setitem(globals(), "DOCS", tmp_path / "docs")
    monkeypatch.setitem(globals(), "CHINESE", tmp_path / "docs" / "zh")
    text = "# A\n\n```sh\nfgan train a  # one\n```\n\n[b](b.md) `--steps` $$x$$\n"
    page.write_text(text, encoding="utf-8")
    other.write_text(text.replace("# one", "# 一").replace("# A", "# 甲"), encoding="utf-8")
    test_a_translation_has_the_structure_of_its_page(page)
    changes = {"train a": "train b", "b.md)": "c.md)", "--steps": "--seeds", "$$x$$": "$$y$$", "# A": "## A"}
    for before, after in changes.items():
        other.write_text(text.replace(before, after), encoding="utf-8")
        with pytest.raises(AssertionError, match="differ"):
            test_a_translation_has_the_structure_of_its_page(page)
