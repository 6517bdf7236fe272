"""Samples together and apart: no sample on two sides, and error bars that know of shared rows."""

import pytest
import torch

from fgan.estimation.designs.pairs import Pairs

N, FOLDS = 200, 4


def test_what_trains_what_stops_and_what_reports_are_disjoint_and_each_reports_once():
    x = torch.arange(float(N))[:, None]
    design = Pairs(x, -x, FOLDS, shifts=3)
    reported = []
    for fold in range(FOLDS):
        job, (p, q) = design.job(fold), design.report(fold)
        sides = [torch.cat([one[:, 0], -one[:, 1]]).unique() for one in (job.p, job.p_stop, p)]
        apart = [torch.cat([one[:, 0], -one[:, 1]]).unique() for one in (job.q, job.q_stop, q)]
        for together, mixed in zip(sides, apart, strict=True):
            assert torch.equal(together, mixed)
        assert len(torch.cat(sides)) == len(torch.cat(sides).unique()) == N
        assert (job.p[:, 0] == -job.p[:, 1]).all() and (job.q[:, 0] != -job.q[:, 1]).all()
        assert len(q) == 3 * len(p)
        reported.append(p[:, 0])
    assert torch.equal(torch.cat(reported).sort().values, x.flatten())


def test_the_variance_is_that_of_repeated_draws():
    """Of E_P[xy] - E_Q[x + y + xy]: the second mean moves with every x and y, far more than with independent pairs."""
    random = torch.Generator().manual_seed(0)
    values, variances, naive = [], [], []
    for _ in range(600):
        x, noise = torch.randn(2, N, 1, generator=random)
        design = Pairs(x, (x + noise) / 2**0.5, FOLDS)
        sides = [design.report(fold) for fold in range(FOLDS)]
        on_p = torch.cat([p[:, 0] * p[:, 1] for p, _ in sides])
        on_q = torch.cat([-(q.sum(1) + q.prod(1)) for _, q in sides])
        values.append(float(on_p.mean() + on_q.mean()))
        variances.append(design.sampling().variance(on_p, on_q))
        naive.append(float(on_p.var()) / len(on_p) + float(on_q.var()) / len(on_q))
    seen = torch.tensor(values).var().item()
    told = torch.tensor(variances).mean().item()
    assert 0.8 < told / seen < 1.25
    assert torch.tensor(naive).mean().item() < 0.5 * seen


@pytest.mark.parametrize(("n", "folds"), [(50, 5), (50, 2), (60, 2), (70, 2), (53, 10)])
def test_no_row_is_its_own_partner_however_few_there_are(n, folds):
    x = torch.arange(float(n))[:, None]
    design = Pairs(x, x, folds)
    for fold in range(folds):
        job = design.job(fold)
        assert all((q[:, 0] != q[:, 1]).all() for q in (job.q, job.q_stop, design.report(fold)[1]))


def test_few_samples_have_few_partners():
    x = torch.arange(50.0)[:, None]
    assert Pairs(x, x, folds=10).shifts == 4
