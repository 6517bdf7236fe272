"""`POST /gif`: pictures of a page become a GIF."""

import io
import socket
import struct
import zlib

import pytest
from lab_server import stub_lab
from PIL import Image

from fgan.errors import FganError
from fgan.lab.serving import gif


@pytest.fixture(scope="module")
def server():
    with stub_lab() as running:
        yield running


def png(width=40, height=30, colour=(200, 30, 30, 255)):
    file = io.BytesIO()
    Image.new("RGBA", (width, height), colour).save(file, "PNG")
    return file.getvalue()


def body(*pictures):
    return b"".join(struct.pack("<I", len(picture)) + picture for picture in pictures)


def ask(server, content, query="", **headers):
    with server.client() as client:
        return client.post(f"/gif{query}", content=content, headers={"Origin": server.base, **headers})


COLOURS = [(200, 30, 30, 255), (30, 200, 30, 255), (30, 30, 200, 255), (255, 255, 255, 255), (0, 0, 0, 0)]


def test_pictures_become_a_gif_that_shows_them_in_their_order(server):
    answer = ask(server, body(*(png(colour=colour) for colour in COLOURS)), "?milliseconds=120")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/gif")
    with Image.open(io.BytesIO(answer.content)) as animation:
        assert (animation.size, animation.info["loop"]) == ((40, 30), 0)
        shown = []
        for k in range(animation.n_frames):
            animation.seek(k)
            shown.append((animation.convert("RGB").getpixel((5, 5)), animation.info["duration"]))
    # The last is transparent, and white paper shows: the same as the one before, so both are one.
    assert shown == [*((colour[:3], 120) for colour in COLOURS[:3]), ((255, 255, 255), 240)]


def bomb(width, height):
    """A PNG file of a few bytes that says it is large."""

    def chunk(name, content):
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


def jpeg():
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG")
    return file.getvalue()


REFUSED = {
    "nothing": (b"", "no pictures"),
    "no length": (b"ab", "ends within the length of picture 1"),
    "too short": (body(png())[:-1], "picture 1 should have"),
    "no PNG": (body(b"GIF89a"), "picture 1 is not a PNG file"),
    "another format": (body(png(8, 8), jpeg()), "picture 2 is not a PNG file"),
    "two sizes": (body(png(), png(41)), "all pictures must have one size: 1 is 40 x 30, 2 is 41 x 30"),
    "too wide": (body(bomb(4097, 1)), "at most 4096 pixels a side"),
    "a bomb": (body(bomb(2**31 - 1, 2**31 - 1)), "picture 1"),
    "too many pixels": (body(*[bomb(4096, 4096)] * 17), "too much for one GIF"),
    "empty pixels": (body(bomb(100, 100)), "damaged"),
    "too many": (body(*[png(1, 1)] * 401), "at most 400 pictures"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_is_said_and_harms_nothing(server, name):
    content, what = REFUSED[name]
    answer = ask(server, content)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert what in answer.text


@pytest.mark.parametrize("query", ["0", "-1", "1e3", "19", "10001", "", "٣٠", "9" * 5000])
def test_a_time_that_no_gif_has_is_refused(query):
    with pytest.raises(FganError, match="from 20 to 10000"):
        gif.checked_milliseconds(query)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(server):
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        head = f"POST /gif HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nOrigin: {server.base}\r\nConnection: close"
        raw.sendall(
            f"{head}\r\nCookie: {server.cookie}\r\nContent-Length: {gif.MOST_BYTES + 1}\r\n\r\n".encode()
        )
        answer = raw.makefile("rb").read()
    assert b" 413 " in answer.splitlines()[0]
    assert b"64 MiB" in answer


@pytest.mark.slow
def test_a_body_of_unknown_length_is_read_to_the_limit(server):
    with server.client() as client:
        chunks = (bytes(1 << 20) for _ in range(70))
        answer = client.post("/gif", content=chunks, headers={"Origin": server.base})
        assert answer.status_code == 413


def test_only_a_post_makes_one(server):
    with server.client() as client:
        assert client.get("/gif").status_code == 405
