"""`fgan mi` over the files that people have."""

import csv
import json
import random

import numpy as np
import pytest


@pytest.fixture
def people(tmp_path):
    chance = random.Random(0)
    path = tmp_path / "people.csv"
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["age", "city", "income"])
        for _ in range(800):
            age, city = chance.gauss(45, 12), chance.choice(["Bonn", "Oslo", "Rome"])
            lines.writerow(
                [f"{age:.2f}", city, f"{20 + age / 2 + 12 * (city == 'Oslo') + chance.gauss(0, 6):.2f}"]
            )
    return path


@pytest.mark.slow
def test_columns_of_one_table(fgan_command, people, tmp_path):
    result = fgan_command(
        "mi",
        people,
        "--x",
        "age,city",
        "--y",
        "income",
        "--permutations",
        99,
        "--plot",
        tmp_path / "mi.png",
        "--json",
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert 0.2 < found["lower_bound"] < found["value"] < 0.9 and found["p_value"] == 0.01
    assert (tmp_path / "mi.png").stat().st_size > 10_000


def test_the_rest_of_a_table_and_text_for_people(fgan_command, people):
    result = fgan_command("mi", people, "--x", "city", "--divergence", "kl,js", "--plot", "-")
    assert result.returncode == 0, result.stderr
    assert "log(p/q), held out" in result.stderr and "█" in result.stderr
    assert "800 samples, in nats" in result.stdout and "kl" in result.stdout and "js" in result.stdout


def test_two_arrays(fgan_command, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2))
    np.save(tmp_path / "x.npy", x.astype(np.float32))
    np.save(tmp_path / "y.npy", (x + rng.normal(size=x.shape)).astype(np.float32))
    result = fgan_command("mi", tmp_path / "x.npy", tmp_path / "y.npy", "--method", "copula")
    assert result.returncode == 0, result.stderr
    assert (
        result.stdout.startswith("I(")
        and "y.npy) = 0." in result.stdout
        and "warning: the value assumes a Gaussian copula" in result.stdout
    )


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ((), "--x is missing. Name the columns"),
        (("--x", "agee"), 'no column "agee"'),
        (("--x", "age", "--y", "age"), '"age" is in both --x and --y'),
        (("--x", "age,city,income"), "--x names every column"),
        (("--x", "age", "--plot", "mi.doc"), "--plot must end in"),
        (("--x", "age", "--divergence", "kl,"), "--divergence needs names"),
    ],
)
def test_mistakes(fgan_command, people, flags, message):
    result = fgan_command("mi", people, *flags)
    assert result.returncode == 2 and message in result.stderr and "Traceback" not in result.stderr


def test_what_is_no_table(fgan_command, tmp_path):
    result = fgan_command("mi", tmp_path / "x.npy")
    assert result.returncode == 2 and "needs two files, or one table" in result.stderr
