"""references.bib: every key that is named is there, and nothing else."""

import pytest
from cases import together

from fgan.divergences import CATALOGUE, Bhattacharyya, Renyi
from fgan.divergences.references import bibtex, citation, entries, fields
from fgan.errors import FganError

# Works that bounds and pages rest on, not one divergence.
EXTRA = {
    "nowozin2016",
    "csiszar1967",
    "alisilvey1966",
    "donsker1983",
    "ruderman2012",
    "agrawal2021",
    "birrell2021",
}
NAMED = {key for kind in [*CATALOGUE.values(), Renyi, Bhattacharyya] for key in kind.card.references}


def test_every_divergence_has_references():
    assert all(kind.card.references for kind in CATALOGUE.values())


def test_every_named_key_is_there_and_no_other():
    assert set(entries()) == NAMED | EXTRA
    assert list(entries()) == sorted(entries())


@together("key", entries())
def test_an_entry_parses(key):
    entry = entries()[key]
    assert entry.count("{") == entry.count("}")
    assert entry.count("@") == 1
    found = fields(key)
    assert {"author", "title", "year"} <= set(found)
    assert key.endswith(found["year"])
    assert "journal" in found or "booktitle" in found or "publisher" in found or "eprint" in found
    assert all("," in author for author in found["author"].split(" and "))
    assert not set("{}$\\") & set(citation(key))


def test_the_file_holds_nothing_but_entries_and_its_heading():
    from importlib.resources import files

    text = (files("fgan.divergences") / "references.bib").read_text(encoding="utf-8")
    assert text.count("\n@") == len(entries())


def test_no_duplicates_and_a_wrong_key_is_an_error():
    assert bibtex(["lin1991", "lee2001", "lin1991"]).count("@") == 2
    with pytest.raises(FganError, match='Did you mean "lin1991"'):
        bibtex(["lin1992"])
