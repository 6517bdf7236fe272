import pickle
import zipfile

import numpy as np
import pytest
import torch

from fgan.data import TensorSource, load_data, save_array
from fgan.data.dataset import as_float
from fgan.errors import DataError
from fgan.frame import Frame

RNG = np.random.default_rng(0)


def saved(tmp_path, array):
    path = tmp_path / "a.npy"
    np.save(path, array, allow_pickle=False)
    return str(path)


def all_values(data):
    assert isinstance(data.train, TensorSource) and isinstance(data.held_out, TensorSource)
    return torch.cat([data.train.values, data.held_out.values])


def as_set(values):
    return {row.tobytes() for row in np.ascontiguousarray(values)}


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", ">f8", "int64", "uint8", "bool"])
def test_rank_2_is_vectors_with_their_own_mean_and_spread(tmp_path, dtype, generator):
    array = (RNG.normal(size=(500, 3)) * [1, 10, 3] + [5, 50, 9]).clip(0, 200).astype(dtype)
    data = load_data(saved(tmp_path, array))
    assert data.shape == (3,) and data.frame.value_range is None and data.modes is None
    assert as_set(all_values(data).numpy()) == as_set(array.astype(np.float32))
    train = data.train.values
    assert train.dtype == torch.float32 and len(train) == 450
    framed = (train - torch.tensor(data.frame.center)) / torch.tensor(data.frame.scale)
    assert torch.allclose(framed.mean(0), torch.zeros(3), atol=1e-4)
    spread = framed.std(0, correction=0)
    assert torch.allclose(spread, torch.ones(3) if dtype != "bool" else spread, atol=1e-4)
    assert data.train.draw(4, generator).shape == (4, 3)


def test_a_constant_feature_has_scale_1(tmp_path):
    array = RNG.normal(size=(50, 3))
    array[:, 1] = 0.1
    array[:, 2] = 1e-45
    data = load_data(saved(tmp_path, array))
    assert data.frame.scale[1:] == (1, 1) and data.frame.center[1] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((20, 6, 5), (1, 6, 5)),
        ((20, 6, 5, 1), (1, 6, 5)),
        ((20, 6, 5, 3), (3, 6, 5)),
        ((20, 1, 6, 5), (1, 6, 5)),
        ((20, 3, 6, 5), (3, 6, 5)),
        ((20, 3, 3, 3), (3, 3, 3)),
    ],
)
def test_ranks_3_and_4_are_images_channels_first_or_last(tmp_path, shape, expected, generator):
    array = RNG.integers(0, 256, shape, dtype=np.uint8)
    data = load_data(saved(tmp_path, array))
    assert data.frame == Frame.of_images(expected)
    channels_last = len(shape) == 4 and shape[3] in (1, 3)
    first = np.moveaxis(array, 3, 1) if channels_last else array
    assert all_values(data).dtype == torch.uint8
    assert as_set(all_values(data).numpy()) == as_set(first)
    assert data.train.draw(2, generator).shape == (2, *expected)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_float_images_are_rounded_to_bytes(tmp_path, dtype):
    array = RNG.random((10, 4, 4)).astype(dtype)
    array[0, 0, 0], array[0, 0, 1] = 0, 1
    held = all_values(load_data(saved(tmp_path, array)))
    assert held.dtype == torch.uint8
    assert as_set(held.numpy()) == as_set(np.rint(array * 255).astype(np.uint8))


def test_boolean_images_are_black_and_white(tmp_path):
    held = all_values(load_data(saved(tmp_path, RNG.random((10, 4, 4)) < 0.5)))
    assert held.unique().tolist() == [0, 255]


