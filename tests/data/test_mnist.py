import gzip
import hashlib
import io
import os
import re
from http.client import HTTPMessage
from pathlib import Path
from urllib.request import Request

import numpy as np
import pytest
import torch

from fgan.data import TensorSource, load_data, mnist
from fgan.data.mirrors import _RefusedError, _StaySafe
from fgan.errors import DataError


def serve_all(mirror, files, folder="/good"):
    for name, content in files.items():
        mirror.serve(f"{folder}/{name}.gz", gzip.compress(content, mtime=0))


def store(files, folder, packed=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(content) if packed else content)


def check_loaded(data):
    assert data.name == "mnist" and data.shape == (1, 28, 28) and data.frame.value_range == (0.0, 1.0)
    assert isinstance(data.train, TensorSource) and isinstance(data.held_out, TensorSource)
    assert (len(data.train), len(data.held_out)) == (12, 5)
    assert data.classes == tuple("0123456789")


def test_real_mnist(generator):
    shared = os.environ.get("FGAN_DATA")
    folders = [Path(shared, part) for part in ("", "mnist", "MNIST/raw")] if shared else []
    if not any(list(folder.glob("train-images-idx3-ubyte*")) for folder in folders):
        pytest.skip("MNIST itself is not here: set FGAN_DATA to a folder that holds it")
    data = load_data("mnist")
    assert isinstance(data.train, TensorSource) and isinstance(data.held_out, TensorSource)
    assert data.train.values.shape == (60_000, 1, 28, 28) and data.held_out.values.shape == (
        10_000,
        1,
        28,
        28,
    )
    assert (data.train.values.float().mean() / 255).item() == pytest.approx(
        0.1307, abs=1e-4
    )  # as often published
    assert data.train.labels.bincount().tolist()[:3] == [5923, 6742, 5958]  # as often published
    assert data.held_out.labels.bincount().tolist()[:3] == [980, 1135, 1032]
    drawn = data.train.draw(16, generator)
    assert drawn.shape == (16, 1, 28, 28) and drawn.min() == 0 and drawn.max() <= 1


def test_labels_are_those_of_the_files(tiny, tmp_path):
    store(tiny, tmp_path)
    data = load_data("mnist", data_dir=tmp_path)
    for source, part in ((data.train, "train"), (data.held_out, "t10k")):
        expected = np.frombuffer(tiny[f"{part}-labels-idx1-ubyte"], np.uint8, offset=8)
        assert source.labels.dtype == torch.int64 and source.labels.tolist() == expected.tolist()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("place", ["", "mnist", "MNIST/raw"])
@pytest.mark.parametrize("root", ["data_dir", "FGAN_DATA", "cache"])
def test_local_files_are_found_without_a_request(tiny, tmp_path, monkeypatch, root, place, packed):
    store(tiny, tmp_path / root / place, packed)
    if root == "FGAN_DATA":
        monkeypatch.setenv("FGAN_DATA", str(tmp_path / root))
    check_loaded(load_data("mnist", data_dir=tmp_path / "data_dir"))


def test_data_dir_comes_before_the_environment(tiny, tmp_path, monkeypatch):
    store(tiny, tmp_path / "a")
    store(dict.fromkeys(tiny, b"wrong"), tmp_path / "b")
    monkeypatch.setenv("FGAN_DATA", str(tmp_path / "b"))
    check_loaded(load_data("mnist", data_dir=str(tmp_path / "a")))


def test_download_after_a_bad_mirror_and_no_request_the_second_time(
    tiny, tmp_path, mirror, monkeypatch, notes
):
    serve_all(mirror, tiny)
    monkeypatch.setenv("FGAN_MNIST_MIRRORS", f"{mirror.address}/bad, {mirror.address}/good/")
    check_loaded(load_data("mnist", say=notes.append))
    assert [note for note in notes if "/bad" in note and "404" in note]
    # The bad mirror is asked for the first file only.
    assert len([path for path in mirror.requests if path.startswith("/bad")]) == 1
    stored = tmp_path / "cache" / "mnist"
    assert sorted(path.name for path in stored.iterdir()) == sorted(f"{name}.gz" for name in tiny)
    made = len(mirror.requests)
    check_loaded(load_data("mnist"))
    assert len(mirror.requests) == made


def test_a_download_goes_into_data_dir_if_it_is_given_and_only_what_is_missing(
    tiny, tmp_path, mirror, monkeypatch
):
    serve_all(mirror, tiny)
    monkeypatch.setenv("FGAN_MNIST_MIRRORS", f"{mirror.address}/good")
    names = list(tiny)
    store({names[0]: tiny[names[0]]}, tmp_path / "here")
    check_loaded(load_data("mnist", data_dir=tmp_path / "here"))
    assert sorted(path.name for path in (tmp_path / "here" / "mnist").iterdir()) == sorted(
        f"{n}.gz" for n in names[1:]
    )
    assert not (tmp_path / "cache").exists()
    assert len(mirror.requests) == 3


