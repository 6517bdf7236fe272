"""The lab's page in a real browser, which fails a test on any error of the page and any request to elsewhere."""

import base64
import contextlib
import io
import json
import os
import shutil
from collections.abc import Iterator

import pytest
from browser import FLAGS, NAMES
from lab_server import Lab
from PIL import Image

MILLISECONDS = 60_000
NOT_OURS = ("--headless", "--remote-debugging-pipe")
"""Flags that Playwright sets itself."""


def missing(what: str) -> None:
    """Skip a test, which CI does not allow."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"the lab's page cannot be tested: {what}. CI needs it: see .ci/run.")
    pytest.skip(f"the lab's page is not tested: {what}")


@contextlib.contextmanager
def chromium() -> Iterator:
    """Run Chromium; skip the test where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        missing(f"{error.name} is not installed")
    if (binary := next(filter(None, map(shutil.which, NAMES)), None)) is None:
        missing(f"none of {', '.join(NAMES)} is installed")
    flags = [flag for flag in FLAGS.split() if flag not in NOT_OURS]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=binary, args=flags)
        yield running
        running.close()


class LabPage:
    """A page of a running server.

    Args:
        browser: Playwright's.
        server: the server.
        fragment: what the link holds behind the #.
        options: of the browser's context, such as viewport.
    """

    def __init__(self, browser, server: Lab, fragment: str = "", **options) -> None:
        self.server, self.problems = server, []
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        self.context.set_default_timeout(MILLISECONDS)
        self.page = self.context.new_page()
        self.page.on(
            "console", lambda said: said.type in ("error", "warning") and self.problems.append(said.text)
        )
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", self._asked)
        self.page.on("requestfailed", lambda asked: self.problems.append(f"{asked.url}: {asked.failure}"))
        self.page.on("response", self._answered)
        self.page.goto(server.link + fragment)

    def _asked(self, request) -> None:
        own = (self.server.base + "/", "data:", f"blob:{self.server.base}/")
        if not request.url.startswith(own):
            self.problems.append(f"a request to elsewhere: {request.url}")

    def _answered(self, response) -> None:
        if response.status >= 400:
            self.problems.append(f"{response.url}: {response.status}")

    def state(self, expression: str = ""):
        """Return `window.fganLab`, or something in it."""
        return self.page.evaluate(f"window.fganLab{expression and '.' + expression}")

    def wait(self, expression: str):
        """Wait until an expression over the page's counters, as `lab`, is true."""
        return until(self.page, f"window.fganLab && ((lab) => {expression})(window.fganLab)")

    def started(self, expression: str = "true") -> None:
        """Wait until frames of a race come whose settings `s` make an expression true."""
        self.wait(f"lab.settings && ((s) => {expression})(lab.settings) && lab.kind")
        shown = self.state("frames")
        self.wait(f"lab.frames > {shown} + 1")

    def canvas(self, selector: str) -> Image.Image:
        """Return the pixels of a canvas."""
        return Image.open(io.BytesIO(self.page.locator(selector).screenshot())).convert("RGB")

    def close(self) -> None:
        """Close it; fail on what went wrong in it."""
        self.context.close()
        assert self.problems == []


def fragment(**settings) -> str:
    """Return the fragment of a link that holds settings."""
    return "#" + base64.urlsafe_b64encode(json.dumps(settings).encode()).decode().rstrip("=")


def settings_of(link: str) -> dict:
    """Return the settings that a link holds."""
    text = link.partition("#")[2]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def until(page, expression: str):
    """Wait until an expression is true in a page; `wait_for_function` would need an eval, which the page forbids."""
    return page.evaluate(
        f"""async (limit) => {{
            for (const end = performance.now() + limit; ; ) {{
                const found = {expression};
                if (found) return true;
                if (performance.now() > end) {{
                    throw new Error(`not so after ${{limit}} ms: ${{JSON.stringify(window.fganLab)}}`);
                }}
                await new Promise((done) => setTimeout(done, 20));
            }}
        }}""",
        MILLISECONDS,
    )


def colours(picture: Image.Image) -> int:
    """Count the colours of a picture: a blank one has one."""
    return len(picture.getcolors(picture.width * picture.height) or [])


def near(picture: Image.Image, colour: str, distance: int = 40) -> int:
    """Count the pixels near to a colour such as "rgb(0, 100, 170)"."""
    red, green, blue = (int(part) for part in colour.strip("rgb()").split(","))
    return sum(
        count
        for count, (r, g, b) in picture.getcolors(picture.width * picture.height) or []
        if abs(r - red) + abs(g - green) + abs(b - blue) <= distance
    )
