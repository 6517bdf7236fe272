"""Data that memory has no room for: nothing is copied whole, and what a run promises it keeps."""

import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peak_memory import peak_memory
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset, SubsetRandomSampler, WeightedRandomSampler
from torch.utils.data import Dataset as TorchDataset

import fgan
from fgan.data import as_dataset, streaming
from fgan.errors import DataError

QUICK = {
    "divergence": "js", "width": 8, "batch_size": 16, "steps": 20, "checkpoint_every": 10, "log_every": 5,
    "device": "cpu",
}  # fmt: skip


def quiet(line: str) -> None:
    pass


class Drawn(TorchDataset[Any]):
    """Pictures made when they are asked for, by index and by random numbers of three kinds; two classes."""

    classes = ("wasp", "ant")

    def __init__(self, n: int = 600, side: int = 8) -> None:
        self.n, self.side, self.read = n, side, 0

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        self.read += 1
        noise = torch.rand(1).item() + random.random() + np.random.rand()
        value = 0.1 + 0.8 * index / self.n + 0.01 * noise
        return torch.full((1, self.side, self.side), value), index % 2


class Passing(IterableDataset[Any]):
    """Rows that come in an order of their own, shuffled anew in each pass."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self):
        for number in torch.randperm(self.n):
            yield torch.tensor([float(number), float(number % 7)])


@pytest.fixture
def little(monkeypatch):
    """As if so many bytes of memory were free, and a buffer held so many."""

    def set_to(free: int, held: int = 2**28) -> None:
        monkeypatch.setattr(streaming, "free_memory", lambda: free)
        monkeypatch.setattr("fgan.data.passed.MOST_HELD", held)
        monkeypatch.setattr(streaming, "MOST_HELD", held)

    return set_to


def test_what_is_larger_than_memory_is_streamed_and_that_is_said(little, tmp_path):
    said, data = [], Drawn()
    little(10_000)
    found = as_dataset(DataLoader(data, batch_size=50, shuffle=True), say=said.append)
    assert data.read < 2 * len(data) and any(
        line.startswith("streamed: each of 600 samples") for line in said
    )
    assert found.record and found.record.streamed and found.classes == ("ant", "wasp")
    assert (len(found.train), len(found.held_out), found.shape) == (540, 60, (1, 8, 8))
    little(10**10)
    assert as_dataset(data, say=quiet).record.streamed == ""


def test_held_out_samples_are_never_drawn_and_all_others_are():
    data = [torch.tensor([float(number), 0.5]) for number in range(200)]
    found = as_dataset(DataLoader(data, batch_size=7), stream=True, say=quiet)
    drawn = found.train.draw(5000, torch.Generator().manual_seed(0))[:, 0].unique()
    apart = found.held_out.values[:, 0]
    assert len(apart) == 20 and not set(apart.tolist()) & set(drawn.tolist())
    assert sorted([*apart.tolist(), *drawn.tolist()]) == [float(number) for number in range(200)]


def test_a_generator_decides_every_sample_and_label_and_leaves_others_alone():
    found = as_dataset(Drawn(), stream=True, say=quiet)
    torch.manual_seed(5), random.seed(5), np.random.seed(5)
    x, labels = found.train.draw_labelled(40, torch.Generator().manual_seed(3))
    assert (torch.rand(1).item(), random.random(), np.random.rand()) == first_draws(5)
    again, same = found.train.draw_labelled(40, torch.Generator().manual_seed(3))
    assert torch.equal(x, again) and torch.equal(labels, same)
    index = ((x[:, 0, 0, 0] - 0.1) / 0.8 * 600).floor()
    assert 0 < labels.float().mean() < 1 and len(index.unique()) > 20
    other = found.train.draw(40, torch.Generator().manual_seed(4))
    assert not torch.equal(x, other)


def first_draws(seed: int) -> tuple[float, float, float]:
    torch.manual_seed(seed), random.seed(seed), np.random.seed(seed)
    return torch.rand(1).item(), random.random(), np.random.rand()


def test_several_processes_share_a_batch_of_an_index():
    from fgan.data import Shard

    found = as_dataset(Drawn(), stream=True, say=quiet)
    whole = found.train.draw(10, torch.Generator().manual_seed(0))
    halves = [
        Shard(found.train, lambda n, place=place: slice(5 * place, 5 * place + 5)).draw(
            10, torch.Generator().manual_seed(0)
        )
        for place in range(2)
    ]
    assert torch.equal(torch.cat(halves), whole)


@pytest.mark.slow
def test_stopped_and_resumed_it_ends_with_the_same_bits_however_much_memory_is_free_then(little, tmp_path):
    little(10_000)
    whole = fgan.train(Drawn(), out=tmp_path / "whole", conditional=True, say=quiet, **QUICK)
    fgan.train(Drawn(), out=tmp_path / "half", conditional=True, say=quiet, **{**QUICK, "steps": 10})
    little(10**10)
    half = fgan.train(Drawn(), out=tmp_path / "half", conditional=True, say=quiet, resume=True, **QUICK)
    assert half.metrics() == whole.metrics() and torch.equal(half.sample(8), whole.sample(8))
    with pytest.raises(fgan.FganError, match="has changed"):
        fgan.train(Drawn(599), out=tmp_path / "half", conditional=True, say=quiet, resume=True, **QUICK)
    found = whole.evaluate(metrics="fid", n=30, say=quiet)
    assert any("the data are streamed" in warning for warning in found.warnings)


def test_a_sampler_that_chooses_is_kept():
    data = [torch.tensor([float(number), 0.5]) for number in range(100)]
    chosen = as_dataset(DataLoader(data, sampler=SubsetRandomSampler([*range(40)])), stream=True, say=quiet)
    assert len(chosen.train) == 36 and chosen.train.draw(999, torch.Generator())[:, 0].max() < 40
    weighted = WeightedRandomSampler([1.0] * 50 + [0.0] * 50, 1000)
    found = as_dataset(DataLoader(data, sampler=weighted), stream=True, say=quiet)
    assert "a resumed" not in found.record.streamed and "restarts the stream" in found.record.streamed
    assert found.train.draw(999, torch.Generator())[:, 0].max() < 50


def test_paths_and_pictures_can_be_streamed(tmp_path):
    for number in range(30):
        Image.new("RGB", (12, 10), (number, 0, 0)).save(tmp_path / f"{number}.png")
    found = as_dataset(
        sorted(map(str, tmp_path.iterdir())), stream=True, options=fgan.LoadOptions(image_size=8), say=quiet
    )
    drawn = found.train.draw(64, torch.Generator())
    assert found.shape == (3, 8, 8) and drawn.shape == (64, 3, 8, 8) and len(drawn[:, 0, 0, 0].unique()) > 10


@pytest.mark.slow
def test_what_can_only_be_iterated_goes_through_a_buffer_and_begins_again(little, tmp_path):
    little(6000, 2000)
    loader = DataLoader(Passing(900), batch_size=10)
    runs = [fgan.train(loader, out=tmp_path / name, say=quiet, **{**QUICK, "steps": 60}) for name in "ab"]
    assert torch.equal(runs[0].sample(9), runs[1].sample(9)), "same config and seed, same run"
    source = runs[0].dataset.train
    assert source.passes > 1 and len(source.buffer) == 225
    apart = set(runs[0].dataset.held_out.values[:, 0].tolist())
    drawn = {one for _ in range(40) for one in source.draw(64, torch.Generator())[:, 0].tolist()}
    assert len(drawn) > 225 and not apart & drawn
    more = fgan.train(loader, out=tmp_path / "a", resume=True, say=quiet, **{**QUICK, "steps": 80})
    assert more.step == 80
    assert "restarts the stream" in (tmp_path / "a" / "config.json").read_text()


def test_what_ends_at_once_or_for_good_is_refused(little, tmp_path):
    for empty in (Passing(0), DataLoader(Passing(0)), DataLoader([], sampler=[])):
        with pytest.raises(DataError, match="must have at least 2 samples"):
            as_dataset(empty, stream=True, say=quiet)
    with pytest.raises(DataError, match="at least 2 samples"):
        as_dataset(Passing(1), stream=True, say=quiet)
    little(600, 200)
    once = iter([torch.randn(2) for _ in range(100)])
    with pytest.raises(DataError, match=r"iterable more than once.*instead of its iterator"):
        fgan.train(once, out=tmp_path / "run", say=quiet, **{**QUICK, "steps": 40})


def test_what_cannot_be_streamed_says_so():
    with pytest.raises(DataError, match="the array is in memory already"):
        as_dataset(np.zeros((9, 2)), stream=True)
    with pytest.raises(DataError, match="needs all samples at once"):
        as_dataset(Drawn(), stream=True, options=fgan.LoadOptions(value_range="data"), say=quiet)
    data = [(torch.rand(1, 8, 8), number // 50) for number in range(20_000)]
    found = as_dataset(DataLoader(data), stream=True, say=quiet)
    with pytest.raises(DataError, match="streamed data must declare all classes at the start"):
        data[:] = [(x, 9999) for x, _ in data]
        found.train.draw_labelled(9, torch.Generator())


def test_names_of_classes_are_known_although_few_samples_were_looked_at():
    data = Drawn()
    data.classes, data.targets = (), [index % 2 for index in range(600)]
    assert as_dataset(data, stream=True, say=quiet).classes == ("0", "1")


HUGE = """
import fgan
from test_streaming import QUICK, Drawn
run = fgan.train(Drawn(SIZE, side=128), out=FOLDER, say=lambda line: None, **{**QUICK, "steps": 3})
assert run.step == 3 and len(run.dataset.train) > 0.8 * SIZE
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_a_data_set_of_terabytes_is_trained_on_in_little_memory(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    little, much = (
        peak_memory(HUGE.replace("SIZE", str(size)).replace("FOLDER", repr(str(tmp_path / str(size)))))
        for size in (1_000, 100_000_000)
    )
    assert much - little < 1.5e9, (much, little)
