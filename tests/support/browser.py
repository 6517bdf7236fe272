"""A page in headless Chromium, spoken to through the browser's own pipe."""

import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

FLAGS = """
    --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --disable-default-apps --hide-scrollbars --remote-debugging-pipe
"""
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


class Tab:
    """One page of a headless Chromium: DevTools' messages, JSON with a zero after each, on descriptors 3 and 4."""

    def __init__(self, binary, profile):
        ours, theirs = os.pipe(), os.pipe()
        script = f'exec "$@" 3<&{ours[0]} 4>&{theirs[1]}'
        command = [
            "bash",
            "-c",
            script,
            "bash",
            binary,
            *FLAGS.split(),
            f"--user-data-dir={profile}",
            "about:blank",
        ]
        self.process = subprocess.Popen(
            command, pass_fds=(ours[0], theirs[1]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(ours[0])
        os.close(theirs[1])
        self.to, self.back = os.fdopen(ours[1], "wb"), os.fdopen(theirs[0], "rb")
        self.numbers, self.session, self.events = itertools.count(1), None, []
        pages = self("Target.getTargets")["targetInfos"]
        target = next(page["targetId"] for page in pages if page["type"] == "page")
        self.session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")

    def __call__(self, method, **params):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.to.write(json.dumps(message).encode() + b"\0")
        self.to.flush()
        while True:
            answer = json.loads(self._read())
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _read(self):
        letters = bytearray()
        while (letter := self.back.read(1)) != b"\0":
            assert letter, "Chromium has gone"
            letters += letter
        return letters

    def open(self, path):
        self.events.clear()
        self("Page.navigate", url=path.resolve().as_uri())
        self.wait("document.readyState === 'complete'")

    def eval(self, expression):
        answer = self("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, expression, seconds=30):
        deadline = time.monotonic() + seconds
        while not self.eval(expression):
            assert time.monotonic() < deadline, f"never true: {expression}"
            time.sleep(0.05)

    def of(self, method):
        return [event["params"] for event in self.events if event["method"] == method]

    def close(self):
        self("Browser.close") if self.process.poll() is None else None
        self.process.wait(timeout=20)
        self.to.close()
        self.back.close()


def opened(profile: Path) -> Iterator[Tab]:
    """Yield a tab, and close it; skip the test where there is no browser."""
    binary = next(filter(None, map(shutil.which, NAMES)), None)
    if binary is None:
        pytest.skip(f"no browser to look at pages with: none of {', '.join(NAMES)} is installed")
    tab = Tab(binary, profile)
    yield tab
    tab.close()