def test_a_mirror_that_serves_it_unpacked_will_do(tiny, tmp_path, mirror, monkeypatch):
    for name, content in tiny.items():
        mirror.serve(f"/plain/{name}.gz", content)
    monkeypatch.setenv("FGAN_MNIST_MIRRORS", f"{mirror.address}/plain")
    check_loaded(load_data("mnist"))
    assert sorted(path.name for path in (tmp_path / "cache" / "mnist").iterdir()) == sorted(tiny)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda body: {"body": gzip.compress(b"something else")}, "wrong content: SHA-256"),
        (lambda body: {"body": b"<html>moved</html>"}, "wrong content: SHA-256"),
        (lambda body: {"body": body[:-40]}, "damaged gzip"),
        (
            lambda body: {"body": body[: len(body) // 2], "length": len(body)},
            "IncompleteRead",
        ),
        (lambda body: {"body": b"", "status": 503}, "503"),
    ],
)
def test_a_mirror_with_bad_content_is_skipped_and_leaves_nothing_behind(
    tiny, tmp_path, mirror, monkeypatch, notes, spoil, words
):
    serve_all(mirror, tiny)
    for name, content in tiny.items():
        mirror.serve(f"/bad/{name}.gz", **spoil(gzip.compress(content, mtime=0)))
    monkeypatch.setenv("FGAN_MNIST_MIRRORS", f"{mirror.address}/bad,{mirror.address}/good")
    check_loaded(load_data("mnist", say=notes.append))
    assert any("/bad" in note and re.search(words, note) for note in notes)

    monkeypatch.setenv("FGAN_MNIST_MIRRORS", f"{mirror.address}/bad")
    monkeypatch.setenv("FGAN_CACHE", str(tmp_path / "fresh"))
    with pytest.raises(DataError, match=words):
        load_data("mnist", say=notes.append)
    assert list((tmp_path / "fresh" / "mnist").iterdir()) == []


def test_when_all_mirrors_fail_each_is_named_with_its_reason(tiny, tmp_path, mirror, monkeypatch, notes):
    refused = "http://127.0.0.1:9"  # the discard port: nothing listens
    monkeypatch.setenv("FGAN_MNIST_MIRRORS", f"{mirror.address}/none,{refused},nonsense")
    with pytest.raises(DataError) as caught:
        load_data("mnist", say=notes.append)
    message = str(caught.value)
    assert f"{mirror.address}/none (404" in message and f"{refused} ([Errno" in message
    assert "nonsense (not an https address" in message
    assert (
        "FGAN_MNIST_MIRRORS" in message
        and str(tmp_path / "cache" / "mnist") in message
        and "\nPut the four MNIST files" in message
    )
    assert list((tmp_path / "cache" / "mnist").iterdir()) == []
    assert len(notes) == 1

    monkeypatch.setenv("FGAN_MNIST_MIRRORS", f"{refused}/a,{refused}/b")  # as without a network
    with pytest.raises(DataError, match="all 2 mirrors failed") as caught:
        load_data("mnist", say=notes.append)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("how", ["asked", "sent"])
def test_http_to_another_host_is_refused_and_never_asked(tiny, mirror, monkeypatch, notes, how):
    """Redirects included, from https too: `_StaySafe` looks only at where they lead."""
    monkeypatch.setattr("fgan.data.mirrors.LOCAL", ("127.0.0.1",))
    elsewhere = f"{mirror.address.replace('127.0.0.1', 'localhost')}/good"
    serve_all(mirror, tiny)
    for name in tiny:
        mirror.sends[f"/sent/{name}.gz"] = f"{elsewhere}/{name}.gz"
    monkeypatch.setenv("FGAN_MNIST_MIRRORS", elsewhere if how == "asked" else f"{mirror.address}/sent")
    with pytest.raises(DataError, match="not an https address"):
        load_data("mnist", say=notes.append)
    assert not [path for path in mirror.requests if path.startswith("/good")]

    monkeypatch.setattr("fgan.data.mirrors.LOCAL", ("127.0.0.1", "localhost"))  # else the same is served
    load_data("mnist", say=notes.append)
    assert [path for path in mirror.requests if path.startswith("/good")]


@pytest.mark.parametrize("scheme", ["http", "ftp", "file"])
def test_https_is_not_left_by_a_redirect(scheme):
    request = Request("https://mirror.example/x.gz")
    with pytest.raises(_RefusedError, match="not an https address"):
        _StaySafe().redirect_request(
            request, io.BytesIO(), 302, "", HTTPMessage(), f"{scheme}://mirror.example/x.gz"
        )
    again = _StaySafe().redirect_request(
        request, io.BytesIO(), 302, "", HTTPMessage(), "https://b.example/x.gz"
    )
    assert again is not None and again.full_url == "https://b.example/x.gz"


def test_a_local_file_that_differs_is_an_error_and_is_not_replaced(tiny, tmp_path, mirror, monkeypatch):
    serve_all(mirror, tiny)
    monkeypatch.setenv("FGAN_MNIST_MIRRORS", f"{mirror.address}/good")
    store(tiny, tmp_path / "d")
    wrong = tmp_path / "d" / "t10k-images-idx3-ubyte"
    wrong.write_bytes(b"other content")
    with pytest.raises(DataError) as caught:
        load_data("mnist", data_dir=tmp_path / "d")
    message = str(caught.value)
    assert str(wrong) in message and mnist.SHA256["t10k-images-idx3-ubyte"] in message
    assert hashlib.sha256(b"other content").hexdigest() in message
    assert wrong.read_bytes() == b"other content" and mirror.requests == []


def test_a_local_file_of_damaged_gzip_is_an_error(tiny, tmp_path):
    store(tiny, tmp_path / "d", packed=True)
    damaged = tmp_path / "d" / "train-images-idx3-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    with pytest.raises(DataError, match="is damaged or incomplete"):
        load_data("mnist", data_dir=tmp_path / "d")


def test_a_target_that_cannot_be_written_is_an_error(tiny, tmp_path, mirror, monkeypatch):
    serve_all(mirror, tiny)
    monkeypatch.setenv("FGAN_MNIST_MIRRORS", f"{mirror.address}/good")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DataError, match=r"cannot write downloads to .*file.*data_dir"):
        load_data("mnist", data_dir=tmp_path / "file")
