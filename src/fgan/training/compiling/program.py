"""The step of an ensemble as programs: traced without autograd, then compiled, or captured on CUDA.

A program is a function of three kinds of tensors: the ensemble's state, the random draws, and one vector of numbers
that change over time (step sizes, the average's share, penalty weights). It updates the state in place and returns the
gradients. Lazy penalties change what is computed, so such a run needs two programs for a step.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fgan.errors import CompileError
from fgan.training.adam import Rate, rate_at
from fgan.training.compiling import build, kept
from fgan.training.compiling.captured import Captured
from fgan.training.interruption import StopRequest
from fgan.training.step import Batches, Due
from fgan.training.whole_step import Rates, WholeStep

if TYPE_CHECKING:
    from torch.fx import GraphModule

Program = Callable[[list[Tensor]], Sequence[Tensor]]

_alone = threading.Lock()
"""Torch can trace and compile in only one thread at a time."""


class Programs:
    """Takes an ensemble's steps with compiled programs, each compiled when first needed.

    Args:
        whole: the step.
        recipe: text that identifies the program in the cache; None with user networks, which the traced operations
            identify.
        say: receives a line about each compilation.
        stop: a request to stop, which interrupts compiling.
    """

    def __init__(
        self,
        whole: WholeStep,
        recipe: str | None,
        say: Callable[[str], None],
        stop: StopRequest | None = None,
    ) -> None:
        self.whole, self.recipe, self.say, self.stop = whole, recipe, say, stop or StopRequest()
        self.on_cuda = whole.sums.is_cuda
        self._memory = whole.memory()
        self._made: dict[object, Program] = {}

    def has(self, due: Sequence[Due]) -> bool:
        """Return whether there is a program for a step with these penalties."""
        return _names(due) in self._made

    def take(
        self, batches: Sequence[Batches], due: Sequence[Due], share: float, rates: Sequence[float]
    ) -> None:
        """Take a step as `WholeStep.take` does.

        Args:
            batches, due, share: as there.
            rates: for each update of the critic, then of the generator: the step size of each member, and the root.

        Raises:
            CompileError: if the program does not exist yet and cannot be compiled; nothing has changed then.
            StoppedError: for a request to stop while compiling; nothing has changed then.
        """
        weights = [weight for of_group in due for weight, _ in of_group]
        numbers = torch.tensor([*rates, share, *weights], dtype=torch.float64)
        if self.on_cuda:  # pinned memory, so that the copy is asynchronous
            numbers = numbers.pin_memory().to(self.whole.sums.device, non_blocking=True)
        inputs = [*self._memory, numbers, *_tensors(batches)]
        names = _names(due)
        program = self._made.get(names)
        if program is None:
            try:
                with self.stop.at_once(), _alone:
                    program = self._program(batches, due, names, inputs)
            # Whatever fails in tracing or compiling, the eager step still works.
            except Exception as error:
                raise CompileError(
                    f"cannot compile the step: {_last_words(error)}. Use --compile off, which is slower."
                ) from error
            self._made[names] = program
        gradients = program(inputs)
        of_generator = len(self.whole.generator.parameters)
        self.whole.generator.moved(gradients[:of_generator], 1)
        self.whole.critic.moved(gradients[of_generator:], len(batches))

    def _program(
        self, batches: Sequence[Batches], due: Sequence[Due], names: object, inputs: list[Tensor]
    ) -> Program:
        if self.on_cuda:
            graph = traced(self.whole, batches, due, inputs)
            return Captured(lambda given: graph(*given), inputs, len(self._memory))
        began = time.perf_counter()
        # A user's network can only be identified by the operations that it runs.
        graph = None if self.recipe else traced(self.whole, batches, due, inputs)
        key = kept.key_of(self.recipe or operations_in(graph), names, inputs)
        found = kept.load(key)
        if found is not None:
            return found
        self.say(
            "compiling the step for this machine: 15 s or more, once for each combination of networks and batch size"
        )
        with build.quickly():
            graph = graph or traced(self.whole, batches, due, inputs)
            program = kept.keep(key, lambda path: build.compile_to(path, graph, inputs), self.say)
        self.say(f"compiled in {time.perf_counter() - began:.0f} s")
        return program


def _names(due: Sequence[Due]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(type(penalty).__name__ for _, penalty in of_group) for of_group in due)


def _last_words(error: Exception) -> str:
    """Return the most useful line of an error; for compiler output, the first that mentions an error."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if "error:" in line] or lines[:1]
    return f"{type(error).__name__}: {telling[0]}" if telling else type(error).__name__


