"""How fast the page of `fgan lab` is, and whether it grows: eight members, 512 points each.

    python benchmarks/lab.py [--minutes 10] [--target ring] [--json FILE]

Half of the time a browser shows the page; for the other half a connection trains the same and asks for no picture. The
first picture counts from opening the link, with a warm worker. Memory is resident memory of a process, and the heap
of the page's JavaScript; growth is from the mean of the second tenth of the time to that of the last, since the first
fills caches. Linux only.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright
from websockets.sync.client import connect

MEMBERS = ["kl", "reverse-kl", "js", "gan", "pearson", "squared-hellinger", "jeffreys", "total-variation"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SECONDS_BETWEEN = 2.0
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@dataclass
class Row:
    """One way to look at the race, and what was measured."""

    name: str
    first: float = float("nan")
    frames: float = 0.0
    steps: float = 0.0
    memory: dict[str, list[float]] = field(default_factory=dict)

    def cells(self) -> list[str]:
        """Return them as cells of a table."""
        cells = [self.name, f"{self.first:.2f} s", f"{self.frames:.1f}", f"{self.steps:.1f}"]
        return [*cells, *(grown(values) for values in self.memory.values())]


def grown(values: list[float]) -> str:
    """Return the mean of the last tenth, and how much more that is than the second tenth's."""
    tenth = max(len(values) // 10, 1)
    early, late = (statistics.fmean(part) for part in (values[tenth : 2 * tenth] or values, values[-tenth:]))
    return f"{late:.0f} MB ({late - early:+.1f})"


@contextmanager
def server() -> Iterator[tuple[subprocess.Popen, str]]:
    """Run `fgan lab`; yield the process and its link."""
    command = [sys.executable, "-m", "fgan", "lab", "--no-open", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, "the server says no link"
        time.sleep(10)  # until a worker is warm
        yield process, found[0]
    finally:
        process.terminate()
        process.wait()


def resident(process: int) -> float:
    """Return a process's resident memory in MB; 0 of one that has ended."""
    try:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def trainer(process: int) -> int:
    """Return the process below the server that has worked most: the one that trains."""
    children: dict[int, list[int]] = {}
    worked: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(folder.name))
        worked[int(folder.name)] = int(fields[11]) + int(fields[12])
    below = [fork for child in children.get(process, []) for fork in children.get(child, [])]
    return max(below, key=lambda one: worked[one])


def settings(target: str) -> dict:
    """Return those of the race."""
    return {"target": target, "members": [{"divergence": name} for name in MEMBERS]}


def with_browser(link: str, process: int, target: str, seconds: float) -> Row:
    """Measure while a browser shows the page."""
    fragment = base64.urlsafe_b64encode(json.dumps(settings(target)).encode()).decode().rstrip("=")
    binary = next(filter(None, map(shutil.which, BROWSERS)))
    row = Row("a browser shows it", memory={"server": [], "trainer": [], "page": []})
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        protocol = page.context.new_cdp_session(page)
        began = time.monotonic()
        page.goto(f"{link}#{fragment}")
        while not counters(page)[0]:
            time.sleep(0.01)
        row.first = time.monotonic() - began
        time.sleep(5)
        number = trainer(process)
        frames, steps = counters(page)
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            time.sleep(SECONDS_BETWEEN)
            heap = protocol.send("Runtime.getHeapUsage")["usedSize"] / 2**20
            for name, value in {
                "server": resident(process),
                "trainer": resident(number),
                "page": heap,
            }.items():
                row.memory[name].append(value)
        passed, (more_frames, more_steps) = time.monotonic() - began, counters(page)
        browser.close()
    row.frames, row.steps = (more_frames - frames) / passed, (more_steps - steps) / passed
    return row


def counters(page: Page) -> tuple[int, int]:
    """Return the frames that the page has drawn, and the step of the last."""
    return tuple(page.evaluate("window.fganLab ? [fganLab.frames, fganLab.step] : [0, 0]"))


def without_browser(link: str, process: int, target: str, seconds: float) -> Row:
    """Measure while nobody asks for a picture."""
    row = Row("nobody looks", memory={"server": [], "trainer": []})
    base = link.partition("/?")[0]
    with httpx.Client() as client:
        client.get(link)
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    address = base.replace("http", "ws", 1) + "/socket"
    began = time.monotonic()
    with connect(address, additional_headers={"Cookie": cookie}, origin=base, max_size=None) as socket:
        socket.send(json.dumps({"do": "start", "settings": settings(target)}))
        step_now(socket)
        row.first = time.monotonic() - began
        time.sleep(5)
        number, steps, began = trainer(process), step_now(socket), time.monotonic()
        while time.monotonic() < began + seconds:
            time.sleep(SECONDS_BETWEEN)
            row.memory["server"].append(resident(process))
            row.memory["trainer"].append(resident(number))
        row.steps = (step_now(socket) - steps) / (time.monotonic() - began)
    return row


def step_now(socket) -> int:
    """Ask for one frame; return its step."""
    socket.send('{"do": "frame"}')
    while True:
        message = socket.recv()
        if isinstance(message, bytes):
            header = json.loads(message[4 : 4 + int.from_bytes(message[:4], "little")])
            if header["kind"] != "target":
                return header["step"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--target", default="ring")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    seconds = given.minutes * 60 / 2
    rows = []
    for look in (with_browser, without_browser):
        with server() as (process, link):
            rows.append(look(link, process.pid, given.target, seconds))
    print("| | first picture | frames a second | steps a second, each member | server | trainer | page |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        cells = row.cells()
        print("| " + " | ".join([*cells, *["–"] * (7 - len(cells))]) + " |")
    if given.json:
        given.json.write_text(json.dumps([row.__dict__ for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
