import io
import time
import warnings
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from fgan.data import TensorSource, archives, images, load_data
from fgan.errors import DataError

RNG = np.random.default_rng(0)


def encoded(image, kind="PNG", **options):
    memory = io.BytesIO()
    image.save(memory, format=kind, **options)
    return memory.getvalue()


def noise(size=(32, 32), channels=3):
    shape = (size[1], size[0]) if channels == 1 else (size[1], size[0], channels)
    return Image.fromarray(RNG.integers(0, 256, shape, dtype=np.uint8))


def plain(value, mode="RGB", size=(32, 32)):
    return Image.new(mode, size, value)


@pytest.fixture
def folder(tmp_path):
    """Make a folder from {name: bytes}."""

    def make(files):
        root = tmp_path / "pictures"
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return str(root)

    return make


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return str(path)


def all_values(data):
    assert isinstance(data.train, TensorSource) and isinstance(data.held_out, TensorSource)
    return torch.cat([data.train.values, data.held_out.values])


def only_value(data):
    """Return the one picture, (C, H, W), that the data set repeats."""
    values = all_values(data)
    assert (values == values[0]).all()
    return values[0]


def load_same(folder, content, suffix=".png", **options):
    return only_value(load_data(folder({f"a{suffix}": content, f"b{suffix}": content}), **options))


def test_a_folder_of_any_depth_and_format(folder, notes, generator):
    kinds = {
        "a.png": "PNG",
        "x/b.JPG": "JPEG",
        "x/y/c.webp": "WEBP",
        "d.bmp": "BMP",
        "e.gif": "GIF",
        "f.tiff": "TIFF",
    }
    ignored = {
        ".hidden.png": b"?",
        ".git/g.png": b"?",
        "__MACOSX/a.png": b"?",
        "notes.txt": b"?",
        "labels.csv": b"1",
    }
    path = folder({name: encoded(noise(), kind) for name, kind in kinds.items()} | ignored)
    data = load_data(path, say=notes.append)
    assert data.name == path and data.shape == (3, 32, 32) and data.frame.value_range == (0.0, 1.0)
    assert all_values(data).shape == (6, 3, 32, 32) and all_values(data).dtype == torch.uint8
    said = "\n".join(notes)
    assert "6 samples of 3x32x32; 5 for training, 1 held out" in said and "resized" not in said
    assert {one.reason: (one.count, one.matters) for one in data.record.left_out} == {
        "hidden and side files": (3, False), "files that are not pictures": (2, False)
    }  # fmt: skip
    load_data(path, say=notes.append, strict=True)  # nothing of substance was left out
    drawn = data.train.draw(8, generator)
    assert drawn.shape == (8, 3, 32, 32) and drawn.min() >= 0 and drawn.max() <= 1


def test_a_picture_that_has_the_size_keeps_its_pixels_and_the_order_is_that_of_names(folder):
    pictures = {f"{k:02}.png": noise() for k in range(20)}
    path = folder({name: encoded(picture) for name, picture in reversed(pictures.items())})
    first, second = load_data(path), load_data(path)
    assert torch.equal(all_values(first), all_values(second))
    order = torch.randperm(20, generator=torch.Generator().manual_seed(0))
    stacked = torch.stack([torch.from_numpy(np.array(p)).permute(2, 0, 1) for p in pictures.values()])
    assert torch.equal(first.train.values, stacked[order[2:]])
    assert torch.equal(first.held_out.values, stacked[order[:2]])


def test_a_zip_gives_what_the_folder_gives_and_is_not_extracted(folder, tmp_path):
    files = {f"d/{k}.png": encoded(noise()) for k in range(10)}
    archive = zipped(
        tmp_path / "p.ZIP", files | {"__MACOSX/d/._1.png": b"?", "d/.x.png": b"?", "README": b"?"}
    )
    before = sorted(tmp_path.iterdir())
    from_zip = load_data(archive)
    assert sorted(tmp_path.iterdir()) == before
    assert torch.equal(all_values(from_zip), all_values(load_data(folder(files))))


