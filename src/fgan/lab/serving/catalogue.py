"""The divergences that the page's menus offer."""

from __future__ import annotations

from fgan.divergences import divergence
from fgan.experiments.comparison import trainable_divergences
from fgan.reporting.formulas import formulas


def entries() -> list[dict[str, str]]:
    """Return name, title, use and formula of every divergence that can be trained with.

    >>> [entry["formula"] for entry in entries() if entry["name"] == "kl"]
    ['u·log(u)']
    """
    return [_entry(name) for name in trainable_divergences()]


def _entry(name: str) -> dict[str, str]:
    found = divergence(name)
    formula = formulas(found)["f"]
    return {
        "name": name,
        "title": found.card.title,
        "use": found.card.use,
        "formula": formula.pretty if formula else "",
    }
