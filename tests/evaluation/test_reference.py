"""What samples are compared with is a choice, and what was compared with what is said."""

import json

import numpy as np
import pytest
import torch

import fgan
from fgan.data import Dataset, Frame, TensorSource
from fgan.errors import DataError, FganError
from fgan.evaluation import evaluate
from fgan.evaluation.frechet import frechet_distance


def of(x, held_out):
    return Dataset("mine", Frame(x.shape[1:]), TensorSource(x[held_out:]), TensorSource(x[:held_out]))


@pytest.fixture(scope="module")
def case():
    """160 real vectors, 16 of them held out, and 500 samples."""
    random = torch.Generator().manual_seed(0)
    return torch.randn(160, 6, generator=random), torch.randn(500, 6, generator=random) * 1.1


@pytest.mark.parametrize(
    ("reference", "n_reference", "n_floor"), [("train", 120, 40), ("held-out", 40, 120), ("all", 160, None)]
)
def test_all_samples_are_compared_with_all_of_the_reference(case, reference, n_reference, n_floor):
    real, samples = case
    parts = {"train": real[40:], "held-out": real[:40], "all": real}
    found = evaluate(samples, of(real, 40), metrics="fid,kde", reference=reference)
    assert (found.n, found.n_reference, found.n_floor) == (500, n_reference, n_floor)
    assert found["fid"].value == pytest.approx(frechet_distance(samples, parts[reference]).value, rel=1e-9)
    assert found.reference.startswith(f"all {n_reference}") and found.asked["reference"] == reference
    assert (found["fid"].floor is None) == (n_floor is None)
    apart = reference == "train"
    assert apart != any(
        "choose the bandwidth are also in the reference" in text for text in found["kde"].caveats
    )
    values = json.loads(found.to_json())
    assert values["n_reference"] == n_reference and values["n_floor"] == n_floor
    if n_floor:
        assert f"real vs real ({n_floor} samples)" in found.table()
        assert any(f"baseline uses only {n_floor} samples instead of 500" in one for one in found.warnings)


def test_by_default_both_are_cut_to_match_and_that_is_said(case):
    real, samples = case
    found = evaluate(samples, of(real, 16), metrics="fid")
    assert (found.n, found.n_reference, found.n_floor) == (72, 72, 72) and "reference" not in found.asked
    assert any("72 of 500 samples are evaluated" in text and "--reference" in text for text in found.warnings)
    whole = evaluate(samples[:60], of(real, 16), metrics="fid")
    assert whole.n == 60 and not any("are judged" in text for text in whole.warnings)


def test_more_samples_than_n_are_said(case):
    real, samples = case
    lines = []
    assert evaluate(samples, of(real, 80), metrics="fid", n=60, say=lines.append).n == 60
    assert lines == ["60 of 500 samples of a tensor are evaluated; use --n (n=) for more"]


def test_pixels_of_few_shots_have_the_independent_number():
    random = np.random.default_rng(0)
    real, fake = (random.integers(0, 256, (n, 1, 8, 8), dtype=np.uint8) for n in (50, 300))
    data = Dataset(
        "few", Frame.of_images((1, 8, 8)), *(TensorSource(torch.from_numpy(x)) for x in (real[5:], real[:5]))
    )
    a, b = (x.reshape(len(x), -1) / 255.0 for x in (fake, real))
    ac, bc = a - a.mean(0), b - b.mean(0)
    norm = np.linalg.svd(ac @ bc.T, compute_uv=False).sum()
    means = ((a.mean(0) - b.mean(0)) ** 2).sum()
    expected = means + (ac**2).sum() / 299 + (bc**2).sum() / 49 - 2 * norm / (49 * 299) ** 0.5
    found = evaluate(torch.from_numpy(fake), data, metrics="fid", reference="all", extractor="pixels")
    assert found["fid"].value == pytest.approx(expected, rel=1e-6)


def test_too_few_and_unknown_references_are_refused(case):
    real, samples = case
    with pytest.raises(DataError, match=r"at least 20 real samples.*gives 16 and 144"):
        evaluate(samples, of(real, 16), metrics="fid", reference="held-out")
    with pytest.raises(DataError, match="--reference all"):
        evaluate(samples, of(real[:30], 3), metrics="fid")
    assert evaluate(samples, of(real[:30], 3), metrics="fid", reference="all").n_reference == 30
    with pytest.raises(FganError, match=r"must be one of auto, train, held-out, all; got 'test'"):
        evaluate(samples, of(real, 16), reference="test")  # type: ignore[arg-type]


@pytest.mark.parametrize("reference", ["train", "held-out", "all"])
def test_a_distribution_gives_fresh_samples_whatever_is_asked(reference):
    samples = fgan.load_data("ring8").train.draw(200, torch.Generator().manual_seed(3))
    found, auto = (evaluate(samples, "ring8", metrics="fid", reference=one) for one in (reference, "auto"))
    assert found["fid"] == auto["fid"] and found.reference == "200 new samples"


@pytest.mark.parametrize("as_array", [False, True])
def test_pictures_of_another_size_name_the_size_to_load_the_data_at(tmp_path, as_array):
    from PIL import Image

    for name in ("real", "fake"):
        (tmp_path / name).mkdir()
        for k in range(50):
            Image.new("RGB", (48, 48), (k, k, k)).save(tmp_path / name / f"{k}.png")
    samples = np.zeros((50, 48, 48, 3), np.uint8) if as_array else tmp_path / "fake"
    real = str(tmp_path / "real")
    with pytest.raises(DataError, match=r"loaded at 32x32.*Load the data at that size: --image-size 48"):
        evaluate(samples, real, metrics="fid", say=lambda line: None)
    data = fgan.load_data(real, image_size=48)
    assert evaluate(samples, data, metrics="fid", reference="all").n == 50
