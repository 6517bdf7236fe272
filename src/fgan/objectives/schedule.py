"""Which penalties count at which step and by how much, as one writes them: "r1:1,r2:1,noise:2:fade=5000"."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from fgan.divergences import Divergence
from fgan.errors import FganError, did_you_mean
from fgan.objectives.part import WHOLE, Part
from fgan.objectives.penalties import PENALTIES, Penalty, Seen

GRAMMAR = 'NAME:WEIGHT[:every=STEPS][:fade=STEPS], separated by commas, or "none"'


def faded(step: int, fade: float) -> float:
    """Return 1/(1 + step/fade), the share that is left of something at a step.

    >>> faded(0, 1000.0), faded(1000, 1000.0), faded(10**6, math.inf)
    (1.0, 0.5, 1.0)
    """
    return 1 / (1 + step / fade)


@dataclass(frozen=True)
class Term:
    """One penalty with its weight.

    Args:
        name: a key of PENALTIES.
        weight: its factor γ.
        every: it counts on every so many steps only, and `every` times as much then ("lazy").
        fade: steps after which its weight has fallen to a half, as 1/(1 + step/fade): slowly enough to mean
            something however long the run is. It is constant if infinite.

    >>> print(Term("r1", 2.0, every=4))
    r1:2:every=4
    """

    name: str
    weight: float
    every: int = 1
    fade: float = math.inf

    def weight_at(self, step: int) -> float:
        """Return its factor at a step; 0 on the steps that a lazy one leaves out."""
        return 0.0 if step % self.every else self.weight * self.every * faded(step, self.fade)

    def __str__(self) -> str:
        """Write it as `read_terms` reads it."""
        every = f":every={self.every}" if self.every != 1 else ""
        fade = f":fade={self.fade:g}" if self.fade != math.inf else ""
        return f"{self.name}:{self.weight:g}{every}{fade}"


def read_terms(text: str) -> list[Term]:
    """Read penalties as the command line writes them.

    Raises:
        FganError: for an unknown name, a number out of range, a repeated penalty, or another grammar.

    >>> read_terms("r1:0.5, noise:2:fade=5000")[1].fade
    5000.0
    >>> read_terms("none")
    []
    """
    if text.strip() in ("", "none"):
        return []
    terms = [_read_term(part.strip()) for part in text.split(",")]
    for term in terms:
        if sum(other.name == term.name for other in terms) > 1:
            raise FganError(
                f'name each penalty once; got "{term.name}" twice in "{text}". Add up the weights.'
            )
    return terms


def _read_term(text: str) -> Term:
    name, *fields = text.split(":")
    if name not in PENALTIES:
        raise FganError(
            f'a penalty must be one of {", ".join(PENALTIES)}; got "{name}".{did_you_mean(name, PENALTIES)}'
        )
    if not fields:
        raise FganError(f'penalties must be {GRAMMAR}; got "{text}", which has no weight.')
    values = {"weight": _number(fields[0], text)}
    for field in fields[1:]:
        key, _, value = field.partition("=")
        if key not in ("every", "fade") or key in values:
            raise FganError(f'penalties must be {GRAMMAR}; got "{text}".')
        values[key] = _number(value, text)
    weight, every, fade = values["weight"], values.get("every", 1.0), values.get("fade", math.inf)
    if not 0 < weight < math.inf:
        raise FganError(
            f'the weight of a penalty must be positive and finite; got "{text}". Omit the penalty for no effect.'
        )
    if not 1 <= every < math.inf or every != int(every) or not fade > 0:
        raise FganError(f'"every" must be a whole number of at least 1, and "fade" positive; got "{text}".')
    return Term(name, weight, int(every), fade)


def _number(value: str, text: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise FganError(f'penalties must be {GRAMMAR}; got "{text}".') from None


class Penalties:
    """All the penalties of a run.

    Args:
        text: as `read_terms` reads it.
        divergence: by whose link the critic's raw outputs are read (`Objective.linked`), None where there is none.
        scale: of the critic's frame, as for `squared_gradient`: slopes count by x / scale.
        part: of a batch, which they see.
    """

    def __init__(
        self,
        text: str,
        divergence: Divergence | None = None,
        scale: Tensor | float = 1.0,
        part: Part = WHOLE,
    ) -> None:
        self.text, self.divergence, self.scale, self.part = text, divergence, scale, part
        self.terms = [(term, PENALTIES[term.name](divergence)) for term in read_terms(text)]
        for _, penalty in self.terms:
            penalty.part, penalty.scale = part, scale
        if isinstance(scale, Tensor):
            self.remember_in({name: value.to(scale.device) for name, value in self.memory().items()})

    @staticmethod
    def joined(members: Sequence[Penalties]) -> Penalties:
        """Return the same penalties of several critics as one, of which what each remembers becomes a part."""
        if len(members) == 1:
            return members[0]
        joint = Penalties(members[0].text, members[0].divergence, members[0].scale, members[0].part)
        memories = [member.memory() for member in members]
        whole = {name: torch.cat([memory[name] for memory in memories]) for name in memories[0]}
        joint.remember_in(whole)
        for k, member in enumerate(members):
            member.remember_in({name: value[k : k + 1] for name, value in whole.items()})
        return joint

    @contextmanager
    def holding(self, memory: Sequence[Tensor], scale: Tensor | float) -> Iterator[None]:
        """Work on these tensors in place of `memory()`'s and of the scale, as a program does that is traced."""
        own = self.memory()
        known = self.scale
        self._measure_by(scale)
        self.remember_in(dict(zip(own, memory, strict=True)))
        try:
            yield
        finally:
            self._measure_by(known)
            self.remember_in(own)

    def _measure_by(self, scale: Tensor | float) -> None:
        for holder in (self, *(penalty for _, penalty in self.terms)):
            holder.scale = scale

    def due(self, step: int) -> list[tuple[float, Penalty]]:
        """Return those that count at a step, with their weights."""
        weighted = [(term.weight_at(step), penalty) for term, penalty in self.terms]
        return [(weight, penalty) for weight, penalty in weighted if weight]

    def memory(self) -> dict[str, Tensor]:
        """Return what they remember from step to step, by name."""
        return {
            f"{term.name}.{key}": value
            for term, penalty in self.terms
            for key, value in penalty.memory().items()
        }

    def remember_in(self, memory: dict[str, Tensor]) -> None:
        """Keep from now on what they remember in these tensors, of the names that `memory` gives."""
        for term, penalty in self.terms:
            own = {key: memory[f"{term.name}.{key}"] for key in penalty.memory()}
            penalty.remember_in(own)

    def load_memory(self, memory: dict[str, Tensor]) -> None:
        """Take over what `memory` returned."""
        for name, value in self.memory().items():
            value.copy_(memory[name])

    def total(
        self, due: Sequence[tuple[float | Tensor, Penalty]], v: Tensor, slopes: Tensor, sizes: Sequence[int]
    ) -> Tensor:
        """Return the weighted sum of the penalties that are due, a scalar for each critic.

        Args:
            due: as `due` returned them.
            v: raw critic outputs on data, samples, and the further points of each penalty that asked for some.
            slopes: ‖∇v‖² there by x / `scale`, as `squared_gradient` gives them; anything where none needs them.
            sizes: how many of each kind; 0 for a penalty without points of its own.
        """
        v_real, v_fake, *v_own = v.split(sizes, -1)
        slope_real, slope_fake, *own = slopes.split(sizes, -1)
        values = [
            weight * penalty(Seen(v_real, v_fake, slope_real, slope_fake, *at_own))
            for (weight, penalty), *at_own in zip(due, own, v_own, strict=True)
        ]
        return torch.stack(values).sum(0)
