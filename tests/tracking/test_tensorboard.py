"""What TensorBoard reads is what the run directory holds."""

import io

import pytest

pytest.importorskip("tensorboard", reason='pip install "fgan[tensorboard]"')

from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from fgan.tracking import trackers_of


def read(run) -> EventAccumulator:
    found = EventAccumulator(str(run.path / "tensorboard"))
    found.Reload()
    return found


def steps(found: EventAccumulator, name: str) -> list[int]:
    return [event.step for event in found.Scalars(name)]


def test_it_holds_numbers_pictures_and_the_recipe_also_of_a_run_that_is_resumed(tmp_path, train):
    run = train(tmp_path / "run", steps=25, log_to="tensorboard")
    train(run.path, steps=40, log_to=["tensorboard"], resume=True)
    found = read(run)
    for name in ("critic_loss", "bound", "learning_rate"):
        events = found.Scalars(f"train/{name}")
        assert [event.step for event in events] == [line["step"] for line in run.metrics()]
        assert [event.value for event in events] == pytest.approx([line[name] for line in run.metrics()])
    assert steps(found, "speed/samples_per_second") == list(range(5, 45, 5))
    pictures = found.Images("samples")
    assert [picture.step for picture in pictures] == [0, 20, 25, 40]
    seen = Image.open(io.BytesIO(pictures[-1].encoded_image_string)).convert("RGB")
    assert seen.tobytes() == Image.open(run.sample_path(40)).convert("RGB").tobytes()
    assert "hparams" in found.summary_metadata["_hparams_/experiment"].plugin_data.plugin_name
    assert (
        '"divergence": "gan"' in found.Tensors("config/text_summary")[0].tensor_proto.string_val[0].decode()
    )


def test_steps_that_are_taken_again_are_there_once(tmp_path, train):
    run = train(tmp_path / "run", steps=5)
    (tracker,) = trackers_of(["tensorboard"], run, print)
    tracker.begin(0)
    for step, bound in ((10, 1.0), (20, 2.0), (30, float("inf"))):
        tracker.log(step, {"bound": bound, "near_edge": None}, "metrics")
    tracker.begin(10)
    tracker.log(20, {"bound": 3.0}, "metrics")
    tracker.log(20, {"fid": 4.0}, "evaluations")
    tracker.close()
    found = read(run)
    assert [(event.step, event.value) for event in found.Scalars("train/bound")] == [(10, 1.0), (20, 3.0)]
    assert steps(found, "eval/fid") == [20] and "train/near_edge" not in found.Tags()["scalars"]


@pytest.mark.slow
def test_every_run_of_a_comparison_has_its_own(tmp_path, cold_fgan_command):
    result = cold_fgan_command(
        "compare", "ring8", "--divergences", "kl,js", "--steps", 20, "--log-every", 10, "--width", 8, "--n", 100,
        "--device", "cpu", "--jobs", 1, "--out", tmp_path / "both", "--log-to", "tensorboard",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    for name in ("kl-seed0", "js-seed0"):
        found = EventAccumulator(str(tmp_path / "both" / name / "tensorboard"))
        found.Reload()
        assert steps(found, "train/bound") == [10, 20]
