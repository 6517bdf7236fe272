import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from fgan.data import load_data
from fgan.data.label_files import FileLabels
from fgan.data.layout import understand
from fgan.errors import DataError

RNG = np.random.default_rng(0)


def png():
    memory = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(memory, format="PNG")
    return memory.getvalue()


@pytest.fixture
def load(tmp_path, notes):
    """Load files {name: bytes, or None for a picture}, in a folder and in a zip, which must agree."""

    def loaded(files, **options):
        contents = {name: png() if content is None else content for name, content in files.items()}
        for name, content in contents.items():
            (tmp_path / "d" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "d" / name).write_bytes(content)
        with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
        data, packed = (
            load_data(tmp_path / name, image_size=8, say=notes.append, **options) for name in ("d", "d.zip")
        )
        assert data.record == packed.record
        return data

    return loaded


def numbered(pattern, count, **more):
    return {pattern.format(k, **more): None for k in range(count)}


def counts(data):
    return data.classes, len(data.train), len(data.held_out)


@pytest.mark.parametrize(
    ("names", "train", "held_out", "classes"),
    [
        (["train/a/1", "train/b/1", "val/a/2", "test/b/3"], [0, 1], [2], ["a", "b", "a"]),
        (["train/a/1", "train/b/1", "test/b/3"], [0, 1], [2], ["a", "b", "b"]),
        (["r/Training/a/1", "r/Training/b/1", "r/validation/a/2"], [0, 1], [2], ["a", "b", "a"]),
        (["a/train/1", "b/train/2", "a/test/3", "b/test/4"], [0, 1], [2, 3], ["a", "b", "a", "b"]),
        (["images/train/1", "images/val/2"], [0], [1], None),
        (["train2017/1", "val2017/2"], [0], [1], None),
        (["trainA/1", "trainB/2", "testA/3", "testB/4"], [0, 1], [2, 3], ["A", "B", "A", "B"]),
        (["p1/face", "p2/face", "p3/face"], [0, 1, 2], None, None),  # each folder has one picture only
        (["train/a/images/1", "train/b/images/2", "train/a/images/3"], [0, 1, 2], None, ["a", "b", "a"]),
        (["train/a/1", "bus/b/1", "car/c/1", "car/c/2"], [0, 1, 2, 3], None, ["train", "bus", "car", "car"]),
        (["images/1", "images/2", "masks/1", "masks/2"], [0, 1], None, None),
        (["00000/img00000001", "00000/img00000002", "00001/img00001000"], [0, 1, 2], None, None),
        (["01000/01001", "01000/01002", "02000/02999"], [0, 1, 2], None, None),
    ],
)
def test_usual_layouts(names, train, held_out, classes):
    found = understand([f"{name}.png" for name in names], FileLabels())
    assert (found.train, found.held_out) == (train, held_out)
    used = sorted([*train, *(held_out or [])])
    assert found.labels == (None if classes is None else dict(zip(used, classes, strict=True)))


def test_tiny_imagenet(load, notes):
    files = {}
    for name in ("n01", "n02", "n03"):
        files |= numbered("train/{name}/images/{name}_{}.JPEG", 6, name=name)
        files[f"train/{name}/{name}_boxes.txt"] = b"".join(
            b"%s_%d.JPEG\t0\t10\t63\t58\n" % (name.encode(), k) for k in range(6)
        )
    files |= numbered("val/images/val_{}.JPEG", 4) | numbered("test/images/test_{}.JPEG", 5)
    files["val/val_annotations.txt"] = b"".join(
        b"val_%d.JPEG\tn0%d\t0\t0\t62\t62\n" % (k, k % 3 + 1) for k in range(4)
    )
    data = load(files)
    assert counts(data) == (("n01", "n02", "n03"), 18, 4)
    assert data.record.split == "the folder val" and data.record.classes["n01"] == (6, 2)
    assert [one.count for one in data.record.left_out if "folder test" in one.reason] == [5]
    assert any("n01 6+2" in note for note in notes) and any("folder test" in note for note in notes)


def test_a_held_out_folder_without_classes_is_left_out_rather_than_the_classes(load):
    data = load(numbered("train/a/{}.png", 10) | numbered("train/b/{}.png", 10) | numbered("test/{}.png", 3))
    assert counts(data) == (("a", "b"), 18, 2)
    assert [(one.count, "not known" in one.reason) for one in data.record.left_out] == [(3, True)]


