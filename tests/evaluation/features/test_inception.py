import pickle
import sys

import pytest
import torch

import fgan
from fgan.errors import FganError
from fgan.evaluation.features import extractor_for, features_of

PACKAGE = {
    "__init__.py": "import no_such_torchvision\n",
    "part.py": "DIMENSION = 2048\n",
    "feature_extractor_inceptionv3.py": """
import torch
from torch import nn
from torch_fidelity.part import DIMENSION

class FeatureExtractorInceptionV3(nn.Module):
    def __init__(self, name, features_list, feature_extractor_weights_path=None):
        super().__init__()
        self.linear = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, DIMENSION))
        if feature_extractor_weights_path:
            self.load_state_dict(torch.load(feature_extractor_weights_path, weights_only=False))

    def forward(self, x):
        return (self.linear(x.float().mean((2, 3))),)
""",
}


@pytest.fixture
def fidelity(tmp_path, monkeypatch):
    """A torch-fidelity whose own __init__ fails, as it does where torchvision cannot be imported."""
    for name, code in PACKAGE.items():
        file = tmp_path / "site" / "torch_fidelity" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code)
    for name in [name for name in sys.modules if name.partition(".")[0] == "torch_fidelity"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path / "site")


def test_inception_needs_no_torchvision(fidelity):
    extractor = extractor_for("inception", fgan.load_data("digits"))
    with torch.no_grad():
        assert extractor(torch.zeros(2, 1, 8, 8, dtype=torch.uint8)).shape == (2, 2048)
    assert not [name for name in sys.modules if name.startswith("torch_fidelity")]


def test_features_of_inception_do_not_depend_on_the_batch(fidelity):
    extractor = extractor_for("inception", fgan.load_data("digits"))
    values = fgan.load_data("digits").train.values[:8]
    whole = features_of(extractor, values, cache=False, say=print)
    parts = features_of(extractor, values, batch_size=3, cache=False, say=print)
    assert (whole - parts).abs().max() <= 1e-6 * whole.abs().max()


def test_a_file_of_something_else_is_refused(fidelity, tmp_path):
    for content in (torch.zeros(3), [1, 2], {"linear.weight": torch.zeros(3)}):
        torch.save(content, tmp_path / "w.pth")
        with pytest.raises(FganError, match=r"w\.pth does not hold"):
            extractor_for(f"inception:{tmp_path / 'w.pth'}", fgan.load_data("digits"))


class _Code:
    def __reduce__(self):
        return (print, ("this pickle ran",))


def test_no_code_of_a_weights_file_runs(fidelity, tmp_path, capsys):
    (tmp_path / "w.pth").write_bytes(pickle.dumps(_Code()))
    with pytest.raises(FganError, match=r"w\.pth does not hold"):
        extractor_for(f"inception:{tmp_path / 'w.pth'}", fgan.load_data("digits"))
    torch.save({"linear.weight": _Code()}, tmp_path / "v.pth")
    with pytest.raises(FganError, match=r"v\.pth does not hold"):
        extractor_for(f"inception:{tmp_path / 'v.pth'}", fgan.load_data("digits"))
    assert "ran" not in capsys.readouterr().out
