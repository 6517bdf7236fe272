import os
from pathlib import Path

import pytest
import torch

from fgan.data import TensorSource, load_data
from fgan.data.stacked import StackedSource
from fgan.frame import Frame


@pytest.fixture
def source():
    """Ten digits whose pixels are all 20 times their label, in another order than their labels."""
    labels = torch.tensor([3, 0, 9, 1, 7, 5, 2, 8, 6, 4])
    return StackedSource(
        TensorSource((labels * 20).to(torch.uint8).reshape(-1, 1, 1, 1).expand(-1, 1, 6, 5), labels)
    )


def test_the_label_spells_the_digits_in_the_channels(source, generator):
    x, labels = source.draw_labelled(3000, generator)
    assert x.shape == (3000, 3, 6, 5) and x.dtype == torch.float32 and labels.dtype == torch.int64
    digits = (x[:, :, 0, 0] * 255 / 20).round().long()
    assert torch.equal(labels, digits @ torch.tensor([100, 10, 1]))
    assert torch.equal(x, x[:, :, :1, :1].expand_as(x))


def test_all_thousand_modes_are_about_equally_likely_for_the_channels_are_independent(source, generator):
    _, labels = source.draw_labelled(200_000, generator)
    counts = labels.bincount(minlength=1000)
    assert len(counts) == 1000 and (counts - 200).abs().max() < 90  # over six standard deviations


def test_the_generator_decides_and_draw_gives_the_same_samples(source):
    first, other = (torch.Generator().manual_seed(3) for _ in range(2))
    for _ in range(2):
        assert torch.equal(source.draw(40, first), source.draw_labelled(40, other)[0])
    assert not torch.equal(source.draw(40, first), source.draw(40, torch.Generator().manual_seed(4)))


def test_without_labels_there_are_none(source, generator):
    assert StackedSource(TensorSource(source.digits.values)).draw_labelled(4, generator)[1] is None


def test_fingerprint_and_device_are_those_of_the_digits(source):
    assert source.fingerprint() == source.digits.fingerprint()
    assert source.fingerprint(labels=True) == source.digits.fingerprint(labels=True) != source.fingerprint()
    moved = source.to("meta").digits
    assert moved.values.device.type == moved.labels.device.type == "meta"


def test_stacked_mnist_trains_on_the_training_images_and_holds_out_the_test_images(tiny, tmp_path, generator):
    for name, content in tiny.items():
        (tmp_path / name).write_bytes(content)
    data, beneath = load_data("stacked-mnist", data_dir=tmp_path), load_data("mnist", data_dir=tmp_path)
    assert data.name == "stacked-mnist" and data.shape == (3, 28, 28) and data.frame.value_range == (0.0, 1.0)
    assert data.frame == Frame.of_images((3, 28, 28)) and data.is_image
    assert data.classes == tuple(f"{k:03}" for k in range(1000))
    for stacked, plain in ((data.train, beneath.train), (data.held_out, beneath.held_out)):
        assert stacked.fingerprint() == plain.fingerprint()
        known = {image.numpy().tobytes() for image in plain.values}
        drawn = (stacked.draw(20, generator) * 255).round().to(torch.uint8)
        assert {channel.numpy().tobytes() for channel in drawn.flatten(0, 1)} <= known


def test_real_stacked_mnist(generator):
    shared = os.environ.get("FGAN_DATA")
    if not shared or not list(Path(shared).glob("**/train-images-idx3-ubyte*")):
        pytest.skip("MNIST itself is not here: set FGAN_DATA to a folder that holds it")
    x, labels = load_data("stacked-mnist").train.draw_labelled(2000, generator)
    assert x.shape == (2000, 3, 28, 28) and x.min() == 0 and x.max() == 1
    assert x.mean().item() == pytest.approx(0.1307, abs=0.003) and len(labels.unique()) > 800
