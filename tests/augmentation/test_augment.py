"""Augmentations change what they say and no more, and hide nothing of a distribution where they claim that."""

import itertools

import numpy
import pytest
import torch

import fgan
from fgan.augmentation import AUGMENTATIONS, Augment
from fgan.errors import FganError

ALL = ",".join(AUGMENTATIONS)


def pictures(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("channels", [1, 3])
def test_some_pictures_change_and_the_others_keep_every_bit(name, channels):
    x = pictures(2000, channels, 8, 12)
    change = fgan.augment(f"{name}:0.3", value_range=(0, 1))
    y = change(x, torch.Generator().manual_seed(0))
    kept = (y == x).flatten(1).all(1).float().mean().item()
    # One shift in 9 by whole pixels is none, and some holes lie outside.
    assert 0.65 < kept < 0.76 and y.shape == x.shape
    assert torch.equal(y, change(x, torch.Generator().manual_seed(0))), "the generator decides"
    assert not torch.equal(y, change(x)), "or torch's own"


def test_each_does_to_pixels_what_it_says():
    x = pictures(400, 3, 16, 8)
    draw = torch.Generator().manual_seed(1)

    def changed(text):
        return fgan.augment(text, value_range=(0, 1))(x, draw)

    assert torch.equal(changed("flip:1"), x.flip(-1))
    grey = torch.full((3, 16, 8), 0.5)
    moved, shifts = changed("translation:1"), set()
    for one, y in zip(x, moved, strict=True):
        for down, right in itertools.product(range(-2, 3), range(-1, 2)):
            expected = grey.clone()
            expected[:, max(down, 0) : 16 + down, max(right, 0) : 8 + right] = one[
                :, max(-down, 0) : 16 - down, max(-right, 0) : 8 - right
            ]
            if torch.equal(expected, y):
                shifts.add((down, right))
                break
        else:
            pytest.fail("it is no translation")
    assert len(shifts) == 15
    hidden = (changed("cutout:1") == 0.5).all(1)
    assert hidden.flatten(1).sum(1).max() == 8 * 4, "a half by a half"
    assert hidden.float().mean(0).min() > 0.05, "anywhere"
    y = changed("color:1")
    before, after = ((z - z.mean(1, keepdim=True)).flatten(1) for z in (x, y))  # what saturation scales
    factor = (before * after).sum(1) / before.square().sum(1)
    torch.testing.assert_close(after, before * factor[:, None], rtol=0, atol=1e-5)
    assert 0 <= factor.min() < 0.3 and 1.7 < factor.max() < 3, "saturation 0 to 2 times contrast ½ to 1½"
    shift = (y - x).mean((1, 2, 3))
    assert -0.25 < shift.min() < -0.23 and 0.23 < shift.max() < 0.25, "contrast is about the mean"
    # The values of black and white are the user's.
    twice = fgan.augment(ALL)(2 * x - 1, torch.Generator().manual_seed(2))
    once = fgan.augment(ALL, value_range=(0, 1))(x, torch.Generator().manual_seed(2))
    torch.testing.assert_close(twice, 2 * once - 1, rtol=0, atol=1e-5)


def test_gradients_go_through_and_members_are_changed_alike():
    change = Augment(ALL)
    x = pictures(2, 5, 3, 4, 4).double().requires_grad_()
    drawn = change.draws((2, 5), torch.Generator().manual_seed(3)).double()
    y = change.changed(x, drawn)
    for k in range(2):
        assert torch.equal(y[k], change.changed(x[k], drawn[k]))
    few = x[:1, :2].detach().requires_grad_()
    assert torch.autograd.gradcheck(lambda z: change.changed(z, drawn[:1, :2]), few)
    assert (torch.autograd.grad(y.sum(), x)[0] != 0).float().mean() > 0.3


@pytest.mark.parametrize("shape", [(3, 3, 5, 7), (2, 1, 1, 1), (2, 3, 9, 1), (2, 4, 1, 6)])
@pytest.mark.parametrize("value_range", [(-3, 7), (0, 255)])
def test_any_shape_any_range_and_any_precision(shape, value_range):
    low, high = value_range
    change = Augment(",".join(f"{name}:1" for name in AUGMENTATIONS), value_range)
    x = (low + (high - low) * pictures(*shape)).double().requires_grad_()
    drawn = change.draws(shape[:1], torch.Generator().manual_seed(3)).double()
    y = change.changed(x, drawn)
    of_one = Augment(change.text, (0, 1)).changed((x - low) / (high - low), drawn)
    torch.testing.assert_close(y, low + (high - low) * of_one)
    assert torch.autograd.gradcheck(lambda z: change.changed(z, drawn), x)
    for kind in (torch.bfloat16, torch.float16, torch.float32):
        assert change(x.detach().to(kind)).dtype == kind, "as it came in"


def operator(text):
    """The matrix of T on distributions over all pictures of 1 × 4 pixels that are black, grey or white."""
    change = Augment(text, (0.0, 1.0))
    x = torch.cartesian_prod(*[torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)] * 4).view(-1, 1, 1, 4)
    # Whether it happens, by weight; then the numbers at the middles of a grid.
    axes = []
    for probability, step in change.steps:
        axes += [[(0.0, probability), (1.0, 1 - probability)]]
        axes += [[((k + 0.5) / 6, 1 / 6) for k in range(6)]] * step.numbers
    rows: dict[tuple[int, ...], dict[int, float]] = {}
    for drawn in itertools.product(*axes):
        numbers, weight = torch.tensor([value for value, _ in drawn], dtype=torch.float64), 1.0
        for _, share in drawn:
            weight *= share
        for column, y in enumerate(
            (change.changed(x, numbers.expand(len(x), -1)) * 1e6).round().flatten(1).tolist()
        ):
            of_row = rows.setdefault(tuple(y), {})
            of_row[column] = of_row.get(column, 0.0) + weight
    matrix = torch.zeros(len(rows), len(x), dtype=torch.float64)
    for row, entries in enumerate(rows.values()):
        for column, weight in entries.items():
            matrix[row, column] = weight
    assert torch.allclose(matrix.sum(0), torch.ones(len(x), dtype=torch.float64))
    return matrix


