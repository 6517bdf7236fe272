import io

import numpy as np
import pytest
import torch
from PIL import Image

from fgan.data import load_data
from fgan.errors import DataError

RNG = np.random.default_rng(0)
SMOOTH = np.linspace(0, 1, 64).reshape(8, 8)


def pictures(tmp_path, arrays, suffix=".png"):
    for k, array in enumerate(arrays):
        Image.fromarray(array).save(tmp_path / f"{k:02}{suffix}")
    return tmp_path


def ramps(most, dtype, count=10):
    return [(SMOOTH * most * (k + 1) / count).astype(dtype) for k in range(count)]


@pytest.mark.parametrize(
    ("most", "dtype", "suffix"),
    [
        (4095, np.uint16, ".png"),
        (1023, np.uint16, ".tif"),
        (16383, np.uint16, ".png"),
        (3000, np.int32, ".tif"),
        (0.01, np.float32, ".tif"),
    ],
)
def test_values_far_below_their_scale_are_said_and_scaled_on_request(tmp_path, most, dtype, suffix, notes):
    path = pictures(tmp_path, ramps(most, dtype), suffix)
    load_data(path, image_size=8, say=notes.append)
    assert any("of 256 levels" in note and "--value-range data" in note for note in notes)
    data = load_data(path, image_size=8, value_range="data", say=notes.append)
    assert (int(data.train.values.min()), int(data.train.values.max())) == (0, 255)
    assert len(data.train.values.unique()) > 150 and "is black" in data.record.notes[0]


def test_one_range_serves_all_pictures(tmp_path):
    path = pictures(tmp_path, ramps(4000, np.uint16))
    data = load_data(path, image_size=8, value_range="data")
    tops = sorted(data.train.values.flatten(1).max(1).values.tolist())
    assert tops[0] < 60 and tops[-1] > 220  # a dark picture stays dark


@pytest.mark.parametrize("kind", ["png", "npy", "idx"])
def test_masks_of_0_and_1_are_noticed(tmp_path, notes, idx_bytes, kind):
    masks = (RNG.random((20, 8, 8)) < 0.5).astype(np.uint8)
    if kind == "png":
        name = str(pictures(tmp_path, masks))
    elif kind == "npy":
        np.save(tmp_path / "a.npy", masks)
        name = str(tmp_path / "a.npy")
    else:
        (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(masks))
        name = f"idx:{tmp_path}"
    size = {"image_size": 8} if kind == "png" else {}
    load_data(name, say=notes.append, **size)
    assert any("(nearly) one colour" in note and "--value-range data" in note for note in notes)
    for choice in ("data", "0,1"):
        assert load_data(name, value_range=choice, **size).train.values.unique().tolist() == [0, 255]


def test_ordinary_pictures_and_full_masks_are_not_spoken_of(tmp_path, notes):
    np.save(tmp_path / "a.npy", (RNG.random((20, 8, 8)) < 0.5).astype(np.uint8) * 255)
    np.save(tmp_path / "b.npy", RNG.integers(0, 65536, (20, 8, 8)).astype(np.uint16))
    for name in ("a.npy", "b.npy"):
        assert load_data(tmp_path / name, say=notes.append).record.notes == ()


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.int64, np.float32, np.float64])
def test_arrays_of_any_numbers_are_images_by_their_range(tmp_path, dtype):
    array = RNG.integers(0, 3000, (20, 8, 8)).astype(dtype)
    np.save(tmp_path / "a.npy", array)
    if dtype != np.uint16:
        with pytest.raises(DataError, match="--value-range"):
            load_data(tmp_path / "a.npy")
    by_data = load_data(tmp_path / "a.npy", value_range="data").train.values
    by_hand = load_data(tmp_path / "a.npy", value_range=f"{array.min()},{array.max()}").train.values
    assert by_data.equal(by_hand) and by_data.max() == 255 and by_data.min() == 0


def test_values_beyond_a_given_range_are_clipped_and_said(tmp_path, notes):
    path = pictures(tmp_path, ramps(4095, np.uint16))
    data = load_data(path, image_size=8, value_range="0,1000", say=notes.append)
    assert data.train.values.max() == 255 and any("clipped to --value-range 0,1000" in note for note in notes)


def test_a_range_of_one_value_is_refused(tmp_path):
    with pytest.raises(DataError, match="at least two distinct values"):
        load_data(pictures(tmp_path, [np.full((8, 8), 7, np.uint8)] * 3), image_size=8, value_range="data")


