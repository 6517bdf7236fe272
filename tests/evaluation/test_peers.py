"""The same numbers as the field's references, on the same features."""

import prdc
import pytest
import torch
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

from fgan.evaluation.classes import classifier_score
from fgan.evaluation.frechet import frechet_distance
from fgan.evaluation.kernel import kernel_distance
from fgan.evaluation.neighbours import precision_recall


class Features(torch.nn.Identity):
    """What torchmetrics takes for an extractor: features go through as they are."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.num_features = count


def metric(kind, count, samples, reference, **options):
    made = kind(feature=Features(count), **options)
    made.update(reference, real=True)
    made.update(samples, real=False)
    return made.compute()


@pytest.mark.parametrize("dimension", [2, 64])
def test_the_frechet_distance_is_that_of_torchmetrics(dimension):
    random = torch.Generator().manual_seed(dimension)
    x, y = (torch.randn(n, dimension, generator=random, dtype=torch.float64) for n in (700, 900))
    x = x @ torch.randn(dimension, dimension, generator=random, dtype=torch.float64) + 0.3
    theirs = metric(FrechetInceptionDistance, dimension, x, y).item()
    assert frechet_distance(x, y).value == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("columns", [1, 3, 8, 16, 17, 48])
def test_the_kernel_distance_is_that_of_torchmetrics(columns, pair):
    x, y = (features[:500].sin().repeat(1, 4)[:, :columns] for features in pair)
    theirs, _ = metric(KernelInceptionDistance, columns, x, y, subsets=1, subset_size=500)
    assert kernel_distance(x, y).value == pytest.approx(theirs.item(), rel=1e-9)
    assert kernel_distance(x, y, block=7).value == pytest.approx(theirs.item(), rel=1e-9)


def test_the_classifier_score_is_that_of_torchmetrics():
    logits = 3 * torch.randn(400, 10, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    theirs = InceptionScore(feature=Features(10), splits=1)
    theirs.update(logits)
    assert classifier_score(logits).value == pytest.approx(theirs.compute()[0].item(), rel=1e-9)


@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize(("n", "m", "dimension"), [(600, 500, 12), (300, 450, 2), (250, 250, 300)])
def test_precision_recall_density_coverage_are_those_of_prdc(n, m, dimension, k, capsys):
    random = torch.Generator().manual_seed(n)
    x, y = (torch.randn(count, dimension, generator=random, dtype=torch.float64) for count in (n, m))
    x = 1.1 * x
    theirs = prdc.compute_prdc(y.numpy(), x.numpy(), nearest_k=k)
    ours = precision_recall(x, y, k=k, block=123)
    assert {name: found.value for name, found in ours.items()} == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("far", [1e3, 1e5])
def test_they_are_those_of_prdc_in_clusters_far_apart(pair, far, capsys):
    # Squared norms of 1e10 leave float32 products no digits for distances of 1: the exact ones decide.
    x, y = (side + far * (torch.arange(len(side)) % 3)[:, None] for side in pair)
    theirs = prdc.compute_prdc(y.numpy(), x.numpy(), nearest_k=5)
    ours = precision_recall(x, y)
    assert {name: found.value for name, found in ours.items()} == pytest.approx(theirs, abs=1e-12)


def test_they_are_those_of_prdc_where_samples_repeat(pair, capsys):
    x, y = pair[0][torch.arange(600) % 7], pair[1]
    theirs = prdc.compute_prdc(y.numpy(), x.numpy(), nearest_k=5)
    ours = precision_recall(x, y)
    assert {name: found.value for name, found in ours.items()} == pytest.approx(theirs, abs=1e-12)


def test_two_sets_of_a_thousand_dimensions_score_as_published():
    # DESIGN's truth is for 10,000 of 1,000 dimensions; a fifth of them keeps the suite quick.
    random = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 2000, 1000, generator=random)
    found = precision_recall(x, y)
    assert found["density"].value == pytest.approx(1.05, abs=0.08)
    assert found["coverage"].value == pytest.approx(0.97, abs=0.02)
