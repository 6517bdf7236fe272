import json
import math

import numpy as np
import pytest
import torch
from cases import one_fast

import fgan
from fgan.errors import DataError, FganError
from fgan.evaluation import (
    METRICS,
    QUANTITIES,
    evaluate,
    higher_is_better,
    judge_for,
    nearest_images,
    over_runs,
)
from fgan.evaluation.copying import closeness, near_copies, nearest_training

QUICK = ("fid", "kid", "is", "prdc", "modes", "copying")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("FGAN_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


@pytest.fixture(scope="module")
def digits():
    return fgan.load_data("digits")


@pytest.fixture(scope="module")
def noise():
    return torch.rand(400, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def of_noise(noise, digits):
    return evaluate(noise, digits)


def test_all_metrics_are_reported_with_an_interval_and_a_floor(of_noise):
    assert set(of_noise.metrics) == set(QUANTITIES) - {"within-3-sigma"}
    for name, found in of_noise.metrics.items():
        assert found.low <= found.value <= found.high, name
        assert found.floor is not None and found.floor.low <= found.floor.value <= found.floor.high, name
        assert all(map(math.isfinite, (found.low, found.value, found.high))), name


def test_noise_is_worse_than_real_digits_by_every_metric_that_has_a_direction(of_noise):
    for name in ("fid", "kid", "is", "precision", "density", "coverage", "kde", "c2st", "modes-kl"):
        found = of_noise[name]
        assert found.floor is not None
        worse = found.high < found.floor.low if higher_is_better(name) else found.low > found.floor.high
        assert worse, f"{name}: {found}"


def test_real_samples_score_as_the_floor(digits):
    held_out = digits.held_out.values
    found = evaluate(held_out, digits, metrics=QUICK)
    for name in ("fid", "precision", "recall", "coverage", "is"):
        floor = found[name].floor
        assert floor is not None
        # Two intervals of 95%: they meet.
        assert found[name].low <= floor.high and floor.low <= found[name].high, name


def test_copies_of_the_training_samples_are_found_out(digits):
    found = evaluate(digits.train.values[:300], digits, metrics=("copying",))
    assert found["closer-to-training"].value > 0.99 and found["exact-copies"].value == 1.0
    floor = found["closer-to-training"].floor
    assert floor is not None and floor.low < 0.5 < floor.high


def test_a_constant_sample_set_gives_finite_numbers_and_a_warning(digits):
    found = evaluate(torch.full((200, 1, 8, 8), 0.5), digits)
    assert all(math.isfinite(one.value) for one in found.metrics.values())
    assert any("only 1 of 200 samples are distinct" in warning for warning in found.warnings)
    assert found["coverage"].value < 0.1 and found["modes"].value == 1


@pytest.mark.parametrize("size", one_fast([37, 1, 500]))
def test_the_batch_size_changes_no_metric(size, noise, digits, of_noise):
    found = evaluate(noise, digits, metrics=QUICK, batch_size=size, cache=False)
    for name, one in found.metrics.items():
        assert one.value == pytest.approx(of_noise[name].value, rel=1e-5), name


def test_the_same_samples_have_the_same_numbers(noise, digits, of_noise):
    again = evaluate(noise, digits)
    assert again.to_json() == of_noise.to_json()


@pytest.mark.parametrize("far", [1.0, 1e5])
def test_copies_are_found_where_clusters_lie_far_apart(far):
    random = torch.Generator().manual_seed(0)
    training, unseen = (
        torch.randn(600, 4, generator=random) + far * (torch.arange(600) % 3)[:, None] for _ in range(2)
    )
    distances, rows = nearest_training(training, training)
    assert (distances == 0).all() and torch.equal(rows[:, 0], torch.arange(600))
    assert closeness(distances[:, 0], nearest_training(unseen, training)[0][:, 0]).value > 0.99


def test_some_copies_among_poor_samples_show_although_closeness_is_a_half():
    random = torch.Generator().manual_seed(0)
    training, unseen = torch.randn(2, 800, 3, generator=random)
    mixed = torch.cat([training[:300] + 1e-4, 4 * torch.randn(300, 3, generator=random).sign() * 3])
    ours, theirs = (nearest_training(side, training)[0][:, 0] for side in (mixed, unseen))
    assert closeness(ours, theirs).value == pytest.approx(0.5, abs=0.05)
    assert near_copies(ours, theirs).interval()[0] > 0.4
    assert near_copies(theirs, theirs).value == pytest.approx(0.01, abs=0.003)


def test_samples_in_no_mode_are_not_perfect():
    found = evaluate(torch.full((500, 2), 50.0), "grid25", metrics=("modes",))
    floor = found["modes-kl"].floor
    assert found["modes"].value == 0 and floor is not None
    assert math.isfinite(found["modes-kl"].value) and found["modes-kl"].low > floor.high


def test_a_number_that_the_data_cannot_have_is_refused_and_left_out_of_its_metric(noise, digits):
    with pytest.raises(FganError, match='"within-3-sigma" needs data with known clusters'):
        evaluate(noise, digits, metrics=("within-3-sigma",))
    assert "within-3-sigma" not in evaluate(noise, digits, metrics="modes").metrics


def test_the_density_of_copies_of_the_training_samples_stays_a_density(digits):
    found = evaluate(digits.train.values, digits, metrics="kde")
    assert found["kde"].value > -1000


def test_samples_that_contain_the_reference_are_told(digits):
    found = evaluate(digits.train.values, digits, metrics="fid")
    assert any("are in the reference itself" in warning for warning in found.warnings)


def test_a_conditional_runs_intervals_are_those_of_its_samples_in_any_order(tmp_path, digits):
    config = fgan.preset("default", "digits", steps=150, width=64, conditional=True, sample_every=0)
    fgan.train(config, tmp_path / "run", say=lambda line: None)
    run = fgan.RunDirectory(tmp_path / "run")
    whole = evaluate(run, digits, metrics=("fid", "recall"), n=400)
    again = evaluate(run.sample(400, seed=0), digits, metrics=("fid", "recall"), n=400)
    for name in ("fid", "recall"):
        widths = [one[name].high - one[name].low for one in (whole, again)]
        assert 0.4 < widths[0] / widths[1] < 2.5, name
    # Classes come in turn, as many as there are groups: each fold would be without one of them.
    assert whole["fid"].high < 1.5 * whole["fid"].value


def test_any_callable_is_an_extractor(noise, digits):
    found = evaluate(noise, digits, metrics=("fid",), extractor=lambda x: x.float().mean((2, 3)))
    assert found.extractor["dimension"] == 1 and found.extractor["name"] == "<lambda>"


def test_all_forms_of_the_same_samples_have_the_same_numbers(noise, digits, tmp_path):
    as_bytes = (noise * 255).round().to(torch.uint8)
    np.save(tmp_path / "noise.npy", as_bytes.squeeze(1).numpy())
    folder = tmp_path / "pictures"
    folder.mkdir()
    from PIL import Image

    for k, image in enumerate(as_bytes):
        # Grey pictures that were saved as RGB.
        Image.fromarray(image[0].numpy()).convert("RGB").save(folder / f"{k:04}.png")
    forms = (noise, as_bytes, noise[:, 0].numpy(), tmp_path / "noise.npy", folder)
    values = [evaluate(form, digits, metrics=("fid",))["fid"].value for form in forms]
    assert values[1:3] == pytest.approx([values[0]] * 2)
    # Files are split and joined again, so another order falls into the groups, but all samples count.
    assert values[3:] == pytest.approx([values[0]] * 2)


@pytest.mark.parametrize("data", one_fast(["ring8", "grid25", "moons", "paper-mixture"]))
def test_toys_are_judged_by_what_applies_to_them(data):
    dataset = fgan.load_data(data)
    samples = dataset.train.draw(600, torch.Generator().manual_seed(5))
    found = evaluate(samples, dataset, metrics=())
    assert set(found.skipped) >= {"is", "copying"}
    assert ("within-3-sigma" in found.metrics) == (dataset.modes is not None)
    if dataset.modes is not None:
        assert found["modes"].value == len(dataset.modes.centers)
        assert found["within-3-sigma"].value == pytest.approx(0.989, abs=0.015)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (torch.rand(50, 1, 28, 28), r"holds images .*\(1, 8, 8\), but a tensor has samples of the shape"),
        (torch.rand(50, 3, 8, 8), r"samples of the shape \(3, 8, 8\)"),
        (torch.rand(50, 2), "holds images"),
        (torch.rand(50, 1, 8, 8) * 255, r"lie in \[0, 1\].*Scale them"),
        (torch.full((50, 1, 8, 8), torch.nan), "NaN or infinite"),
        (torch.rand(15, 1, 8, 8), "at least 20 samples; a tensor has 15"),
    ],
)
def test_samples_that_cannot_be_judged_are_refused(samples, message, digits):
    with pytest.raises(FganError, match=message):
        evaluate(samples, digits, metrics=("fid",))