def test_the_size_is_said_when_it_was_assumed_and_only_then(folder, notes):
    path = folder({"a.png": encoded(noise((40, 32))), "b.png": encoded(noise())})
    assert load_data(path, say=notes.append).shape == (3, 32, 32)
    assert sum("resized" in note and "32x32" in note for note in notes) == 1
    assert load_data(path, image_size=16, say=notes.append).shape == (3, 16, 16)
    assert sum("resized" in note for note in notes) == 1


def test_the_middle_of_the_longer_side_is_kept(folder):
    wide = np.zeros((40, 120, 3), np.uint8)
    wide[:, 40:80] = 200
    assert (load_same(folder, encoded(Image.fromarray(wide)), image_size=40) == 200).all()
    tall = Image.fromarray(wide.transpose(1, 0, 2).copy())
    halved = load_same(folder, encoded(tall), image_size=20).int()
    assert (halved - 200).abs().max() <= 20  # Lanczos' filter overshoots a little beside the black


def test_shrinking_averages_rather_than_picking_pixels(folder):
    board = np.indices((128, 128)).sum(0) % 2 * 255
    small = load_same(folder, encoded(Image.fromarray(board.astype(np.uint8))), image_size=16)
    assert small.shape == (1, 16, 16)
    assert ((small.float() - 127.5).abs() < 4).all()


def test_exif_orientation_is_followed(folder):
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:, :16] = 255  # the left half is white; turned clockwise it becomes the upper half
    exif = Image.Exif()
    exif[0x0112] = 6
    shown = load_same(folder, encoded(Image.fromarray(pixels), exif=exif))
    assert (shown[:, :16] == 255).all() and (shown[:, 16:] == 0).all()


def palette_with_clear():
    image = Image.new("P", (32, 32), 0)
    image.putpalette([10, 20, 30] + [0] * 765)
    return encoded(image, transparency=0)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (encoded(plain((255, 0, 0, 0), "RGBA")), [255, 255, 255]),
        (encoded(plain((200, 0, 100, 128), "RGBA")), [227, 127, 177]),
        (encoded(plain((0, 0), "LA")), [255]),
        (encoded(plain((100, 255), "LA")), [100]),
        (palette_with_clear(), [255, 255, 255]),
        (encoded(plain((1, 2, 3)), transparency=(1, 2, 3)), [255, 255, 255]),
        (encoded(plain(7, "L"), transparency=7), [255]),
        (encoded(plain(1, "1")), [255]),
        (encoded(plain(0, "1")), [0]),
        (encoded(plain(90, "L")), [90]),
    ],
)
def test_transparency_is_laid_on_white_and_grey_stays_grey(folder, content, expected):
    shown = load_same(folder, content)
    assert shown.shape == (len(expected), 32, 32)
    assert (shown.int() - torch.tensor(expected).reshape(-1, 1, 1)).abs().max() <= 1


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
def test_deep_grey_is_scaled_and_not_clipped(folder, mode):
    deep = (
        np.linspace(0, 65535, 1024).reshape(32, 32).astype({"I;16": "<u2", "I;16B": ">u2", "I": "<i4"}[mode])
    )
    image = Image.frombytes(mode, (32, 32), deep.tobytes())
    suffix, kind = (".tiff", "TIFF") if mode != "I;16" else (".png", "PNG")
    shown = load_same(folder, encoded(image, kind), suffix)
    assert shown.shape == (1, 32, 32)
    assert np.array_equal(shown[0].numpy(), np.rint(deep / 257).astype(np.uint8))


def test_float_grey_between_0_and_1_is_scaled_and_other_values_are_refused(folder, notes):
    good = Image.fromarray(np.linspace(0, 1, 1024, dtype=np.float32).reshape(32, 32))
    wrong = Image.fromarray(np.full((32, 32), 7, np.float32))
    path = folder(
        {"a.tiff": encoded(good, "TIFF"), "b.tiff": encoded(good, "TIFF"), "c.tiff": encoded(wrong, "TIFF")}
    )
    shown = only_value(load_data(path, say=notes.append))
    assert shown.min() == 0 and shown.max() == 255 and shown.shape[0] == 1
    assert notes[1].startswith(
        "skipped: pictures that cannot be read (1): c.tiff (grey values 7 to 7 outside 0 to 1;"
    )
    assert "--value-range" in notes[1]


