import pytest
import torch

from fgan.data.finite import split, split_name
from fgan.errors import DataError
from fgan.load_options import LoadOptions


@pytest.mark.parametrize(
    ("n", "held_out"), [(2, 1), (9, 1), (20, 2), (1797, 179), (100_000, 10_000), (300_000, 10_000)]
)
def test_a_tenth_is_held_out_but_never_none_and_never_more_than_10000(n, held_out):
    train, rest = split(torch.arange(n))
    assert (len(train), len(rest)) == (n - held_out, held_out)
    assert torch.equal(torch.cat([train.values, rest.values]).sort().values, torch.arange(n))
    assert train.labels is None and rest.labels is None


def test_a_tenth_is_said_where_it_is_one():
    options, classes = LoadOptions(), ("a", "b")
    assert [split_name((), options, n) for n in (100_000, 300_000)] == ["a tenth, at random", "at random"]
    assert split_name(classes, options, 100_000) == "a tenth of each class"
    assert split_name(classes, options, 300_000) == "of each class its share"


def test_the_split_is_shuffled_always_the_same_and_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = [source.values for source in split(torch.arange(100))]
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    second = [source.values for source in split(torch.arange(100))]
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first[1], torch.arange(10)) and not torch.equal(first[1], torch.arange(90, 100))


def test_labels_stay_with_their_samples():
    values = torch.arange(100)
    plain, labelled = split(values), split(values, values * 3, stratified=False)
    for without, source in zip(plain, labelled, strict=True):
        assert torch.equal(source.values, without.values) and torch.equal(source.labels, source.values * 3)


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_samples_are_refused(n):
    with pytest.raises(DataError, match=f"at least 2 samples.*got {n}"):
        split(torch.zeros(n, 3))
