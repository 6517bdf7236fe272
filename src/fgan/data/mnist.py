"""MNIST: found on this machine, or downloaded once; in either case its content is verified."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import torch

from fgan.data.dataset import Dataset, TensorSource
from fgan.data.finite import image_dataset
from fgan.data.idx import parse_idx, unpack
from fgan.data.labels import DIGITS
from fgan.data.mirrors import download, sha256_of
from fgan.errors import DataError
from fgan.files import cache_folder
from fgan.output import Say, to_stderr

SHA256 = {  # of the unpacked files
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
MIRRORS = [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
]


def load_mnist(data_dir: str | Path | None = None, say: Say = to_stderr) -> Dataset:
    """Load MNIST: 60,000 grey 28×28 images to train on and 10,000 held out, in ten classes.

    Its four files, each unpacked or `.gz`, are looked for in DIR, DIR/mnist and DIR/MNIST/raw, where DIR is
    `data_dir`, then `$FGAN_DATA`, then the cache (`$FGAN_CACHE`, or the system's own). What is missing is
    downloaded into `data_dir`/mnist if `data_dir` is given, and into the cache otherwise.
    `$FGAN_MNIST_MIRRORS`, separated by commas, replaces the list of mirrors.

    Args:
        data_dir: a folder to look in first, and to download into.
        say: told what is downloaded and which mirrors failed.

    Raises:
        DataError: a file on this machine is not what was published, no mirror serves a missing one, or the
            folder to download into cannot be written.
    """
    return image_dataset("mnist", *mnist_parts(data_dir, say), DIGITS)


def mnist_parts(data_dir: str | Path | None, say: Say) -> tuple[TensorSource, TensorSource]:
    """Return MNIST's training images and its test images with their labels; see `load_mnist`."""
    data_dir = None if data_dir is None else Path(data_dir).expanduser()
    missing = [name for name in SHA256 if _find(name, data_dir) is None]
    if missing:
        _download_all(missing, (data_dir or cache_folder()) / "mnist", say)
    content = {name: _verified(name, data_dir) for name in SHA256}
    return _part(content, "train"), _part(content, "t10k")


def _part(content: dict[str, bytes], part: str) -> TensorSource:
    images, labels = (
        torch.from_numpy(parse_idx(content[f"{part}-{kind}-ubyte"], Path("MNIST")))
        for kind in ("images-idx3", "labels-idx1")
    )
    return TensorSource(images.unsqueeze(1), labels.long())


def _folders(data_dir: Path | None) -> Iterator[Path]:
    shared = os.environ.get("FGAN_DATA")
    for root in (data_dir, Path(shared).expanduser() if shared else None, cache_folder()):
        if root is not None:
            yield from (root, root / "mnist", root / "MNIST" / "raw")


def _find(name: str, data_dir: Path | None) -> Path | None:
    candidates = (folder / file for folder in _folders(data_dir) for file in (name, f"{name}.gz"))
    return next((path for path in candidates if path.is_file()), None)


def _verified(name: str, data_dir: Path | None) -> bytes:
    path = _find(name, data_dir)
    if path is None:
        raise DataError(f"{name} was removed while MNIST was being loaded. Load it again.")
    content = unpack(path)
    received = sha256_of(content)
    if received != SHA256[name]:
        raise DataError(
            f"{path} is not MNIST's {name}: the SHA-256 of its content is {received} instead of "
            f"{SHA256[name]}. "
            "Delete it to download it again. "
            'For another data set in this format use "idx:DIR".'
        )
    return content


def _download_all(names: list[str], target: Path, say: Say) -> None:
    chosen = os.environ.get("FGAN_MNIST_MIRRORS")
    mirrors = [mirror.strip() for mirror in chosen.split(",") if mirror.strip()] if chosen else MIRRORS
    say(f"MNIST: downloading {', '.join(names)} into {target}")
    for name in names:
        served = download(name, SHA256[name], mirrors, target, say)
        # The next file starts with the mirror that has just worked: a dead one costs its timeout once.
        mirrors = [served, *(mirror for mirror in mirrors if mirror != served)]