def icons(colour, count=10, mode="RGBA"):
    found = []
    for _ in range(count):
        icon = np.full((8, 8, 4), colour, np.uint8)
        icon[..., 3] = RNG.integers(0, 2, (8, 8)) * 255
        found.append(icon if mode == "RGBA" else icon[..., 2:])
    return found


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize(
    ("colour", "levels"), [(255, [0, 255]), (251, [0, 251]), (0, [0, 255]), (90, [90, 255])]
)
def test_transparent_pictures_stay_visible(tmp_path, notes, mode, colour, levels):
    path = pictures(tmp_path, icons(colour, mode=mode))
    data = load_data(path, image_size=8, say=notes.append)
    assert data.train.values.unique().tolist() == levels
    assert any("placed on black" in note for note in notes) == (colour > 250)
    white = load_data(path, image_size=8, background="white", say=notes.append)
    assert white.train.values.unique().tolist() == sorted({colour, 255})
    red = load_data(path, image_size=8, background="#ff0000")
    assert red.train.values[:, 0].unique().tolist() == sorted({colour, 255}) and red.shape == (3, 8, 8)


def test_white_and_black_icons_together_are_laid_on_grey(tmp_path, notes):
    data = load_data(pictures(tmp_path, icons(255, 6) + icons(0, 4)), image_size=8, say=notes.append)
    assert data.train.values.unique().tolist() == [0, 128, 255] and any(
        "placed on grey" in note for note in notes
    )


def test_a_few_that_vanish_are_said_and_change_nothing(tmp_path, notes):
    data = load_data(pictures(tmp_path, icons(255, 2) + icons(0, 8)), image_size=8, say=notes.append)
    assert data.train.values.unique().tolist() == [0, 255]
    assert any("2 of 10 transparent pictures are (nearly) constant on white" in note for note in notes)


def animation(kind, count=4, **options):
    frames = [Image.fromarray(RNG.integers(0, 256, (8, 8), dtype=np.uint8)) for _ in range(count)]
    memory = io.BytesIO()
    frames[0].save(memory, format=kind, save_all=True, append_images=frames[1:], **options)
    return memory.getvalue()


@pytest.mark.parametrize(
    ("kind", "options"), [("GIF", {}), ("TIFF", {}), ("PNG", {}), ("WEBP", {"lossless": True})]
)
def test_frames_and_pages_are_counted_and_taken_on_request(tmp_path, notes, kind, options):
    for k in range(3):
        (tmp_path / f"{k}.{kind.lower()}").write_bytes(animation(kind, **options))
    data = load_data(tmp_path, image_size=8, say=notes.append)
    assert len(data.train) + len(data.held_out) == 3
    assert any("further frames or pages (9): 0." in note for note in notes) and any(
        "--frames all" in n for n in notes
    )
    whole = load_data(tmp_path, image_size=8, frames="all", strict=True)
    assert len(whole.train) + len(whole.held_out) == 12 and whole.record.left_out == ()
    with pytest.raises(DataError, match=r"strict.*--frames all"):
        load_data(tmp_path, image_size=8, strict=True)
    assert len(load_data(tmp_path, image_size=8, frames="first", strict=True).train) == 2


def test_one_file_of_pages_is_a_data_set(tmp_path):
    (tmp_path / "stack.dat").write_bytes(animation("TIFF", 20))
    data = load_data(tmp_path / "stack.dat", image_size=8, frames="all")
    assert len(data.train) == 18 and data.shape == (1, 8, 8)


def test_columns_that_float32_cannot_keep_apart_are_said(tmp_path, notes):
    seconds = 1.7e9 + RNG.random(50) * 100
    np.save(tmp_path / "a.npy", np.stack([RNG.random(50), seconds], 1))
    load_data(tmp_path / "a.npy", say=notes.append)
    assert any("column 1" in note and "float64" in note for note in notes)
    np.save(tmp_path / "b.npy", np.stack([RNG.random(50), 1e6 + RNG.random(50) * 1000], 1))
    assert load_data(tmp_path / "b.npy").record.notes == ()


def seconds_of_an_hour(n=400):
    rows = np.random.default_rng(3).uniform(0, 3600, n)
    return np.stack([1.7e9 + rows, np.random.default_rng(4).normal(size=n)], 1)


def test_columns_that_float32_cannot_keep_apart_are_centred_in_float64(tmp_path):
    exact = seconds_of_an_hour()
    np.save(tmp_path / "a.npy", exact)
    data = load_data(tmp_path / "a.npy")
    held = torch.cat([data.train.values, data.held_out.values])
    assert held.dtype == torch.float32 and len(held[:, 0].unique()) == 400
    assert data.frame.origin[0] == exact[:, 0].mean() and data.frame.origin[1] == 0
    assert data.frame.unit[1] == 1 and data.frame.scale[0] == pytest.approx(1, abs=0.1)
    found = np.sort(data.frame.outward(held).numpy(), axis=0)
    assert np.abs(found - np.sort(exact, axis=0)).max() < 1e-3
    assert type(data.frame).from_json(data.frame.to_json()) == data.frame
    assert data.record.values["column 0, scale"] == exact[:, 0].std()


def test_other_columns_stay_as_they_are(tmp_path):
    np.save(tmp_path / "a.npy", seconds_of_an_hour()[:, 1:])
    frame = load_data(tmp_path / "a.npy").frame
    assert frame.origin == () and set(frame.to_json()) == {"shape", "value_range", "center", "scale"}