def test_fewer_samples_than_features_warn(digits):
    found = evaluate(torch.rand(50, 1, 8, 8), digits, metrics=("fid", "kid"))
    assert any("mostly bias; use kid" in warning for warning in found.warnings)


def test_pictures_of_another_size_are_refused_not_resized(digits, tmp_path):
    from PIL import Image

    for k in range(3):
        Image.new("L", (8, 9)).save(tmp_path / f"{k}.png")
    with pytest.raises(DataError, match=r"must be 8x8.*is 8x9"):
        evaluate(tmp_path, digits, metrics=("fid",))


def test_an_unknown_metric_and_one_that_does_not_apply_are_refused(noise, digits):
    with pytest.raises(FganError, match='Did you mean "fid"'):
        evaluate(noise, digits, metrics=("fidd",))
    with pytest.raises(FganError, match='"is" needs an extractor that is a classifier'):
        evaluate(noise, digits, metrics=("is",), extractor="pixels")
    with pytest.raises(FganError, match="cannot rank samples"):
        higher_is_better("copying")


def test_a_judge_gives_the_same_value_again_and_none_for_broken_samples(digits, noise):
    judge = judge_for(digits, ("fid", "recall"), 400, "cpu", print)
    first = judge(noise)
    assert set(first) == {"fid", "recall"} and judge(noise) == first
    assert judge(torch.full_like(noise, torch.nan)) == {"fid": None, "recall": None}
    with pytest.raises(FganError, match="needs a finite training set"):
        judge_for(fgan.load_data("ring8"), ("copying",), 400, "cpu", print)


