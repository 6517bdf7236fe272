"""`fgan.verify`: check the laws on custom code, such as an activation and a conjugate."""

from __future__ import annotations

from dataclasses import replace
from typing import overload

from fgan.divergences.base import Divergence
from fgan.divergences.catalogue import EXAMPLES, divergence
from fgan.divergences.derived import FromF
from fgan.divergences.recognise import RATIOS, Match, match, recognise
from fgan.errors import FganError
from fgan.verification import claims, ends, precision, recover
from fgan.verification.contained import contained
from fgan.verification.dense import dense_break
from fgan.verification.laws import LAWS, broken_laws
from fgan.verification.loading import Foreign, is_target, load, named
from fgan.verification.loading import foreign as taken_for
from fgan.verification.report import Break, Report

MIDDLE = len(RATIOS) // 2


@overload
def verify(target: None = None) -> dict[str, Report]: ...
@overload
def verify(target: object, claim: str | None = None, name: str | None = None) -> Report: ...
def verify(
    target: object = None, claim: str | None = None, name: str | None = None
) -> Report | dict[str, Report]:
    """Check the laws of f-divergences on the catalogue, on one divergence, or on custom code.

    Args:
        target: the name of a divergence, "package.module:object", a `Divergence`, a function f(u), a pair
            (activation, conjugate) of functions on tensors, an object with these attributes or with `real_term` and
            `fake_term`, or a class or function that returns one of these; default: the whole catalogue.
        claim: the divergence that it should be, a name for `fgan.divergence`.
        name: its name in the report.

    Returns:
        A report with the recognised divergence, notes, and the broken laws with values that show it; for the
        catalogue, a dict of reports by name.

    Raises:
        FganError: for any other object, or an unknown name or claim.

    >>> import torch
    >>> verify("pearson").holds
    True
    >>> report = verify((lambda v: v, lambda t: (t - 1).exp()))
    >>> report.recognised, report.holds
    ('kl', True)
    >>> print(verify((torch.sigmoid, lambda t: (t - 1).exp()), claim="kl").broken[0].law)
    bound is tight
    >>> verify(lambda u: u * u.log()).recognised
    'kl'
    """
    if target is None and claim:
        raise FganError(
            f'claim names the divergence that your code computes; got "{claim}" but no code. Pass the code as target.'
        )
    if target is None:
        return {one: verify(one) for one in EXAMPLES}
    claimed = divergence(claim) if claim else None
    if isinstance(target, str) and not is_target(target):
        return examine(taken_for(named(target), name or target), claimed)
    if isinstance(target, str):
        own = target
    else:
        own = target.name if isinstance(target, Divergence) else getattr(target, "__name__", "this")
    own = name or own
    with contained(own):  # a module may set what it likes when it is imported
        found = replace(load(target), name=own) if isinstance(target, str) else taken_for(target, own)
    with contained(own) as changed:
        report = examine(found, claimed)
    return replace(report, broken=(*report.broken, *changed))


def examine(foreign: Foreign, target: Divergence | None = None) -> Report:
    """Return the report on one object; see `verify`."""
    broken, notes = precision.check_calls(foreign)
    recognised = None
    if not broken:
        broken = _usability(foreign) if foreign.divergence is None else _native(foreign.divergence)
        recognised, more, less = _identity(foreign, target)
        # Overflow and rounding also leave the true curve; report them only once.
        unusable = any(item.law.startswith("usable") for item in broken)
        more = [item for item in more if not (unusable and item.law == ends.GOES_ON)]
        broken, notes = broken + more, notes + less
        broken += _raised(foreign)
    return Report(
        target=foreign.name,
        kind=foreign.kind,
        recognised=recognised,
        claim=target.name if target else None,
        notes=tuple(notes),
        broken=tuple(broken),
    )


def _native(own: Divergence) -> list[Break]:
    found = broken_laws(own)
    return [
        Break(law, words, f"the law: {(LAWS[law].__doc__ or law).splitlines()[0]}")
        for law, words in found.items()
    ]


