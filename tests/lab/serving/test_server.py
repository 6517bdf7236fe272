"""The server of `fgan lab`, by real processes and sockets."""

import base64
import contextlib
import hashlib
import json
import re
import socket

import pytest
from lab_server import eventually, gone, stub_lab
from websockets.exceptions import ConnectionClosed, InvalidStatus

from fgan.lab.serving.app import PAGE


@pytest.fixture(scope="module")
def server():
    with stub_lab() as running:
        yield running


def test_the_link_lets_in_and_nothing_else_does(server):
    with server.client(let_in=False) as stranger:
        closed = stranger.get("/")
        assert closed.status_code == 403
        assert "printed in the terminal" in closed.text
        for path in (
            "/?token=",
            "/?token=guess",
            "/?token=%C3%A9",
            "/catalogue",
            "/page/index.html",
            "/gone",
        ):
            assert stranger.get(path).status_code == 403, path
        assert stranger.post("/gif", headers={"Origin": server.base}).status_code == 403
        welcome = stranger.get(server.link)
        assert (welcome.status_code, welcome.headers["location"]) == (303, "/")
        cookie = welcome.headers["set-cookie"]
        assert cookie.startswith(f"fgan-lab-{server.port}=")
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert stranger.get("/").status_code == 200


def test_the_page_is_served_with_a_policy_that_names_its_inline_script(server):
    with server.client() as client:
        answer = client.get("/")
        inline = re.findall(r"<script[^>]*importmap[^>]*>(.*?)</script>", answer.text, re.DOTALL)
        hints = re.findall(r'<link rel="modulepreload" href="/page/(.*?)">\n', answer.text)
        assert sorted(hints) == sorted(one.relative_to(PAGE).as_posix() for one in PAGE.rglob("*.js"))
        without = re.sub(r'<link rel="modulepreload".*?>\n', "", answer.text)
        assert without == (PAGE / "index.html").read_text(encoding="utf-8")
        assert len(inline) == 1
        name = base64.b64encode(hashlib.sha256(inline[0].encode()).digest()).decode()
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert f"'sha256-{name}'" in policy
        assert "frame-ancestors 'none'" in policy
        script = client.get("/page/js/main.js")
        assert script.headers["content-type"].startswith("text/javascript")
        for one in (answer, script, client.get("/missing")):
            assert one.headers["x-content-type-options"] == "nosniff"
            assert one.headers["cache-control"] == "no-store"
            assert "unsafe" not in one.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["/page/../server.py", "/page/%2e%2e/server.py", "/page/..%2fserver.py", "/page//etc/passwd"]
)
def test_files_outside_the_page_are_not_served(server, path):
    with server.client() as client, socket.create_connection(("127.0.0.1", server.port)) as raw:
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n"
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        raw.sendall(f"{head}Cookie: {cookie}\r\n\r\n".encode())
        assert b" 404 " in raw.makefile("rb").readline()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:80"])
def test_another_name_of_this_machine_is_refused(server, host):
    with server.client() as client:
        assert client.get("/", headers={"Host": host}).status_code == 403
        assert client.get(server.link, headers={"Host": host}).status_code == 403
    with pytest.raises(InvalidStatus, match="403"), server.page(host=host):
        pass


def test_localhost_is_a_name_of_this_machine(server):
    with server.client() as client:
        host = f"localhost:{server.port}"
        assert client.get("/", headers={"Host": host}).status_code == 200
    with server.page(origin=f"http://{host}") as page:
        assert page.receive()["kind"] == "ready"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:{port}", None]
)
def test_pages_of_others_cannot_connect(server, origin):
    origin = origin and origin.format(port=server.port)
    with pytest.raises(InvalidStatus, match="403"), server.page(origin=origin):
        pass
    with server.client() as client:
        headers = {"Origin": origin} if origin else {}
        assert client.post("/gif", headers=headers).status_code == 403


def test_a_connection_needs_the_cookie(server):
    for cookie in ("", f"fgan-lab-{server.port}=guess", "fgan-lab-1=x"):
        with pytest.raises(InvalidStatus, match="403"), server.page(headers={"Cookie": cookie}):
            pass


def test_only_this_machine_can_connect(server):
    with pytest.raises(ConnectionRefusedError):  # this address too belongs to who listens on all of them
        socket.create_connection(("127.0.0.2", server.port), timeout=5)


def test_messages_pass_unchanged_both_ways(server):
    raw = '{"do" : "start","settings":{"lr":1e-3, "name":"é\\u00e9"}}'
    with server.page() as page:
        assert page.receive()["kind"] == "ready"
        page.socket.send(raw)
        assert page.receive()["raw"] == raw
        page.send(do="frame")
        header, payload = page.frame()
        assert (header["kind"], payload) == ("frame", b"")


MALFORMED = {
    "no JSON": "must be JSON",
    "": "must be JSON",
    "[1]": "must be a JSON object",
    "7": "must be a JSON object",
    "{}": "is called null",
    '{"do": 1}': "is called 1",
    '{"do": "strat"}': 'Did you mean "start"?',
    '{"do": "open", "runs": ["/"]}': 'is called "open"',
    '{"do": "pace", "steps_per_second": NaN}': "NaN is not a number",
    '{"do": "pace", "steps_per_second": 1e999}': "too large",
    '{"do": "pace", "do": "play"}': "twice",
    '{"do": "f", "text": "\\ud800"}': "must be JSON",
    '{"do": "step", "count": ' + "[" * 100_000 + "}": "nested more than 32 deep",
    '{"do": "step", "count": ' + "9" * 100_000 + "}": "too large",
    json.dumps({"do": "start", "settings": " " * (300 << 10)}): "at most 256 KiB",
}


