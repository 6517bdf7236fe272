"""Networks of users leave by the same door; their code does not."""

import pytest
import torch
from torch import nn

import fgan
from fgan.errors import ExportError
from fgan.exporting import export

silent = lambda line: None  # noqa: E731


class Mine(nn.Module):
    latent = 3

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 2)
        )

    def forward(self, z):
        return self.layers(z)


@pytest.fixture
def run(tmp_path):
    fgan.train("ring8", generator=Mine, steps=3, device="cpu", out=tmp_path / "run", say=silent)
    return fgan.load(tmp_path / "run", generator=Mine)


def test_weights_leave_and_the_code_is_handed_over(run, tmp_path):
    path = export(run, "safetensors", say=silent)
    with pytest.raises(ExportError, match=r"never loads code.*generator=Net"):
        fgan.load(path)
    back = fgan.load(path, generator=Mine)
    assert torch.equal(back.sample(9, seed=2), run.sample(9, seed=2))
    bare = Mine()
    from safetensors.torch import load_file

    bare.load_state_dict(load_file(path))
    z = torch.randn(4, 3)
    assert torch.equal(bare.eval()(z), back.generator(z))


@pytest.mark.slow
def test_a_hub_folder_has_a_program_that_needs_no_code(run, root):
    folder = export(run, "hub", say=silent)
    program = torch.export.load(folder / "generator.pt2").module()
    z = torch.randn(9, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(program(z), run.sample(9))
    card = (folder / "README.md").read_text()
    assert "generator.pt2" in card and "fgan sample" not in card
    for path in folder.iterdir():
        assert str(root).encode() not in path.read_bytes(), path.name