def test_held_out_pictures_of_a_class_that_is_not_trained_on_are_named(load):
    files = numbered("train/a/{}.png", 4) | numbered("train/b/{}.png", 4)
    data = load(files | numbered("test/a/{}.png", 2) | numbered("test/new/{}.png", 2))
    assert counts(data) == (("a", "b"), 8, 2)
    (left,) = data.record.left_out
    assert left.names == ("test/new/0.png", "test/new/1.png") and left.matters


def test_a_stray_picture_that_keeps_labels_from_being_read_is_named(load, notes):
    data = load(numbered("a/{}.png", 5) | numbered("b/{}.png", 5) | {"preview.png": None})
    assert data.classes == () and "preview.png is in no class folder" in data.record.labels
    assert any("preview.png" in note for note in notes)


def test_a_stray_picture_beside_train_and_test_is_left_out_and_named(load):
    files = numbered("train/a/{}.png", 4) | numbered("train/b/{}.png", 4) | numbered("test/a/{}.png", 2)
    data = load(files | {"preview.png": None})
    assert counts(data) == (("a", "b"), 8, 2) and data.record.left_out[0].names == ("preview.png",)
    with pytest.raises(DataError, match=r"strict.*preview\.png"):
        load(files, strict=True)


def test_pictures_called_test_are_never_trained_on_without_a_word(load):
    data = load(numbered("test/{}.png", 4) | numbered("val/{}.png", 4))
    assert data.classes == () and "there is no folder train" in data.record.notes[0]
    data = load(numbered("test/{}.png", 4) | numbered("val/{}.png", 4) | numbered("other/{}.png", 4))
    assert "test, val are treated as classes" in data.record.notes[0]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.csv", "file,label\n" + "".join(f"{k}.png,{'ab'[k % 2]}\n" for k in range(10))),
        ("train.csv", "id;breed\n" + "".join(f"{k};{'ab'[k % 2]}\n" for k in range(10))),
        ("list.txt", "".join(f"d/{k}.png {'ab'[k % 2]}\n" for k in range(10))),
        (
            "d/metadata.csv",
            "file_name,caption,label\n" + "".join(f"{k}.png,x,{'ab'[k % 2]}\n" for k in range(10)),
        ),
        (
            "d/metadata.jsonl",
            "".join(f'{{"file_name": "{k}.png", "label": "{"ab"[k % 2]}"}}\n' for k in range(10)),
        ),
        ("dataset.json", json.dumps({"labels": [[f"d/{k}.png", "ab"[k % 2]] for k in range(10)]})),
        ("dataset.json", json.dumps({"labels": {f"d/{k}.png": "ab"[k % 2] for k in range(10)}})),
    ],
)
def test_tables_of_labels_beside_pictures(load, name, content):
    data = load(numbered("d/{}.png", 10) | {"e.png": b"", name: content.encode()})
    assert data.classes == ("a", "b") and data.record.labels == f"from {name.split('/')[-1]}"
    assert data.record.classes == {"a": (4, 1), "b": (5, 0)} or data.record.classes == {
        "a": (5, 0),
        "b": (4, 1),
    }
    assert [one.names for one in data.record.left_out] == [("e.png (no picture that Pillow recognises)",)]


def test_stylegans_table_decides_over_its_numbered_folders(load):
    pictures = numbered("00000/img{:08}.png", 6) | numbered("00001/img{:08}.png", 4)
    labels = [[name, k % 2] for k, name in enumerate(pictures)]
    assert load(pictures | {"dataset.json": json.dumps({"labels": labels}).encode()}).classes == ("0", "1")
    data = load(pictures | {"dataset.json": b'{"labels": null}'})
    assert data.classes == () and "says that there are none" in data.record.labels


def test_one_hot_labels_are_classes_and_other_vectors_are_none(load):
    pictures = list(numbered("{}.png", 6))
    hot = {"labels": [[name, [float(k % 2), float(1 - k % 2)]] for k, name in enumerate(pictures)]}
    files = dict.fromkeys(pictures)
    assert load(files | {"dataset.json": json.dumps(hot).encode()}).classes == ("0", "1")
    vectors = {"labels": [[name, [0.5, 0.25]] for name in pictures]}
    assert load(files | {"dataset.json": json.dumps(vectors).encode()}).classes == ()


