"""`fgan divergences` and `fgan cite` as a user meets them, in processes of their own."""

import json
import os

import pytest

from fgan.divergences import CATALOGUE, EXAMPLES


def test_the_list(fgan_command):
    result = fgan_command("divergences")
    assert result.returncode == 0 and not result.stderr
    assert "\x1b" not in result.stdout
    assert all(f"\n{name} " in result.stdout or f"\n{name}:" in result.stdout for name in CATALOGUE)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "kl",
            [
                "u·log(u)",
                "exp(t - 1)",
                "reverse-kl",
                "kullback1951",
                "w(u)",
                "Mode-covering",
                "follows reverse-kl (mode-seeking)",
            ],
        ),
        ("alpha", ['"alpha" is a family', "alpha:0.5", "2 × squared-hellinger"]),
        ("alpha:2", ["1/2 × pearson", "averages u² over"]),
        ("0.5*kl + 0.5*reverse-kl", ["1/2 × jeffreys", "Symmetric"]),
        ("dual(js)", ["Symmetric", "js"]),
        ("f(u)=(u-1)**4", ["(u-1)⁴", "A custom divergence"]),
        ("f(u)=u**2", ["note", "f(1) = 1 is not 0"]),
        ("renyi:2", ["alpha:2", "birrell2021"]),
        ("bhattacharyya", ["squared-hellinger", "bhattacharyya1943"]),
    ],
)
def test_a_card(fgan_command, name, said):
    result = fgan_command("divergences", name)
    assert result.returncode == 0 and not result.stderr, result.stderr
    assert "\x1b" not in result.stdout
    for words in said:
        assert words in " ".join(result.stdout.split())


@pytest.mark.slow
def test_a_narrow_encoding_gets_plain_graphs(cold_fgan_command):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = cold_fgan_command("divergences", "kl", env=environment)
    assert result.returncode == 0 and not result.stderr
    assert "\\u28" not in result.stdout


def test_json(fgan_command):
    everything = json.loads(fgan_command("divergences", "--json").stdout, parse_constant=pytest.fail)
    assert [entry["name"] for entry in everything] == list(EXAMPLES)
    one = json.loads(fgan_command("divergences", "reverse-kl", "--json").stdout, parse_constant=pytest.fail)
    assert one == next(entry for entry in everything if entry["name"] == "reverse-kl")
    assert one["facts"]["f_at_zero"] == "inf" and one["formulas"]["f"]["latex"] == r"-\log(u)"


def test_cite(fgan_command):
    result = fgan_command("cite", "kl", "jeffreys", "renyi:2", "alpha")
    assert result.returncode == 0 and not result.stderr
    keys = [line.split("{")[1].rstrip(",") for line in result.stdout.splitlines() if line.startswith("@")]
    assert keys == [
        *("nowozin2016", "kullback1951", "csiszar1967", "jeffreys1946"),
        *("renyi1961", "birrell2021", "chernoff1952", "amari2009"),
    ]
    alone = fgan_command("cite").stdout
    assert "{nowozin2016," in alone and "{csiszar1967," in alone and alone.count("@") == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("divergences", "kll"),
        ("divergences", "alpha:1"),
        ("divergences", "renyi:1"),
        ("cite", "kl", "nosuch"),
    ],
)
def test_what_is_no_divergence_is_refused(fgan_command, arguments):
    result = fgan_command(*arguments)
    assert result.returncode == 2 and not result.stdout
    assert result.stderr.startswith("fgan: ") and "Traceback" not in result.stderr
