"""Workers and helpers that stand in for the lab's own: they need no torch, and misbehave on request."""

import json
import os
import time


def echo(pipe):
    """Answer each message with itself and this process's number; a frame with bytes; some make it misbehave."""
    tell(pipe, kind="ready", pid=os.getpid())
    while True:
        raw = pipe.recv_bytes()
        message = json.loads(raw)
        if message["do"] == "frame":
            pipe.send_bytes(frame(kind="frame", step=0))
            continue
        tell(pipe, kind="echo", pid=os.getpid(), raw=raw.decode())
        match message.get("text"):
            case "end":
                os._exit(3)
            case "sleep":
                time.sleep(3600)
            case "spin":
                while True:
                    pass
            case "flood":
                while True:
                    pipe.send_bytes(b"{" + b" " * 100_000 + b"}")


def mute(pipe):
    """Say who this is, and read nothing."""
    tell(pipe, kind="ready", pid=os.getpid())
    time.sleep(3600)


def answer(question):
    """Answer a question about an f."""
    text = json.loads(question).get("text", "")
    match str(text).partition(" ")[0]:
        case "end":
            os._exit(3)
        case "sleep":
            time.sleep(float(text.partition(" ")[2]))
    return json.dumps({"name": text, "pid": os.getpid()}).encode()


def tell(pipe, **message):
    pipe.send_bytes(json.dumps(message).encode())


def frame(**header):
    text = json.dumps({**header, "arrays": {}}).encode()
    text += b" " * (-len(text) % 4)
    return len(text).to_bytes(4, "little") + text
