"""Every kind of network, norm and constraint trains through the whole of `train`, and comes back from its files."""

import pytest
import torch
from cases import one_fast

import fgan
from fgan.data import Dataset, TensorSource
from fgan.frame import Frame


def quiet(line: str) -> None:
    pass


def images(channels: int, side: int) -> Dataset:
    random = torch.Generator().manual_seed(0)
    values = torch.randint(0, 256, (40, channels, side, side), dtype=torch.uint8, generator=random)
    source = TensorSource(values)
    return Dataset("images", Frame.of_images((channels, side, side)), source, source)


@pytest.mark.parametrize(
    "changes",
    one_fast(
        [
            {"network": "dcgan"},
            {"network": "upconv", "norm": "group"},
            {"network": "r3gan"},
            {"network": "dcgan", "norm": "group", "spectral_norm": True, "init": "normal"},
            {"network": "resnet", "norm": "group", "init": "orthogonal"},
            {"network": "resnet", "spectral_norm": True, "penalties": "noise:1"},
            {"network": "mlp", "spectral_norm": True, "init": "xavier", "penalties": "none"},
        ]
    ),
    ids=lambda changes: "-".join(map(str, changes.values())),
)
def test_it_trains_stops_and_resumes_to_the_same_bits(tmp_path, small_config, changes):
    data = images(3, 16)
    settings = {"data": "images", "width": 4, "batch_size": 4, **changes}
    fgan.train(small_config(steps=14, **settings), tmp_path / "whole", dataset=data, say=quiet)
    fgan.train(small_config(steps=7, **settings), tmp_path / "parts", dataset=data, say=quiet)
    fgan.train(small_config(steps=14, **settings), tmp_path / "parts", resume=True, dataset=data, say=quiet)
    whole, parts = (fgan.RunDirectory(tmp_path / name) for name in ("whole", "parts"))
    assert whole.metrics_path.read_bytes() == parts.metrics_path.read_bytes()
    samples = whole.sample(3)
    assert samples.shape == (3, 3, 16, 16) and samples.isfinite().all()
    assert torch.equal(samples, parts.sample(3))


def test_a_network_that_cannot_make_the_data_is_said(tmp_path, small_config):
    with pytest.raises(fgan.FganError, match=r"--network dcgan needs images; got samples of shape \(2,\)"):
        fgan.train(small_config(network="dcgan"), tmp_path / "run", say=quiet)
    assert not (tmp_path / "run").exists()
