"""What Pillow leaves out of a picture, or takes in its place, is said."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from fgan.data import load_data

RNG = np.random.default_rng(0)


def picture():
    return Image.fromarray(RNG.integers(0, 256, (32, 32, 3), dtype=np.uint8))


def deep_colour(values):
    """Return a PNG of 16 bits a channel, which Pillow does not write."""

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_colour_of_16_bits_a_channel_is_said_to_be_shortened(tmp_path):
    for k in range(3):
        (tmp_path / f"{k}.png").write_bytes(deep_colour(np.full((32, 32, 3), 4095) * np.eye(32)[..., None]))
    assert "3 colour pictures have 16 bits per channel" in " ".join(load_data(tmp_path).record.notes)


@pytest.mark.parametrize("suffix", ["NEF", "dng", "CR2"])
def test_the_thumbnail_in_a_raw_photograph_is_no_sample(tmp_path, suffix):
    for name in ("1.png", "2.png"):
        picture().save(tmp_path / name)
    picture().save(tmp_path / f"a.{suffix}", format="TIFF")
    (left,) = load_data(tmp_path).record.left_out
    assert left.reason == "files of formats that Pillow cannot open" and left.names == (f"a.{suffix}",)


def test_further_views_in_a_photograph_are_counted_and_not_refused(tmp_path):
    memory, views = io.BytesIO(), [picture() for _ in range(3)]
    views[0].save(memory, format="MPO", save_all=True, append_images=views[1:])
    (tmp_path / "a.jpg").write_bytes(memory.getvalue())
    picture().save(tmp_path / "b.png")
    data = load_data(tmp_path, strict=True)
    assert data.record.train + data.record.held_out == 2
    assert [(one.reason, one.count) for one in data.record.left_out] == [
        ("further views that cameras store in one photograph", 2)
    ]
