"""Formulas, names of divergences and words of the command line: an answer or an error, within 10 s."""

from __future__ import annotations

import contextlib
import io
import math
import random
import zlib

import torch
from torture_json import alarmed, tried
from torture_mutate import HOSTILE
from torture_tally import Tally, until

import fgan
from fgan.cli import VERBS, main
from fgan.cli.common import names_in
from fgan.divergences import EXAMPLES, Renyi
from fgan.divergences.expression import parse_definition

NUMBERS = (
    "0",
    "1",
    "2",
    "-1",
    "0.5",
    "1e308",
    "-1e308",
    "1e-320",
    "1e-6",
    "1e6",
    "nan",
    "inf",
    "9" * 400,
    "0x10",
    "1_0",
    "٣",
    "1e",
    "100",
    "-99.5",
    "0.999999",
    "1.0000001",
)
FAMILIES = (
    "alpha",
    "tsallis",
    "cressie-read",
    "chi",
    "hockey-stick",
    "skew-js",
    "skew-kl",
    "skew-pearson",
    "renyi",
)
ATOMS = (
    "u",
    "1",
    "2.5",
    "e",
    "pi",
    "0",
    "1e300",
    "1e-300",
    "9**9",
    "u**9**9",
    "v",
    "__import__",
    "ｕ",
    "1j",
    "True",
    "''",
)
CALLS = ("log", "exp", "sqrt", "abs", "max", "min", "tanh", "cosh", "eval", "log1p")
PIECES = (
    "kl",
    "js",
    "pearson",
    "symmetrized(",
    "dual(",
    "scaled(",
    ")",
    "(",
    "+",
    "*",
    "0.5*",
    "1e-200*",
    ":",
    "alpha:0.5",
    " ",
    "f(u)=",
    "u",
    ",",
    HOSTILE,
    "é",
    "К",
    "-",
    "=",
    "\n",
    "all",
    "%s",
    "{0}",
    "$(x)",
    "`x`",
    ";",
)
WORDS = (
    "--json",
    "--divergence",
    "--steps",
    "-1",
    "--",
    "-",
    "",
    "--out",
    "--help",
    "--seed",
    "1e9",
    "=",
    "--n=",
    HOSTILE,
    "\udcff",
    "nowhere",
    "a" * 5000,
    "--tyro-print-completion",
    "--config",
    "/dev/null",
    "--plot",
    "x.png",
    "--metrics",
    "fid,",
    ",",
)
HARMLESS = (
    "cite",
    "divergences",
    "completion",
    "runs",
    "estimate",
    "mi",
    "report",
    "export",
    "nonsense",
    "frontier",
)
"""Verbs that cannot train, fetch or write with the words above."""


def torture(seconds: float, seed: int) -> Tally:
    """Try a name, a formula or a command line each time."""
    tally, random_ = Tally("names"), random.Random(seed)
    assert set(HARMLESS) - {"nonsense"} <= set(VERBS)
    with alarmed():
        for k in until(seconds):
            tally.inputs += 1
            if k % 10 == 0:
                words = [
                    random_.choice(HARMLESS),
                    *random_.choices((*WORDS, *EXAMPLES), k=random_.randrange(5)),
                ]
                tried(tally, "words", repr(words), lambda _, words=words: commanded(words, tally))
            elif k % 2:
                tried(tally, "name", name_from(random_), named)
            else:
                tried(tally, "formula", f"f(u)={formula(random_, random_.randrange(1, 9))}", defined)
    return tally


def name_from(random_: random.Random) -> str:
    """Return the name of a family with a number, a nest, or pieces in any order."""
    how = random_.random()
    if how < 0.4:
        return f"{random_.choice(FAMILIES)}:{random_.choice(NUMBERS)}"
    if how < 0.6:
        nests = [
            random_.choice(("symmetrized(", "dual(", "scaled(", "(", "2*("))
            for _ in range(random_.randrange(40))
        ]
        return "".join(nests) + random_.choice(EXAMPLES) + ")" * len(nests)
    if how < 0.65:
        return random_.choice(PIECES) * random_.choice((10, 300, 5000))
    return "".join(random_.choices(PIECES, k=random_.randrange(1, 12)))


def formula(random_: random.Random, depth: int) -> str:
    """Return a formula, most of which are none."""
    if depth == 0 or random_.random() < 0.2:
        return random_.choice(ATOMS)
    how = random_.random()
    if how < 0.3:
        return f"{random_.choice(CALLS)}({formula(random_, depth - 1)})"
    if how < 0.4:
        return f"max({formula(random_, depth - 1)},{formula(random_, depth - 1)})"
    return f"({formula(random_, depth - 1)}){random_.choice('+-*/^%')}({formula(random_, depth - 1)})"


def named(text: str) -> None:
    """Read a name, and compute with it: numbers, or infinity, but never NaN."""
    names_in(text)
    if text.startswith("renyi:"):
        with contextlib.suppress(ValueError):
            Renyi(float(text.removeprefix("renyi:")))
        return
    d = fgan.divergence(text)
    assert fgan.divergence(d.name).name == d.name, f"{d.name} does not read back"
    u = torch.tensor([0.1, 1.0, 3.0], dtype=torch.float64)
    values = [
        *d.f(u).tolist(),
        *d.real_term(u).tolist(),
        *d.fake_term(u).tolist(),
        d.f_at_zero,
        d.slope_at_infinity,
    ]
    assert not any(map(math.isnan, values)), f"{text}: NaN among {values}"


def defined(text: str) -> None:
    """Parse a formula; every tenth is also checked as a divergence, which takes long."""
    expression = parse_definition(text)
    expression(torch.ones(1))
    if zlib.crc32(text.encode()) % 10 == 0 or len(text) < 12:
        named(text)


def commanded(words: list[str], tally: Tally) -> None:
    """Run a command line; its exit code is one of those in the table, and no terminal is steered."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(words)
        except SystemExit as leaving:  # help
            code = leaving.code
    if code not in (0, 1, 2, 3):
        tally.bad("traceback", f"{words}: exit code {code}: {err.getvalue()[-200:]}")
    if "\x1b" in out.getvalue() + err.getvalue():
        tally.bad("escape", f"{words}: an escape sequence is printed")