def test_other_colour_spaces_become_rgb(folder):
    shown = load_same(folder, encoded(plain((0, 255, 255, 0), "CMYK"), "JPEG", quality=95), ".jpg")
    assert shown.shape == (3, 32, 32)
    assert (shown.float().mean((1, 2)) - torch.tensor([255.0, 0, 0])).abs().max() < 6


def test_one_coloured_picture_makes_all_rgb(folder):
    grey = {f"{k}.png": encoded(plain(40 + k, "L")) for k in range(4)}
    assert load_data(folder(grey)).shape == (1, 32, 32)
    data = load_data(folder(grey | {"z.png": encoded(plain((1, 2, 3)))}))
    assert data.shape == (3, 32, 32)
    colours = sorted(tuple(picture[:, 0, 0].tolist()) for picture in all_values(data))
    assert colours == [(1, 2, 3), (40,) * 3, (41,) * 3, (42,) * 3, (43,) * 3]


BROKEN = {
    "b-text.png": (b"no picture", "no picture that Pillow recognises"),
    "c-cut.png": (encoded(noise())[:-300], "truncated"),
    "d-empty.jpg": (b"", "no picture that Pillow recognises"),
    "e-cut.jpg": (encoded(noise((200, 200)), "JPEG")[:3000], "truncated"),
}


@pytest.mark.parametrize("packed", [False, True])
def test_broken_pictures_are_skipped_counted_and_named_with_a_reason(folder, tmp_path, notes, packed):
    files = {"a.png": encoded(noise()), "f.png": encoded(noise())} | {
        name: raw for name, (raw, _) in BROKEN.items()
    }
    path = zipped(tmp_path / "a.zip", files) if packed else folder(files)
    assert len(all_values(load_data(path, say=notes.append))) == 2
    note = notes[1]
    assert note.startswith("skipped: pictures that cannot be read (4): b-text.png (")
    for name, (_, reason) in BROKEN.items():
        assert name in note and reason in note
    with pytest.raises(DataError, match=r"strict.*b-text\.png \(no picture"):
        load_data(path, strict=True, say=notes.append)


def test_a_long_list_of_broken_pictures_is_cut_short(folder, notes):
    files = {f"{k:03}.png": b"?" for k in range(100)} | {"x.png": encoded(noise()), "y.png": encoded(noise())}
    load_data(folder(files), say=notes.append)
    assert "cannot be read (100)" in notes[1] and notes[1].endswith("and 90 more") and len(notes[1]) < 1000


def test_a_picture_of_suspicious_size_is_refused(folder, notes, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2000)
    files = {name: encoded(noise()) for name in ("a.png", "b.png")} | {"bomb.png": encoded(noise((100, 100)))}
    assert len(all_values(load_data(folder(files), say=notes.append))) == 2
    assert "bomb.png" in notes[1] and "decompression bomb" in notes[1]


def test_postscript_is_never_run(folder, notes):
    script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 32 32\n%%EndComments\nshowpage\n"
    good = {"a.png": encoded(noise()), "b.png": encoded(noise())}
    load_data(folder(good | {"script.eps": script, "z-disguised.png": script}), say=notes.append)
    assert notes[1] == "skipped: files of formats that Pillow cannot open (2): script.eps, z-disguised.png"


