import gzip

import numpy as np
import pytest
import torch

from fgan.data import TensorSource, load_data
from fgan.data.idx import load_idx_folder, read_idx
from fgan.errors import DataError

IMAGES = np.random.default_rng(0).integers(0, 256, (30, 5, 4))
LABELS = np.arange(30) % 10


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["a", "a.gz"])
def test_what_was_written_is_read_whether_or_not_it_is_packed_and_whatever_its_name(
    tmp_path, idx_bytes, packed, name
):
    for array in (IMAGES, LABELS):
        (tmp_path / name).write_bytes(idx_bytes(array, packed))
        read = read_idx(tmp_path / name)
        assert read.dtype == np.uint8 and read.flags.writeable
        assert np.array_equal(read, array)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda raw: raw[:-1], r"truncated.*30 x 5 x 4 = 600 bytes, but 599 follow"),
        (lambda raw: raw + b"x", r"too long.*600 bytes, but more follow"),
        (lambda raw: raw[:9], r"header.*16 bytes.*only 9"),
        (lambda raw: b"", r"00000803.*nothing"),
        (lambda raw: b"\x89PNG" + raw, r"89504e47"),
        (lambda raw: b"\x00\x00\x0d\x03" + raw[4:], r"00000d03 \(float32, 3 dimensions\)"),
        (lambda raw: b"\x00\x00\x08\x04" + raw[4:], r"00000804 \(uint8, 4 dimensions\)"),
        (lambda raw: gzip.compress(raw)[:-30], r"gzip.*(ended|damaged)"),
        (
            lambda raw: gzip.compress(raw)[:50] + b"????" + gzip.compress(raw)[54:],
            r"is damaged or incomplete",
        ),
        (lambda raw: gzip.compress(raw)[:-8] + b"\0\0\0\0" + gzip.compress(raw)[-4:], r"CRC"),
        (lambda raw: gzip.compress(raw)[:10] + b"\xff" * 99, r"is damaged or incomplete.*invalid block type"),
        (lambda raw: b"\x1f\x8b nonsense", r"is damaged or incomplete"),
    ],
)
def test_a_damaged_file_is_refused_by_name_and_reason(tmp_path, idx_bytes, damage, words):
    path = tmp_path / "images"
    path.write_bytes(damage(idx_bytes(IMAGES)))
    with pytest.raises(DataError, match=words) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="cannot read the IDX file"):
        read_idx(tmp_path / "none")


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte"),
        ("train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"),
        ("train-images.idx3-ubyte", "t10k-images.idx3-ubyte"),
        ("emnist-letters-train-images-idx3-ubyte.gz", "emnist-letters-test-images-idx3-ubyte.gz"),
    ],
)
def test_usual_names_are_found_and_test_images_are_held_out(tmp_path, idx_bytes, train, test, generator):
    for name, images, labels in ((train, IMAGES, LABELS), (test, IMAGES[:7] // 2, LABELS[:7])):
        packed = name.endswith(".gz")
        (tmp_path / name).write_bytes(idx_bytes(images, packed))
        (tmp_path / name.replace("images", "labels").replace("idx3", "idx1")).write_bytes(
            idx_bytes(labels, packed)
        )
    data = load_data(f"idx:{tmp_path}")
    assert data.name == f"idx:{tmp_path}" and data.shape == (1, 5, 4) and data.frame.value_range == (0.0, 1.0)
    assert isinstance(data.train, TensorSource) and isinstance(data.held_out, TensorSource)
    assert np.array_equal(data.train.values[:, 0].numpy(), IMAGES)
    assert np.array_equal(data.held_out.values[:, 0].numpy(), IMAGES[:7] // 2)
    assert data.train.draw(3, generator).shape == (3, 1, 5, 4)


def write_parts(tmp_path, idx_bytes, **labels):
    """Write training and test images whose pixels are their number, and the labels that are given."""
    for part, n in (("train", 30), ("t10k", 8)):
        images = np.arange(n)[:, None, None].repeat(3, 1).repeat(3, 2)
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(idx_bytes(images))
        if labels.get(part) is not None:
            (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(idx_bytes(labels[part]))


def test_labels_are_numbered_from_0_and_mean_the_same_in_both_parts(tmp_path, idx_bytes):
    train, test = np.arange(30) % 4 * 7 + 1, np.array([22, 8, 8, 15, 22, 40, 8, 15])
    write_parts(tmp_path, idx_bytes, train=train, t10k=test)
    data = load_idx_folder(tmp_path)
    assert data.classes == ("1", "8", "15", "22")  # no class without a training sample
    assert data.record.left_out[0].names == ('class "40"',)
    for source, labels in ((data.train, train), (data.held_out, test[test != 40])):
        assert source.labels.dtype == torch.int64
        assert [int(data.classes[k]) for k in source.labels] == labels.tolist()


@pytest.mark.parametrize(
    "labels",
    [{}, {"train": np.arange(30) % 3}, {"t10k": np.arange(8)}, {"train": np.ones(30), "t10k": np.ones(8)}],
)
def test_there_are_no_classes_where_labels_are_missing_or_all_alike(tmp_path, idx_bytes, labels, generator):
    write_parts(tmp_path, idx_bytes, **labels)
    data = load_idx_folder(tmp_path)
    assert data.classes == ()
    for source in (data.train, data.held_out):
        assert source.draw_labelled(4, generator)[1] is None


def test_labels_stay_with_their_images_where_a_tenth_is_held_out(tmp_path, idx_bytes):
    write_parts(tmp_path, idx_bytes, train=np.arange(30) % 3 + 1)
    (tmp_path / "t10k-images-idx3-ubyte").unlink()
    data = load_idx_folder(tmp_path)
    assert data.classes == ("1", "2", "3")
    for source in (data.train, data.held_out):
        assert torch.equal(source.labels, source.values[:, 0, 0, 0].long() % 3)


def test_without_test_images_a_tenth_is_held_out(tmp_path, idx_bytes):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(IMAGES))
    data = load_idx_folder(tmp_path)
    assert isinstance(data.train, TensorSource) and isinstance(data.held_out, TensorSource)
    assert (len(data.train), len(data.held_out)) == (27, 3)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "has no train-images-idx3-ubyte"),
        ({"train-labels-idx1-ubyte": LABELS}, "has no train-images-idx3-ubyte"),
        ({"train-images-idx3-ubyte": LABELS}, "train-images-idx3-ubyte should hold images.*30 labels"),
        (
            {"train-images-idx3-ubyte": IMAGES, "train-labels-idx1-ubyte": IMAGES},
            "train-labels-idx1-ubyte should hold labels.*30 images",
        ),
        ({"train-images-idx3-ubyte": IMAGES, "train-labels-idx1-ubyte": LABELS[:29]}, "30 images.*29 labels"),
        (
            {"train-images-idx3-ubyte": IMAGES, "t10k-images-idx3-ubyte": IMAGES[:, :4]},
            r"\(5, 4\) and \(4, 4\)",
        ),
        (
            {"a-train-images-idx3-ubyte": IMAGES, "b-train-images-idx3-ubyte": IMAGES},
            "holds 2: a-train.*b-train",
        ),
        ({"train-images-idx3-ubyte": IMAGES[:1]}, "at least 2 samples"),
        ({"train-images-idx3-ubyte": IMAGES[:, :0]}, "must not be empty"),
    ],
)
def test_folders_that_do_not_hold_together_are_refused(tmp_path, idx_bytes, files, words):
    for name, array in files.items():
        (tmp_path / name).write_bytes(idx_bytes(array))
    with pytest.raises(DataError, match=words):
        load_idx_folder(tmp_path)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(DataError, match="is not a folder"):
        load_data(f"idx:{tmp_path / 'none'}")
