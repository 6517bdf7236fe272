"""What verification found in somebody's code."""

from __future__ import annotations

from dataclasses import dataclass

from fgan.errors import FganError


class BrokenLawError(FganError):
    """A law is broken; the report that says which is the result, this only ends the command."""

    exit_code = 1


@dataclass(frozen=True)
class Break:
    """A law that does not hold.

    Args:
        law: its name.
        what: what was found, with the value that shows it.
        mend: what to do about it.
    """

    law: str
    what: str
    mend: str


@dataclass(frozen=True)
class Report:
    """The outcome for one object.

    Args:
        target: what it was called.
        kind: what it was taken for.
        recognised: the catalogue's divergence that it is, with its factor and shift; None if it is not there.
        claim: the divergence that it was said to be.
        notes: what one should know, and is no fault.
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
        """The report for people."""
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
    """Write a number with its noun.

    >>> counted(1, "law"), counted(2, "law")
    ('1 law', '2 laws')
    """
    return f"{number} {what}{'' if number == 1 else 's'}"
