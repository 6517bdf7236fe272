"""A run that several ranks train: rank 0 keeps the run directory, the others follow its word."""

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
    """Whether rank 0 does something after a step that can fail, and says how it went.

    Args:
        config: the recipe.
        step: steps done.
        taken: those of them since the run was begun or gone on with.
    """
    every = (config.log_every, config.checkpoint_every, config.sample_every or config.log_every)
    return taken == 1 or step >= config.steps or any(step % one == 0 for one in every)


class Leader(Loop):
    """The loop of rank 0, which tells the others what they cannot see: its state, its failures, its end."""

    @property
    def ranks(self) -> Ranks:
        """The processes that train this run."""
        return self.trainer.ranks

    @contextmanager
    def opened(self, *, resume: bool) -> Iterator[None]:
        """Hold the run directory and begin, or go on, there; all ranks from the same state."""
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
        """Return to the last regular checkpoint, or to the start, with half the learning rate; or fail."""
        super().go_back()
        self.ranks.tell(lambda: (self.trainer.state(), self._failure()))

    def finish(self, stop: StopRequest) -> None:
        """Write what a run that ends leaves behind."""
        super().finish(stop)
        self.ranks.tell(lambda: (None if self.failure else self.summary(), self._failure()))

    def _failure(self) -> Failure | None:
        return Failure.of(self.failure) if self.failure else None


class Follower:
    """What the other ranks have in place of a `Loop`.

    Args:
        config: the recipe, on a device that exists.
        data: what to learn from.
        ranks: the processes that train the run together.
    """

    say = staticmethod(silent)
    """Rank 0 speaks for all."""
    line = staticmethod(silent)
    """Lines are for rank 0 to say."""
    must_compile = False
    """Several ranks never compile."""
    failure: FganError | None = None
    """Why it cannot go on, if so."""

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
                f"rank {self.ranks.rank} has other weights than rank 0. Start all ranks again with --resume, on "
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
