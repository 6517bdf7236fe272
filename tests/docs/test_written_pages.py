"""What `make docs` writes into docs/ is what is committed there."""

import sys

import pytest


@pytest.fixture
def written(root, monkeypatch):
    """The scripts of the site."""
    monkeypatch.syspath_prepend(str(root / "docs" / "_ext"))
    yield lambda name: __import__(name)
    for name in ("cli_page", "benchmark_plots"):
        sys.modules.pop(name, None)


def test_the_page_of_the_command_line_is_up_to_date(written):
    cli_page = written("cli_page")
    assert cli_page.PAGE.read_text(encoding="utf-8") == cli_page.page(), "run make docs"


def test_the_figures_of_the_benchmarks_are_drawn_from_their_tables(written, tmp_path):
    plots = written("benchmark_plots")
    for name in plots.FIGURES:
        committed = (plots.IMAGES / f"{name}.svg").read_bytes()
        assert plots.draw(name, tmp_path).read_bytes() == committed, f"{name}: run make docs"


def test_every_figure_is_on_a_page(root, written):
    text = "".join(page.read_text(encoding="utf-8") for page in (root / "docs/benchmarks").glob("*.md"))
    assert all(f"](../images/benchmarks/{name}.svg)" in text for name in written("benchmark_plots").FIGURES)


def test_every_script_is_in_the_index(root):
    text = (root / "benchmarks/README.md").read_text(encoding="utf-8")
    assert [path.name for path in (root / "benchmarks").glob("*.py") if f"`{path.name}`" not in text] == []


def test_the_speed_table_shows_what_was_recorded(root, written):
    import json

    recorded = json.loads((root / "benchmarks/speed-cpu.json").read_text(encoding="utf-8"))["rows"]
    text = (root / "docs/benchmarks/speed.md").read_text(encoding="utf-8")
    for row in recorded:
        shown = f"{row['found']:.0%}" if row["asked"] < 1 else f"{row['found']:.2f}"
        assert f"**{shown}**" in text, row["name"]
