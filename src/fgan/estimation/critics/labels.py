r"""The critic of a label and a vector: what the vector says of the label, by regression first, then by a network.

.. math:: l(x, y) = \log \frac{p(y|x)}{p(y)}, \quad
    p(y|x) = \frac{p(y) e^{r_y(x)}}{\sum_k p(k) e^{r_k(x)}}, \quad r_k = \log \frac{p(x|k)}{p(x|0)}

A label has few values, so that the mean over them is a sum: nothing has to be learnt of pairs that do not belong
together. Each r_k is a logistic regression of class k against the most frequent one (Begg and Gray, "Calculation of
polychotomous logistic regression parameters using individualized regressions", 1984).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fgan.estimation.critics.learner import FEW, correcting_network
from fgan.estimation.critics.network import Part, Schedule, train
from fgan.estimation.critics.normal_scores import normal_scores_of
from fgan.estimation.critics.regression import Regression, best_regression, feature_maps, fine
from fgan.estimation.critics.scaling import scaling_of
from fgan.estimation.designs.design import Critic, Job
from fgan.estimation.weights import Weight, of_mean_one, some_of, times

MOST_CLASSES = 20
RECURS = 10
"""Samples for each value of a label, on average, at least."""
FEWEST = 5
"""Samples of a class that a regression needs."""
SCHEDULE = Schedule(epochs=100, most_steps=2000, patience=10)


@dataclass(frozen=True)
class Sides:
    """Where the label is in rows (x, y), and which values it has.

    Args:
        label, vector: their columns.
        classes: the label's values (k, columns).
    """

    label: slice
    vector: slice
    classes: Tensor

    def split(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return the class (n,), the nearest of those that are known, and the vector (n, d) of rows."""
        apart = torch.cdist(rows[:, self.label].double(), self.classes.double())
        return apart.argmin(1), rows[:, self.vector]