def test_no_warning_escapes_and_the_filters_stay_as_they_were(folder):
    exif = encoded(noise(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        load_same(folder, exif, ".jpg")
        assert warnings.filters == before
    assert caught == []


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"notes.txt": b"x"}, r"contains no picture.*idx:DIR"),
        ({".a.png": encoded(noise()), "__MACOSX/b.png": encoded(noise())}, "contains no picture"),
        (
            {"a.png": b"x", "b.png": b"y"},
            r"contains no picture .*skipped: .*cannot be read \(2\): a.png \(.*b.png",
        ),
        ({"a.png": encoded(noise())}, "at least 2 samples"),
        ({"a.png": encoded(noise()), "b.png": b"x"}, "at least 2 samples"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_or_archive_without_enough_pictures_is_refused(
    folder, tmp_path, notes, files, words, packed
):
    with pytest.raises(DataError, match=words):
        load_data(zipped(tmp_path / "a.zip", files) if packed else folder(files), say=notes.append)


def test_an_empty_folder_and_an_empty_archive_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    for path in (str(tmp_path / "empty"), zipped(tmp_path / "empty.zip", {})):
        with pytest.raises(DataError, match="contains no picture"):
            load_data(path)


@pytest.mark.parametrize(
    "name", ["../a.png", "d/../../a.png", "/a.png", "C:/a.png", "C:a.png", "..\\a.png", "\\a.png", "d/.."]
)
def test_an_archive_with_unsafe_names_is_refused_whole(tmp_path, name):
    good = {f"{k}.png": encoded(noise()) for k in range(3)}
    with pytest.raises(DataError, match="and is refused"):
        load_data(zipped(tmp_path / "a.zip", good | {name: encoded(noise())}))


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 and no more"])
def test_what_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.zip is neither"):
        load_data(str(tmp_path / "a.zip"))


def test_a_damaged_or_encrypted_member_is_skipped(tmp_path, notes):
    path = tmp_path / "a.zip"
    zipped(path, {"a.png": encoded(noise()), "b.png": encoded(noise()), "c.png": encoded(noise())})
    raw = bytearray(path.read_bytes())
    start = raw.index(b"c.png") + 100
    raw[start : start + 4] = b"????"
    path.write_bytes(raw)
    assert len(all_values(load_data(str(path), say=notes.append))) == 2
    assert "c.png (Bad CRC-32" in notes[1]
    flag = raw.index(b"PK\x01\x02") + 8  # the central directory's entry for a.png: general purpose bit 0
    raw[flag] |= 1
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"a\.png \(.*encrypted"):
        load_data(str(path), strict=True)


@pytest.mark.parametrize("size", [0, -3, True, 2.5])
def test_a_size_that_is_no_positive_number_is_refused(folder, size):
    with pytest.raises(DataError, match="positive whole number"):
        load_data(folder({"a.png": b"?"}), image_size=size)


def test_linked_folders_are_read_once(folder, tmp_path):
    path = folder({"a/1.png": encoded(noise()), "a/2.png": encoded(noise())})
    try:
        (tmp_path / "pictures" / "loop").symlink_to(path, target_is_directory=True)
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "3.png").write_bytes(encoded(noise()))
        (tmp_path / "pictures" / "b").symlink_to(tmp_path / "other", target_is_directory=True)
    except OSError:
        pytest.skip("this system does not allow symbolic links")
    assert len(all_values(load_data(path))) == 3


def test_a_member_that_would_fill_the_memory_is_skipped_unread(tmp_path, notes, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST_MEMBER", 1 << 20)
    good = {"a.png": encoded(noise()), "b.png": encoded(noise())}
    path = zipped(tmp_path / "a.zip", good | {"c.png": encoded(noise())[:99] + bytes((1 << 20) - 98)})
    assert len(all_values(load_data(path, say=notes.append))) == 2
    assert "c.png (1048577 bytes unpacked, more than 1048576)" in notes[1]


def test_strict_does_not_read_the_whole_folder_before_it_refuses(folder, monkeypatch):
    read = []

    def slow(content, recipe, name, heavy):
        read.append(content)
        time.sleep(0.002)
        raise images.BrokenImageError("broken")

    monkeypatch.setattr(images, "decode", slow)
    with pytest.raises(DataError, match=r"000\.png \(broken\)"):
        load_data(folder({f"{k:03}.png": encoded(plain(0)) for k in range(900)}), strict=True)
    assert len(read) < 450
