import io
import random

import numpy as np
import pytest
from PIL import Image

from fgan.data.decode import BrokenImageError, Recipe, decode
from fgan.data.signatures import extensions

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "PPM", "TGA", "ICO", "DDS"])
@pytest.mark.filterwarnings("ignore")
def test_damage_anywhere_gives_a_picture_or_a_broken_image_error_and_nothing_else(kind):
    exif = Image.Exif()
    exif[0x0112] = 6
    memory = io.BytesIO()
    PICTURE.save(memory, format=kind, **({"exif": exif} if kind in ("PNG", "JPEG", "TIFF", "WEBP") else {}))
    whole = memory.getvalue()
    chance = random.Random(1)
    broken = 0
    for _ in range(150):
        damaged = bytearray(whole)
        reach = chance.choice([40, 200, len(whole)])
        for _ in range(chance.choice([1, 3, 8])):
            damaged[chance.randrange(min(len(whole), reach))] = chance.randrange(256)
        try:
            for picture in decode(bytes(damaged), Recipe(16, chance.random() < 0.5), f"a.{kind}").pictures:
                assert picture.pixels.shape[:2] == (16, 16)
        except BrokenImageError as error:
            broken += 1
            assert str(error) and "0x" not in str(error)
    assert broken > 0


def test_suffixes_are_those_of_pictures_that_can_be_opened():
    assert {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".webp", ".ppm"} <= extensions()
    assert not {".pdf", ".eps", ".ps", ".h5", ".txt", ".npy", ".zip", ""} & extensions()


@pytest.mark.parametrize("size", [(1, 500), (500, 1), (1, 1), (3, 2)])
def test_thin_and_tiny_pictures_become_squares(size):
    memory = io.BytesIO()
    Image.new("RGB", size, (9, 8, 7)).save(memory, format="PNG")
    (decoded,) = decode(memory.getvalue(), Recipe(16)).pictures
    assert decoded.pixels.shape == (16, 16, 3) and decoded.size == size
    assert (decoded.pixels == [9, 8, 7]).all()