def label_in(jobs: list[Job], columns: int) -> Sides | None:
    """Return where rows (x, y) have a label, a side of few values that recur; None where neither is one.

    Args:
        jobs: what critics may see.
        columns: how many of a row's are x.
    """
    rows = torch.cat([torch.cat([job.p, job.p_stop]) for job in jobs])
    of_x, of_y = slice(0, columns), slice(columns, rows.shape[1])
    for label, vector in ((of_x, of_y), (of_y, of_x)):
        if len(rows[: 2 * MOST_CLASSES * RECURS, label].unique(dim=0)) > MOST_CLASSES:
            continue
        classes = rows[:, label].unique(dim=0)
        fewest = min(len(job.p) + len(job.p_stop) for job in jobs)
        if 2 <= len(classes) <= min(MOST_CLASSES, fewest // RECURS):
            return Sides(label, vector, classes)
    return None


@dataclass(frozen=True)
class LabelCritic:
    """The log-ratio of a label and a vector.

    Args:
        sides: where they are in a row.
        prepare: from vectors to what regressions take.
        log_shares: log p(y) of each class (k,).
        regressions: r_k of each class; None for 0.
        network: adds to r_k of a vector beside a class as 0 and 1; None where it corrects nothing.
        device: where the network is.
    """

    sides: Sides
    prepare: Callable[[Tensor], Tensor]
    log_shares: Tensor
    regressions: list[Regression | None]
    network: nn.Module | None
    device: str

    @property
    def description(self) -> str:
        """The kinds of the regressions, and of the network."""
        kinds = {one.description: None for one in self.regressions if one is not None}
        return " and ".join([*kinds, *(["mlp network"] if self.network else [])]) or "constant"

    def scores(self, z: Tensor) -> Tensor:
        """Return log p(y) + r_y (n, k) of prepared vectors, by regression alone."""
        none = z.new_zeros(len(z))
        return self.log_shares + torch.stack([none if r is None else r(z) for r in self.regressions], 1)

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        """Return log p(x, y) / (p(x) p(y)) (n,) of rows (x, y)."""
        return torch.cat([self._some(part) for part in x.split(4096)])

    def _some(self, x: Tensor) -> Tensor:
        label, vector = self.sides.split(x)
        z = self.prepare(vector)
        scores = self.scores(z)
        if self.network is not None:
            pairs = beside_classes(z, label, len(self.log_shares)).to(self.device)
            scores = in_turn(scores, label) + self.network(pairs).cpu().view(-1, len(z)).T
            return scores.log_softmax(1)[:, 0] - self.log_shares[label]
        return scores.log_softmax(1).gather(1, label[:, None])[:, 0] - self.log_shares[label]


def in_turn(scores: Tensor, label: Tensor) -> Tensor:
    """Return scores (n, k) in the order of each row's own class and those that follow it."""
    return scores.gather(1, (label[:, None] + torch.arange(scores.shape[1])) % scores.shape[1])


def beside_classes(z: Tensor, label: Tensor, classes: int) -> Tensor:
    """Return rows (z, class as 0 and 1) (k n, d + k): all with their own class, then all with the next one, ..."""
    return torch.cat(
        [torch.cat([z, F.one_hot((label + turn) % classes, classes)], 1) for turn in range(classes)]
    )


@dataclass(frozen=True)
class Classes:
    """What trains and stops a network: vectors beside every class, their own first.

    Args:
        pairs, pairs_stop: rows (k, n, d + k).
        scores, scores_stop: by regression (k, n).
        weight, weight_stop: of the samples.
    """

    pairs: Tensor
    scores: Tensor
    pairs_stop: Tensor
    scores_stop: Tensor
    weight: Weight
    weight_stop: Weight

    @property
    def sizes(self) -> list[int]:
        """How many samples train."""
        return [self.scores.shape[1]]

    def batch(self, rows: list[Tensor]) -> list[Part]:
        """Return some of the samples."""
        (some,) = rows
        pairs, scores = self.pairs[:, some], self.scores[:, some]
        return [Part(pairs.flatten(0, 1), scores.flatten(), some_of(self.weight, some))]

    def stopping(self) -> Iterable[list[Part]]:
        """Return what stops, one group."""
        return [[Part(self.pairs_stop.flatten(0, 1), self.scores_stop.flatten(), self.weight_stop)]]


class LabelLearner:
    """Fits the log-ratio of a label and a vector together to both apart.

    Args:
        sides: which is which.
        seed: decides the networks' weights.
        device: where networks are trained.
    """

    def __init__(self, sides: Sides, *, seed: int = 0, device: str = "cpu") -> None:
        self.sides, self.seed, self.device = sides, seed, device

    def __call__(self, jobs: list[Job]) -> list[Critic]:
        """Return a critic for each job."""
        critics = [self._regressed(job) for job in jobs]
        wide = self.sides.vector.stop - self.sides.vector.start > 1
        if not wide or min(len(job.p) for job in jobs) < FEW:  # fine hats are any function of a single column
            return list(critics)
        tasks = [self._task(job, critic) for job, critic in zip(jobs, critics, strict=True)]
        shape = (tasks[0].pairs.shape[2],)
        networks = [correcting_network(shape, self.seed).to(self.device) for _ in tasks]
        learnt = train(networks, tasks, self._loss, SCHEDULE)
        return [
            replace(critic, network=network) if one else critic
            for critic, network, one in zip(critics, networks, learnt, strict=True)
        ]

    def _loss(self, scores: Tensor, weights: tuple[Weight] = (None,)) -> Tensor:
        """Return the mean of -log p(y|x) of each network, from scores (networks, k n)."""
        scores = scores.unflatten(1, (len(self.sides.classes), -1))
        return times(scores.logsumexp(1) - scores[:, 0], weights[0]).mean(1)

    def _regressed(self, job: Job) -> LabelCritic:
        """Return the better of the regressions on two scales, by what stops."""
        vector = self.sides.split(job.p)[1]
        found = [
            self._regression(job, prepare)
            for prepare in (scaling_of(vector), normal_scores_of(vector, job.weights[0]))
        ]
        (weight,) = of_mean_one((job.weights_stop[0], None))[:1]
        return max(found, key=lambda one: float(times(one(job.p_stop), weight).mean()))

    def _regression(self, job: Job, prepare: Callable[[Tensor], Tensor]) -> LabelCritic:
        (label, x), (label_stop, x_stop) = (self.sides.split(rows) for rows in (job.p, job.p_stop))
        z, z_stop, classes = prepare(x), prepare(x_stop), len(self.sides.classes)
        counts = label.bincount(job.weights[0], minlength=classes).double() + 0.5
        common = int(counts.argmax())
        maps = [*feature_maps(z.shape[1]), *([fine] if z.shape[1] == 1 else [])]

        def against_common(one: int) -> Regression | None:
            rows, stop = ([y == k for k in (one, common)] for y in (label, label_stop))
            if one == common or int(rows[0].sum()) < FEWEST or not all(bool(side.any()) for side in stop):
                return None
            (p, q), (p_stop, q_stop) = rows, stop
            weight, weight_stop = job.weights[0], job.weights_stop[0]
            return best_regression(
                z[p],
                z[q],
                z_stop[p_stop],
                z_stop[q_stop],
                (some_of(weight, p), some_of(weight, q)),
                (some_of(weight_stop, p_stop), some_of(weight_stop, q_stop)),
                maps,
            )

        log_shares = (counts / counts.sum()).log().float()
        regressions = [against_common(one) for one in range(classes)]
        return LabelCritic(self.sides, prepare, log_shares, regressions, None, self.device)

    def _task(self, job: Job, critic: LabelCritic) -> Classes:
        sides = []
        for rows in (job.p, job.p_stop):
            label, vector = self.sides.split(rows)
            z, classes = critic.prepare(vector), len(self.sides.classes)
            pairs = beside_classes(z, label, classes).unflatten(0, (classes, -1))
            sides += [pairs.to(self.device), in_turn(critic.scores(z), label).T.to(self.device)]
        weights = of_mean_one((job.weights[0], job.weights_stop[0]))
        return Classes(*sides, *(None if w is None else w.float().to(self.device) for w in weights))
