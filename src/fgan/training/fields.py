"""What the fields of a recipe may hold: their types, and their ranges."""

from __future__ import annotations

import functools
import math
from typing import Any, Literal, get_args, get_origin, get_type_hints

from fgan.errors import FganError

COUNT = 10**12
RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("steps", "log_every", "checkpoint_every", "keep_checkpoints"), (1, COUNT)),
    **dict.fromkeys(("sample_every", "evaluate_every"), (0, COUNT)),
    "batch_size": (1, 10**7),
    "n_critic": (1, 10**5),
    "evaluate_n": (1, 10**8),
    "sample_count": (0, 10**5),
    **dict.fromkeys(("latent", "width", "critic_width"), (1, 2**16)),
    **dict.fromkeys(("depth", "critic_depth"), (0, 1000)),
    "image_size": (1, 2**14),
    **dict.fromkeys(("lr_fade", "gradient_clip", "critic_clamp"), (0, 1e300)),
    "cooldown": (0, 1),
}
"""The lowest and the highest value; beyond, no machine could do it, and it is a mistake or a trap."""
LONGEST = 10**6
"""Characters of one text: the names of very many columns."""


@functools.cache
def hints_of(recipe: type) -> dict[str, Any]:
    """Return the type of each field, read once: that takes longer than everything else about a recipe."""
    return get_type_hints(recipe)


def check_type(name: str, hint: Any, value: object) -> None:  # noqa: ANN401 - a type hint has no type of its own
    """Check the type of a field.

    Raises:
        FganError: if it has another, or is a text that no path or name can be.
    """
    if not _accepts(hint, value):
        shown = repr(value)
        raise FganError(f'"{name}" must be {_described(hint)}; got {shown[:80]}{"…" * (len(shown) > 80)}.')
    if isinstance(value, str) and (len(value) > LONGEST or "\0" in value):
        wrong = "has a character of code 0" if "\0" in value else f"has {len(value):,} characters"
        raise FganError(
            f'"{name}" must be a text of at most {LONGEST:,} characters without code 0; it {wrong}.'
        )


def check_range(name: str, value: float | None) -> None:
    """Check the range of a field, if it has one.

    Raises:
        FganError: if it is outside.

    >>> check_range("depth", 3)
    >>> check_range("depth", 10**6)
    Traceback (most recent call last):
    fgan.errors.FganError: --depth must be at most 1,000; got 1000000.
    """
    if name not in RANGES or value is None:
        return
    low, high = RANGES[name]
    if not value >= low:
        finite = " and finite" if high == 1e300 else ""
        raise refused(name, f"at least {low}{finite}", value)
    if not value <= high:
        raise refused(name, f"at least {low} and finite" if high == 1e300 else f"at most {high:,}", value)


def is_finite(value: float) -> bool:
    """Whether a number, however long, is a finite float.

    >>> is_finite(1.5), is_finite(10**400)
    (True, False)
    """
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def refused(name: str, rule: str, value: object) -> FganError:
    """Return the error for a value that breaks a rule."""
    shown = str(value) if not isinstance(value, int) or abs(value) < 10**40 else "a longer number"
    return FganError(f"--{name.replace('_', '-')} must be {rule}; got {shown}.")


def _accepts(hint: Any, value: object) -> bool:  # noqa: ANN401
    if get_origin(hint) is Literal:
        return isinstance(value, str) and value in get_args(hint)
    options = get_args(hint) or (hint,)
    if any(get_origin(option) is Literal for option in options):
        return any(_accepts(option, value) for option in options)
    if isinstance(value, bool):
        return bool in options
    return isinstance(value, options) or (float in options and isinstance(value, int))


def _described(hint: Any) -> str:  # noqa: ANN401
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(map(str, get_args(hint)))
    kinds = get_args(hint) or (hint,)
    names = (
        _described(kind) if get_origin(kind) else "null" if kind is type(None) else kind.__name__
        for kind in kinds
    )
    return " or ".join(names)
