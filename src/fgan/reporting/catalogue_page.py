"""docs/reference/catalogue.md: every card as Markdown, with mathematics and pictures. `make docs` writes it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fgan.divergences import CATALOGUE, Divergence
from fgan.divergences.parameter import OneParameter
from fgan.references import citation
from fgan.reporting.cards import compact, critic, relatives, symmetry
from fgan.reporting.catalogue_pictures import draw
from fgan.reporting.records import record, telling
from fgan.reporting.wording import number

IMAGES = "../images/catalogue"
HEAD = """\
<!-- Written by `make docs` from the divergences themselves; change those, not this page. -->
# The catalogue

P is the data, Q the model, u = p/q, and D(P‖Q) is the mean of f(u) under Q. A critic with output v
gives the lower bound

```math
D_f(P\\Vert Q) = E_Q[f(u)] \\;\\ge\\; E_P[T] - E_Q[f^*(T)], \\qquad T = g_f(v),
```

which is tight for T = f'(u). The weight w(u) = u² f''(u) is how much a ratio u counts in the gradient of a generator
with the saturating loss. Every g_f increases: a larger v always means "more real". With the link "log-ratio", v is
l = log(p/q), so T = f'(e^l) and f\\*(T) = e^l f'(e^l) − f(e^l).

- Conventions, and how other sources differ: [divergences.md](../guides/divergences.md).
- The same cards in a terminal: `fgan divergences NAME`; as data: `--json`; BibTeX: `fgan cite NAME`.
- Families take a parameter after a colon: `alpha:0.5`.
- Names combine: `0.5*kl + 0.5*reverse-kl`, `dual(js)`, `symmetrized(skew-kl:0.1)`, `scaled(pearson)`.
- Your own f: `f(u)=(u-1)**4`.
"""
FACTS: tuple[tuple[str, str], ...] = (
    ("f(0)", "f_at_zero"),
    ("lim f(u)/u", "slope_at_infinity"),
    ("f(1)", "f_at_one"),
    ('f\'(1), T above it says "real"', "threshold"),
    ("f''(1)", "curvature"),
    ("f'(0)", "slope_at_zero"),
    ("α of the same shape near u = 1", "local_order"),
)


def members(kind: type[Divergence]) -> list[Divergence]:
    """Return the divergences that stand for an entry: itself, or the examples of a family."""
    if issubclass(kind, OneParameter):
        return [kind(value) for value in kind.parameter.examples]
    return [kind()]


def page() -> str:
    """Return docs/reference/catalogue.md."""
    records = {name: [record(member) for member in members(kind)] for name, kind in CATALOGUE.items()}
    rows = ["| name | title | f(u) | f\\* is finite for | character |", "|---|---|---|---|---|"]
    for name, known in records.items():
        first = known[0]
        letter = first["family"] and first["family"]["letter"]
        shown = f"{name}:{letter}" if letter else name
        words = [{one["words"][key] for one in known} for key in ("conjugate_domain", "leaning")]
        domain, leaning = (found.pop() if len(found) == 1 else f"by {letter}" for found in words)
        f = compact(first["formulas"]["f"]["pretty"])
        rows.append(f"| [`{shown}`](#{name}) | {first['title']} | `{f}` | {domain} | {leaning} |")
    sections = [_section(name, kind, records[name]) for name, kind in CATALOGUE.items()]
    return "\n".join([HEAD, *rows, "", *sections])


def _section(name: str, kind: type[Divergence], known: Sequence[Mapping[str, Any]]) -> str:
    shown, family = known[0], known[0]["family"]
    if issubclass(kind, OneParameter):
        shown = next(one for one in known if one["family"]["value"] == telling(kind))
    lines = [f'<a id="{name}"></a>', f"## {shown['title']}", ""]
    symbol = f"${_inline(shown['symbol'])}$"
    if family:
        limits = "".join(f"; the limit at {value} is `{other}`" for value, other in family["limits"].items())
        lines += [
            f"`{name}:{family['letter']}`, {symbol}; {family['letter']} is {family['rule']}{limits}.",
            "",
        ]
    else:
        lines += [f"`{name}`, {symbol}", ""]
    domains = {one["words"]["conjugate_domain"] for one in known}
    domain = domains.pop() if len(domains) == 1 else ""  # the table has each member's
    lines += [
        "```math",
        r"\begin{aligned}",
        " \\\\\n".join(_equations(shown, domain)),
        r"\end{aligned}",
        "```",
        "",
    ]
    lines += [f"![f, T and w of {name} over log u]({IMAGES}/{name}.svg)", ""]
    lines += [*_facts(known), ""]
    if len(known) > 1:
        lines += [f"For `{shown['name']}`:", ""]
    words = shown["words"]
    points = [
        ("Character", words["leaning_in_full"]),
        ("Generator", words["generator"]),
        ("Finite", words["finiteness"]),
        ("Tails", words["tails"]),
        ("P and Q swapped", symmetry(shown)),
        ("The same as", relatives(shown)),
        ("Critic", critic(shown)),
        ("Normalisation", shown["normalisation"]),
        ("When to use it", shown["use"]),
        ("When to avoid it", shown["avoid"]),
        ("References", "; ".join(f"{citation(key)} `{key}`" for key in shown["references"])),
    ]
    lines += [f"- **{label}.** {_escaped(text)}" for label, text in points if text]
    return "\n".join([*lines, ""])


def _equations(known: Mapping[str, Any], domain: str) -> list[str]:
    left = {
        "f": "f(u)",
        "derivative": "f'(u)",
        "conjugate": "f^*(t)",
        "activation": "g_f(v)",
        "soft_hinge": r"g_f(v) \text{, soft hinge}",
    }
    where = domain.replace("≤", r"\le").replace("log", r"\log")
    lines = []
    for what, formula in known["formulas"].items():
        if formula:
            also = rf", \qquad {where}" if what == "conjugate" and where not in ("", "all t") else ""
            lines.append(f"{left[what]} &= {formula['latex']}{also}")
    return lines


def _facts(known: Sequence[Mapping[str, Any]]) -> list[str]:
    heads = [f"`{one['name']}`" for one in known]
    rows = [f"| | {' | '.join(heads)} |", f"|---|{'---|' * len(known)}"]
    for label, key in FACTS:
        values = [one["facts"][key] for one in known]
        if key == "f_at_one" and not any(values):
            continue
        rows.append(f"| {label} | {' | '.join(map(number, values))} |")
    ranges = [one["facts"]["range"] for one in known]
    rows.append(f"| range | {' | '.join(f'{number(low)} to {number(high)}' for low, high in ranges)} |")
    rows.append(f"| f\\* is finite for | {' | '.join(one['words']['conjugate_domain'] for one in known)} |")
    rows.append(f"| character | {' | '.join(one['words']['leaning'] for one in known)} |")
    return rows


def _inline(latex: str) -> str:
    """Avoid the escapes that Markdown would take for its own."""
    return latex.replace(r"\|", r"\Vert ").replace(r"\,", r"\thinspace ")


def _escaped(text: str) -> str:
    return text.replace("*", "\\*").replace("<", "&lt;").replace("_", "\\_")


def write(docs: Path) -> None:
    """Write reference/catalogue.md and its pictures into the folder of the documentation."""
    reference = docs / "reference"
    reference.mkdir(parents=True, exist_ok=True)
    for name, kind in CATALOGUE.items():
        draw(members(kind), reference / IMAGES / f"{name}.svg")
    (reference / "catalogue.md").write_text(page(), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write into the folder named on the command line, docs if none is."""
    given = sys.argv[1:] if arguments is None else arguments
    write(Path(given[0] if given else "docs"))


if __name__ == "__main__":
    main()