def test_a_table_of_many_attributes_is_named_and_makes_no_classes(load):
    rows = "".join(f"{k:06}.jpg -1 1 -1\n" for k in range(10))
    data = load(
        numbered("{:06}.jpg", 10) | {"list_attr_celeba.txt": f"10\nBald Smiling Young\n{rows}".encode()}
    )
    assert data.classes == () and "list_attr_celeba.txt names pictures (000000.jpg)" in data.record.notes[0]


def test_labels_of_some_pictures_are_no_classes_and_the_others_are_named(load):
    table = "file,label\n" + "".join(f"{k}.png,{'ab'[k % 2]}\n" for k in range(9))
    data = load(numbered("{}.png", 10) | {"labels.csv": table.encode()})
    assert data.classes == () and "9.png is in no class folder or table" in data.record.labels


PAIRS = {f"{k}.png": None for k in range(20)}


def table(heading, label, names=range(20)):
    return (heading + "\n" + "".join(f"{k}.png,{label(k)}\n" for k in names)).encode()


@pytest.mark.parametrize("name", ["metadata.csv", "captions.txt", "list.csv"])
def test_captions_are_no_classes(load, name):
    folders = {f"{'ab'[k % 2]}/{k}.png": None for k in range(20)}
    captions = table("file_name,text", lambda k: "a dog" if k % 2 else "a cat").replace(
        b"\n0.png", b"\na/0.png"
    )
    assert load(folders | {name: captions}).classes == ("a", "b")


def test_a_picture_with_several_classes_in_a_table_gets_none_and_that_is_said(load):
    twice = table("filename,label", lambda k: "a") + table("", lambda k: "b")
    data = load(PAIRS | {"labels.csv": twice})
    assert data.classes == () and "several classes (0.png: a and b)" in " ".join(data.record.notes)


def test_rows_about_pictures_that_are_not_there_are_counted(load):
    data = load(PAIRS | {"labels.csv": table("filename,label", lambda k: k % 2, range(30))})
    assert data.classes == ("0", "1")
    assert "labels.csv also names 10 pictures" in " ".join(data.record.notes)


def test_a_table_in_which_most_pictures_have_a_label_of_their_own_gives_no_classes(load):
    assert load(PAIRS | {"words.csv": table("image,words", lambda k: max(k, 1))}).classes == ()


def test_a_table_in_utf_16_is_read(load):
    content = table("filename,label", lambda k: k % 2).decode().encode("utf-16")
    assert load(PAIRS | {"labels.csv": content}).classes == ("0", "1")


def test_pictures_of_a_test_folder_are_not_trained_on_without_a_word(load):
    data = load({f"test/{'ab'[k % 2]}/{k}.png": None for k in range(8)})
    assert data.classes == ("a", "b") and "folder test are used for training" in " ".join(data.record.notes)


def test_a_part_beside_other_folders_is_a_class_and_that_is_said(load):
    data = load({f"{folder}/{k}.png": None for folder in ("train", "a", "b") for k in range(4)})
    assert data.classes == (
        "a",
        "b",
        "train",
    ) and "train are treated as classes, because a is not a split" in " ".join(data.record.notes)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("dataset.json", b'{"labels": [["0.png", 1]], "labels": []}'),
        ("dataset.json", b'{"labels": ' + b"[" * 100_000),
        ("metadata.jsonl", b'{"file_name": "0.png", "label": 1' + b"0" * 5000 + b"}"),
        ("metadata.csv", b"file_name,label\n0.png,\xff\n"),
    ],
)
@pytest.mark.parametrize(("pictures", "classes"), [("{0}.png", ()), ("{1}/{0}.png", ("a", "b"))])
def test_a_damaged_table_of_labels_is_named(load, notes, name, content, pictures, classes):
    files = {pictures.format(k, "ab"[k % 2]): None for k in range(4)}
    assert load(files | {name: content}).classes == classes
    assert f"{name} is ignored: " in " ".join(notes)


def test_a_line_of_labels_ends_where_json_lines_end(load):
    lines = [f'{{"file_name": "{k}.png", "label": "{"ab"[k % 2]}", "text": "x\u2028y"}}' for k in range(4)]
    table = "\r\n".join(lines).encode()
    assert load(numbered("{}.png", 4) | {"metadata.jsonl": table}).classes == ("a", "b")
