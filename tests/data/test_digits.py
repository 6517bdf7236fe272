import numpy as np
import torch
from sklearn.datasets import load_digits

from fgan.data import TensorSource, load_data


def test_digits_are_scikit_learns_scans_with_16_as_white():
    data = load_data("digits")
    assert data.name == "digits" and data.shape == (1, 8, 8) and data.frame.value_range == (0.0, 1.0)
    assert isinstance(data.train, TensorSource) and isinstance(data.held_out, TensorSource)
    assert (len(data.train), len(data.held_out)) == (1797 - 179, 179)
    held = torch.cat([data.train.values, data.held_out.values])
    assert held.dtype == torch.uint8 and held.max() == 255 and len(held.unique()) == 17
    scans, _ = load_digits(return_X_y=True)
    ours = np.sort(held.reshape(1797, 64).numpy().astype(int).sum(1))
    assert (ours == np.sort(np.rint(scans * 255 / 16).astype(int).sum(1))).all()


def test_every_scan_has_the_label_that_scikit_learn_gives_it():
    data = load_data("digits")
    assert data.classes == tuple("0123456789")
    scans, labels = load_digits(return_X_y=True)
    known = {np.rint(s * 255 / 16).astype(np.uint8).tobytes(): k for s, k in zip(scans, labels, strict=True)}
    for source in (data.train, data.held_out):
        for scan, label in zip(source.values, source.labels, strict=True):
            assert known[scan.numpy().tobytes()] == label


def test_training_never_sees_the_held_out_scans(generator):
    data = load_data("digits")
    held_out = {bytes(row.numpy().tobytes()) for row in data.held_out.values}
    train = {bytes(row.numpy().tobytes()) for row in data.train.values}
    assert not held_out & train
    drawn = data.train.draw(16, generator)
    assert drawn.shape == (16, 1, 8, 8) and drawn.min() >= 0 and drawn.max() <= 1
