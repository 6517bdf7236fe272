"""`fgan audit`: tables from files, a run in place of one, and the result in files."""

import json

import numpy as np
import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two files of one distribution, the second with other spelling and order."""
    folder = tmp_path_factory.mktemp("audit")
    random = np.random.default_rng(0)
    for name, separator in (("real", ","), ("made", ";"), ("unseen", ",")):
        lines = [["age", "height", "town"], ["town", "age", "height"]][name == "made"]
        rows = [separator.join(lines)]
        for _ in range(120):
            cells = {"age": str(random.integers(18, 80)), "height": f"{random.normal(1.7, 0.1):.2f}",
                     "town": random.choice(["Oslo", "Rome", ""])}  # fmt: skip
            rows.append(separator.join(cells[one] for one in lines))
        (folder / f"{name}.csv").write_text("\n".join(rows))
    return folder


def test_files_are_judged_and_the_result_is_kept(folder, fgan_command):
    done = fgan_command(
        "audit",
        "real.csv",
        "made.csv",
        "--held-out",
        "unseen.csv",
        "--target",
        "town",
        "--out",
        "audit.html",
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    assert (
        done.stdout.startswith("No significant difference found")
        and "Usefulness: predicting town" in done.stdout
    )
    assert (folder / "audit.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    done = fgan_command("audit", "real.csv", "made.csv", "--columns", "age,town", "--json", cwd=folder)
    found = json.loads(done.stdout)
    assert [one["name"] for one in found["columns"]] == ["age", "town"] and len(found["pairs"]) == 1


def test_a_mistake_is_answered_by_what_mends_it(folder, fgan_command):
    done = fgan_command("audit", "real.csv", "made.csv", "--target", "age", cwd=folder)
    assert done.returncode == 2 and "--held-out" in done.stderr
    done = fgan_command("audit", "real.csv", "made.csv", "--out", "audit.pdf", cwd=folder)
    assert done.returncode == 2 and ".html" in done.stderr


def test_two_periods_are_named_by_their_files_and_columns_are_dropped(folder, fgan_command):
    (folder / "march.csv").write_text((folder / "real.csv").read_text())
    (folder / "april.csv").write_text((folder / "unseen.csv").read_text())
    out = folder / "drift.html"
    done = fgan_command(
        "audit", "march.csv", "april.csv", "--drift", "--drop", "town", "--out", out, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    assert "No significant difference found between april and march." in done.stdout
    assert (
        done.stdout.strip()
        .splitlines()[-1]
        .startswith("In short: no difference between april and march was found")
    )
    assert "<h1>march and april</h1>" in out.read_text(encoding="utf-8") and "town" not in done.stdout
    done = fgan_command("audit", "march.csv", "april.csv", "--names", "old", "new", "--json", cwd=folder)
    assert json.loads(done.stdout)["names"] == ["old", "new"], done.stderr
    done = fgan_command("audit", "march.csv", "april.csv", "--drop", "twon", cwd=folder)
    assert done.returncode == 2 and 'no column "twon"' in done.stderr and 'Did you mean "town"' in done.stderr


def test_verbs_of_tables_leave_columns_out_alike(folder, fgan_command):
    """The town lacks cells, which both verbs refuse."""
    for verb in (("estimate", "real.csv", "unseen.csv"), ("mi", "real.csv", "--x", "age")):
        refused = fgan_command(*verb, cwd=folder)
        assert refused.returncode == 2 and "town" in refused.stderr
        done = fgan_command(*verb, "--drop", "town", cwd=folder)
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_run_on_a_table_is_judged_by_the_rows_that_it_makes(folder, fgan_command):
    small = ("--steps", "30", "--width", "8", "--device", "cpu")
    done = fgan_command("train", "real.csv", *small, "--out", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    done = fgan_command("audit", "real.csv", "run", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["rows"] == [120, 120] and found["sources"][1] == "run"