def traced(
    whole: WholeStep, batches: Sequence[Batches], due: Sequence[Due], inputs: Sequence[Tensor]
) -> GraphModule:
    """Trace a step into a graph of operations without autograd, a function of tensors like `inputs`.

    Args:
        whole: the step.
        batches, due: define which tensors and which penalties there are.
        inputs: the tensors that `Programs` passes.
    """
    from torch.fx.experimental.proxy_tensor import make_fx

    count = len(whole.memory())

    def step(*flat: Tensor) -> list[Tensor]:
        memory, numbers, drawn = flat[:count], flat[count], iter(flat[count + 1 :])
        given = [_filled(batch, drawn) for batch in batches]
        rates, weights = _read(numbers, len(batches), len(whole.sums))
        weighted = [[(next(weights), penalty) for _, penalty in of_group] for of_group in due]
        with whole.holding(memory, rates):
            whole.take(given, weighted, rates.share)
            return [*whole.generator.last_gradients, *whole.critic.last_gradients]

    return make_fx(step, tracing_mode="fake")(*inputs)


def operations_in(graph: GraphModule | None) -> str:
    """Return what a graph computes as text: its operations and its constants."""
    assert graph is not None
    held = [node.target for node in graph.graph.nodes if node.op == "get_attr"]
    values = [repr(getattr(graph, str(name)).tolist()) for name in held]
    return repr([graph.code, values])


def rates_of(
    lrs: Sequence[Sequence[float]], betas: tuple[float, float], steps_done: int, n_critic: int
) -> list[float]:
    """Return the numbers that `Programs.take` takes as `rates`.

    Args:
        lrs: the learning rates of each member's critic and generator.
        betas: Adam's decays.
        steps_done: before this step.
        n_critic: updates of the critic in each step.
    """
    of_critic, of_generator = zip(*lrs, strict=True)
    moves = [(steps_done * n_critic + move, of_critic) for move in range(1, n_critic + 1)]
    numbers = []
    for count, of_players in [*moves, (steps_done + 1, of_generator)]:
        pairs = [rate_at(lr, betas, count) for lr in of_players]
        numbers += [*(step_size for step_size, _ in pairs), pairs[0][1]]
    return numbers


def _read(numbers: Tensor, n_critic: int, members: int) -> tuple[Rates, Iterator[Tensor]]:
    moves = numbers[: (n_critic + 1) * (members + 1)].view(n_critic + 1, members + 1)
    *critic, generator = (Rate(move[:members], move[members]) for move in moves)
    share, *weights = numbers[moves.numel() :]
    return Rates(critic, generator, share), iter(weights)


def _tensors(batches: Sequence[Batches]) -> list[Tensor]:
    found: list[Tensor] = []
    for batch in batches:
        found += [batch.real, batch.latent]
        if batch.labels is not None:
            found.append(batch.labels)
        found += [noise for of_group in batch.noise for noise in of_group if noise is not None]
        found += [drawn for drawn in batch.changes if drawn is not None]
    return found


def _filled(batch: Batches, tensors: Iterator[Tensor]) -> Batches:
    """Return a batch with its tensors replaced, in the order of `_tensors`."""
    real, latent = next(tensors), next(tensors)
    labels = None if batch.labels is None else next(tensors)
    noise = tuple(
        tuple(None if noise is None else next(tensors) for noise in of_group) for of_group in batch.noise
    )
    changes = tuple(None if drawn is None else next(tensors) for drawn in batch.changes)
    return replace(batch, real=real, latent=latent, labels=labels, noise=noise, changes=changes)