def test_every_metric_says_which_way_is_better():
    assert {quantity.better for quantity in QUANTITIES.values()} <= {"higher", "lower", "½"}
    assert sum(len(metric.quantities) for metric in METRICS.values()) == len(QUANTITIES)


def test_the_mean_over_several_has_students_interval(digits):
    evaluations = [
        evaluate(
            torch.rand(100, 1, 8, 8, generator=torch.Generator().manual_seed(k)), digits, metrics=("fid",)
        )
        for k in range(3)
    ]
    values = torch.tensor([one["fid"].value for one in evaluations], dtype=torch.float64)
    pooled = over_runs(evaluations)["fid"]
    assert pooled.value == pytest.approx(values.mean().item())
    assert pooled.high - pooled.value == pytest.approx(4.3027 * values.std().item() / 3**0.5, rel=1e-4)


def test_json_holds_everything_and_no_nan(of_noise):
    found = json.loads(of_noise.to_json())
    assert found["extractor"]["name"] == "digits-cnn" and len(found["extractor"]["sha256"]) == 64
    assert found["metrics"]["fid"]["floor"]["value"] > 0 and "NaN" not in of_noise.to_json()
    assert found["n"] == 400 and "training samples" in found["reference"]


def test_the_nearest_images_of_copies_are_the_originals(digits):
    rows = nearest_images(digits.train.values[:25], digits, rows=5, count=3)
    assert rows.shape == (5, 4, 1, 8, 8)
    assert torch.equal(rows[:, 0], rows[:, 1])
    with pytest.raises(FganError, match="finite set of images"):
        nearest_images(torch.rand(30, 2), "ring8")


def test_a_result_can_be_asked_what_it_holds():
    found = fgan.evaluate(
        torch.randn(100, 2), "ring8", n=100, metrics=("fid", "recall"), say=lambda line: None
    )
    assert list(found) == ["fid", "recall"] and "fid" in found and "kid" not in found
