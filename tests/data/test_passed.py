"""Whatever holds samples in Python becomes the same data set as the file of them would."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import BatchSampler, DataLoader, IterableDataset, Subset, TensorDataset
from torch.utils.data import Dataset as TorchDataset

import fgan
from fgan.data import items
from fgan.data.dataset import Dataset
from fgan.data.load import load_data
from fgan.data.passed import as_dataset, read_passed, save_passed
from fgan.errors import DataError, FganError
from fgan.load_options import LoadOptions

N, CLASSES = 60, ("ant", "bee", "cat")
RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (N, 8, 8), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (N, 8, 8, 3), dtype=np.uint8)
VECTORS = RNG.normal(size=(N, 3)).astype(np.float32)
LABELS = RNG.integers(0, 3, N)
WORDS = np.array(CLASSES)[LABELS]


class Listed(TorchDataset[Any]):
    """A map-style data set of whatever is in a list."""

    def __init__(self, content: list[Any], classes: tuple[str, ...] = ()) -> None:
        self.content = content
        if classes:
            self.classes = list(classes)

    def __len__(self) -> int:
        return len(self.content)

    def __getitem__(self, index: int) -> Any:
        return self.content[index]


class Streamed(IterableDataset[Any]):
    """One that only knows what comes next."""

    def __init__(self, content: list[Any]) -> None:
        self.content = content

    def __iter__(self) -> Iterator[Any]:
        return iter(self.content)


class ClassLabel:
    names = CLASSES


class Hugging:
    """What a Hugging Face data set looks like."""

    def __init__(self) -> None:
        self.features = {
            "photo": type("Image", (), {})(),
            "species": ClassLabel(),
            "note": type("Value", (), {})(),
        }
        self.column_names = list(self.features)

    def __len__(self) -> int:
        return N

    def __getitem__(self, row: int) -> dict[str, Any]:
        return {"photo": Image.fromarray(COLOUR[row]), "species": int(LABELS[row]), "note": "a stray word"}

    def to_pandas(self) -> None:
        raise AssertionError("never asked for")


def pictures(values: np.ndarray) -> list[Image.Image]:
    return [Image.fromarray(value) for value in values]


FLOATS = torch.from_numpy(COLOUR).movedim(3, 1) / 255
COLOURED: dict[str, Callable[[], Any]] = {
    "array": lambda: COLOUR,
    "channels first": lambda: np.moveaxis(COLOUR, 3, 1),
    "tensor": lambda: torch.from_numpy(COLOUR),
    "floats that want a gradient": lambda: FLOATS.clone().requires_grad_(True),
    "rounded": lambda: FLOATS * 1.0000002 - 1e-7,
    "half": lambda: FLOATS.double(),
    "nested lists": lambda: (COLOUR / 255.0).tolist(),
    "list of tensors": lambda: list(FLOATS),
    "list of arrays": lambda: list(COLOUR),
    "PIL": lambda: pictures(COLOUR),
    "TensorDataset": lambda: TensorDataset(FLOATS),
    "map-style": lambda: Listed(list(FLOATS)),
    "map-style of PIL": lambda: Listed(pictures(COLOUR)),
    "of mappings": lambda: Listed([{"pixel_values": one} for one in FLOATS]),
    "Subset": lambda: Subset(Listed([*FLOATS, *FLOATS]), range(N)),
    "stream": lambda: Streamed(list(FLOATS)),
    "generator": lambda: (one for one in FLOATS),
    "loader": lambda: DataLoader(TensorDataset(FLOATS), batch_size=7),
    "loader that shuffles": lambda: DataLoader(
        TensorDataset(FLOATS), batch_size=7, shuffle=True, drop_last=True
    ),
    "loader of tensors": lambda: DataLoader(Listed(list(FLOATS)), batch_size=7),
    "loader of a stream": lambda: DataLoader(Streamed(list(FLOATS)), batch_size=7),
    "loader of single items": lambda: DataLoader(Listed(list(FLOATS)), batch_size=None),
    "loader with its own batches": lambda: DataLoader(
        Listed(list(FLOATS)), batch_sampler=BatchSampler(range(N), 7, drop_last=False)
    ),
}
LABELLED: dict[str, Callable[[], Any]] = {
    "pair": lambda: (COLOUR, LABELS),
    "pair of tensors": lambda: (FLOATS, torch.from_numpy(LABELS)),
    "pair of lists": lambda: (pictures(COLOUR), LABELS.tolist()),
    "pair with words": lambda: (FLOATS, list(WORDS)),
    "TensorDataset": lambda: TensorDataset(FLOATS, torch.from_numpy(LABELS)),
    "map-style with names": lambda: Listed(
        list(zip(pictures(COLOUR), LABELS.tolist(), strict=True)), CLASSES
    ),
    "list of pairs": lambda: list(zip(FLOATS, LABELS, strict=True)),
    "Subset with names": lambda: Subset(Listed(list(zip(FLOATS, LABELS, strict=True)), CLASSES), range(N)),
    "loader": lambda: DataLoader(TensorDataset(FLOATS, torch.from_numpy(LABELS)), batch_size=7, shuffle=True),
    "loader of mappings": lambda: DataLoader(
        Listed([{"img": x, "label": y} for x, y in zip(FLOATS, WORDS.tolist(), strict=True)]), batch_size=7
    ),
    "Hugging Face": Hugging,
}


def same(one: Dataset, other: Dataset, labels: bool = False) -> bool:
    return one.train.fingerprint(labels) == other.train.fingerprint(labels) and one.frame == other.frame


@pytest.mark.parametrize("name", COLOURED)
def test_samples_are_the_same_whatever_holds_them(name: str) -> None:
    assert same(as_dataset(COLOURED[name]()), as_dataset(COLOUR))


@pytest.mark.parametrize("name", LABELLED)
def test_so_are_labels(name: str) -> None:
    found = as_dataset(LABELLED[name](), say=lambda line: None)
    assert same(found, as_dataset((COLOUR, LABELS)), labels=True)
    has_names = any(word in name for word in ("words", "names", "mappings", "Hugging"))
    assert found.classes == (CLASSES if has_names else tuple("012"))


@pytest.mark.parametrize(
    "value", [GREY, COLOUR, VECTORS, (COLOUR, LABELS), (VECTORS, WORDS)], ids=lambda v: str(type(v))
)
def test_a_file_of_them_is_the_same_data_set(value: Any, tmp_path: Path) -> None:
    save_passed(read_passed(value), tmp_path / "kept.npz")
    assert same(load_data(tmp_path / "kept.npz"), as_dataset(value), labels=True)
    assert load_data(tmp_path / "kept.npz").classes == as_dataset(value).classes


def test_grey_pictures_stay_grey_unless_one_is_coloured() -> None:
    assert same(as_dataset(pictures(GREY)), as_dataset(GREY))
    assert as_dataset([*pictures(GREY), *pictures(COLOUR)]).shape == (3, 8, 8)


def test_pictures_of_several_sizes_are_cut_on_request() -> None:
    several = [Image.new("RGB", (20 + k, 16)) for k in range(20)]
    with pytest.raises(DataError, match="image_size"):
        as_dataset(several)
    assert as_dataset(several, options=LoadOptions(image_size=16)).shape == (3, 16, 16)


def test_an_endless_stream_is_read_up_to_a_bound_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "MOST_ITEMS", 50)

    class Endless(IterableDataset[Any]):
        def __iter__(self) -> Iterator[Any]:
            while True:
                yield torch.zeros(3)

    said: list[str] = []
    assert len(read_passed(Endless(), say=said.append).samples) == 50
    assert "first 50" in said[0]


def test_parts_that_are_neither_samples_nor_classes_are_named() -> None:
    said: list[str] = []
    found = as_dataset(TensorDataset(FLOATS, torch.rand(N), torch.rand(N)), say=said.append)
    assert found.classes == ()
    assert "part 1, part 2" in said[0]


def test_a_data_set_that_draws_is_the_same_every_time_and_leaves_the_global_generator_alone() -> None:
    class Flipped(Listed):
        def __getitem__(self, index: int) -> Any:
            return self.content[index] + torch.rand(1)

    before = torch.random.get_rng_state()
    one, other = (
        as_dataset(DataLoader(Flipped([torch.zeros(3)] * N), batch_size=7, shuffle=True)) for _ in range(2)
    )
    assert same(one, other)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_workers_give_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert same(
        as_dataset(DataLoader(TensorDataset(FLOATS), batch_size=9, num_workers=2)), as_dataset(COLOUR)
    )


class Broken(Listed):
    def __getitem__(self, index: int) -> Any:
        return self.content[index] / (index - 3)


class Table:
    def to_pandas(self) -> None: ...


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "a number": (lambda: 5, "got int"),
    "nothing": (lambda: None, "got nonetype"),
    "a mapping": (lambda: {"x": COLOUR, "z": 1}, "got dict"),
    "splits of arrays": (lambda: {"train": COLOUR, "test": COLOUR}, r"data\['train'\]"),
    "one-hot labels": (lambda: (COLOUR, np.eye(3)[LABELS]), "argmax"),
    "labels that are fractions": (lambda: (COLOUR, LABELS + 0.5), "whole numbers or strings"),
    "splits": (lambda: {"train": Hugging(), "test": Hugging()}, r"data\['train'\]"),
    "a table": (Table, "column"),
    "a set": (lambda: {1, 2}, "got set"),
    "a module": (lambda: torch.nn.Linear(2, 2), "got linear"),
    "ragged": (lambda: [[1.0, 2.0], [3.0]], "same shape"),
    "other shapes": (lambda: [torch.zeros(2), torch.zeros(3)], "sample 1 has"),
    "words": (lambda: [["a", "b"], ["c", "d"]], "real numbers"),
    "signed images": (lambda: FLOATS * 2 - 1, r"value_range=\"-1,1\""),
    "images to 255": (lambda: FLOATS * 255, r"value_range=\"0,255\""),
    "far outside": (lambda: FLOATS * 7000, "Scale them"),
    "NaN": (lambda: FLOATS * torch.nan, "finite"),
    "complex": (lambda: torch.zeros(5, 3, dtype=torch.complex64), "real numbers"),
    "sparse": (lambda: torch.eye(5).to_sparse(), "to_dense"),
    "masked": (lambda: np.ma.masked_less(VECTORS, 0), "masked"),
    "a mapping without an image": (lambda: Listed([{"a": 1}]), "have a"),
    "an item that fails": (lambda: Broken([1.0] * 9), "item 3 .* ZeroDivisionError"),
    "no items": (lambda: Listed([]), "holds no samples"),
    "empty": (lambda: torch.zeros(0, 3), "empty"),
    "one": (lambda: torch.zeros(1, 3), "at least 2"),
    "rank 1": (lambda: [1.0, 2.0, 3.0], r"has \(3,\)"),
    "too few labels": (lambda: (FLOATS, LABELS[1:]), rf"has {N} samples and {N - 1} labels"),
    "labels that are no classes": (lambda: (FLOATS, [1, "a"] * (N // 2)), "labels must be"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_everything_else_is_an_error_that_names_it(name: str) -> None:
    value, words = REFUSED[name]
    with pytest.raises(FganError, match=words):
        as_dataset(value())


SMALL: dict[str, Any] = {"steps": 2, "batch_size": 8, "width": 8, "say": lambda line: None}


@pytest.mark.parametrize("name", ["tensor", "PIL", "loader", "TensorDataset"])
def test_every_door_takes_them(name: str, tmp_path: Path) -> None:
    value = COLOURED[name]
    done = fgan.train(value(), tmp_path / "a", **SMALL)
    other = fgan.train("mine", tmp_path / "b", dataset=value(), **SMALL)
    assert done.bound == other.bound
    found = fgan.evaluate(value(), value(), metrics="kid", n=40, extractor="pixels", say=lambda line: None)
    assert found["kid"].value < 0.01


def test_training_on_classes_that_came_with_the_samples(tmp_path: Path) -> None:
    fgan.train(LABELLED["Hugging Face"](), tmp_path / "a", conditional=True, **SMALL)
    assert fgan.load(tmp_path / "a").sample(3, label="bee").shape == (3, 3, 8, 8)  # pyright: ignore[reportAttributeAccessIssue]


def test_no_door_prints_the_samples(tmp_path: Path) -> None:
    with pytest.raises(FganError) as refused:
        fgan.train({"x": FLOATS, "z": 1}, tmp_path / "a")
    assert len(str(refused.value)) < 500


def test_hugging_face_is_no_dependency() -> None:
    assert "datasets" not in sys.modules


def test_an_object_array_of_arrays_is_an_array():
    boxed = np.empty(N, object)
    boxed[:] = list(GREY)
    assert torch.equal(as_dataset(boxed).train.values, as_dataset(GREY).train.values)
    assert as_dataset(VECTORS.astype(object)).shape == (3,)


def test_a_tensor_without_content_is_refused():
    with pytest.raises(DataError, match="device meta"):
        as_dataset(torch.rand(20, 1, 8, 8, device="meta"))


def test_pictures_by_pillow_are_decoded_as_their_files_are(tmp_path: Path) -> None:
    clear = np.full((12, 8, 8, 4), 255, np.uint8)
    clear[..., 3] = GREY[:12]
    deep = GREY[:12].astype(np.uint16) * 16
    for name, arrays, options in (
        ("clear", clear, {}),
        ("clear on grey", clear, {"background": "grey"}),
        ("grey with alpha", clear[..., 2:], {}),
        ("deep", deep, {"value_range": "data"}),
        ("deep clipped", deep, {"value_range": "0,2000"}),
    ):
        (tmp_path / name).mkdir()
        pictures = [Image.fromarray(array) for array in arrays]
        for k, picture in enumerate(pictures):
            picture.save(tmp_path / name / f"{k:02}.png")
        files = sorted((tmp_path / name).iterdir())
        wanted = load_data(tmp_path / name, image_size=8, **options)
        for passed in (pictures, files, [str(file) for file in files]):
            found = as_dataset(passed, options=LoadOptions(**options))
            assert torch.equal(found.train.values, wanted.train.values), name
            assert found.record is not None and wanted.record is not None
            assert found.record.values == wanted.record.values
            assert found.record.notes == wanted.record.notes


def test_samples_by_the_name_of_their_class() -> None:
    data = as_dataset({"cat": COLOUR[:20], "dog": COLOUR[20:]})
    assert data.classes == ("cat", "dog") and data.train.labels is not None
    assert as_dataset({"x": GREY, "y": LABELS}).classes == ("0", "1", "2")
    assert as_dataset([torch.from_numpy(COLOUR), torch.from_numpy(LABELS)]).classes == ("0", "1", "2")
