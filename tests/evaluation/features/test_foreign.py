import pytest
import torch
from torch import nn

import fgan
from fgan.errors import FganError
from fgan.evaluation.features import extractor_for, features_of
from fgan.evaluation.features.foreign import Foreign


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise RuntimeError('no luck')", r"cannot import .*: no luck \(RuntimeError\)"),
        ("def f(:", r"cannot import .*\(SyntaxError\)"),
        ("import no_such_thing", r"No module named 'no_such_thing'"),
        ("raise SystemExit('stop')", r"cannot import .*: stop \(SystemExit\)"),
        ("class f: pass", "is a class. Name a function or an instance"),
    ],
)
def test_a_module_that_fails_is_the_users_mistake(here, request, code, message):
    name = f"failing_{abs(hash(request.node.name))}"
    (here / f"{name}.py").write_text(code)
    with pytest.raises(FganError, match=message):
        extractor_for(f"{name}:f", fgan.load_data("digits"))


@pytest.mark.parametrize("target", [":f", "module:", ".module:f", "my_module.py:f", "./my_module:f"])
def test_a_target_is_a_module_and_a_callable(target):
    with pytest.raises(FganError, match="write my_module:my_extractor"):
        extractor_for(target, fgan.load_data("digits"))


def test_what_the_users_code_prints_is_not_the_result(here, capsys):
    (here / "talking.py").write_text(
        "print('import')\ndef f(x):\n    print('call')\n    return x.flatten(1)\n"
    )
    extractor_for("talking:f", fgan.load_data("digits"))
    printed = capsys.readouterr()
    assert printed.out == "" and "import" in printed.err and "call" in printed.err


class _Unknown(nn.Module):
    """Says that it has a hash, and has none."""

    name = sha256 = trained_on = None

    def forward(self, x):
        return x.float().flatten(1)


def test_a_hash_of_none_is_no_hash(here):
    extractor = Foreign("mine", _Unknown(), (1, 8, 8))
    assert (extractor.name, extractor.sha256, extractor.trained_on) == ("mine", "", "")
    features_of(extractor, torch.zeros(2, 1, 8, 8, dtype=torch.uint8), say=print)
    assert not (here / "cache").exists()
