import hashlib

import numpy as np
import pytest
import torch

from fgan.data import Dataset, FunctionSource, TensorSource, load_data
from fgan.data.finite import image_dataset
from fgan.errors import DataError
from fgan.output import silent


def test_a_tensor_source_draws_what_the_generator_decides_and_nothing_else():
    source = TensorSource(torch.arange(1000.0).reshape(-1, 1))
    first = source.draw(50, torch.Generator().manual_seed(3))
    source.draw(10, torch.Generator().manual_seed(9))
    again = source.draw(50, torch.Generator().manual_seed(3))
    other = source.draw(50, torch.Generator().manual_seed(4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_saved_generator_state_resumes_the_same_batches(generator):
    source = TensorSource(torch.arange(1000.0).reshape(-1, 1))
    source.draw(5, generator)
    state = generator.get_state()
    expected = source.draw(20, generator)
    assert torch.equal(source.draw(20, torch.Generator().set_state(state)), expected)


def test_every_sample_is_drawn_about_equally_often(generator):
    drawn = TensorSource(torch.arange(10.0).reshape(-1, 1)).draw(100_000, generator)
    counts = torch.bincount(drawn.long().flatten(), minlength=10)
    assert (counts - 10_000).abs().max() < 500


def test_images_in_memory_are_bytes_and_drawn_images_are_floats_from_0_to_1(generator):
    images = torch.arange(256, dtype=torch.uint8).reshape(-1, 1, 1, 1).expand(-1, 1, 4, 4)
    drawn = TensorSource(images).draw(4000, generator)
    assert drawn.dtype == torch.float32 and drawn.shape == (4000, 1, 4, 4)
    assert drawn.min() == 0 and drawn.max() == 1
    assert torch.equal((drawn * 255).round(), drawn * 255)


def test_an_image_frame_maps_the_value_range_to_minus_one_and_one():
    source = TensorSource(torch.zeros(2, 3, 8, 8, dtype=torch.uint8))
    data = image_dataset("x", source, source)
    assert isinstance(data, Dataset) and data.is_image and data.frame.value_range == (0.0, 1.0)
    low, high = data.frame.value_range
    (center,), (scale,) = data.frame.center, data.frame.scale
    assert (low - center) / scale == -1 and (high - center) / scale == 1


def test_moving_to_a_device_keeps_the_samples(generator):
    source = TensorSource(torch.ones(2, 1, 2, 2, dtype=torch.uint8), torch.tensor([0, 1]))
    data = image_dataset("x", source, source, ("a", "b"))
    assert data.to("cpu").train.draw(1, generator).shape == (1, 1, 2, 2)
    assert data.to("cpu").train.draw_labelled(9, generator)[1].unique().tolist() == [0, 1]
    assert data.to("meta").train.labels.device.type == "meta" and data.to("meta").classes == ("a", "b")
    function = FunctionSource(lambda n, g: torch.zeros(n, 1))
    assert function.to("cpu") is function


VALUES, LABELS = torch.arange(1000.0).reshape(-1, 1), torch.arange(1000) % 7


@pytest.mark.parametrize("labels", [None, LABELS])
def test_labelled_samples_are_those_that_draw_gives_and_leave_the_generator_where_it_would(labels):
    one, other = (torch.Generator().manual_seed(3) for _ in range(2))
    for _ in range(3):
        expected = TensorSource(VALUES).draw(50, one)
        drawn, drawn_labels = TensorSource(VALUES, labels).draw_labelled(50, other)
        assert torch.equal(drawn, expected)
        if labels is None:
            assert drawn_labels is None
        else:
            assert drawn_labels.dtype == torch.int64 and torch.equal(drawn_labels, drawn[:, 0].long() % 7)


def test_a_fingerprint_is_that_of_the_values_unless_labels_are_asked_for():
    expected = hashlib.sha256(b"torch.float32 (1000, 1)" + VALUES.numpy().tobytes()).hexdigest()
    plain, labelled, shifted = (TensorSource(VALUES, labels) for labels in (None, LABELS, LABELS + 1))
    assert {s.fingerprint() for s in (plain, labelled, shifted)} == {expected}
    assert plain.fingerprint(labels=True) == expected
    assert len({s.fingerprint(labels=True) for s in (plain, labelled, shifted)}) == 3


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (LABELS.int(), "torch.int32"),
        (LABELS.float(), "torch.float32"),
        (LABELS[1:], r"\(1000,\).*\(999,\)"),
        (LABELS[:, None], r"\(1000, 1\)"),
    ],
)
def test_labels_that_do_not_fit_the_samples_are_refused(labels, words):
    with pytest.raises(DataError, match=f"must be int64 of the shape.*{words}"):
        TensorSource(VALUES, labels)


def test_a_function_source_has_labels_if_it_was_given_them(generator):
    def sample(n, g):
        return torch.rand(n, 1, generator=g)

    def sample_labelled(n, g):
        values = sample(n, g)
        return values, (values[:, 0] > 0.5).long()

    assert FunctionSource(sample).draw_labelled(5, generator)[1] is None
    drawn, labels = FunctionSource(sample, sample_labelled).draw_labelled(50, generator)
    assert torch.equal(labels, (drawn[:, 0] > 0.5).long())
    assert FunctionSource(sample, sample_labelled).fingerprint(labels=True) == ""


def test_a_data_set_at_a_prompt_says_what_it_is_instead_of_its_pixels(tmp_path):
    source = TensorSource(torch.zeros(200, 3, 8, 8, dtype=torch.uint8), torch.zeros(200, dtype=torch.int64))
    assert repr(source) == "TensorSource(200 samples of 3x8x8, torch.uint8, with labels)"
    assert repr(image_dataset("x", source, source, ("a", "b"))) == (
        "x: 200 samples of 3x8x8 for training, 200 held out; 2 classes"
    )
    assert repr(load_data("moons", say=silent)) == "moons: samples of 2, drawn from a distribution; 2 classes"
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).normal(size=(1000, 4)))
    said: list[str] = []
    data = load_data(str(tmp_path / "rows.npy"), say=said.append)
    assert repr(data).splitlines() == said
