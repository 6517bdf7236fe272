"""From the name of a divergence to the divergence: "alpha:0.5", "0.5*kl + 0.5*dual(js)", "f(u)=(u-1)**4"."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fgan.divergences.base import Divergence
from fgan.divergences.combine import DEEPEST, Dual, Scaled, Symmetrized
from fgan.divergences.derived import FromF
from fgan.divergences.expression import shortened
from fgan.divergences.parameter import OneParameter
from fgan.errors import FganError, did_you_mean
from fgan.output import spell

OPERATIONS: dict[str, type[Dual | Symmetrized | Scaled]] = {
    "dual": Dual,
    "symmetrized": Symmetrized,
    "scaled": Scaled,
}
# Available in `fgan.divergences`, but not f-divergences.
NO_F_DIVERGENCE = {
    "renyi": "not an f-divergence but a function of one. Train with alpha, measure with fgan.divergences.Renyi.",
    "bhattacharyya": "not an f-divergence but a function of one. Train with squared-hellinger, measure with "
    "fgan.divergences.Bhattacharyya.",
}
NUMBER = r"-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|-?(?:nan|inf)"
PARAMETER = r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|nan|inf)"
TOKEN = re.compile(
    rf"\s*(?:(?P<number>(?:{NUMBER})(?=\s*\*))|(?P<name>[^\W\d_][\w-]*(?::(?:[^\s*()+]|(?<=[eE])\+)*)?)|(?P<mark>[()*+]))"
)


def read(
    name: str, link: str | None, catalogue: Mapping[str, type[Divergence]], other_names: Mapping[str, str]
) -> Divergence:
    """Return the divergence that a name spells; see `fgan.divergence`."""
    if not isinstance(name, str):
        raise FganError(f'a divergence is named by a text such as "kl"; got {name!r}.')
    if len(name) > LONGEST:
        raise FganError(
            f'the name of a divergence has at most {LONGEST:,} characters; got {len(name):,}: "{name[:40]}…".'
        )
    if DEFINITION.match(name):
        return FromF(name, link=link)
    return _Reader(name, catalogue, other_names).read(link)


LONGEST = 2000
DEFINITION = re.compile(r"\s*f\s*\(\s*\w*\s*\)\s*=")


class _Reader:
    """Recursive descent: sum = term {"+" term}, term = [number "*"] (name | [operation] "(" sum ")" | definition)."""

    def __init__(
        self, text: str, catalogue: Mapping[str, type[Divergence]], other_names: Mapping[str, str]
    ) -> None:
        self.text, self.catalogue, self.other_names = text, catalogue, other_names
        self.place = self.depth = 0

    def read(self, link: str | None) -> Divergence:
        if re.fullmatch(r"[^\s*()+]*", self.text):
            return self.named(self.text, link)
        result = self.sum()
        if self.text[self.place :].strip():
            raise self.wrong(f'"{self.text[self.place :].strip()}" is not expected here')
        return result if link in (None, result.link) else result.with_link(link)

    def sum(self) -> Divergence:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.wrong(f"it is nested more than {DEEPEST} levels deep")
        result = self.term()
        while self.take("mark", "+"):
            result = result + self.term()
        self.depth -= 1
        return result

    def term(self) -> Divergence:
        number = self.take("number")
        if number:
            self.take("mark", "*")
            return float(number) * self.atom()
        return self.atom()

    def atom(self) -> Divergence:
        if DEFINITION.match(self.text, self.place):
            return FromF(self.definition())
        if self.take("mark", "("):
            return self.closed(self.sum())
        name = self.take("name")
        if not name:
            raise self.wrong("a name is missing")
        if self.take("mark", "("):
            if name not in OPERATIONS:
                hint = did_you_mean(name, OPERATIONS)
                raise self.wrong(
                    f'"{name}(" is not one of {", ".join(OPERATIONS)}{hint.rstrip("?") and "." + hint}'
                )
            return OPERATIONS[name](self.closed(self.sum()))
        return self.named(name, None)

    def definition(self) -> str:
        """Read a custom f, which ends at the closing bracket around it."""
        start, depth = self.place, 0
        while self.place < len(self.text):
            depth += {"(": 1, ")": -1}.get(self.text[self.place], 0)
            if depth < 0:
                break
            self.place += 1
        return self.text[start : self.place]

    def closed(self, inner: Divergence) -> Divergence:
        if not self.take("mark", ")"):
            raise self.wrong('a ")" is missing')
        return inner

    def take(self, kind: str, wanted: str | None = None) -> str | None:
        match = TOKEN.match(self.text, self.place)
        if not match or match.lastgroup != kind or (wanted and match[kind] != wanted):
            return None
        self.place = match.end()
        return match[kind]

    def named(self, name: str, link: str | None) -> Divergence:
        family, colon, value = name.partition(":")
        kind = self.catalogue.get(family)
        if kind is None:
            known = [*self.catalogue]
            if family.lower() in NO_F_DIVERGENCE:
                raise FganError(f'"{family}" is {NO_F_DIVERGENCE[family.lower()]}')
            hint = did_you_mean(
                self.other_names.get(family.lower(), family), [*known, *self.other_names.values()]
            )
            raise FganError(
                f'unknown divergence "{shortened(name)}".{hint} `fgan divergences` lists all {len(known)}. '
                'Or write your own: "f(u)=(u-1)**4".'
            )
        if not issubclass(kind, OneParameter):
            if colon:
                raise FganError(f'"{family}" takes no parameter; got "{shortened(name)}".')
            return kind(link)
        parameter = kind.parameter
        if not colon:
            example = f"{family}:{spell(parameter.examples[0])}"
            raise FganError(
                f'"{family}" needs its {parameter.letter}, {parameter.rule}: for example "{example}".'
            )
        number = float(value) if re.fullmatch(PARAMETER, value, re.ASCII) else value
        return kind(parameter.check(family, number), link)

    def wrong(self, what: str) -> FganError:
        return FganError(
            f'cannot read the divergence "{shortened(self.text)}": {what}. Write for example '
            '"0.5*kl + 0.5*reverse-kl" or "dual(js)".'
        )