def test_malformed_messages_are_answered_and_close_nothing(server):
    with server.page() as page:
        page.until("ready")
        for text, what in MALFORMED.items():
            page.socket.send(text)
            answer = page.receive()
            assert (answer["kind"], answer["about"]) == ("error", "message"), text[:80]
            assert what in answer["message"], text[:80]
            assert len(answer["message"]) < 300
        page.socket.send(b"\x00\x01")
        assert "must be text" in page.receive()["message"]
        page.send(do="play")
        assert page.receive()["raw"] == '{"do": "play"}'


def test_a_flood_closes_the_page_that_sends_it_and_no_other(server):
    with server.page() as calm, server.page() as wild, server.page() as large:
        # So few that the server has received all when it closes: what arrives later resets the connection.
        for _ in range(400):
            try:
                wild.send(do="visible", visible=True)
            except ConnectionClosed:
                break
        assert "too many messages" in wild.until("error")["message"]
        with pytest.raises(ConnectionClosed, match="1008"):
            wild.until("never")
        large.socket.send("x" * (2 << 20))
        with pytest.raises(ConnectionClosed, match="1009"):
            large.until("never")
        calm.until("ready")
        calm.send(do="play")
        assert calm.receive()["raw"] == '{"do": "play"}'


def test_each_page_has_a_process_which_ends_with_it(server):
    with server.page() as one, server.page() as other:
        first, second = one.until("ready")["pid"], other.until("ready")["pid"]
        assert first != second
        one.socket.close()
        eventually(lambda: gone(first))
        other.send(do="play")
        assert other.receive()["pid"] == second
    eventually(lambda: gone(second))


@pytest.mark.parametrize("busy", ["sleep", "spin"])
def test_a_process_that_answers_nothing_ends_with_its_page(server, busy):
    with server.page() as page:
        pid = page.until("ready")["pid"]
        page.send(do="start", text=busy)
        page.until("echo")
    eventually(lambda: gone(pid))


def test_the_ninth_page_is_told_why_it_gets_nothing(server):
    with contextlib.ExitStack() as stack:
        pages = [stack.enter_context(server.page()) for _ in range(8)]
        ninth = stack.enter_context(server.page())
        assert [page.until("ready")["kind"] for page in pages] == ["ready"] * 8
        answer = ninth.receive()
        assert (answer["kind"], answer["about"]) == ("error", "open")
        assert "8 pages are open" in answer["message"]
        with pytest.raises(ConnectionClosed, match="1013"):
            ninth.receive()
    with server.page() as page:
        assert page.receive()["kind"] == "ready"


def test_a_page_learns_that_its_process_has_ended_and_gets_another(server):
    with server.page() as page:
        first = page.until("ready")["pid"]
        page.send(do="visible", visible=False)
        page.until("echo")
        page.send(do="start", text="end")
        assert page.until("lost")["message"]
        page.send(do="play")
        assert page.receive()["about"] == "play"
        page.send(do="frame")
        page.send(do="start")
        second = page.until("ready")["pid"]
        assert second != first
        assert json.loads(page.receive()["raw"]) == {"do": "visible", "visible": False}
        assert json.loads(page.receive()["raw"]) == {"do": "start"}
        assert page.frame()[0]["kind"] == "frame"  # which was asked for before there was a process


def test_questions_are_answered_by_another_process(server):
    with server.page() as page:
        pid = page.until("ready")["pid"]
        page.send(do="f", id=1, text="u*log(u)")
        answer = page.until("f")
        assert (answer["id"], answer["name"]) == (1, "u*log(u)")
        assert answer["pid"] != pid
        assert page.until("laws")["id"] == 1  # which take longer
        page.send(do="f", id=2, text="sleep 60")
        assert page.until("f") == {
            "kind": "f",
            "id": 2,
            "error": "This took longer than 2 s and was stopped.",
        }
        page.send(do="f", id=3, text="end")
        assert "has ended" in page.until("f")["error"]
        page.send(do="f", id=4, text="sleep 1")
        for number in (5, 6, 7):
            page.send(do="f", id=number, text="u")
        assert [page.until("f")["id"] for _ in range(2)] == [4, 7]  # the newest replaces those that wait
        assert page.until("laws")["id"] == 7
        page.send(do="play")
        assert page.receive()["pid"] == pid


def test_questions_of_one_page_do_not_replace_those_of_another(server):
    with server.page() as one, server.page() as other:
        one.send(do="f", id=1, text="sleep 0.5")
        other.send(do="f", id=1, text="u")
        other.send(do="f", id=2, text="2*u")
        one.send(do="f", id=2, text="3*u")
        assert [one.until("f")["name"] for _ in range(2)] == ["sleep 0.5", "3*u"]
        assert other.until("f")["name"] == "2*u"


def test_a_page_that_does_not_read_is_closed(server):
    with server.page(max_queue=1) as page:
        pid = page.until("ready")["pid"]
        page.send(do="start", text="flood")
        eventually(lambda: gone(pid))
    with server.page() as page:
        assert page.receive()["kind"] == "ready"


def test_a_process_that_does_not_read_closes_its_page():
    with stub_lab(worker="lab_stub:mute") as server, server.page() as page:
        pid = page.until("ready")["pid"]
        for _ in range(100):
            try:
                page.send(do="start", settings=" " * (250 << 10))
            except ConnectionClosed:
                break
        with pytest.raises(ConnectionClosed, match="does not keep up"):
            page.until("never")
        eventually(lambda: gone(pid))
