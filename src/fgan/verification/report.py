"""The report of a verification."""

from __future__ import annotations

from dataclasses import dataclass

from fgan.errors import FganError


class BrokenLawError(FganError):
    """A law is broken. The report says which; this error only sets the exit code."""

    exit_code = 1


@dataclass(frozen=True)
class Break:
    """A law that does not hold.

    Args:
        law: its name.
        what: the problem, with the value that shows it.
        mend: how to fix it.
    """

    law: str
    what: str
    mend: str


@dataclass(frozen=True)
class Report:
    """The result for one object.

    Args:
        target: its name.
        kind: how it was interpreted.
        recognised: the matching divergence of the catalogue, with factor and shift; None if there is none.
        claim: the divergence that it was claimed to be.
        notes: remarks that are not faults.
        broken: the laws that it breaks.
    """

    target: str
    kind: str
    recognised: str | None
    claim: str | None
    notes: tuple[str, ...]
    broken: tuple[Break, ...]

    @property
    def holds(self) -> bool:
        """Whether no law is broken."""
        return not self.broken

    @property
    def text(self) -> str:
        """The report as text."""
        lines = [f"{self.target}: {self.kind}"]
        lines.append(f"  recognised: {self.recognised or 'not in the catalogue'}")
        lines += [f"  note: {note}" for note in self.notes]
        for item in self.broken:
            lines += [f"  BROKEN {item.law}: {item.what}", f"    fix: {item.mend}"]
        if self.holds:
            lines.append(f"all laws hold{f' as {self.claim}' if self.claim else ''}")
        else:
            lines.append(
                f"{counted(len(self.broken), 'broken law')}{f' as {self.claim}' if self.claim else ''}"
            )
        return "\n".join(lines)


def counted(number: int, what: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "law"), counted(2, "law")
    ('1 law', '2 laws')
    """
    return f"{number} {what}{'' if number == 1 else 's'}"
