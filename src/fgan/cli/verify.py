"""`fgan verify`: the laws, on the catalogue or on somebody's code."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import tyro

from fgan.cli import print_out
from fgan.cli.arguments import read
from fgan.cli.common import as_json
from fgan.cli.help import Page
from fgan.errors import FganError

if TYPE_CHECKING:
    from fgan.divergences.base import Divergence

NO_CODE = (
    "--as compares your own code with a divergence, but no code was named; got {1!r}. "
    "Try: fgan verify package.module:object --as {0}."
)
HELP = Page(
    "fgan verify",
    examples=("fgan verify", "fgan verify js", "fgan verify mypackage.losses:my_divergence --as js"),
)


@dataclass(frozen=True, kw_only=True)
class VerifyCommand:
    """Check that a divergence obeys the laws of f-divergences: the whole catalogue, one name, or your own code.

    Your own code is a pair (activation, conjugate) of functions on tensors, an object with these as attributes
    or with real_term and fake_term, or an fgan.Divergence. The exit code is 1 if a law is broken.
    """

    target: Annotated[tyro.conf.Positional[str | None], tyro.conf.arg(metavar="TARGET")] = None
    """Name of a divergence; or your own code as package.module:object, such as a pair (activation, conjugate).
    (default: the whole catalogue)"""
    as_: Annotated[str | None, tyro.conf.arg(name="as", metavar="NAME")] = None
    """Divergence that your code should equal. (default: none; only check the laws)"""
    json: bool = False
    """Print one JSON object to stdout instead of text."""


def run(arguments: list[str]) -> None:
    """Parse the arguments, print the report, and raise if a law is broken."""
    command = read(VerifyCommand, arguments, HELP)
    if command.as_ and command.target is None:
        raise FganError(NO_CODE.format(command.as_, command.target))
    from fgan.divergences import EXAMPLES, divergence
    from fgan.verification import is_target, named

    if command.target is None:
        report_on_ours([divergence(name) for name in EXAMPLES], json=command.json)
    elif is_target(command.target):
        report_on_foreign(command.target, command.as_, json=command.json)
    elif command.as_:
        raise FganError(NO_CODE.format(command.as_, command.target))
    else:
        report_on_ours([named(command.target)], json=command.json)


def report_on_ours(divergences: list[Divergence], *, json: bool) -> None:
    """Print which laws hold for divergences of the catalogue.

    Raises:
        BrokenLawError: if one does not.
    """
    from fgan.output import progress_bar
    from fgan.verification import LAWS, BrokenLawError, broken_laws, counted

    start = time.perf_counter()
    broken = {}
    with progress_bar(len(divergences), what="verifying", unit="divergences", lines=True) as bar:
        for one in divergences:
            broken[one.name] = broken_laws(one)
            bar.update()
    seconds = time.perf_counter() - start
    wrong = sum(map(len, broken.values()))
    if json:
        rows = [{"name": one.name, "links": one.links, "broken": broken[one.name]} for one in divergences]
        outcome = {"divergences": rows, "laws": list(LAWS), "seconds": round(seconds, 3)}
        print_out(as_json(outcome, 2))
    else:
        for line in table(divergences, broken):
            print_out(line)
        verdict = counted(wrong, "broken law") if wrong else "all hold"
        print_out(
            f"{counted(len(divergences), 'divergence')}, {counted(len(LAWS), 'law')}, {verdict} ({seconds:.1f} s)"
        )
    if wrong:
        raise BrokenLawError(f"{counted(wrong, 'law')} of {counted(len(divergences), 'divergence')} broken.")


def table(divergences: list[Divergence], broken: dict[str, dict[str, str]]) -> list[str]:
    """Return a line for each divergence, and one more for each law that it breaks."""
    names = max(len(one.name) for one in divergences)
    links = max(len(", ".join(one.links)) for one in divergences)
    lines = []
    for one in divergences:
        found = broken[one.name]
        lines.append(f"{one.name:<{names}}  {', '.join(one.links):<{links}}  {', '.join(found) or 'ok'}")
        lines += [f"  BROKEN {law}: {words}" for law, words in found.items()]
    return lines


def report_on_foreign(target: str, claim: str | None, *, json: bool) -> None:
    """Print what somebody's code is, and which laws it breaks.

    Raises:
        BrokenLawError: if it breaks one.
        FganError: where it cannot be loaded or called.
    """
    from fgan.verification import BrokenLawError, apart, counted, verify

    report = apart(lambda: verify(target, claim), target)
    outcome = {**dataclasses.asdict(report), "holds": report.holds}
    print_out(as_json(outcome, 2) if json else report.text)
    if not report.holds:
        raise BrokenLawError(f"{target} breaks {counted(len(report.broken), 'law')}.")
