"""Scikit-learn's handwritten digits: real scans inside the package, so the first run needs no network."""

from __future__ import annotations

import numpy as np
import torch

from fgan.data.dataset import Dataset
from fgan.data.finite import image_dataset, split
from fgan.data.labels import DIGITS


def digits() -> Dataset:
    """Load 1,797 grey 8×8 scans of handwritten digits; a tenth of them is held out.

    The scans hold the whole numbers 0..16, which become round(255 v / 16), so that 16 is white.

    >>> digits().shape
    (1, 8, 8)
    """
    from sklearn.datasets import load_digits

    scans, labels = load_digits(return_X_y=True)
    pixels = np.rint(np.asarray(scans) * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    # Shuffled, as its published numbers were: its classes are of one size.
    values, classes = torch.from_numpy(pixels), torch.from_numpy(labels.astype(np.int64))
    sources = split(values, classes, stratified=False)
    return image_dataset("digits", *sources, DIGITS)
