"""What docs/develop/architecture.md says of the house is so."""

import re

import pytest

from fgan.verification import broken_laws

ROOMS = (
    "",
    "divergences",
    "estimation",
    "evaluation",
    "evaluation/features",
    "experiments",
    "reporting",
    "verification",
)
"""Where paths of the page begin: at the house itself, or at the room that the sentence is about."""


@pytest.fixture
def page(root) -> str:
    return (root / "docs/develop/architecture.md").read_text()


def paths(text: str) -> list[str]:
    """The files and folders that a text names."""
    return re.findall(r"`([\w/]+(?:\.pyi?|\.bib|/))`", text)


def test_every_file_that_the_page_names_is_there(page, root):
    named = set(paths(page))
    assert len(named) > 50
    house = root / "src" / "fgan"
    places = [root, *(house / room for room in ROOMS)]
    assert not [path for path in named if not any((place / path).exists() for place in places)]


def test_every_room_is_on_the_page(page, root):
    house = root / "src" / "fgan"
    rooms = {f"{path.parent.name}/" for path in house.glob("*/__init__.py")}
    ground = {path.name for path in house.glob("*.py")} - {"__init__.py", "__main__.py"}
    table = page.split("## The rooms")[1].split("\n## ")[0]
    assert rooms | ground <= set(paths(table))


def test_a_new_divergence_by_its_page(root):
    """The example's code, as it stands there, is a divergence that keeps every law."""
    text = (root / "docs/develop/add-a-divergence.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict = {}
    exec(compile(code, "add-a-divergence.md", "exec"), names)
    assert broken_laws(names["Perimeter"]()) == {}


def test_a_data_set_by_the_page(page, tmp_path, monkeypatch):
    (code,) = (one for one in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "Dataset(" in one)
    monkeypatch.chdir(tmp_path)
    exec(compile(code.replace("steps=500", "steps=2, device='cpu'"), "architecture.md", "exec"), {})
    assert (tmp_path / "runs" / "mine" / "config.json").exists()
