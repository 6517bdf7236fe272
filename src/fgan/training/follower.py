"""A run that several ranks train: rank 0 writes the run directory, the others follow it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from fgan.data import Dataset
from fgan.errors import FganError, RankError
from fgan.output import silent
from fgan.training.config import TrainConfig
from fgan.training.interruption import StopRequest
from fgan.training.loop import Loop
from fgan.training.ranks import Failure, Ranks
from fgan.training.summary import Summary
from fgan.training.trainer import Trainer


def is_told(config: TrainConfig, step: int, taken: int) -> bool:
    """Whether rank 0 reports to the others after a step, because it does something that can fail.

    Args:
        config: the recipe.
        step: steps done.
        taken: steps done since the run was started or resumed.
    """
    every = (config.log_every, config.checkpoint_every, config.sample_every or config.log_every)
    return taken == 1 or step >= config.steps or any(step % one == 0 for one in every)


class Leader(Loop):
    """The loop of rank 0, which sends the others what they cannot see: its state, failures and end."""

    @property
    def ranks(self) -> Ranks:
        """The processes that train this run."""
        return self.trainer.ranks

    @contextmanager
    def opened(self, *, resume: bool) -> Iterator[None]:
        """Lock the run directory and start or resume there, all ranks from the same state."""
        with ExitStack() as stack:

            def begin() -> object:
                stack.enter_context(super(Leader, self).opened(resume=resume))
                return self.trainer.state()

            self.ranks.tell(begin)
            yield

    def after_step(self) -> bool:
        """Do what is due after a step; return whether the run can take another."""
        goes_on = super().after_step()
        if is_told(self.config, self.trainer.steps_done, self.taken):
            self.ranks.tell(lambda: (goes_on, self._failure()))
        return goes_on

    def go_back(self) -> None:
        """Roll back to the last regular checkpoint, or to the start, with half the learning rate; or fail."""
        super().go_back()
        self.ranks.tell(lambda: (self.trainer.state(), self._failure()))

    def finish(self, stop: StopRequest) -> None:
        """Write the final files of a run."""
        super().finish(stop)
        self.ranks.tell(lambda: (None if self.failure else self.summary(), self._failure()))

    def _failure(self) -> Failure | None:
        return Failure.of(self.failure) if self.failure else None


class Follower:
    """What the other ranks have instead of a `Loop`.

    Args:
        config: the recipe, on a device that exists.
        data: the data.
        ranks: the processes that train the run together.
    """

    say = staticmethod(silent)
    """Only rank 0 prints and has a summary."""
    line = staticmethod(silent)
    """As `say`."""
    must_compile = False
    """Several ranks never compile."""
    failure: FganError | None = None
    """Why it cannot continue, or None."""

    def __init__(self, config: TrainConfig, data: Dataset, ranks: Ranks) -> None:
        self.config, self.data, self.ranks = config, data, ranks
        self.trainer = Trainer(config, data, ranks)
        self.fingerprint = data.train.fingerprint(labels=bool(self.trainer.classes))
        self.taken = 0
        self._summary: Summary | None = None

    @contextmanager
    def opened(self, *, resume: bool) -> Iterator[None]:
        """Begin, or go on, from rank 0's state."""
        self.trainer.load_state(self.ranks.hear())
        yield

    def is_unfinished(self) -> bool:
        """Whether there are steps to take."""
        return self.trainer.steps_done < self.config.steps

    def after_step(self) -> bool:
        """Return whether the run can take another step."""
        self.taken += 1
        if not is_told(self.config, self.trainer.steps_done, self.taken):
            return True
        goes_on, failure = self.ranks.hear()
        self._heed(failure)
        if not goes_on and not self.failure and self.trainer.is_finite():
            raise RankError(
                f"rank {self.ranks.rank} has different weights from rank 0. Start all ranks again with --resume, on "
                "machines of one kind."
            )
        return goes_on

    def go_back(self) -> None:
        """Go back to where rank 0 did."""
        state, failure = self.ranks.hear()
        self._heed(failure)
        self.trainer = Trainer(self.config, self.data, self.ranks)
        self.trainer.load_state(state)

    def finish(self, stop: StopRequest) -> None:
        """Wait until rank 0 has written everything."""
        self._summary, failure = self.ranks.hear()
        self._heed(failure)

    def summary(self) -> Summary:
        """Return how it went."""
        assert self._summary
        return self._summary

    def _heed(self, failure: Failure | None) -> None:
        self.failure = failure.error() if failure else self.failure