def with_value(value, shape=(10, 3)):
    array = RNG.random(shape)
    array[4, 1] = value
    array[7, 2] = value
    return array


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.float64(3), r"has \(\)"),
        (np.zeros(5), r"has \(5,\)"),
        (np.zeros((4, 2, 3, 3, 3)), r"has \(4, 2, 3, 3, 3\)"),
        (np.zeros((0, 3)), r"empty.*\(0, 3\)"),
        (np.zeros((5, 0)), "empty"),
        (np.zeros((5, 0, 4), np.uint8), "empty"),
        (np.zeros((1, 3)), "at least 2 samples"),
        (np.zeros((5, 3), complex), "real numbers.*complex128"),
        (np.array([["a", "b"], ["c", "d"]]), "real numbers.*<U1"),
        (np.zeros((5, 3), "datetime64[s]"), "real numbers.*datetime64"),
        (np.zeros((5, 3), [("x", "f4")]), "real numbers"),
        (with_value(np.nan), "2 of 30 values of .* are NaN or infinite, the first in row 4"),
        (with_value(-np.inf), "2 of 30 values of .* are NaN or infinite, the first in row 4"),
        (with_value(np.nan, (10, 4, 4)), "8 of 160 values of .* are NaN or infinite, the first in row 4"),
        (with_value(1e39), "float32.*2 of 30 values of .* are too large, the first in row 4"),
        (with_value(1.5, (10, 4, 4)), r"lie in \[0, 1\].* to 1.5.*uint8"),
        (with_value(-0.5, (10, 4, 4)), r"lie in \[0, 1\].*-0.5 to"),
        (np.zeros((5, 4, 4), np.int64), r"int64.*astype\(\"uint8\"\)"),
        (np.zeros((5, 4, 4, 4), np.uint8), r"1 or 3 channels.*\(5, 4, 4, 4\)"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_cannot_be_trained_on_is_refused(tmp_path, array, words):
    with pytest.raises(DataError, match=words) as caught:
        load_data(saved(tmp_path, array))
    assert "a.npy" in str(caught.value)


class Dangerous:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was executed",))


def test_pickles_are_refused_and_not_run(tmp_path):
    objects = np.array([[Dangerous(), 1], [2, 3]], dtype=object)
    np.save(tmp_path / "o.npy", objects)
    np.savez(tmp_path / "o.npz", x=objects)
    (tmp_path / "p.npy").write_bytes(pickle.dumps(Dangerous()))
    for name, words in (
        ("o.npy", "object.*pickle"),
        ("o.npz", "object.*pickle"),
        ("p.npy", "neither .npy nor .npz"),
    ):
        with pytest.raises(DataError, match=words):
            load_data(str(tmp_path / name))


def test_damaged_files_are_refused(tmp_path):
    whole = tmp_path / "a.npy"
    np.save(whole, np.zeros((100, 3)))
    raw = whole.read_bytes()
    np.savez(tmp_path / "z.npz", x=np.zeros((100, 3)))
    packed = (tmp_path / "z.npz").read_bytes()
    cases = {
        "text.npy": (b"1,2\n3,4\n", "neither"),
        "empty.npz": (b"", "neither"),
        "short.npy": (raw[:-8], "is damaged"),
        "header.npy": (raw[:40], "is damaged"),
        "shape.npy": (raw.replace(b"(100, 3)", b"(9e9, 3)"), "is damaged"),
        "bracket.npy": (raw.replace(b"(100, 3)", b"(100, 3 "), "is damaged"),
        "huge.npy": (raw.replace(b"(100, 3), }      ", b"(99999999999, 3)}"), "is damaged"),
        "short.npz": (packed[:-60], "is damaged"),
        "flipped.npz": (packed.replace(b"NUMPY", b"NUMPI"), "is damaged|holds something else"),
    }
    for name, (content, words) in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=words) as caught:
            load_data(str(tmp_path / name))
        assert name in str(caught.value)


@pytest.mark.parametrize(
    "names",
    [["anything"], ["y"], ["x", "target"], ["z", "images"], ["samples", "b"], ["arr_0", "z"], ["data", "q"]],
)
def test_npz_takes_the_only_array_or_the_one_with_a_usual_name(tmp_path, names):
    wanted = (
        names[0]
        if len(names) == 1
        else next(n for n in names if n in ("x", "images", "samples", "data", "arr_0"))
    )
    arrays = {n: np.full((20, 2), 7.0) if n == wanted else np.zeros(3) for n in names}
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    assert (all_values(load_data(str(tmp_path / "a.npz"))) == 7).all()


LABELLED = np.arange(40.0).reshape(20, 2)


def labelled_npz(tmp_path, samples=LABELLED, **arrays):
    np.savez(tmp_path / "a.npz", x=samples, **arrays)
    return str(tmp_path / "a.npz")


@pytest.mark.parametrize("key", ["y", "labels", "label"])
@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (np.arange(20) % 3 * 5 - 5, ("-5", "0", "5")),
        (np.arange(20)[:, None] % 2, ("0", "1")),
        (np.arange(20, dtype=np.uint64) % 2 + 2**63, (str(2**63), str(2**63 + 1))),
        (np.arange(20) % 2 == 0, ("False", "True")),
        (np.array(["dog", "cat"] * 10), ("cat", "dog")),
        (np.zeros(20, int), ()),
    ],
)
def test_npz_labels_stay_with_their_samples_and_name_the_classes(tmp_path, key, values, classes):
    data = load_data(labelled_npz(tmp_path, **{key: values}))
    assert data.classes == classes
    for source in (data.train, data.held_out):
        if not classes:
            assert source.labels is None
            continue
        rows = (source.values[:, 0] / 2).long()
        assert [classes[k] for k in source.labels] == [str(v) for v in values.reshape(-1)[rows].tolist()]


