"""What the README promises runs as it stands there."""

import re
import subprocess
import sys

import pytest

from fgan.cli import VERBS


def blocks(page) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.S)


TABLES = {"paper": [("toy",), ("mnist",)]}
"""Verbs of which each part has flags of its own."""
READERS_OWN = """
import torch
torch.manual_seed(0)
generator = torch.nn.Linear(2, 2)
critic = torch.nn.Sequential(torch.nn.Linear(2, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))
generator_adam = torch.optim.Adam(generator.parameters(), 1e-2, (0.5, 0.9))
critic_adam = torch.optim.Adam(critic.parameters(), 1e-2, (0.5, 0.9))
batches = [torch.tensor([3.0, -1.0]) + 0.5 * torch.randn(64, 2) for _ in range(1000)]
"""
IT_LEARNED = """
for network in (generator, average.module):
    mean = network(torch.randn(10_000, 2)).mean(0)
    assert (mean - torch.tensor([3.0, -1.0])).abs().max() < 0.5, mean
"""


@pytest.fixture
def run(python):
    def call(code: str, folder) -> None:
        result = python("-c", code, cwd=folder, seconds=280)  # a page of commands
        assert result.returncode == 0, result.stderr

    return call


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_readme_runs_as_it_is(root, run, tmp_path):
    (code,) = blocks(root / "README.md")
    shorter, found = re.subn(r"steps=2000", "steps=100", code)
    assert found == 2
    run(shorter + "\nassert images.shape == (200, 1, 8, 8)", tmp_path)


def test_the_readme_is_short(root):
    assert len((root / "README.md").read_text().splitlines()) <= 120


@pytest.mark.slow
def test_the_loop_of_the_first_page_is_short_and_learns(root, run, tmp_path):
    train, loop = blocks(root / "docs/start/first-gan.md")
    assert len([line for line in loop.splitlines() if line.strip()]) == 15
    run(READERS_OWN + loop + IT_LEARNED, tmp_path)
    run(train + "\nassert images.shape == (64, 1, 8, 8)", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["your-pictures", "your-f", "drift"])
def test_the_examples_of_the_start_pages_run(root, run, tmp_path, page):
    run("\n".join(blocks(root / f"docs/start/{page}.md")), tmp_path)


def test_links_lead_somewhere(root):
    for page in (root / "README.md", *(root / "docs").rglob("*.md"), root / "benchmarks" / "README.md"):
        for link in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_shell_examples_are_real_commands(root, fgan_command):
    pages = [root / "README.md", *(root / "docs").rglob("*.md")]
    lines = [
        line
        for page in pages
        for code in re.findall(r"^```sh\n(.*?)^```|^( {4}fgan [^\n]*)", page.read_text(), flags=re.M | re.S)
        for line in re.findall(r"^(?: {4})?fgan (\w+)([^#\n]*)", "".join(code), flags=re.M)
    ]
    assert {verb for verb, _ in lines} == set(VERBS)
    for verb in VERBS:
        known = "".join(fgan_command(verb, *more, "--help-all").stdout for more in TABLES.get(verb, [()]))
        flags = {flag for one, rest in lines if one == verb for flag in re.findall(r"--[\w-]+", rest)}
        assert not [flag for flag in flags - {"--help-all"} if flag not in known], verb


DIVERGENCES = ["total-variation", "kl", "reverse-kl", "pearson", "squared-hellinger"]


def demo(root, folder, *flags):
    """Run the demo in a folder; return it and its table: name, digits, and both distances."""
    result = subprocess.run(
        [sys.executable, str(root / "examples" / "demo.py"), *flags],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    rows = re.findall(
        r"^(\S+) +[\d.]+ \[[\d., ]+\] +(\d+)/10 +([\d.]+) +([\d.]+)$", result.stdout, flags=re.M
    )
    return result, [(name, int(digits), float(there), float(back)) for name, digits, there, back in rows]


@pytest.mark.slow
def test_the_demo_leaves_a_table_a_picture_and_a_report_and_trains_nothing_twice(root, tmp_path):
    folder = tmp_path / "runs" / "demo-20"
    first, table = demo(root, tmp_path, "--steps", "20")
    assert first.returncode == 0, first.stderr
    assert [row[0] for row in table] == DIVERGENCES
    assert (folder / "digits.png").stat().st_size > 10_000
    page = (folder / "report.html").read_text()
    assert all(name in page for name in DIVERGENCES)
    assert "kl-seed0 finished" in first.stdout

    again, same = demo(root, tmp_path, "--steps", "20")
    assert again.returncode == 0, again.stderr
    assert same == table
    assert not re.search("finished|judged", again.stdout)

    more, _ = demo(root, tmp_path, "--steps", "30")
    assert more.returncode == 0 and (tmp_path / "runs" / "demo-30" / "report.html").is_file(), more.stderr

    other, _ = demo(root, tmp_path, "--steps", "30", "--out", str(folder))
    assert other.returncode == 1 and "choose another --out" in other.stderr
    assert "Traceback" not in other.stderr


@pytest.mark.slow
def test_the_demo_is_as_good_as_the_readme_says(root, tmp_path):
    result, table = demo(root, tmp_path)
    assert result.returncode == 0, result.stderr
    assert [row[0] for row in table] == DIVERGENCES
    for name, digits, there, back in table:
        assert digits == 10 and there <= 1.12 and back <= 1.12, (name, digits, there, back)
