"""docs/reference/catalogue.md is what the generator writes, and all that it names is there."""

import re

import pytest

from fgan.divergences import CATALOGUE
from fgan.reporting.catalogue_page import IMAGES, members, page
from fgan.reporting.catalogue_pictures import draw


@pytest.fixture(scope="module")
def written():
    return page()


def test_the_page_is_up_to_date(root, written):
    assert (root / "docs/reference/catalogue.md").read_text(encoding="utf-8") == written, "run make docs"


def test_every_image_is_there_and_small(root, written):
    images = re.findall(r"!\[[^]]*\]\(([^)]+)\)", written)
    assert images == [f"{IMAGES}/{name}.svg" for name in CATALOGUE]
    for image in images:
        assert (root / "docs/reference" / image).is_file(), "run make docs"
        assert (root / "docs/reference" / image).stat().st_size < 25_000, image


def test_every_link_has_its_target(root, written):
    targets = re.findall(r"\]\(([^)]+)\)", written)
    assert targets
    for target in targets:
        if target.startswith("#"):
            assert f'<a id="{target[1:]}"></a>' in written
        else:
            assert (root / "docs/reference" / target).is_file()


@pytest.mark.parametrize("name", ["kl", "alpha"])
def test_a_picture_is_the_same_bytes_every_time(tmp_path, name):
    for copy in ("one.svg", "two.svg"):
        draw(members(CATALOGUE[name]), tmp_path / copy)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
