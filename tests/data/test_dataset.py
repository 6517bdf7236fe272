import torch

from fgan.data import Dataset, FunctionSource, TensorSource
from fgan.data.finite import image_dataset


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
    data = image_dataset(
        "x", torch.zeros(2, 3, 8, 8, dtype=torch.uint8), torch.zeros(1, 3, 8, 8, dtype=torch.uint8)
    )
    assert isinstance(data, Dataset) and data.is_image and data.value_range == (0.0, 1.0)
    low, high = data.value_range
    assert (low - data.center) / data.scale == -1 and (high - data.center) / data.scale == 1


def test_moving_to_a_device_keeps_the_samples(generator):
    data = image_dataset(
        "x", torch.ones(2, 1, 2, 2, dtype=torch.uint8), torch.ones(1, 1, 2, 2, dtype=torch.uint8)
    )
    assert data.to("cpu").train.draw(1, generator).shape == (1, 1, 2, 2)
    function = FunctionSource(lambda n, g: torch.zeros(n, 1))
    assert function.to("cpu") is function
