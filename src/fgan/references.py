"""The works that divergences come from, as BibTeX: `references.bib`, read entry by entry."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from fgan.errors import FganError, did_you_mean


@cache
def entries() -> dict[str, str]:
    """Return key -> BibTeX entry, in the order of the file.

    >>> list(entries())[0]
    'agrawal2021'
    """
    text = (files("fgan") / "references.bib").read_text(encoding="utf-8")
    found = re.finditer(r"^@\w+\{([^,\s]+),\n.*?^\}$", text, flags=re.M | re.S)
    return {match[1]: match[0] for match in found}


def bibtex(keys: Iterable[str]) -> str:
    """Return the entries of these keys as one BibTeX text, each once, in the order given.

    Raises:
        FganError: for a key that `references.bib` does not have.

    >>> print(bibtex(["lee2001", "lee2001"]))
    @inproceedings{lee2001,
      author    = {Lee, Lillian},
      title     = {On the Effectiveness of the Skew Divergence for Statistical Language Analysis},
      booktitle = {Artificial Intelligence and Statistics},
      pages     = {65--72},
      year      = {2001},
    }
    """
    return "\n\n".join(_entry(key) for key in dict.fromkeys(keys))


def fields(key: str) -> dict[str, str]:
    """Return field -> value of one entry, without its outer braces.

    Raises:
        FganError: as `bibtex`.

    >>> fields("lin1991")["year"]
    '1991'
    """
    pairs = re.findall(r"^  (\w+)\s*= \{(.*?)\},$", _entry(key), flags=re.M | re.S)
    return {field: re.sub(r"\s+", " ", value) for field, value in pairs}


def citation(key: str) -> str:
    """Return one line for people: authors, year, title.

    Raises:
        FganError: as `bibtex`.

    >>> citation("kullback1951")
    'Kullback, Leibler (1951), On Information and Sufficiency'
    """
    entry = fields(key)
    surnames = [author.split(",")[0] for author in entry["author"].split(" and ")]
    authors = ", ".join(surnames) if len(surnames) <= 3 else f"{surnames[0]} et al."
    return f"{authors} ({entry['year']}), {_plain(entry['title'])}"


def _entry(key: str) -> str:
    if key not in entries():
        raise FganError(f'unknown reference "{key}".{did_you_mean(key, entries())}')
    return entries()[key]


def _plain(title: str) -> str:
    for latex, letter in ((r"\alpha", "α"), (r"\chi", "χ"), (r"\Phi", "Φ"), ("^2", "²")):
        title = title.replace(latex, letter)
    return re.sub(r"[{}$]", "", title)
