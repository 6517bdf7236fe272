import io

import numpy as np
import pytest
import torch
from PIL import Image

from fgan.data import load_data
from fgan.data.labels import number_classes, number_folders


@pytest.mark.parametrize("values", [[], [3], [3, 3, 3], ["a", "a"]])
def test_fewer_than_two_values_are_no_classes(values):
    assert number_classes(values) == (None, ())


def test_the_names_give_the_values_back():
    values = np.random.default_rng(0).integers(-9, 300, 500)
    labels, classes = number_classes(values)
    assert labels.dtype == torch.int64 and [int(classes[k]) for k in labels] == values.tolist()
    assert [int(name) for name in classes] == sorted(set(values.tolist()))


@pytest.mark.parametrize(
    ("names", "classes", "labels"),
    [
        (["a/1.png", "b/1.png", "a/2.png"], ("a", "b"), [0, 1, 0]),
        (["train/b/1.png", "train/a/1.png"], ("a", "b"), [1, 0]),
        (["./x/y/a/1.png", "./x/y/b/deep/er/1.png"], ("a", "b"), [0, 1]),
        (["Train/a/1.png", "Train/b/1.png", "test/b/2.png"], ("a", "b"), [0, 1, 1]),
        (["r/val/img/a/1.png", "r/train/img/b/1.png"], ("a", "b"), [0, 1]),
        (["test/1.png", "other/1.png"], ("other", "test"), [1, 0]),
    ],
)
def test_the_first_folder_in_which_pictures_part_ways_is_the_class(names, classes, labels):
    numbered, found = number_folders(names)
    assert found == classes and numbered.tolist() == labels


@pytest.mark.parametrize(
    "names",
    [
        ["1.png", "2.png"],
        ["a/1.png", "a/2.png"],
        ["a/1.png", "b/1.png", "1.png"],
        ["root/a/1.png", "root/b/1.png", "root/1.png"],
        ["a/1.png", "a/b/1.png"],
        ["train/a/1.png", "train/b/1.png", "test/1.png"],
        ["train/1.png", "test/1.png"],
    ],
)
def test_there_are_no_classes_where_a_picture_lies_in_no_folder_of_its_own(names):
    assert number_folders(names) == (None, ())


def test_skipped_pictures_shift_no_label_and_make_no_class(tmp_path, notes):
    for k in range(30):
        place = tmp_path / "train" / ("dark" if k < 15 else "light")
        place.mkdir(parents=True, exist_ok=True)
        memory = io.BytesIO()
        Image.new("L", (4, 4), 8 * k).save(memory, format="PNG")
        (place / f"{k:02}.png").write_bytes(b"?" if k % 5 == 0 else memory.getvalue())
    (tmp_path / "train" / "all-broken").mkdir()
    (tmp_path / "train" / "all-broken" / "x.png").write_bytes(b"?")
    (tmp_path / "in-no-class.png").write_bytes(b"?")
    data = load_data(tmp_path, image_size=4, say=notes.append)
    assert "cannot be read (8)" in notes[1] and data.classes == ("dark", "light")
    for source in (data.train, data.held_out):
        assert torch.equal(source.labels, (source.values[:, 0, 0, 0] >= 8 * 15).long())
