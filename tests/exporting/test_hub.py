"""Pushing to and loading from the hub, by its own library, against a stand-in on 127.0.0.1."""

import os

import pytest
import torch
from exported import trained
from hub import TOKEN, StandIn

import fgan
from fgan.errors import ExportError
from fgan.exporting import export, push, read_exported
from fgan.exporting.hub import is_hub_name

silent = lambda line: None  # noqa: E731


@pytest.fixture
def library():
    """The constants of the hub's own library, which it reads at each call."""
    return pytest.importorskip("huggingface_hub.constants")


def lead_to(url, library, monkeypatch):
    """Do what HF_ENDPOINT does before the library is imported."""
    monkeypatch.setattr(library, "ENDPOINT", url)
    monkeypatch.setattr(
        library, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}"
    )


@pytest.fixture
def hub(library, monkeypatch, tmp_path):
    with StandIn() as hub:
        lead_to(hub.url, library, monkeypatch)
        monkeypatch.setattr(library, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(library, "HF_TOKEN_PATH", str(tmp_path / "token"))
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield hub


@pytest.fixture
def folder(tmp_path):
    return export(trained(classes=3), "hub", tmp_path / "folder", say=silent)


def test_names():
    assert is_hub_name("hub:a/b") and not is_hub_name("a/b")
    for bad in ("hub:", "hub:a", "hub:a/b/c", "hub:../x y"):
        with pytest.raises(ExportError, match="must be USER/NAME"):
            fgan.load(bad)


def test_what_is_pushed_is_loaded(hub, folder, tmp_path):
    (folder / ".env").write_text("SECRET=1")
    (folder / "train.py").write_text("1")
    said = []
    assert push(folder, "ada/shapes", say=said.append) == f"{hub.url}/ada/shapes"
    sent = hub.repos["ada/shapes"]["files"]
    assert set(sent) == {"README.md", "config.json", "generator.safetensors", "samples.png"}
    assert "not sent: .env, train.py" in said[0]
    assert b"hub:ada/shapes" in sent["README.md"] and b"USER/NAME" not in sent["README.md"]
    assert not any(TOKEN.encode() in content for content in sent.values()) and TOKEN not in "".join(said)

    hub.commit("ada/shapes", {"model.py": b"open('sprung', 'w')", "weights.bin": b"\x80"})
    hub.requests.clear()
    said = []
    one = read_exported("hub:ada/shapes", said.append)
    assert torch.equal(one.sample(6, seed=1), trained(classes=3).sample(6, seed=1))
    assert "model.py, weights.bin; fgan neither downloads nor runs it" in said[0]
    assert not any(name in line for line in hub.requests for name in ("model.py", "weights.bin"))
    assert not any(
        TOKEN.encode() in path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file()
    )

    sha = hub.repos["ada/shapes"]["sha"]
    assert fgan.load(f"hub:ada/shapes@{sha}").classes == one.classes
    with pytest.raises(ExportError, match="no such revision"):
        fgan.load("hub:ada/shapes@v9")


def test_a_private_repository_is_seen_with_the_token_alone(hub, folder, monkeypatch):
    push(folder, "ada/secret", private=True, say=silent)
    assert hub.repos["ada/secret"]["private"]
    assert fgan.load("hub:ada/secret").latent == 5
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(ExportError, match=r"no repository ada/secret that you can access.*hf auth login"):
        fgan.load("hub:ada/secret")


def test_private_is_never_pushed_to_what_is_public(hub, folder):
    hub.add("ada/public")
    with pytest.raises(ExportError, match="is public, but --private"):
        push(folder, "ada/public", private=True, say=silent)
    assert hub.repos["ada/public"]["files"] == {}


def test_a_repository_of_others_is_refused_without_unpickling(hub):
    hub.add("ada/pickle", pytorch_model__bin=b"cos\nsystem\n", model__py=b"1")
    said = []
    with pytest.raises(ExportError, match=r"no generator\.safetensors"):
        read_exported("hub:ada/pickle", said.append)
    assert "model.py" in said[0] and "neither downloads nor runs" in said[0]
    assert not any("resolve" in line for line in hub.requests)


@pytest.mark.parametrize(("token", "said"), [("", "none was found"), ("hf_wrong_one", "lacks permission")])
def test_a_token_that_is_missing_or_wrong(hub, folder, monkeypatch, token, said):
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(ExportError, match=said) as refused:
        push(folder, "ada/shapes", say=silent)
    assert "hf auth login" in str(refused.value) and "hf_wrong" not in str(refused.value)
    assert hub.repos == {}


def test_without_a_network_the_cache_serves(hub, folder, library, monkeypatch):
    push(folder, "ada/shapes", say=silent)
    fgan.load("hub:ada/shapes")
    lead_to("http://127.0.0.1:1", library, monkeypatch)
    said = []
    assert read_exported("hub:ada/shapes", said.append).latent == 5
    assert "cannot reach the hub" in said[0]
    with pytest.raises(ExportError, match="cannot reach the hub, and ada/other is not in the local cache"):
        read_exported("hub:ada/other", silent)
    with pytest.raises(ExportError, match="cannot reach the hub"):
        push(folder, "ada/shapes", say=silent)


def test_a_folder_that_is_none_of_ours(tmp_path):
    with pytest.raises(ExportError, match=r"lacks generator\.safetensors, config\.json, README\.md"):
        push(tmp_path, "ada/shapes", say=silent)
    with pytest.raises(ExportError, match="must be USER/NAME"):
        push(tmp_path, "shapes", say=silent)


def test_a_missing_library_is_named_with_the_line_that_installs_it(folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(ExportError, match=r'pip install "fgan\[hub\]"'):
        push(folder, "ada/shapes", say=silent)
    with pytest.raises(ExportError, match=r'pip install "fgan\[hub\]"'):
        fgan.load("hub:ada/shapes")


@pytest.mark.slow
def test_the_commands_of_a_user(library, folder, tmp_path, cold_fgan_command):
    with StandIn() as hub:
        env = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "HF_TOKEN": TOKEN}
        pushed = cold_fgan_command("push", folder, "ada/shapes", env=env)
        assert (pushed.returncode, pushed.stdout.strip()) == (0, f"{hub.url}/ada/shapes"), pushed.stderr
        out = tmp_path / "samples.npy"
        drawn = cold_fgan_command(
            "sample", "hub:ada/shapes", "--n", 4, "--label", "class 1", "--out", out, env=env
        )
        assert drawn.returncode == 0 and out.exists(), drawn.stderr
        gone = cold_fgan_command("sample", "hub:ada/nothing", "--out", out, env=env)
        assert gone.returncode == 2 and "no repository ada/nothing" in gone.stderr
        assert TOKEN not in pushed.stdout + pushed.stderr + drawn.stderr + gone.stderr
