"""JSON from anybody is data: whatever is no plain JSON of a sensible size is refused, and the file is named."""

import json
import os
from dataclasses import dataclass

import pytest

from fgan.errors import DataError, RunError
from fgan.json_files import parse_json, read_json, shaped
from fgan.training.run_files import last_line, read_log

REFUSED = {
    "10^5 brackets": b"[" * 100_000,
    "10^5 open objects": b'{"a":' * 50_000,
    "40 deep": b"[" * 40 + b"]" * 40,
    "a number of 10^400": b"1" + b"0" * 400,
    "5,000 digits": b"9" * 5000,
    "beyond 64 bits": str(2**63).encode(),
    "a float of 10^400": b"[1e400]",
    "NaN": b"NaN",
    "no UTF-8": b'"\xff"',
    "half a surrogate": b'{"\\ud800": 1}',
    "a key twice": b'{"seed": 5, "seed": 0}',
    "nothing": b"",
    "zeros": bytes(10),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_plain_json_is_refused_with_the_file_named(name, tmp_path):
    path = tmp_path / "config.json"
    path.write_bytes(REFUSED[name])
    with pytest.raises(RunError, match=r"config\.json is not valid JSON"):
        read_json(path, RunError)


def test_plain_json_is_read_as_it_is():
    value = {"a": [1, -2.5, None, True, "ö\n"], "b": {"c": 2**62}}
    assert parse_json(json.dumps(value), "here") == value
    assert parse_json(b"\xef\xbb\xbf" + json.dumps(value).encode(), "here") == value


def test_a_file_that_is_none_and_one_too_large_are_refused(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="cannot be read"):
        read_json(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        read_json("a\0b")
    monkeypatch.setattr("fgan.json_files.MOST_BYTES", 1 << 20)
    (large := tmp_path / "large.json").write_text(json.dumps(["x" * (1 << 20)]))
    with pytest.raises(DataError, match="larger than 1 MB"):
        read_json(large)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_no_file_and_nobody_waits_for_it(tmp_path):
    os.mkfifo(tmp_path / "status.json")
    with pytest.raises(DataError, match="it is not a file"):
        read_json(tmp_path / "status.json")
    assert not read_log(tmp_path / "status.json").readable
    with pytest.raises(ValueError, match="it is not a file"):
        last_line(tmp_path / "status.json")


@dataclass
class Point:
    x: float
    name: str = ""


@pytest.mark.parametrize("value", [[], {}, {"x": "1"}, {"x": None}, {"x": 1, "name": 2}, None, 3])
def test_another_shape_is_refused(value):
    with pytest.raises(RunError, match="here is damaged"):
        shaped(value, Point, "here", RunError)


def test_a_whole_number_is_a_float_where_one_is_asked_for():
    assert shaped({"x": 1, "name": "a"}, Point, "here") == Point(1.0, "a")
