"""What an installed fgan must do, outside a checkout: python smoke.py PLACE, the folder it is installed in."""

import subprocess
import sys
import tempfile
from pathlib import Path

import fgan


def fgan_says(*arguments: str) -> str:
    """Return what the command prints, which must succeed."""
    command = [sys.executable, "-m", "fgan", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main(place: Path) -> None:
    """Train, sample, judge, measure, report and cite with what is installed there."""
    assert place.resolve() in Path(fgan.__file__).resolve().parents, fgan.__file__
    assert "train" in fgan_says("--help") and "Kullback" in fgan_says("divergences", "kl")
    assert "nowozin2016" in fgan_says("cite", "kl")
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        fgan_says("train", "digits", "--steps", "20", "--compile", "off", "--out", str(run))
        fgan_says("sample", str(run), "--n", "4", "--out", f"{folder}/samples.png")
        fgan_says(
            "evaluate", str(run), "--n", "200", "--metrics", "fid"
        )  # reads the weights that are shipped
        fgan_says("report", str(run), "--out", f"{folder}/report.html")
        assert Path(folder, "report.html").stat().st_size > 10_000
    draws = fgan.load_data("moons").train.draw
    import torch

    random = torch.Generator().manual_seed(0)
    found = fgan.estimate(draws(500, random), draws(500, random) + 2, divergence="js")
    assert found.value > 0.1, found
    sys.stdout.write(f"fgan {fgan.__version__} works\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
