"""What is published: a wheel and an sdist that work without this checkout."""

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The sdist, and the wheel made of it, as a release makes them."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", out, ROOT], check=True, stdout=subprocess.DEVNULL
    )
    (wheel,), (sdist,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return wheel, sdist


@pytest.mark.slow
def test_a_wheel_holds_every_file_of_the_package_and_works_outside_the_checkout(published, tmp_path):
    wheel, _ = published
    package = {
        str(path.relative_to(ROOT / "src"))
        for path in (ROOT / "src" / "fgan").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    with zipfile.ZipFile(wheel) as opened:
        assert {name for name in opened.namelist() if name.startswith("fgan/")} == package
    assert wheel.name.startswith(f"fgan-{PROJECT['version']}-py3")
    place = tmp_path / "installed"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", place, wheel]
    subprocess.run(install, check=True)
    environment = {**os.environ, "PYTHONPATH": str(place)}
    smoke = [sys.executable, str(ROOT / "tests/release/smoke.py"), place]
    said = subprocess.run(smoke, env=environment, cwd=tmp_path, check=True, stdout=subprocess.PIPE, text=True)
    assert said.stdout.endswith(f"fgan {PROJECT['version']} works\n")


@pytest.mark.slow
def test_an_sdist_holds_what_one_needs_to_test_and_to_cite_it(published):
    with tarfile.open(published[1]) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    wanted = {
        "LICENSE", "README.md", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "Makefile", "constraints.txt",
        "tests/release/smoke.py", "docs/guides/training.md", "src/fgan/py.typed",
    }  # fmt: skip
    assert wanted <= names


def test_the_version_stands_in_one_place_and_the_changelog_knows_it():
    import fgan

    assert fgan.__version__ == PROJECT["version"]
    newest = next(
        line
        for line in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("## ")
    )
    assert newest in ("## Unreleased", f"## {PROJECT['version']}") or newest.startswith(
        f"## {PROJECT['version']} "
    )
    assert "version:" not in (ROOT / "CITATION.cff").read_text(encoding="utf-8").replace("cff-version:", "")


def test_every_extra_is_in_the_table_of_the_docs():
    text = (ROOT / "docs/start/install.md").read_text(encoding="utf-8")
    missing = [extra for extra in PROJECT["optional-dependencies"] if f"`{extra}`" not in text]
    assert not missing
