import pickle

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from fgan.errors import FganError
from fgan.evaluation.neighbours import precision_recall
from fgan.evaluation.streaming import (
    ClassCoverage,
    ClassifierTwoSample,
    ClosenessToTraining,
    ParzenLogLikelihood,
    PrecisionRecallDensityCoverage,
)

KINDS = {
    "prdc": PrecisionRecallDensityCoverage,
    "c2st": ClassifierTwoSample,
    "classes": ClassCoverage,
    "kde": ParzenLogLikelihood,
    "closeness": lambda **options: ClosenessToTraining(torch.zeros(5, 12), **options),
}


@pytest.mark.parametrize("name", KINDS)
def test_in_parts_or_at_once_is_the_same(name, pair):
    x, y = (side.float() for side in pair)
    parts, whole = KINDS[name](), KINDS[name]()
    for part in x.split(100):
        parts.update(part, real=False)
    for part in y.split(70):
        parts.update(part, real=True)
    whole.update(x, real=False)
    whole.update(y, real=True)
    assert parts.compute() == whole.compute()
    parts.reset()
    assert parts.real == [] and parts.fake == []


def test_they_are_the_functions(pair):
    x, y = pair
    metric = PrecisionRecallDensityCoverage(k=3, extract=lambda samples: samples / 2)
    metric.update(2 * x, real=False)
    metric.update(2 * y, real=True)
    found, direct = metric.compute(), precision_recall(x, y, k=3)
    for name, one in direct.items():
        assert found[name].item() == pytest.approx(one.value, abs=1e-6)
        # Another order falls into other groups.
        assert found[f"{name}_error"].item() == pytest.approx(one.standard_error, rel=0.5)


def test_broken_features_are_refused_and_metrics_can_be_sent_to_processes():
    metric = pickle.loads(pickle.dumps(PrecisionRecallDensityCoverage()))
    metric.update(torch.full((30, 2), torch.nan), real=False)
    metric.update(torch.zeros(30, 2), real=True)
    with pytest.raises(FganError, match="must be finite"):
        metric.compute()
    with pytest.raises(
        FganError, match=r"k must be at least 1 and less than the number of samples \(30\); got 30"
    ):
        precision_recall(torch.rand(40, 2), torch.rand(30, 2), k=30)


def _gathered(rank, file, x, y, queue):
    dist.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=2)
    metric = PrecisionRecallDensityCoverage()
    metric.update(x[rank::2], real=False)
    metric.update(y[rank::2], real=True)
    queue.put({name: value.item() for name, value in metric.compute().items()})
    dist.barrier()
    dist.destroy_process_group()


@pytest.mark.slow
def test_two_processes_see_what_one_would(pair, tmp_path):
    x, y = pair
    context = mp.get_context("spawn")
    queue = context.Queue()
    processes = [
        context.Process(target=_gathered, args=(rank, tmp_path / "store", x, y, queue)) for rank in (0, 1)
    ]
    for process in processes:
        process.start()
    one, other = queue.get(timeout=120), queue.get(timeout=120)
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    direct = precision_recall(x, y)
    assert one == other
    assert {name: one[name] for name in direct} == pytest.approx(
        {k: v.value for k, v in direct.items()}, abs=1e-6
    )
