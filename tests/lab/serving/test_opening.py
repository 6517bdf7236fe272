"""What `fgan lab DATA...` opens."""

import base64
import json

import pytest
from lab_server import stub_lab

from fgan.errors import FganError
from fgan.lab.serving.opening import NAMES, Opening, opened


def settings_in(fragment):
    text = fragment.removeprefix("#")
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def test_nothing_opens_the_defaults():
    assert opened([], print) == Opening()
    assert opened([], print).fragment == ""


@pytest.mark.parametrize("name", NAMES)
def test_a_target_by_its_name(name):
    assert settings_in(opened([name], print).fragment) == {"target": name}


def test_a_table_of_two_columns(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("name,x,y\na,1,2.5\nb,-3,4\nc,0,0.5\n")
    said = []
    found = opened([str(path)], said.append)
    assert found.settings == {"target": "rows", "points": [[1.0, 2.5], [-3.0, 4.0], [0.0, 0.5]]}
    assert said == ["columns left out, which are not numbers: name"]


def test_of_a_long_table_some_rows_are_drawn(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("x,y\n" + "".join(f"{k},{k / 2}\n" for k in range(5000)))
    said = []
    points = opened([str(path)], said.append).settings["points"]
    assert len({x for x, _ in points}) == 2000
    assert all(y == x / 2 for x, y in points)
    assert "5,000 rows" in said[0]


@pytest.mark.parametrize(
    ("content", "what"),
    [("x,y,z\n1,2,3\n4,5,6\n", "has 3: x, y, z"), ("x,word\n1,a\n2,b\n", "has 1: x"), ("", "empty")],
)
def test_other_tables_are_refused(tmp_path, content, what):
    path = tmp_path / "rows.csv"
    path.write_text(content)
    with pytest.raises(FganError, match=what):
        opened([str(path)], print)


def test_what_is_nothing_is_refused(tmp_path):
    with pytest.raises(FganError, match='Did you mean "moons"'):
        opened(["mons"], print)
    with pytest.raises(FganError, match="one target, one table, or any number of runs"):
        opened(["moons", str(tmp_path)], print)


def test_runs_are_what_a_process_hears_first(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with stub_lab(str(tmp_path / "one"), str(tmp_path / "two")) as server:
        with server.client() as client:
            assert client.get("/").status_code == 200
        with server.page() as page:
            page.send(do="play")
            message = json.loads(page.until("echo")["raw"])
            assert message == {"do": "open", "runs": [str(tmp_path / "one"), str(tmp_path / "two")]}
            assert json.loads(page.until("echo")["raw"]) == {"do": "play"}


def test_the_link_leads_to_the_settings():
    with stub_lab("spiral") as server, server.client(let_in=False) as client:
        answer = client.get(server.link)
        assert settings_in(answer.headers["location"].removeprefix("/")) == {"target": "spiral"}
