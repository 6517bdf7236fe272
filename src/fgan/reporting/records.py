"""All facts about a divergence as one dict: the source of cards, JSON and the catalogue page."""

from __future__ import annotations

import math
from typing import Any

import torch

from fgan.divergences import CATALOGUE, Bhattacharyya, Divergence, Renyi, divergence
from fgan.divergences.derived import FromF
from fgan.divergences.parameter import OneParameter
from fgan.errors import FganError
from fgan.output import spell
from fgan.reporting.character import by_the_trick
from fgan.reporting.formulas import formulas
from fgan.reporting.relatives import dual_of, same_as
from fgan.reporting.wording import domain, finiteness, leaning, leaning_in_full, span, tails

RATIOS = (0.05, 0.5, 1.0, 2.0, 20.0)
"""The u at which a card lists the terms."""

# The example that shows most of a family, where that is not its first.
TELLING = {"alpha": 0.5, "chi": 3.0, "hockey-stick": 2.0}


def find(name: str) -> Divergence | Renyi:
    """Return what `fgan.divergence` does, and Rényi's, Bhattacharyya's, and a telling member of a family.

    Raises:
        FganError: as `fgan.divergence`.

    >>> find("renyi:2"), find("alpha").name
    (fgan.divergences.Renyi(2), 'alpha:0.5')
    """
    family, colon, value = name.strip().partition(":")
    if family == "renyi":
        return Renyi(_read(value) if colon else 0.5)
    if name.strip() == "bhattacharyya":
        return Bhattacharyya()
    kind = CATALOGUE.get(family)
    if kind is not None and issubclass(kind, OneParameter) and not colon:
        return kind(telling(kind))
    return divergence(name.strip())


def telling(kind: type[OneParameter]) -> float:
    """Return the parameter of the member that stands for a family where there is room for one."""
    return TELLING.get(kind.family, kind.parameter.examples[0])


def record(d: Divergence | Renyi) -> dict[str, Any]:
    """Return all facts about a divergence; numbers may be infinite, see `with_infinities`."""
    if isinstance(d, Renyi):
        return renyi_record(d)
    low, high = d.range
    return {
        "name": d.name,
        "title": d.card.title,
        "symbol": d.card.symbol,
        "family": _family(d),
        "formulas": {
            what: formula and {"text": formula.text, "pretty": formula.pretty, "latex": formula.latex}
            for what, formula in formulas(d).items()
        },
        "constants": dict(d.formulas.constants),
        "links": list(d.links),
        "facts": {
            "f_at_one": d.f_at_one,
            "f_at_zero": d.f_at_zero,
            "slope_at_zero": d.slope_at_zero,
            "threshold": d.threshold,
            "slope_at_infinity": d.slope_at_infinity,
            "curvature": d.curvature,
            "conjugate_domain": {
                "lower": d.conjugate_domain.lower,
                "upper": d.conjugate_domain.upper,
                "closed": d.conjugate_domain.closed,
            },
            "range": [low, high],
            "finite_where_model_misses_data": d.finite_where_model_misses_data,
            "finite_where_data_misses_model": d.finite_where_data_misses_model,
            "symmetric": d.symmetric,
            "local_order": d.local_order,
            "growth": list(d.growth),
            "smooth": d.smooth,
            "identifies_ratio": d.identifies_ratio,
        },
        "words": {
            "conjugate_domain": domain(d.conjugate_domain),
            "range": span(low, high),
            "leaning": leaning(d),
            "leaning_in_full": leaning_in_full(d),
            "generator": generator(d),
            "finiteness": finiteness(d),
            "tails": tails(d),
        },
        "terms": terms(d),
        "dual": None if d.symmetric else vars(dual_of(d)),
        "same_as": [vars(relative) for relative in same_as(d)],
        "normalisation": d.card.normalisation,
        "use": d.card.use,
        "avoid": d.card.avoid,
        "notes": list(d.notes),
        "trusted": list(d.trusted) if isinstance(d, FromF) else None,
        "references": list(d.card.references),
    }


def generator(d: Divergence) -> str:
    """Say what a generator does whose critic learns d: with the default loss it may follow another divergence.

    >>> generator(find("kl"))[:87]
    'With the default (non-saturating) loss the generator follows reverse-kl (mode-seeking),'
    """
    found = by_the_trick(d)
    if found.follows == d.name:
        return "With both losses the generator follows this divergence."
    leaning = f" ({found.leaning})" if found.leaning else ""
    return (
        f"With the default (non-saturating) loss the generator follows {found.follows}{leaning}, "
        "with --generator-loss saturating this divergence."
    )


def terms(d: Divergence) -> dict[str, list[float]]:
    """Return u, f(u), T = f'(u), f*(T) and w(u) = u² f''(u) at a few ratios; no w where f has kinks."""
    u = torch.tensor(RATIOS, dtype=torch.float64)
    log_ratio = u.log()
    columns = {"u": u, "f": d.f(u), "T": d.real_at(log_ratio), "f*(T)": d.fake_at(log_ratio)}
    if d.smooth:
        columns["w"] = d.weight(log_ratio)
    return {name: [float(x) for x in column] for name, column in columns.items()}


def renyi_record(d: Renyi) -> dict[str, Any]:
    """Return the facts about Rényi's divergence of an order, or Bhattacharyya's distance."""
    if isinstance(d, Bhattacharyya):
        value = ("-log(1 - H²/2)", r"-\log(1 - H^2/2)", "squared-hellinger")
        bound = (
            "-log(E_P[exp(-v/2)])/2 - log(E_Q[exp(v/2)])/2",
            r"-\tfrac{1}{2} \log E_P[e^{-v/2}] - \tfrac{1}{2} \log E_Q[e^{v/2}]",
        )
    else:
        value = (
            "log(1 + α·(α - 1)·D)/(α - 1)",
            r"\frac{\log(1 + \alpha (\alpha - 1) D_\alpha)}{\alpha - 1}",
            d.alpha.name,
        )
        bound = (
            "α/(α - 1)·log(E_P[exp((α - 1)·v)]) - log(E_Q[exp(α·v)])",
            r"\frac{\alpha}{\alpha - 1} \log E_P[e^{(\alpha - 1) v}] - \log E_Q[e^{\alpha v}]",
        )
    return {
        "name": d.name,
        "title": d.card.title,
        "order": d.order,
        "function_of": value[2],
        "formulas": {
            "value": {"text": value[0], "latex": value[1]},
            "bound": {"text": bound[0], "latex": bound[1]},
        },
        "references": list(d.card.references),
    }


def with_infinities(value: Any) -> Any:  # noqa: ANN401 - any part of a record
    """Return a record for JSON: infinities as "inf" and "-inf", where `fgan.output.jsonable` has None; twelve digits.

    >>> with_infinities({"a": [math.inf, 0.1 + 0.2], "b": True})
    {'a': ['inf', 0.3], 'b': True}
    """
    match value:
        case dict():
            return {key: with_infinities(part) for key, part in value.items()}
        case list() | tuple():
            return [with_infinities(part) for part in value]
        case float() if not math.isfinite(value):
            return str(value)
        case float():
            return float(f"{value:.12g}") if abs(value) > 1e-12 else 0.0
    return value


def _family(d: Divergence) -> dict[str, Any] | None:
    if not isinstance(d, OneParameter):
        return None
    return {
        "name": d.family,
        "letter": d.parameter.letter,
        "rule": d.parameter.rule,
        "value": d.value,
        "limits": {spell(value): name for value, name in d.parameter.limits.items()},
    }


def _read(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise FganError(f'the α of renyi must be {Renyi.parameter.rule}; got "{value}".') from None