def test_npz_images_have_labels_too(tmp_path):
    images = np.arange(20, dtype=np.uint8)[:, None, None].repeat(4, 1).repeat(4, 2)
    data = load_data(labelled_npz(tmp_path, images, y=np.arange(20) // 10))
    assert data.classes == ("0", "1")
    assert torch.equal(data.train.labels, data.train.values[:, 0, 0, 0].long() // 10)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"y": np.zeros(19, int)}, r"one per sample.*20 samples.*int64.*\(19,\)"),
        ({"y": np.zeros((20, 2), int)}, r"\(20, 2\)"),
        ({"y": np.int64(3)}, r"shape \(\)"),
        ({"label": np.zeros(20)}, r'float64.*astype\("int64"\)'),
        ({"label": np.array([b"a"] * 20)}, r"\|S1"),
        ({"labels": np.array(["a", 1] * 10, dtype=object)}, "object, which needs pickle"),
        ({"y": np.zeros(20, int), "label": np.zeros(20, int)}, "at most one array of labels.*has y, label"),
    ],
)
def test_npz_labels_that_are_none_are_refused(tmp_path, arrays, words):
    with pytest.raises(DataError, match=words) as caught:
        load_data(labelled_npz(tmp_path, **arrays))
    assert "a.npz" in str(caught.value)


def test_npz_labels_that_are_no_array_are_refused(tmp_path):
    path = labelled_npz(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("y", b"no array")
    with pytest.raises(DataError, match="labels that are not an array"):
        load_data(path)


@pytest.mark.parametrize("names", [["a", "labels"], ["a", "b", "y"]])
def test_labels_do_not_make_the_samples_obvious(tmp_path, names):
    np.savez(tmp_path / "a.npz", **{n: np.zeros((4, 2)) for n in names})
    with pytest.raises(DataError, match="cannot tell which array"):
        load_data(str(tmp_path / "a.npz"))


@pytest.mark.parametrize("names", [["a", "b"], ["x", "data"], []])
def test_npz_without_an_obvious_array_lists_its_keys(tmp_path, names):
    if names:
        np.savez(tmp_path / "a.npz", **{n: np.zeros((4, 2)) for n in names})
    else:
        zipfile.ZipFile(tmp_path / "a.npz", "w").close()
    with pytest.raises(DataError, match=f"it has {', '.join(names) or 'no array'}.*arr_0"):
        load_data(str(tmp_path / "a.npz"))


def test_an_npz_of_something_else_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.png", b"no array")
    with pytest.raises(DataError, match="must hold arrays"):
        load_data(str(tmp_path / "a.npz"))


def test_the_file_may_be_removed_after_loading(tmp_path):
    path = saved(tmp_path, np.full((20, 4, 4), 9, np.uint8))
    data = load_data(path)
    (tmp_path / "a.npy").write_bytes(b"")
    assert (all_values(data) == 9).all()


def test_saved_samples_are_read_back(tmp_path):
    grey, colour, vectors = torch.rand(6, 1, 4, 5), torch.rand(6, 3, 4, 5), torch.randn(6, 3)
    for name, samples in {"grey": grey, "colour": colour, "vectors": vectors}.items():
        save_array(samples, tmp_path / "new" / f"{name}.npy")
    assert np.load(tmp_path / "new" / "grey.npy").shape == (6, 4, 5)
    assert np.load(tmp_path / "new" / "colour.npy").shape == (6, 4, 5, 3)
    for name, samples in {"grey": grey, "colour": colour, "vectors": vectors}.items():
        data = load_data(str(tmp_path / "new" / f"{name}.npy"))
        read = torch.cat([as_float(data.train.values), as_float(data.held_out.values)])
        assert data.shape == samples.shape[1:]
        tolerance = 0 if name == "vectors" else 0.5 / 255 + 1e-6
        gap = (samples.flatten(1)[:, None] - read.flatten(1)[None]).abs().amax(2).amin(1)
        assert (gap <= tolerance).all()


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot"):
        save_array(torch.zeros(2, 2), tmp_path / "file" / "x.npy")


def test_a_shape_that_could_be_read_both_ways_is_said(tmp_path):
    narrow = RNG.integers(0, 256, (20, 3, 8, 3), dtype=np.uint8)
    (note,) = load_data(saved(tmp_path, narrow)).record.notes
    assert "channels are assumed to be last" in note and "3 high and 8 wide" in note
    (tmp_path / "b").mkdir()
    assert load_data(saved(tmp_path / "b", np.moveaxis(narrow, 1, -1))).record.notes == ()
