"""Arrays of which a copy is much are read by blocks, with the results of those that are not."""

import numpy as np
import pytest
import torch

import fgan
from fgan.data import large
from fgan.errors import DataError, FganError
from fgan.memory import Budget


def silent(line):
    pass


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(large, "LARGE", 100)
    monkeypatch.setattr(large, "BLOCK", 64)


@pytest.fixture
def no_memory(monkeypatch, tmp_path):
    monkeypatch.setattr(large, "current_budget", lambda: Budget(100, "of this test"))
    monkeypatch.setenv("FGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def array(dtype=np.float32, rows=500):
    values = np.random.default_rng(0).normal(size=(rows, 3)) * (1, 10, 0) + (5, 0, 0.1)
    return values.astype(dtype)


def facts(data):
    return data.train.fingerprint(), data.held_out.fingerprint(), data.frame, data.record


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
@pytest.mark.parametrize("room", ["memory", "disk"])
def test_a_large_array_becomes_what_a_small_one_does(tmp_path, request, dtype, room):
    path = tmp_path / "x.npy"
    np.save(path, array(dtype))
    whole = fgan.load_data(path, say=silent)
    request.getfixturevalue("small_blocks")
    if room == "disk":
        folder = request.getfixturevalue("no_memory")
    by_blocks = fgan.load_data(path, say=silent)
    assert facts(by_blocks) == facts(whole)
    assert torch.equal(by_blocks.train.values, whole.train.values)
    if room == "disk":
        assert folder.is_dir() and not list(folder.iterdir()), "the file has no name and goes with the data"
        found = fgan.evaluate(torch.randn(100, 3), by_blocks, metrics=("prdc",), n=100, say=silent)
        assert found["recall"].value >= 0


def test_labels_stay_with_their_samples(tmp_path, small_blocks):
    path = tmp_path / "x.npz"
    np.savez(path, x=array(), y=np.arange(500) % 3)
    data = fgan.load_data(path, say=silent)
    rows = {tuple(row.tolist()): k % 3 for k, row in enumerate(array())}
    pairs = zip(data.train.values, data.train.labels, strict=True)
    assert all(rows[tuple(row.tolist())] == int(label) for row, label in pairs)


@pytest.mark.parametrize(
    ("value", "message"), [(np.nan, "finite numbers"), (1e300, "numbers that fit float32")]
)
def test_what_cannot_be_trained_on_is_refused_alike(tmp_path, small_blocks, value, message):
    values = array(np.float64)
    values[400, 1] = value
    np.save(tmp_path / "x.npy", values)
    with pytest.raises(FganError, match=rf"{message}.* the first in row 400"):
        fgan.load_data(tmp_path / "x.npy", say=silent)


def test_a_disk_without_room_is_said(tmp_path, small_blocks, no_memory, monkeypatch):
    np.save(tmp_path / "x.npy", array())
    monkeypatch.setattr(large.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 1000}))
    with pytest.raises(DataError, match=r"does not fit into memory, and the .* GB in .*cache.*FGAN_CACHE"):
        fgan.load_data(tmp_path / "x.npy", say=silent)
