"""How `fgan lab` begins and ends: the port, the browser, signals, and that it leaves no process behind."""

import os
import signal
import socket
import subprocess
import sys

import pytest
from lab_server import eventually, lab, stub_lab, trainers

from fgan.errors import FganError
from fgan.lab.serving import ports

slow = pytest.mark.slow


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_port_that_is_asked_for_and_taken_is_an_error(taken, cold_fgan_command):
    result = cold_fgan_command("lab", "--no-open", "--port", taken)
    assert result.returncode == 2
    assert f"port {taken} is taken" in result.stderr
    assert "--port" in result.stderr


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_does_not_exist_is_an_error(port):
    with pytest.raises(FganError, match="from 0 to 65535"):
        ports.bound(port, print)


def test_the_next_port_stands_in_for_the_usual_one(taken, monkeypatch):
    monkeypatch.setattr(ports, "USUAL_PORT", taken)
    said = []
    with ports.bound(None, said.append) as listening:
        number = listening.getsockname()[1]
        assert taken < number <= taken + ports.TRIED
        assert said == [f"port {taken} is taken, so this is port {number}"]
    monkeypatch.setattr(ports, "TRIED", 1)
    with pytest.raises(FganError, match="--port 0"):
        ports.bound(None, said.append)


@slow
@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_the_server_and_all_that_it_started(how, code):
    with lab() as server, server.page() as page, server.page() as other:
        page.send(do="start", settings={})
        page.send(do="f", id=1, text="u*log(u)")
        page.until("settings")
        other.until("ready")
        assert len(server.processes()) > 4
        assert server.end(how) == code
        eventually(lambda: not server.processes(), 5)
        assert server.said[2:] == (["fgan: interrupted"] if code else [])


@slow
@pytest.mark.parametrize("busy", ["sleep", "spin"])
def test_a_server_that_is_killed_leaves_no_process(busy):
    with stub_lab() as server, server.page() as page:
        page.send(do="f", id=1, text="sleep 3600")
        page.send(do="start", text=busy)
        page.until("echo")
        eventually(lambda: len(server.processes()) > 4)
        server.end(signal.SIGKILL)
        eventually(lambda: not server.processes(), 10)


@slow
def test_a_trainer_that_is_killed_is_replaced():
    with lab() as server, server.page() as page:
        before = set(server.processes())
        page.send(do="start", settings={"members": ["kl"]})
        page.until("settings")
        page.send(do="frame")
        assert page.frame()[0]["kind"] == "target"
        eventually(lambda: set(server.processes()) - before or len(before) > 4)
        for number in trainers(server):
            subprocess.run(["kill", "-9", str(number)], check=True)
        page.until("lost")
        page.send(do="start", settings={"members": ["js"]})
        page.send(do="frame")  # the first request may have been answered before the kill
        assert page.until("settings")["settings"]["members"][0]["divergence"] == "js"
        assert page.frame()[0]["kind"] == "target"
        assert page.frame()[0]["step"] >= 1


@slow
def test_the_browser_opens_the_link(tmp_path):
    opened = tmp_path / "opened"
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}.part && mv {opened}.part {opened}\n')
    script.chmod(0o755)
    process = subprocess.Popen(
        [sys.executable, "-m", "fgan", "lab", "--port", "0"],
        env={**os.environ, "BROWSER": f"{script} %s"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        eventually(opened.exists)
        assert process.stdout
        assert process.stdout.readline() == f"fgan lab: {opened.read_text()}\n"
    finally:
        process.terminate()
        assert process.wait(60) == 0


def test_without_its_extra_it_says_how_to_install_it():
    code = "import sys; sys.modules['uvicorn'] = None; from fgan.cli import main; sys.exit(main(['lab']))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert 'pip install "fgan[lab]"' in result.stderr