def _usability(foreign: Foreign) -> list[Break]:
    outside = precision.outside_domain(foreign)
    broken = precision.gradient_break(foreign)
    broken = precision.precision_breaks(foreign, outside, gradients=not broken) + broken
    # If the code raises for some v, `_raised` reports it.
    return broken if foreign.raised else precision.domain_break(foreign, outside) + broken


def _raised(foreign: Foreign) -> list[Break]:
    if not foreign.raised:
        return []
    v = min(foreign.raised, key=abs)
    words = f"at v = {v:.6g} it raised {foreign.raised[v]}"
    return [Break("defined for every v", words, "the critic's output can be any number; map it into dom f*.")]


def _identity(foreign: Foreign, target: Divergence | None) -> tuple[str | None, list[Break], list[str]]:
    """Recover f, recognise the divergence, and check whether the bound is tight."""
    curve = recover.reached(foreign)
    broken = [] if len(curve.t) < 3 else recover.convexity_break(curve)
    if len(curve.t) > 2:
        broken = broken or dense_break(foreign, float(curve.t[0]), float(curve.t[-1]))
    broken = broken or recover.degeneracy(foreign, curve)
    if broken:
        return None, broken, []
    notes = _notes_on(curve)
    f, _ = recover.f_reached(foreign)
    whole, best = f, f
    if foreign.conjugate is not None:
        whole, best = recover.f_of_conjugate(foreign, curve, f)
    loose = claims.tightness_break(f, whole, best, curve, foreign.within)
    if foreign.conjugate is None:
        loose = claims.slopes_break(foreign, curve)
    known = recognise(f, foreign.within)
    recognised = _named(known) if known[0].exact else None
    if recognised is None and recognise(whole, foreign.within)[0].exact:
        known = recognise(whole, foreign.within)
        recognised = f"{known[0]}, by its f*"
    elif recognised and target is None:
        loose = _beyond(foreign, divergence(known[0].name), known[0])
    if abs(float(f[MIDDLE])) > foreign.within:
        notes.append(f"f(1) = {float(f[MIDDLE]):.6g}, so the value at P = Q is this, not 0.")
    if recognised is None and target is None:
        notes.append(f"{claims.nearest(known[0])}.")
    if target is not None:
        loose, more = claims.judge(f, whole, target, known, loose)
        notes += more
        fit = match(f, target, foreign.within)
        if fit.same and not loose:
            loose = _beyond(foreign, target, fit)
    return recognised, loose, notes


def _beyond(foreign: Foreign, target: Divergence, fit: Match) -> list[Break]:
    if isinstance(foreign.divergence, FromF):  # as documented, limited to log-ratios that float64 can resolve
        return []
    return ends.ends_break(foreign, target, fit) or ends.far_break(foreign, target, fit)


def _named(known: list[Match]) -> str:
    """Name the simplest match, and an equal one whose name has no parameter."""
    first = known[0]
    if abs(first.slope) > first.within:
        text = f"{first}, up to {first.slope:.6g} (u - 1), which does not change the divergence"
    else:
        text = str(first)
    others = [one for one in known[1:] if ":" not in one.name]
    return f"{text}; also {others[0]}" if ":" in first.name and others else text


def _notes_on(curve: recover.Curve) -> list[str]:
    notes = []
    if curve.falls > 0.99:
        notes.append("the activation decreases: a larger v means *less* real, unlike everywhere in fgan.")
    elif curve.falls > 0:
        notes.append("the activation is not monotone: a larger v does not always mean more real.")
    if len(curve.t) > 2:
        falling = curve.slopes < -10 * curve.apart
        if falling.any():
            edge = float(curve.t[1:][falling][-1])
            notes.append(
                f"f* falls for t below about {edge:.2g}: valid but looser there, since no u >= 0 has such a slope; "
                "clamp t there."
            )
    return notes
