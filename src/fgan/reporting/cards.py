"""Cards for the terminal: everything about one divergence on a page of text, and a table of all divergences."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import Any

from fgan.divergences import CATALOGUE, Divergence, Renyi
from fgan.divergences.parameter import OneParameter
from fgan.output import aligned, spell
from fgan.references import citation
from fgan.reporting.formulas import formulas
from fgan.reporting.records import record
from fgan.reporting.terminal import terminal_graphs
from fgan.reporting.wording import domain, leaning, number

LABEL = 16
"""Columns of the labels on the left."""
NO_FORMULA = "no closed form; computed numerically"
TRAINING_A_KINK = {
    "paper": "Train with the paper's link.",
    "soft-hinge": "Train with the soft hinge (the default of the plain objective with the non-saturating loss) or "
    "with the paper's link.",
    "linear": "Train with the link linear, the default.",
}


def card(d: Divergence | Renyi, width: int = 80, *, braille: bool = True) -> str:
    """Return the card of a divergence as text.

    Args:
        d: the divergence, or Rényi's.
        width: columns at most.
        braille: whether the terminal can show Braille dots.
    """
    width = min(max(width, 40), 120)
    known = record(d)
    heading = known["title"] + known["name"].rjust(width - len(known["title"]))
    if len(heading) > width:
        heading = f"{known['title']}\n{known['name']}"
    if isinstance(d, Renyi):
        blocks = [_renyi(known, width)]
    else:
        blocks = [
            _formulas(known, width),
            _numbers(known, width),
            _terms(known["terms"]),
            terminal_graphs(d, width, braille=braille),
            "Horizontal axis: log u, for u from 0.05 to 20.",
            _words(known, width),
        ]
    return "\n\n".join([f"{heading}\n{'─' * width}", *filter(None, blocks)])


def family_remark(name: str, d: Divergence | Renyi) -> str:
    """Return a line that says which member of a family the card shows; empty if the name had a parameter.

    >>> from fgan import divergence
    >>> family_remark("alpha", divergence("alpha:0.5"))
    '"alpha" is a family: α, a finite number other than 0 and 1. This is alpha:0.5; for another write, say, alpha:-1.'
    """
    if name.strip() == d.name or ":" in name or not isinstance(d, OneParameter | Renyi):
        return ""
    others = [f"{name}:{spell(value)}" for value in d.parameter.examples]
    another = next(other for other in others if other != d.name)
    return (
        f'"{name}" is a family: {d.parameter.letter}, {d.parameter.rule}. '
        f"This is {d.name}; for another write, say, {another}."
    )


def table(width: int | None = None) -> str:
    """Return the catalogue as a table with one row per entry, and the rules of the families below.

    Args:
        width: columns at most; formulas are cut to fit, but not below 20. Default: as wide as needed.
    """
    rows = [("name", "f(u)", "dom f*", "f'(1)", "character"), *(_row(*entry) for entry in CATALOGUE.items())]
    families = [
        (f"{name}:{kind.parameter.letter}", f"{kind.parameter.letter} is {kind.parameter.rule}")
        for name, kind in CATALOGUE.items()
        if issubclass(kind, OneParameter)
    ]
    return (
        f"{_lines(_narrowed(rows, width))}\n\nFamilies\n\n{_lines(families)}\n\n"
        "One card:     fgan divergences alpha:0.5\n"
        'Your own f:   fgan divergences "0.5*kl + 0.5*reverse-kl", "dual(js)", "f(u)=(u-1)**4"\n'
        "All as JSON:  fgan divergences --json"
    )


def _row(name: str, kind: type[Divergence]) -> tuple[str, ...]:
    if issubclass(kind, OneParameter):
        members: list[Divergence] = [kind(value) for value in kind.parameter.examples]
        letter = kind.parameter.letter
        name = f"{name}:{letter}"
    else:
        members, letter = [kind()], ""
    formula = formulas(members[0])["f"]
    assert formula is not None, "every entry of the catalogue has one"
    columns = (
        {domain(member.conjugate_domain) for member in members},
        {number(member.threshold) for member in members},
        {leaning(member).split(",")[0] for member in members},
    )
    constants = (column.pop() if len(column) == 1 else f"by {letter}" for column in columns)
    return name, compact(formula.pretty), *constants


def compact(formula: str) -> str:
    """Take the spaces out of the brackets of a formula.

    >>> compact("u·log(u) - (u + 1)·log((u + 1)/2)")
    'u·log(u) - (u+1)·log((u+1)/2)'
    """
    depth, letters = 0, []
    for letter in formula:
        depth += (letter == "(") - (letter == ")")
        if letter != " " or not depth:
            letters.append(letter)
    return "".join(letters)


def _narrowed(rows: list[tuple[str, ...]], width: int | None) -> list[tuple[str, ...]]:
    if width is None:
        return rows
    others = sum(max(len(row[column]) for row in rows) + 2 for column in (0, 2, 3, 4))
    room = max(width - others, 20)
    return [(name, f if len(f) <= room else f[: room - 1] + "…", *rest) for name, f, *rest in rows]


def _lines(rows: list[tuple[str, ...]]) -> str:
    return "\n".join(aligned(rows))


def _formulas(known: Mapping[str, Any], width: int) -> str:
    written = {what: formula and formula["pretty"] for what, formula in known["formulas"].items()}
    constants = ", ".join(f"{letter} = {spell(value)}" for letter, value in known["constants"].items())
    rows = [
        ("f(u)", written["f"] or "given as a function"),
        ("f'(u)", written["derivative"] or _derivative_in_words(known["facts"])),
        ("f*(t)", written["conjugate"] or NO_FORMULA),
        ("dom f*", known["words"]["conjugate_domain"]),
    ]
    first = {link: ", the default" if link == known["links"][0] else "" for link in known["links"]}
    if "paper" in first:
        rows.append(("g_f(v)", f'{written["activation"] or "computed"}   (link "paper"{first["paper"]})'))
    if "soft-hinge" in first:
        rows.append(("g_f, training", f'{written["soft_hinge"] or "computed"}   (link "soft-hinge")'))
    if "log-ratio" in first:
        terms = "T = f'(e^l), f*(T) = e^l·f'(e^l) - f(e^l)"
        rows.append(("if v = log(p/q)", f'{terms}   (link "log-ratio"{first["log-ratio"]})'))
    if "linear" in first:
        terms = "T = v below p/q = 1, f*(T) = v above, shifted and scaled"
        rows.append(("if not steep", f'{terms}   (link "linear"{first["linear"]})'))
    if constants:
        rows.insert(0, ("with", constants))
    return _labelled(rows, width)


def _numbers(known: Mapping[str, Any], width: int) -> str:
    facts = known["facts"]
    values = [
        ("f(0)", facts["f_at_zero"]),
        ("lim f(u)/u", facts["slope_at_infinity"]),
        ("f'(1)", facts["threshold"]),
        ("f''(1)", facts["curvature"]),
    ]
    if abs(facts["f_at_one"]) > 1e-9:
        values.insert(1, ("f(1)", facts["f_at_one"]))
    rows = [
        (
            "constants",
            ",  ".join(f"{what} = {number(value)}" for what, value in values).replace("= not", "not"),
        ),
        ("range", known["words"]["range"]),
        ("T says real", _verdict(facts)),
    ]
    return _labelled(rows, width)


def _verdict(facts: Mapping[str, Any]) -> str:
    threshold = number(facts["threshold"])
    if facts["slope_at_infinity"] <= facts["threshold"]:
        return f"never: T = f'(u) does not exceed f'(1) = {threshold}"
    if facts["threshold"] == facts["slope_at_zero"] and not facts["identifies_ratio"]:
        return "not defined: T steps at a ratio other than 1"
    return f"above f'(1) = {threshold}"


def _terms(terms: Mapping[str, list[float]]) -> str:
    names = {"f": "f(u)", "T": "T = f'(u)", "w": "w = u²·f''(u)"}
    return "\n".join(
        names.get(what, what).ljust(LABEL) + "".join(_digits(value).rjust(12) for value in values)
        for what, values in terms.items()
    )


def _digits(x: float) -> str:
    return number(x) if math.isinf(x) else f"{x if abs(x) > 1e-12 else 0.0:.4g}"


def _words(known: Mapping[str, Any], width: int) -> str:
    words = known["words"]
    rows = [
        ("character", words["leaning_in_full"]),
        ("generator", words["generator"]),
        ("finite?", words["finiteness"]),
        ("tails", words["tails"]),
        ("swap P, Q", symmetry(known)),
        ("the same as", relatives(known)),
        ("normalisation", known["normalisation"]),
        ("use it", known["use"]),
        ("avoid it", known["avoid"]),
        ("critic", critic(known)),
        *(("note", note) for note in known["notes"]),
        *(("reference", f"{citation(key)} [{key}]") for key in known["references"]),
    ]
    return _labelled([row for row in rows if row[1]], width)


def symmetry(known: Mapping[str, Any]) -> str:
    """Say what D_f(Q‖P) is."""
    if known["dual"] is None:
        return "Symmetric: D(P‖Q) = D(Q‖P)."
    return f"Not symmetric: D(Q‖P) is {scaled(known['dual'])}."


def relatives(known: Mapping[str, Any]) -> str:
    """Name the divergences of the catalogue that this one is a multiple of."""
    return ", ".join(scaled(relative) for relative in known["same_as"])


def scaled(relative: Mapping[str, Any]) -> str:
    """Write a relative.

    >>> scaled({"name": "js", "factor": 0.5, "offset": -1.0})
    '1/2 × js - 1'
    """
    text = (
        relative["name"] if relative["factor"] == 1 else f"{number(relative['factor'])} × {relative['name']}"
    )
    offset = relative["offset"]
    return text + (f" {'-' if offset < 0 else '+'} {number(abs(offset))}" if offset else "")


def critic(known: Mapping[str, Any]) -> str:
    """Say what a critic cannot learn, and which links exist."""
    facts = known["facts"]
    one_link = "One link, log-ratio: the output v is log(p/q)." if known["links"] == ["log-ratio"] else ""
    if not facts["smooth"]:
        side = (
            ""
            if facts["identifies_ratio"]
            else "The best critic knows only on which side of f's kinks p/q lies."
        )
        others = [link for link in known["links"] if link != "log-ratio"]
        how = TRAINING_A_KINK[others[-1]] if others else "It cannot be used for training."
        return f"{side} {one_link} {how}".replace("  ", " ").strip()
    if not facts["identifies_ratio"]:
        return "The best critic knows log(p/q) only for some of its values."
    return one_link


def _derivative_in_words(facts: Mapping[str, Any]) -> str:
    if facts["smooth"]:
        return "by differentiation"
    return "by differentiation, with a jump at each kink" if facts["identifies_ratio"] else "a step"


def _renyi(known: Mapping[str, Any], width: int) -> str:
    rows = [
        ("note", f"Not an f-divergence, but an increasing function of {known['function_of']} (D below)."),
        ("α", spell(known["order"])),
        ("value", known["formulas"]["value"]["text"].replace("H²", "D")),
        ("bound", f"≥ {known['formulas']['bound']['text']}"),
        ("tight at", "v = log(p/q) + any constant"),
        (
            "use it",
            "To measure, use fgan.divergences.Renyi or Bhattacharyya. To train, use the f-divergence.",
        ),
        *(("reference", f"{citation(key)} [{key}]") for key in known["references"]),
    ]
    return _labelled(rows, width)


def _labelled(rows: list[tuple[str, str]], width: int) -> str:
    lines, previous = [], ""
    for label, text in rows:
        first = label.ljust(LABEL - 1) + " " if label != previous else " " * LABEL
        lines += textwrap.wrap(
            text, width, initial_indent=first, subsequent_indent=" " * LABEL, break_on_hyphens=False
        )
        previous = label
    return "\n".join(lines)
