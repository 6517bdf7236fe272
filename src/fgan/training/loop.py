"""The loop of a run: metrics, pictures, checkpoints, stopping and resuming."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from fgan.cores import in_words
from fgan.data import Dataset, draw_samples
from fgan.errors import DivergedError, FganError
from fgan.memory import TRAINING, running_out
from fgan.training.callbacks import NONE, Callbacks
from fgan.training.checkpoint import RECIPE, Checkpoints
from fgan.training.compiling.worth import settled, uncompiled
from fgan.training.config import TrainConfig
from fgan.training.diagnosis import diagnosis, what_broke
from fgan.training.interruption import StopRequest
from fgan.training.judging import EVALUATION_ERROR, BuildJudge, Judge, evaluation_text
from fgan.training.loggers import Logger, Loggers
from fgan.training.progress import Progress
from fgan.training.ranks import ALONE, Ranks
from fgan.training.resuming import begin_from, check_start
from fgan.training.run_directory import RunDirectory
from fgan.training.status import Status, end_of
from fgan.training.summary import Summary, glance_text, metrics_text
from fgan.training.telemetry import finite_or_none
from fgan.training.tidying import forget_after, note_gaps, supersede, tidy
from fgan.training.trainer import METRICS, Trainer

VECTORS_IN_A_PICTURE = 2000
MOST_BACKOFFS = 3
"""How often the learning rate is halved before a run is given up."""


class Loop:
    """One run from first to last step: metrics, pictures, checkpoints. The steps themselves are taken by an ensemble.

    Args:
        config: the recipe, on a device that exists.
        data: the data.
        run: the run directory.
        build_judge: called if the config requests evaluations.
        say: receives messages as lines of text.
        lines: print each line of metrics; default: only without a progress bar.
        bar: show a progress bar, in a terminal.
        loggers: receive everything that the run directory does, after it.
        callbacks: called during training.
        members: number of runs in the ensemble, including this one.
        ranks: the processes that train the run together; this one is the first.
    """

    failure: FganError | None = None
    """Why it cannot go on, if so."""
    ending: Status | None = None  # once it did all its steps

    def __init__(
        self,
        config: TrainConfig,
        data: Dataset,
        run: RunDirectory,
        build_judge: BuildJudge,
        say: Callable[[str], None],
        lines: bool | None = None,
        bar: bool = True,
        loggers: Sequence[Logger] = (),
        callbacks: Callbacks = NONE,
        members: int = 1,
        ranks: Ranks = ALONE,
    ) -> None:
        self.must_compile = config.compile == "on"
        before = run.config() if run.config_path.is_file() else None
        config = settled(config, data, say, before=before, members=members, ranks=ranks.size)
        self.config, self.data, self.run, self.say, self.lines = config, data, run, say, lines
        self.trainer = Trainer(config, data, ranks)
        if self.trainer.draws:
            self.config = self.trainer.config = uncompiled(config, must_compile=self.must_compile)
        self.loggers, self.callbacks = Loggers(run, loggers, callbacks), callbacks
        self.judge = build_judge(config, data, say) if config.evaluate_every else None
        self.fingerprint = data.train.fingerprint(labels=bool(self.trainer.classes))
        self.checkpoints = run.checkpoints(config.keep_checkpoints, config.checkpoint_every)
        self.best_checkpoints = run.best_checkpoints(config.keep_checkpoints)
        self.last_metrics = self.trainer.metrics()
        self.health: dict[str, float | None] = {}
        self.last_picture: Path | None = None
        self.progress = Progress(config.steps, say, wanted=bar)
        self.say = run.say = self.progress.line  # a bar must not be written into
        self.taken, self.seconds = 0, 0.0
        self.stopped_by: str | None = None

    @contextmanager
    def opened(self, *, resume: bool) -> Iterator[None]:
        """Lock the run directory, and start or resume the run.

        Raises:
            FganError: if there is no such run to resume, or a different one is there.
        """
        with self.run.locked(create=not resume) as locked, self.progress.bar:
            if not locked:
                self.say(f"{self.run.path} has no file locks, so it is held by the file .lock in it")
            check_start(self.run, self.config, resume=resume, table=self.data.table)
            # Before anything is written: a run that it does not fit stays what it was.
            own = self.checkpoints, self.best_checkpoints
            restored = begin_from(self.run, self.trainer, self.fingerprint, own, resume=resume)
            tidy(self.run, *own)
            note_gaps(self.run, self.config, self.trainer.steps_done)
            self.run.write_config(self.config, self.data.record)
            self.run.write_table(self.data.table)
            for note in self.trainer.notes:
                self.say(note)
            objective = self.trainer.objective
            for note in objective.divergence.notes if objective.divergence else ():
                self.say(f"{self.config.divergence}: {note}")
            by = f', the critic uses the link "{objective.link}"' if objective.link else ""
            self.say(f"the generator follows {objective.follows}{by}")
            if self.trainer.device.type == "cpu":
                self.say(in_words())
            if resume:
                self._go_on(restored is not None)
            first = self.trainer.steps_done
            self.progress.begin(first)
            self._began = time.perf_counter()
            self._clock = (first, self._began)
            self.loggers.begin(first)
            if first == 0 and self._is_picture_due():
                self._picture()
            self._evaluate_if_due()  # if the run was killed between a checkpoint and its evaluation
            self._require_loggers()
            yield

    def is_unfinished(self) -> bool:
        """Whether there are steps to take."""
        return self.trainer.steps_done < self.config.steps

    def after_step(self) -> bool:
        """Do what is due after a step; return whether the run can take another."""
        self.taken += 1
        if self.taken == 1:
            with self._failing():
                supersede(self.run, self.config.log_every, self.config.sample_every)
        if self._is_check_due() and not self.trainer.is_finite():
            return False
        with self._failing():
            if self.trainer.config.compile != self.config.compile:  # compiling failed
                self.config = self.trainer.config
                self.run.write_config(self.config, self.data.record)
            self._log_and_keep()
            self._require_loggers()
        return self.failure is None

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            with running_out(*TRAINING):
                yield
        except FganError as error:
            self.failure = error

    def _is_check_due(self) -> bool:
        step = self.trainer.steps_done
        between = step % self.config.log_every and step % self.config.checkpoint_every
        return not between or not self.is_unfinished()

    def _log_and_keep(self) -> None:
        config, step = self.config, self.trainer.steps_done
        self.progress.show(step, lambda: glance_text(self.trainer.metrics(), self.health))
        if step % config.log_every == 0:
            self._log()
        if self._is_picture_due():
            self._picture()
        if step % config.checkpoint_every == 0:
            self._checkpoint(self.checkpoints)
            self._evaluate_if_due()
        self.callbacks.on_step(self.trainer, self.run.path)

    def _require_loggers(self) -> None:
        """If a logger or callback failed, stop with a checkpoint, so that nothing is lost."""
        failure = self.loggers.failure or self.callbacks.failure
        if not failure:
            return
        step = self.trainer.steps_done
        if step and step not in self.checkpoints.steps() and self.trainer.is_finite():
            self._checkpoint(self.checkpoints)
        raise failure

    def go_back(self) -> None:
        """Roll back to the last regular checkpoint, or to the start, with half the learning rate; or fail.

        Checkpoints written by a stop request are not used, so that stopped and uninterrupted runs behave alike. If a
        checkpoint fails twice in a row, the previous one is used, if there is one.
        """
        with self._failing():
            self._go_back()

    def _go_back(self) -> None:
        trainer, backoff = self.trainer, self.trainer.backoff + 1
        if backoff > MOST_BACKOFFS:
            error = DivergedError(
                diagnosis(trainer, self.last_metrics, self.health, self.checkpoints.steps())
            )
            self._leave_last_good()
            raise error
        lost, broken = trainer.steps_done, what_broke(trainer)
        self.trainer = Trainer(self.config, self.data, trainer.ranks)
        with self.run.writing():
            self.checkpoints.set_unusable_aside()
        regular = self.checkpoints.regular()
        if len(regular) > 1 and regular[-1] == trainer.returned_to:
            regular.pop()
        if regular:
            groups, _ = self.checkpoints.read(regular[-1])
            self.trainer.load_state(groups)
        step = self.trainer.steps_done
        self.trainer.backoff, self.trainer.returned_to = backoff, step
        forget_after(self.run, self.checkpoints, step)
        self._remember_logged()
        self._clock = (step, time.perf_counter())
        self.loggers.begin(step)
        self.line(
            f"step {lost}: {broken} became NaN or infinite; rolled back to step {step}, learning rate halved to "
            f"{self.trainer.learning_rate:.3g} (rollback {backoff} of at most {MOST_BACKOFFS})"
        )

    def finish(self, stop: StopRequest) -> None:
        """Write the final files, whether the run has done all its steps or was stopped."""
        self.seconds = time.perf_counter() - self._began
        self.stopped_by = stop.by if self.is_unfinished() else None
        if not self.failure:
            with self._failing():
                self._finish()
        if self.failure:
            failure = self.failure
            state = "diverged" if isinstance(failure, DivergedError) else "failed"
            with self._failing():  # a full disk must not end the other runs
                self._end(state, str(failure))
            self.failure = failure

    def _finish(self) -> None:
        if not self.trainer.is_finite():  # stopped between two checks
            self._go_back()
        step = self.trainer.steps_done
        if self.trainer.summed and step not in [line["step"] for line in self.run.metrics()[-1:]]:
            self._log(window_ends=False)
        if step not in self.checkpoints.steps():
            self._checkpoint(self.checkpoints)
        if self.stopped_by:  # before its picture, which a resumed run then knows to remove
            self._end("stopped")
        if self.last_picture != self.run.sample_path(step):
            self._picture()
        if self.stopped_by:
            self.line(f"stopped by {self.stopped_by} at step {step}; continue with --resume")
        self._require_loggers()
        if not self.stopped_by:
            self.ending = end_of(self.trainer, self.last_metrics, self.health, self.run.metrics())
            self._end(self.ending.state, self.ending.reason)

    def _end(self, state: str, reason: str = "") -> None:
        self.run.write_status(Status(state, self.trainer.steps_done, reason))

    def _leave_last_good(self) -> None:
        """Log the last metrics, and draw a picture of the last good checkpoint."""
        lost = {name: finite_or_none(value) for name, value in self.trainer.metrics().items()}
        self.loggers.log(self.trainer.steps_done, lost, "metrics")
        if regular := self.checkpoints.regular():
            self.trainer = Trainer(self.config, self.data, self.trainer.ranks)
            self.trainer.load_state(self.checkpoints.read(regular[-1])[0])
            if not self.run.sample_path(regular[-1]).exists():
                self._picture()

    def _go_on(self, restored: bool) -> None:
        step = self.trainer.steps_done
        if restored:
            done = "" if step < self.config.steps else ", its last: pass more --steps to train longer"
            self.say(f"resuming {self.run.path} at step {step}{done}")
        else:
            self.say(f"{self.run.path} has no checkpoint yet: starting from step 0")
        forget_after(self.run, self.checkpoints, step)
        self._remember_logged()

    def _remember_logged(self) -> None:
        last = (self.run.metrics() or [{}])[-1]
        known = {name: last.get(name) for name in METRICS}
        self.last_metrics = {name: math.nan if value is None else value for name, value in known.items()}
        self.health = {name: value for name, value in last.items() if name not in ("step", *METRICS)}
        if self.last_picture and not self.last_picture.exists():
            self.last_picture = None

    def _log(self, *, window_ends: bool = True) -> None:
        self.last_metrics = self.trainer.metrics()
        if window_ends:
            self.trainer.reset_metrics()
        self.health = self.trainer.telemetry()
        step, speed = self.trainer.steps_done, {"samples_per_second": self._samples_per_second()}
        self.loggers.log(step, self.last_metrics | self.health, "metrics")
        self.loggers.log(step, speed, "speed")
        wanted = window_ends and (not self.progress.shown if self.lines is None else self.lines)
        if wanted or self._is_picture_due():
            self._line_of_step(metrics_text(self.last_metrics, self.health))

    def _samples_per_second(self) -> float:
        """Return the real samples per second that the critic saw since the last call."""
        (step, began), self._clock = self._clock, (self.trainer.steps_done, time.perf_counter())
        seen = (self.trainer.steps_done - step) * self.config.batch_size * self.config.n_critic
        return round(seen / (self._clock[1] - began), 1)

    def _is_picture_due(self) -> bool:
        every = self.config.sample_every
        return every > 0 and self.trainer.steps_done % every == 0

    def _picture(self) -> None:
        config, count = self.config, self.config.sample_count if self.data.is_image else VECTORS_IN_A_PICTURE
        if not count:
            return
        # Always the same latents, independent of the run's random state, so that pictures can be compared.
        random = torch.Generator().manual_seed(config.seed)
        samples = self.trainer.sample_in_turn(count, random)
        real = None if self.data.is_image else self.data.to("cpu").held_out.draw(count, random)
        step = self.trainer.steps_done
        self.last_picture = self.run.sample_path(step)
        samples = self.data.frame.outward(samples)
        real = None if real is None else self.data.frame.outward(real)
        self.loggers.images(step, samples, draw_samples(samples, real=real))

    def _evaluate_if_due(self) -> None:
        every, step = self.config.evaluate_every, self.trainer.steps_done
        if self.judge and step and step % every == 0:
            before = self.run.evaluations()
            if step not in (line["step"] for line in before):
                self._evaluate(self.judge, before)

    def _evaluate(self, judge: Judge, before: list[dict[str, Any]]) -> None:
        """Evaluate samples from fixed latents; if they are the best so far, keep the checkpoint."""
        random = torch.Generator().manual_seed(self.config.seed)
        values = judge.evaluate(self.trainer.sample_in_turn(self.config.evaluate_n, random))
        line = {"step": self.trainer.steps_done, **values}
        is_best = judge.best([*before, line]) is line
        if is_best:
            self._checkpoint(self.best_checkpoints)
        # Log last: an evaluation that was interrupted has no line yet and is repeated when the run resumes.
        self.loggers.log(self.trainer.steps_done, values, "evaluations")
        self._line_of_step(evaluation_text(values) + ("  best so far" if is_best else ""))
        if EVALUATION_ERROR in values and not any(EVALUATION_ERROR in line for line in before):
            self._line_of_step(
                f"evaluation failed, training continues: {values[EVALUATION_ERROR]} "
                f"({EVALUATION_ERROR} in {self.run.evaluations_path.name})"
            )

    def _checkpoint(self, checkpoints: Checkpoints) -> None:
        self.run.sync_metrics()
        description = {
            "frame": self.trainer.frame.to_json(),
            "classes": self.data.classes if self.trainer.classes else (),
            "data": self.fingerprint,
            "link": self.trainer.objective.link,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            **({"steps": self.config.steps} if self.config.cooldown else {}),  # the rate depends on it
            RECIPE: self.config.determining() | ({} if self.fingerprint else {"data": self.config.data}),
        }
        checkpoints.write(step := self.trainer.steps_done, self.trainer.state(), description)
        if checkpoints is self.checkpoints:
            self.callbacks.on_checkpoint(step, checkpoints.path(step))

    def _line_of_step(self, text: str) -> None:
        self.line(f"step {self.trainer.steps_done:>{len(str(self.config.steps))}}  {text}")

    def line(self, text: str) -> None:
        """Print a line, above the progress bar if there is one."""
        self.progress.line(text)

    def summary(self) -> Summary:
        """Return the summary."""
        rate = self.taken / self.seconds if self.seconds else 0.0
        best = self.judge.best(self.run.evaluations()) if self.judge else None
        end, reason = (self.ending.state, self.ending.reason or None) if self.ending else ("", None)
        return Summary(
            run=str(self.run.path),
            data=self.config.data,
            objective=self.config.objective,
            divergence=self.config.divergence,
            step=self.trainer.steps_done,
            steps=self.config.steps,
            stopped_by=self.stopped_by,
            seconds=round(self.seconds, 3),
            steps_per_second=round(rate, 2),
            samples_per_second=round(rate * self.config.batch_size * self.config.n_critic, 1),
            follows=self.trainer.objective.follows,
            backoffs=self.trainer.backoff,
            **{name: finite_or_none(value) for name, value in self.last_metrics.items()},
            best_step=best["step"] if best else None,
            best=best[self.judge.metric] if self.judge and best else None,
            sample=str(self.last_picture) if self.last_picture else None,
            diverged=reason if end == "diverged" else None,
            warning=reason if end == "finished" else None,
        )
