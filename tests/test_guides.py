"""What the guides show runs as it stands there, and the messages that troubleshooting quotes are real."""

import csv
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fgan
from fgan.errors import FganError

GUIDES = Path(__file__).parent.parent / "docs" / "guides"
PAGE = (GUIDES / "troubleshooting.md").read_text(encoding="utf-8")
RUN_ELSEWHERE = {"estimation", "tracking"}
"""Pages whose examples are checked for what they print, beside what they document."""
OTHERS_OWN = {"choose", "report"}
"""Pages whose examples need what other examples have made."""
NEEDS = {"tables": "pandas", "python": "sklearn", "export": "onnxruntime", "compare": "torch"}
LEAVES = {"sampling": ("walk.gif", "there-and-back.webp", "training.gif", "runs/lapse/time-lapse.gif")}


def code_of(page: Path) -> str:
    return "\n".join(
        re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    sorted(page.stem for page in GUIDES.glob("*.md") if code_of(page)),
)
def test_the_examples_of_a_guide_run_one_after_the_other(name, tmp_path):
    if name in RUN_ELSEWHERE | OTHERS_OWN:
        pytest.skip("has a test of its own")
    pytest.importorskip(NEEDS.get(name, "torch"))
    (tmp_path / "page.py").write_text(code_of(GUIDES / f"{name}.md"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "page.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert all((tmp_path / file).stat().st_size > 1000 for file in LEAVES.get(name, ()))


def silent(line: str) -> None:
    """Says nothing."""


def plain(text: str) -> str:
    """Without line breaks and marks of code."""
    return re.sub(r"\s+", " ", text.replace("`", ""))


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """The tables of the page, in the current folder."""
    monkeypatch.chdir(tmp_path)
    draw = random.Random(0)
    rows = [
        (draw.randint(18, 90), draw.choice(["Oslo", "Rome"]), round(draw.gauss(0, 1), 3)) for _ in range(300)
    ]

    def write(name: str, header: str, lines: list) -> None:
        with Path(f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header.split(","), *lines])

    write("good", "age,town,x", rows)
    write("mixed", "age,town,x", [*rows, ("12a", "Oslo", 0.1)])
    write("missing", "age,town,x", [*rows, ("", "Oslo", 0.1)])
    write("ragged", "age,town,x", [*rows, (3, "Oslo")])
    write("dup", "age,age,x", rows)
    write("other", "price,town,x", rows)
    write("few", "age,town,x", rows[:20])
    write("ids", "id,age", [(f"P{k:05d}x", row[0]) for k, row in enumerate(rows)])
    write("count", "n,age", [(k, row[0]) for k, row in enumerate(rows)])
    write(
        "dates",
        "day,x",
        [("08/05/2024", 1.5), *((f"{draw.randint(1, 12):02d}/07/2024", row[2]) for row in rows)],
    )
    Path("thou.csv").write_text(
        "price;x\n7,442;31\n" + "".join(f"1,{100 + k};{row[0]}\n" for k, row in enumerate(rows))
    )


@pytest.mark.parametrize(
    ("said", "call"),
    [
        ('the first "12a" in line 302', lambda: fgan.load_data("mixed.csv", say=silent)),
        ('"08/05/2024" in line 2', lambda: fgan.load_data("dates.csv", say=silent)),
        ("is empty in line 302", lambda: fgan.estimate("missing.csv", "good.csv", say=silent)),
        ("such as P00000x", lambda: fgan.load_data("ids.csv", say=silent)),
        ("from 0 to 299", lambda: fgan.load_data("count.csv", say=silent)),
        ("line 302 has 2", lambda: fgan.load_data("ragged.csv", say=silent)),
        ('has "age" more than once', lambda: fgan.load_data("dup.csv", say=silent)),
        ('"7,442" in line 2', lambda: fgan.load_data("thou.csv", say=silent)),
        ("P has 20", lambda: fgan.estimate("few.csv", "good.csv", say=silent)),
        ('"price" is in P only', lambda: fgan.estimate("other.csv", "good.csv", say=silent)),
    ],
)
def test_troubleshooting_quotes_what_is_said_of_tables(said, call, tables):
    quoted = [
        plain(text)
        for text in re.findall(r"^\| `(.+?)`|^```text\n(?:fgan: )?(.*?)^```", PAGE, flags=re.S | re.M)
        for text in text
        if said in text
    ]
    assert len(quoted) == 1, said
    with pytest.raises(FganError) as error:
        call()
    assert quoted[0].strip() in plain(str(error.value)).replace(f"{Path.cwd()}/", "")
