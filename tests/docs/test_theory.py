"""The Python of the theory pages prints what the comments beside it say."""

import contextlib
import io
import re
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[2] / "docs" / "theory").glob("[0-9]-*.md"))


def promised(code: str) -> list[str]:
    """Return the words that comments promise: beside a `print`, or in lines of their own at the end of a block."""
    lines = [
        said for line in code.splitlines() for said in re.findall(r"^\s*print\(.*\)  # (.*)$|^# (.*)$", line)
    ]
    return " ".join("".join(said) for said in lines).split()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_prints_what_it_says(page):
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.S)
    assert blocks
    names: dict[str, object] = {}
    for code in blocks:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(code, page.name, "exec"), names)
        assert out.getvalue().split() == promised(code), code
