"""Nothing that chose a critic reports on it."""

import pytest
import torch

import fgan
from fgan.estimation.designs.design import cross_fit
from fgan.estimation.designs.two_samples import TwoSamples


def rows(x: torch.Tensor) -> set[int]:
    return set(x.tolist())


@pytest.mark.parametrize(("n", "m", "folds"), [(100, 100, 5), (53, 211, 2), (60, 60, 7)])
def test_what_trains_stops_and_reports_is_disjoint_and_all_there_is(n, m, folds):
    design = TwoSamples(torch.arange(n), 1000 + torch.arange(m), folds, seed=3)
    reported = []
    for fold in range(folds):
        job, report = design.job(fold), design.report(fold)
        for side, parts in enumerate(((job.p, job.p_stop, report[0]), (job.q, job.q_stop, report[1]))):
            sets = [rows(part) for part in parts]
            assert sum(map(len, sets)) == len(set().union(*sets)) == (n, m)[side]
            assert all(sets)
        reported.append(report)
    for side, everything in enumerate((design.p, design.q)):
        assert torch.equal(torch.cat([report[side] for report in reported]).sort().values, everything)


def test_overlap_is_the_share_of_common_training_samples():
    design = TwoSamples(torch.arange(500), torch.arange(500), 5)
    common = rows(design.job(0).p) & rows(design.job(3).p)
    assert design.overlap(0, 3) == pytest.approx(len(common) / len(design.job(0).p))
    assert 0.5 < design.overlap(0, 3) < 0.7


class Memory:
    """A learner that knows every sample it has seen by heart, and of others nothing."""

    def __call__(self, jobs):
        return [Remembered(job) for job in jobs]


class Remembered:
    description = "memory"

    def __init__(self, job):
        self.p, self.q = (rows(torch.cat(side)) for side in ((job.p, job.p_stop), (job.q, job.q_stop)))

    def __call__(self, x):
        return torch.tensor([3.0 * ((one in self.p) - (one in self.q)) for one in x.tolist()])


def test_a_critic_that_memorises_reports_nothing():
    """The training samples would say KL > 3."""
    design = TwoSamples(torch.arange(400), 1000 + torch.arange(400), 5)
    fitted = cross_fit(design, Memory()([design.job(fold) for fold in range(5)]))
    assert fitted.p.log_ratio.abs().max() == 0 and fitted.q.log_ratio.abs().max() == 0


class Shift:
    description = "mean of a training sample"

    def __init__(self, job):
        self.mean = job.p.double().mean()

    def __call__(self, x):
        return self.mean.expand(len(x))


def test_the_variance_of_a_critic_is_that_over_other_samples():
    """A critic that is a mean has the variance σ²/n of a mean of n training samples."""
    found = []
    for seed in range(200):
        p = torch.randn(250, generator=torch.Generator().manual_seed(seed))
        design = TwoSamples(p, p, 5, seed)
        fitted = cross_fit(design, [Shift(design.job(fold)) for fold in range(5)])
        found.append(float(fitted.p.variance.mean()))
    assert sum(found) / len(found) == pytest.approx(1 / 160, rel=0.15)


def test_every_sample_is_priced_once(gaussians):
    p, q = gaussians(103, 2)
    found = fgan.estimate(p, q, method="gaussian")
    assert [len(side) for side in found.source.held_out] == [103, 103]
