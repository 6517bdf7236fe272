"""What a notebook does with a result: it asks for HTML and pictures, and shows them without running any script."""

import io
from html.parser import HTMLParser
from typing import Any

from PIL import Image

EMPTY = {"img", "br", "hr"}


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open, self.tags, self.text, self.sources = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag == "img":
            self.sources.append(dict(attrs)["src"])
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def shown(result: Any) -> str:
    """Return the text of what a notebook shows of a result; its HTML must be whole, without scripts and addresses."""
    page = _Page()
    page.feed(result._repr_html_())
    assert not page.open and "script" not in page.tags
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    return " ".join(page.text)


def picture_of(figure: Any) -> Image.Image:
    """Return the picture that a notebook shows of a figure."""
    image = Image.open(io.BytesIO(figure._repr_png_()))
    image.load()
    return image
