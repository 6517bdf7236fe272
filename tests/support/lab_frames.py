"""Read a binary message of the lab."""

import json
import struct

import numpy as np


def decoded(message):
    (length,) = struct.unpack_from("<I", message)
    header = json.loads(message[4 : 4 + length])
    assert (4 + length) % 4 == 0
    arrays = {}
    for name, one in header["arrays"].items():
        kind, count = {"f32": "<f4", "u8": "u1"}[one["type"]], int(np.prod(one["shape"]))
        arrays[name] = np.frombuffer(message, kind, count, 4 + length + one["at"]).reshape(one["shape"])
    return header, arrays
