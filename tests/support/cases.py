"""Cases of a test: many in one test, or the first of many in the fast suite and the rest in the slow one."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest


def one_fast(cases: Iterable[Any]) -> list[Any]:
    """Mark all but the first of the cases slow, for `pytest.mark.parametrize` by one name."""
    first, *rest = cases
    return [first, *(pytest.param(case, marks=pytest.mark.slow) for case in rest)]


def together(
    names: str, cases: Iterable[Any] | Callable[[], Iterable[Any]]
) -> Callable[[Callable], Callable]:
    """As `pytest.mark.parametrize`, but in one test, which runs all cases and names every one that fails.

    Args:
        names: the arguments' names, separated by commas.
        cases: their values, a tuple for each case where there are several names; or what makes them, if that takes
            long, when the test runs.
    """
    arguments = names.replace(" ", "").split(",")
    found = cases if callable(cases) else list(cases)

    def decorate(test: Callable) -> Callable:
        def run(**fixtures: Any) -> None:
            every = list(found()) if callable(found) else found
            assert every, f"no {names} to test"
            broken: dict[str, Exception] = {}
            for case in every:
                values = case if len(arguments) > 1 else (case,)
                try:
                    test(**dict(zip(arguments, values, strict=True)), **fixtures)
                except Exception as error:
                    broken["/".join(map(str, values))] = error
            if broken:
                told = [f"{case}: {type(error).__name__}: {error}" for case, error in broken.items()]
                first = next(iter(broken.values()))
                raise AssertionError("\n".join([f"{len(told)} of {len(every)}:", *told])) from first

        signature = inspect.signature(test)
        fixtures = [one for name, one in signature.parameters.items() if name not in arguments]
        run.__name__, run.__doc__, run.__module__ = test.__name__, test.__doc__, test.__module__
        run.__signature__ = signature.replace(parameters=fixtures)
        run.pytestmark = list(getattr(test, "pytestmark", []))
        return run

    return decorate
