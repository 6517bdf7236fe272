import subprocess
import sys

import numpy as np
import pytest
import torch

from fgan.data import Dataset, load_data
from fgan.errors import DataError

BUILT_IN = ["digits", "ring8", "grid25", "paper-mixture", "moons"]


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_keeps_its_word(name, generator):
    data = load_data(name)
    assert isinstance(data, Dataset) and data.name == name
    for source in (data.train, data.held_out):
        state = generator.get_state()
        drawn = source.draw(32, generator)
        assert drawn.shape == (32, *data.shape)
        same, labels = source.draw_labelled(32, torch.Generator().set_state(state))
        assert torch.equal(same, drawn) and (labels is not None) == bool(data.classes)
        if labels is not None:
            assert labels.dtype == torch.int64 and labels.shape == (32,)
            assert labels.min() >= 0 and labels.max() < len(data.classes)
        framed = (drawn - torch.tensor(data.frame.center)) / torch.tensor(data.frame.scale)
        assert framed.isfinite().all()


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("mnits", "mnist"), ("MNIST", "mnist"), ("ring", "ring8"), ("papermixture", "paper-mixture")],
)
def test_an_unknown_name_lists_the_names_and_the_nearest(name, nearest):
    with pytest.raises(DataError) as caught:
        load_data(name)
    message = str(caught.value)
    assert f'Did you mean "{nearest}"?' in message and f"{name} does not exist" in message
    assert all(
        known in message
        for known in [*BUILT_IN, "mnist", "stacked-mnist", "idx:DIR", ".npz", "archive of images"]
    )


@pytest.mark.parametrize(
    "name", ["no/such/folder", "", "none.zip", "none.npy", "~nobody-has-this-name/x", "x" * 5000]
)
def test_a_path_that_does_not_exist_is_refused(name):
    with pytest.raises(DataError, match="does not exist"):
        load_data(name, image_size=16)


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.7z").write_bytes(b"?")
    with pytest.raises(DataError, match=r"a\.7z.*Unpack"):
        load_data(str(tmp_path / "a.7z"))


def test_an_image_size_where_it_does_not_apply_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((4, 2)))
    for name in ("digits", "ring8", "mnist", "stacked-mnist", f"idx:{tmp_path}", str(tmp_path / "a.npy")):
        with pytest.raises(DataError, match=r"image_size .* applies to folders"):
            load_data(name, image_size=16)


def test_a_file_in_the_working_directory_needs_no_directory(tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", np.zeros((4, 2)))
    monkeypatch.chdir(tmp_path)
    assert load_data("a.npy").name == "a.npy"


def test_notes_go_to_standard_error_unless_told(tmp_path, capsys):
    from PIL import Image

    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    (tmp_path / "c.png").write_bytes(b"?")
    load_data(str(tmp_path))
    out, err = capsys.readouterr()
    assert out == "" and "cannot be read (1)" in err and "32x32" in err and "reading images" not in err


@pytest.mark.slow
def test_importing_the_room_pulls_in_no_heavy_library():
    heavy = ["matplotlib", "sklearn", "scipy", "pooch", "requests", "PIL"]
    code = (
        "import sys, torch; had = set(sys.modules); import fgan.data;"
        f"print([m for m in {heavy} if m in set(sys.modules) - had])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
