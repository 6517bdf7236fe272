"""Which penalties apply at which step with which weight, as in "r1:1,r2:1,noise:2:fade=5000"."""

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
    """Return 1/(1 + step/fade), the factor by which a weight has faded at a step.

    >>> faded(0, 1000.0), faded(1000, 1000.0), faded(10**6, math.inf)
    (1.0, 0.5, 1.0)
    """
    return 1 / (1 + step / fade)


def cooled(step: int, steps: int, share: float) -> float:
    """Return the factor of a learning rate that falls linearly to 0 over the last share of the steps.

    >>> [cooled(step, 100, 0.5) for step in (0, 50, 75, 100, 200)]
    [1.0, 1.0, 0.5, 0.0, 0.0]
    >>> cooled(99, 100, 0.0)
    1.0
    """
    return min(max((steps - step) / (share * steps), 0.0), 1.0) if share else 1.0


@dataclass(frozen=True)
class Term:
    """One penalty with its weight.

    Args:
        name: a key of PENALTIES.
        weight: its factor γ.
        every: it applies only every `every` steps, with `every` times the weight ("lazy").
        fade: steps after which its weight has halved, as 1/(1 + step/fade): slow enough to matter in runs of any
            length. Infinite for a constant weight.

    >>> print(Term("r1", 2.0, every=4))
    r1:2:every=4
    """

    name: str
    weight: float
    every: int = 1
    fade: float = math.inf

    def weight_at(self, step: int) -> float:
        """Return its factor at a step; 0 on steps that a lazy penalty skips."""
        return 0.0 if step % self.every else self.weight * self.every * faded(step, self.fade)

    def __str__(self) -> str:
        """Return it in the syntax of `read_terms`."""
        every = f":every={self.every}" if self.every != 1 else ""
        fade = f":fade={self.fade:g}" if self.fade != math.inf else ""
        return f"{self.name}:{self.weight:g}{every}{fade}"


def read_terms(text: str) -> list[Term]:
    """Parse penalties in the syntax of the command line.

    Raises:
        FganError: for an unknown name, a number out of range, a repeated penalty, or a syntax error.

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
        text: as for `read_terms`.
        divergence: the divergence whose link interprets the critic's raw outputs (`Objective.linked`), or None.
        scale: slopes are with respect to x / scale, as for `squared_gradient`.
        part: the part of a batch that they see.
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
        """Return the penalties of several critics as one; the state of each becomes a part of it."""
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
        """Use these tensors instead of `memory()` and the scale, as a traced program does."""
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
        """Return the penalties that apply at a step, with their weights."""
        weighted = [(term.weight_at(step), penalty) for term, penalty in self.terms]
        return [(weight, penalty) for weight, penalty in weighted if weight]

    def memory(self) -> dict[str, Tensor]:
        """Return their state between steps, by name."""
        return {
            f"{term.name}.{key}": value
            for term, penalty in self.terms
            for key, value in penalty.memory().items()
        }

    def remember_in(self, memory: dict[str, Tensor]) -> None:
        """Store their state in these tensors from now on; names as in `memory`."""
        for term, penalty in self.terms:
            own = {key: memory[f"{term.name}.{key}"] for key in penalty.memory()}
            penalty.remember_in(own)

    def load_memory(self, memory: dict[str, Tensor]) -> None:
        """Restore the result of `memory`."""
        for name, value in self.memory().items():
            value.copy_(memory[name])

    def total(
        self, due: Sequence[tuple[float | Tensor, Penalty]], v: Tensor, slopes: Tensor, sizes: Sequence[int]
    ) -> Tensor:
        """Return the weighted sum of the penalties that are due, a scalar for each critic.

        Args:
            due: as `due` returned them.
            v: raw critic outputs on data, samples, and the own points of each penalty that has some.
            slopes: ‖∇v‖² there, with respect to x / `scale`, from `squared_gradient`; ignored if none needs them.
            sizes: number of points of each kind; 0 for a penalty without own points.
        """
        v_real, v_fake, *v_own = v.split(sizes, -1)
        slope_real, slope_fake, *own = slopes.split(sizes, -1)
        values = [
            weight * penalty(Seen(v_real, v_fake, slope_real, slope_fake, *at_own))
            for (weight, penalty), *at_own in zip(due, own, v_own, strict=True)
        ]
        return torch.stack(values).sum(0)