@pytest.mark.parametrize(
    ("text", "hides"),
    [("flip", True), ("flip:0.3", False), ("flip:1", False), ("translation", False), ("translation:1", True),
     ("cutout", False), ("cutout:1", True), ("color", False), ("color:1", False),
     pytest.param("translation,cutout", False, marks=pytest.mark.slow)],
)  # fmt: skip
def test_different_distributions_stay_different_where_that_is_claimed(text, hides):
    """T is linear, so it takes no two distributions to one exactly if its columns are independent."""
    matrix = operator(text)
    rank = int(torch.linalg.matrix_rank(matrix, rtol=1e-9))
    assert (rank < matrix.shape[1]) == hides, (rank, matrix.shape)
    said = {"flip": "mirror images as often", "flip:0.3": "30% of the pictures mirrored"}
    notes = fgan.augment(text).notes
    assert len(notes) == (text in said) and said.get(text, "") in "".join(notes), "nothing that is not so"


def test_what_cannot_be_read_is_refused():
    for text, said in {
        "flop": 'Did you mean "flip"',
        "flip,flip:0.3": "each augmentation once",
        "cutout:0": "above 0 and at most 1",
        "cutout:1.5": "above 0 and at most 1",
        "color:nan": "above 0 and at most 1",
        "color:strong": "NAME:PROBABILITY",
        "color,,cutout": 'got ""',
    }.items():
        with pytest.raises(FganError, match=said):
            fgan.augment(text)
    for value_range in ((1, 1), (0, float("inf")), (float("nan"), 1), 5, "ab"):
        with pytest.raises(FganError, match=r"\(black, white\)"):
            fgan.augment("color", value_range=value_range)
    for other in (torch.zeros(3, 2), [0.0], numpy.zeros((2, 3, 4, 4))):
        with pytest.raises(FganError, match=r"\(n, channels, height, width\)"):
            fgan.augment("color")(other)
    for name in AUGMENTATIONS:  # whole numbers would be rounded without a word
        with pytest.raises(FganError, match=r"pictures\.float\(\)"):
            fgan.augment(name)(torch.zeros(2, 3, 4, 4, dtype=torch.uint8))
    for text in (None, ["flip"]):
        with pytest.raises(FganError, match="must be one string"):
            fgan.augment(text)
    x = torch.zeros(2, 1, 4, 4)
    assert fgan.augment("none")(x) is x and not fgan.augment("")
