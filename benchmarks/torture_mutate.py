"""Mutations of JSON: values of other types and sizes anywhere in the tree, and damage to the text."""

from __future__ import annotations

import copy
import itertools
import json
import random
from typing import Any

HOSTILE = "a\x1b[2J\u202e\u0000"
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    3,
    0.5,
    -0.0,
    1e28,
    -1e28,
    1e308,
    10**12,
    10**18,
    2**53,
    2**63 - 1,
    -(2**63),
    2**63,
    "",
    "x",
    "kl",
    "0",
    "../../x",
    "/etc/passwd",
    "..",
    ".",
    HOSTILE,
    "{Y:999999999d}",
    "{0.__class__}",
    "'; touch x; '",
    "a" * 3000,
    "f(u)=" + "(" * 400,
    "symmetrized(" * 30,
    [],
    {},
    [[]],
    [None],
    [0, 1],
    {"a": 1},
    ["x"] * 50,
    [1e308, -1e308],
)
TEXTS = (
    "NaN",
    "-Infinity",
    "1e400",
    "9" * 401,
    "9" * 5000,
    "0" * 9 + "1",
    "[" * 100_000,
    '{"a":' * 5000,
    "\udcff",
    '"\\ud800"',
    "",
    " ",
    "null",
    "[]",
    "{}",
    "0",
    '"x"',
    "\x00",
    "\ufeff",
    "{" + '"a":1,' * 3 + '"a":2}',
)


def mutated(value: Any, random_: random.Random) -> str:
    """Return the text of a JSON value with one to three mutations."""
    tree = copy.deepcopy(value)
    for _ in range(random_.choice((1, 1, 1, 2, 3))):
        tree = _change(tree, random_)
    text = json.dumps(tree)
    kind = random_.random()
    if kind < 0.75:
        return text
    place = random_.randrange(len(text) + 1)
    if kind < 0.8:
        return text[:place]
    if kind < 0.9:
        return text[:place] + random_.choice(TEXTS) + text[place + random_.choice((0, 1)) :]
    if kind < 0.95:
        return text[:place] + chr(random_.randrange(1, 0x2100)) + text[place + 1 :]
    return _in_place_of_a_number(text, random_)


def _in_place_of_a_number(text: str, random_: random.Random) -> str:
    starts = [k for k, (a, b) in enumerate(itertools.pairwise(text)) if a == " " and b in "-0123456789"]
    if not starts:
        return random_.choice(TEXTS)
    start = random_.choice(starts) + 1
    end = start
    while end < len(text) and text[end] in "-+.eE0123456789":
        end += 1
    return text[:start] + random_.choice(TEXTS) + text[end:]


def _change(tree: Any, random_: random.Random) -> Any:
    places = list(_places(tree))
    if not places:
        return random_.choice(VALUES)
    parent, key = random_.choice(places)
    how = random_.random()
    if how < 0.6:
        parent[key] = copy.deepcopy(random_.choice(VALUES))
    elif how < 0.75:
        del parent[key]
    elif isinstance(parent, dict) and how < 0.9:
        parent[random_.choice(("", "../x", "/x", HOSTILE, "a" * 300, "kl-seed0", "fid", key + " "))] = (
            parent.pop(key)
        )
    elif isinstance(parent, list):
        parent.insert(
            random_.randrange(len(parent) + 1), copy.deepcopy(random_.choice([*VALUES, parent[key]]))
        )
    else:
        other, name = random_.choice(places)
        parent[key] = copy.deepcopy(other[name])
    return tree


def _places(tree: Any) -> Any:
    todo = [tree]
    while todo:
        one = todo.pop()
        keys = one.keys() if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        for key in keys:
            yield one, key
            todo.append(one[key])
