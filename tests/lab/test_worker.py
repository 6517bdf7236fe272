"""The worker of a page: real processes that answer, step as they are told, and end when nobody listens."""

import json
import multiprocessing

import numpy as np
import pytest
from lab_frames import decoded

from fgan.lab import worker
from fgan.lab.serving.messages import KNOWN

SMALL = {"width": 8, "critic_width": 8, "batch": 16, "members": [{"divergence": "kl"}, {"divergence": "js"}]}
SECONDS = 60


class Page:
    """The other end of a worker's pipe."""

    def __init__(self):
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=worker.main, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()

    def send(self, **message):
        self.pipe.send_bytes(json.dumps(message).encode())

    def next(self):
        assert self.pipe.poll(SECONDS), "no answer"
        message = self.pipe.recv_bytes()
        return json.loads(message) if message[:1] == b"{" else decoded(message)

    def until(self, kind):
        while True:
            answer = self.next()
            found = answer if isinstance(answer, dict) else answer[0]
            if found["kind"] == kind:
                return answer
            assert found["kind"] != "error", found

    def frame(self):
        self.send(do="frame")
        return self.until("frame")

    def start(self, **settings):
        self.send(do="start", settings=SMALL | settings, playing=False)
        return self.until("settings")


@pytest.fixture(scope="module")
def process():
    page = Page()
    assert page.next() == {"kind": "ready"}
    yield page
    page.pipe.close()
    page.process.join(SECONDS)
    assert page.process.exitcode == 0, "a worker ends when its page has gone"


@pytest.fixture
def page(process):
    process.send(do="visible", visible=True)
    process.start()
    process.until("target")
    return process


def test_the_first_messages_say_everything(process):
    told = process.start(seed=3)
    header, arrays = process.until("target")
    assert told["settings"]["seed"] == 3 and [one["name"] for one in told["members"]] == ["kl", "js"]
    assert told["members"][0]["follows"] == "reverse-kl" and not told["playing"]
    assert header["pieces"] == 8 and header["modes"] and arrays["data"].shape == (512, 2)
    low, high = header["view"]["x"]
    assert arrays["data"].min() > low and arrays["data"].max() < high
    header, arrays = process.frame()
    assert header["step"] == 0 and header["run"] == told["run"]
    assert arrays["samples"].shape == (2, 512, 2) and arrays["arrows"].shape == (2, 64, 2)
    assert arrays["field"].shape[0] == 2 and arrays["field"].dtype == np.uint8
    for one in header["members"]:
        assert one["finite"] and one["exact"] > 0.1 and one["exact_step"] == 0


def test_steps_are_taken_one_by_one(page):
    page.send(do="step")
    page.until("state")
    first, before = page.frame()
    page.send(do="step", count=4)
    page.until("state")
    second, after = page.frame()
    assert (first["step"], second["step"]) == (1, 5)
    assert not np.array_equal(before["samples"], after["samples"])
    page.send(do="step", player="critic")
    page.until("state")
    third, fixed = page.frame()
    assert third["step"] == 5 and np.array_equal(after["samples"], fixed["samples"])
    page.send(do="step", player="generator")
    page.until("state")
    assert not np.array_equal(page.frame()[1]["samples"], fixed["samples"])


def test_it_plays_only_while_somebody_looks(page):
    page.send(do="play")
    assert page.until("state")["playing"]
    assert page.frame()[0]["step"] < page.frame()[0]["step"]
    page.send(do="visible", visible=False)
    page.send(do="snippet")
    before = page.until("snippet")["text"]
    page.send(do="snippet")
    assert page.until("snippet")["text"] == before, "a hidden page costs nothing"
    page.send(do="visible", visible=True)
    assert page.frame()[0]["step"] < page.frame()[0]["step"]


def test_no_frame_is_sent_unasked(page):
    page.frame()
    page.send(do="play")
    page.until("state")
    assert not page.pipe.poll(0.5)
    page.send(do="frame")
    page.until("frame")


def test_slow_motion(page):
    page.send(do="pace", steps_per_second=5)
    page.send(do="play")
    page.until("state")
    steps = [page.frame()[0]["step"] for _ in range(4)]
    assert steps == [1, 2, 3, 4], "a frame for every step"
    page.send(do="pace", steps_per_second=None)


def test_changes_keep_the_step(page):
    page.send(do="step", count=3)
    page.until("state")
    page.send(do="change", settings={"lr": 0.01, "width": 4})
    assert page.until("settings")["settings"]["width"] == 4
    assert page.frame()[0]["step"] == 3


def test_the_server_lets_through_what_a_worker_knows():
    theirs = {*worker.Worker(None).actions, "f"}  # which another process answers
    assert set(KNOWN) == theirs - {"open"}, "a page opens no folders"


MISTAKES = {
    "no such message": {"do": "dance"},
    "no message": {},
    "a rate": {"do": "start", "settings": {"lr": -1}},
    "settings of another kind": {"do": "start", "settings": 7},
    "a divergence": {"do": "start", "settings": {"members": ["nope"]}},
    "a change of the seed": {"do": "change", "settings": {"seed": 1}},
    "a change of nothing": {"do": "change"},
    "a step of nobody": {"do": "step", "player": "judge"},
    "endless steps": {"do": "step", "count": 10**9},
    "a pace": {"do": "pace", "steps_per_second": "fast"},
    "latents of points": {"do": "latent", "index": 0, "value": 1},
    "no folder": {"do": "open", "runs": ["/nowhere/at/all"]},
    "no list of folders": {"do": "open", "runs": 5},
}


@pytest.mark.parametrize("message", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_and_the_race_goes_on(page, message):
    page.send(do="step", count=2)
    page.until("state")
    page.send(**message)
    answer = page.next()
    assert answer["kind"] == "error" and answer["message"] and answer["about"] == str(message.get("do"))
    assert page.frame()[0]["step"] == 2


def test_a_line_has_densities(process):
    process.start(target="mixture")
    header, arrays = process.until("target")
    assert header["dimension"] == 1 and header["view"]["y"] is None and arrays["density"].ndim == 1
    _, arrays = process.frame()
    low, high = header["view"]["x"]
    cell = (high - low) / arrays["density"].shape[1]
    np.testing.assert_allclose(arrays["density"].sum(1) * cell, 1, atol=0.05)


def test_digits_from_latents_that_the_page_sets(process):
    told = process.start(target="digits")
    assert told["classes"] == [str(k) for k in range(10)]

    def shown(**message):
        if message:
            process.send(**message)
        process.send(do="frame")
        return process.until("pictures")

    header, first = shown()
    assert first["images0"].shape == (16, 8, 8, 1) and header["names"] == ["kl", "js"]
    header, set_ = shown(do="latent", index=2, value=1.5)
    assert header["values"][2] == 1.5 and not np.array_equal(first["images0"], set_["images0"])
    _, again = shown(do="latents", seed=0)
    assert np.array_equal(first["images1"], again["images1"])
    header, one = shown(do="class", label=7)
    assert header["label"] == 7 and not np.array_equal(first["images0"], one["images0"])
    _, walk = shown(do="walk", **{"from": 0, "to": 3, "share": 0.0})
    assert np.array_equal(walk["images0"][0], walk["images0"][1]), "both are where the walk begins"
    assert np.array_equal(walk["images0"][0], one["images0"][0])
    assert np.array_equal(walk["images0"][15], one["images0"][3])
