"""Load the object of "package.module:object" for verification."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import re
import sys
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import torch
from torch import Tensor

from fgan.divergences.base import Divergence
from fgan.divergences.catalogue import CATALOGUE, divergence
from fgan.divergences.elementary import TensorMap
from fgan.errors import FganError, did_you_mean
from fgan.verification.contained import raising_errors

LARGEST = 100.0
"""Terms must be usable for critic outputs up to this size."""
TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
FILE = re.compile(r"(?P<file>[^():=*]+)\.py:(?P<object>[^():=*]*)")
"""The syntax of a module path."""
WANTED = (
    "a function f(u), a pair (activation, conjugate), an object with `activation` and `conjugate` or with "
    "`real_term` and `fake_term`, an fgan.Divergence, or a class or a function without arguments that returns one "
    "of these"
)


@dataclass(frozen=True)
class Foreign:
    """A custom bound, v -> T and v -> f*(T), guarded against errors in calls.

    Args:
        name: its name in the report.
        kind: how it was interpreted.
        real: v -> T.
        fake: v -> f*(T).
        conjugate: t -> f*(t), if it is given separately.
        divergence: the object itself, if it is an fgan.Divergence.
        raised: errors of calls within |v| <= 100, by v, filled in as they happen.
    """

    name: str
    kind: str
    real: TensorMap
    fake: TensorMap
    conjugate: TensorMap | None
    divergence: Divergence | None = None
    raised: dict[float, str] = field(default_factory=dict)

    @cached_property
    def info(self) -> torch.finfo:
        """The narrowest dtype that it returns for a float64 v."""
        v = torch.tensor([0.5], dtype=torch.float64)
        found = [torch.finfo(v.dtype)]
        for term in (self.real, self.fake):
            with contextlib.suppress(Exception):  # errors are reported elsewhere
                found.append(torch.finfo(term(v.clone()).dtype))
        return max(found, key=lambda info: info.eps)

    @property
    def narrow(self) -> bool:
        """Whether it always computes in less than float64."""
        return self.info.eps > torch.finfo(torch.float64).eps

    @property
    def within(self) -> float:
        """The relative tolerance for comparing its f."""
        return max(1e-3, 32 * self.info.eps) if self.narrow else 1e-6

    @property
    def apart(self) -> float:
        """The relative distance between two T that is needed to compute a slope."""
        return self.within if self.narrow else 1e-7

    def call(self, which: str, x: Tensor) -> Tensor:
        """Return real, fake or conjugate at x in float64; NaN where the code raises."""
        function: TensorMap = getattr(self, which)
        flat = x.detach().clone().reshape(-1)  # that code may write into what it is given
        try:
            value = function(flat).detach().double()
        except Exception as error:
            if len(flat) > 1:
                return torch.cat([self.call(which, one) for one in flat.split(1)]).reshape(x.shape)
            v = float(flat)
            if which != "conjugate" and abs(v) <= LARGEST:
                self.raised.setdefault(v, f"{type(error).__name__}: {first_line(error)}")
            return torch.full(x.shape, torch.nan, dtype=torch.float64)
        return value.reshape(x.shape)


def is_target(text: str) -> bool:
    """Whether a text is "package.module:object" and not the name of a divergence.

    >>> is_target("package.module:kl"), is_target("alpha:x")
    (True, False)
    """
    return text.partition(":")[0] not in CATALOGUE and bool(TARGET.fullmatch(text) or FILE.fullmatch(text))


def named(name: str) -> Divergence:
    """Return the divergence with this name.

    Raises:
        FganError: as for `fgan.divergence`, with advice on custom code.
    """
    try:
        return divergence(name)
    except FganError as error:
        raise FganError(f"{error} For custom code, pass package.module:object.") from error


def load(target: str) -> Foreign:
    """Import the object that a target names.

    Raises:
        FganError: if there is no such module or object, or it has the wrong kind.
    """
    if file := FILE.fullmatch(target):
        module_name = ".".join(part for part in re.split(r"[/\\]", file["file"]) if part not in ("", "."))
        raise FganError(
            f'"{target}" must name a module, not a file. Pass {module_name}:{file["object"] or "object"}, '
            "without .py, from the folder that contains it."
        )
    module_name, _, path = target.partition(":")
    module = _imported(module_name, target)
    found: Any = module
    for part in path.split("."):
        if not hasattr(found, part):
            hint = did_you_mean(part, _own_names(found))
            raise FganError(f'"{target}": there is no "{part}" in {module_name}.{hint}')
        found = getattr(found, part)
    return foreign(found, target)


def _own_names(found: object) -> list[str]:
    """Return the public names that a module itself defines, or those of any other object."""
    names = [name for name in dir(found) if not name.startswith("_")]
    if not inspect.ismodule(found):
        return names
    return [name for name in names if _defined_in(getattr(found, name), found.__name__)]


def _defined_in(value: object, module: str) -> bool:
    return not inspect.ismodule(value) and getattr(value, "__module__", module) in (module, None)


def foreign(found: object, name: str) -> Foreign:
    """Interpret an object.

    Raises:
        FganError: if its laws cannot be checked.
    """
    found = _made(found, name)
    if isinstance(found, Divergence):
        kind = f"an fgan.Divergence, {found.link} link"
        return Foreign(name, kind, found.real_term, found.fake_term, found.conjugate, found)
    if isinstance(found, tuple | list):
        if len(found) == 2 and all(map(callable, found)):
            return _pair(name, "a pair (activation, conjugate)", *found)
        inside = ", ".join(type(member).__name__ for member in found[:4])
        raise FganError(
            f'"{name}" must be {WANTED}; got a {type(found).__name__} of {len(found)} ({inside}).'
        )
    real, fake = _function(found, "real_term"), _function(found, "fake_term")
    if real and fake:
        both = raising_errors(real), raising_errors(fake)
        return Foreign(name, "an object with real_term and fake_term", *both, None)
    activation, conjugate = _function(found, "activation"), _function(found, "conjugate")
    if activation and conjugate:
        return _pair(name, "an object with activation and conjugate", activation, conjugate)
    raise FganError(f'"{name}" must be {WANTED}; got {_described(found)}.')


def _function(found: object, member: str) -> TensorMap | None:
    value = getattr(found, member, None)
    return cast(TensorMap, value) if callable(value) else None


def _pair(name: str, kind: str, activation: TensorMap, conjugate: TensorMap) -> Foreign:
    activation, conjugate = raising_errors(activation), raising_errors(conjugate)
    return Foreign(name, kind, activation, lambda v: conjugate(activation(v)), conjugate)


def _made(found: Any, name: str) -> object:  # noqa: ANN401
    """Call a class or a function without arguments."""
    terms = (("real_term", "fake_term"), ("activation", "conjugate"))
    ready = any(all(callable(getattr(found, term, None)) for term in both) for both in terms)
    if not callable(found) or (ready and not inspect.isclass(found)):
        return found
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        parameters = ()
    needed = [
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if len(needed) == 1 and inspect.isroutine(found):
        return _of_f(cast(TensorMap, found), name)
    if needed:
        what = "a class" if inspect.isclass(found) else "a function"
        raise FganError(
            f'"{name}" must be {WANTED}; got {what} that needs {", ".join(needed)}. Create an instance in the '
            "module and name it instead."
        )
    try:
        return raising_errors(found)()
    except Exception as error:
        raise FganError(
            f'"{name}" was called without arguments and raised {type(error).__name__}: {first_line(error)}'
        ) from error


def _of_f(f: TensorMap, name: str) -> Divergence:
    try:
        return Divergence.from_f(raising_errors(f), name)
    except FganError as error:
        raise FganError(f'"{name}" takes one argument, so it was read as f(u). {error}') from error


def _imported(module: str, target: str) -> object:
    if "" not in sys.path:  # the user's own module is in the working directory
        sys.path.insert(0, "")
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            raise FganError(
                f'"{target}": there is no module "{error.name}" in this folder or among the installed '
                "packages. Pass package.module:object, without .py."
            ) from error
        raise FganError(
            f'"{target}": the module "{module}" imports {error.name}, which is not installed.'
        ) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise FganError(
            f'"{target}": importing "{module}" raised {type(error).__name__}: {first_line(error)}'
        ) from error


def _described(found: object) -> str:
    kind = type(found).__name__
    names = [name for name in dir(found) if not name.startswith("_")][:6]
    return f"an object of type {kind}" + (f" with {', '.join(names)}" if names else "")


def first_line(error: BaseException) -> str:
    """Return the message of an error in one line."""
    return (str(error).splitlines() or [""])[0][:200]
