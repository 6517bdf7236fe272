from pathlib import Path

import pytest
import torch

import fgan
from fgan.evaluation.features import extractor_for, features_of


@pytest.fixture
def digits(tmp_path, monkeypatch):
    monkeypatch.setenv("FGAN_CACHE", str(tmp_path / "cache"))
    return fgan.load_data("digits")


def test_a_cache_that_cannot_be_written_to_is_said_once(digits, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FGAN_CACHE", str(tmp_path / "file"))
    said = []
    extractor = extractor_for(None, digits)
    for part in digits.train.values[:20].split(10):
        features_of(extractor, part, say=said.append)
    assert len(said) == 1


def test_a_cache_for_reading_only_is_read(digits, monkeypatch):
    extractor, values = extractor_for(None, digits), digits.train.values[:10]
    first = features_of(extractor, values, say=print)

    def refuse(path):
        raise PermissionError(path)

    monkeypatch.setattr(Path, "touch", refuse)
    monkeypatch.setattr(type(extractor), "__call__", lambda self, values: pytest.fail("asked again"))
    assert torch.equal(features_of(extractor, values, say=print), first)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_features_do_not_depend_on_the_batch_size(digits, size):
    extractor, values = extractor_for(None, digits), digits.train.values[:100]
    whole = features_of(extractor, values, batch_size=100, cache=False, say=print)
    parts = features_of(extractor, values, batch_size=size, cache=False, say=print)
    assert (whole - parts).abs().max() <= 1e-6 * whole.abs().max()
