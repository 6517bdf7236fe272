import hashlib
import subprocess
import sys

import numpy as np
import pytest
import torch
from cases import one_fast
from PIL import Image

from fgan.data import draw_samples, load_data, save_picture
from fgan.data.pictures import BACKGROUND
from fgan.errors import DataError


def pixels(picture):
    return np.array(picture)


@pytest.mark.parametrize(
    ("side", "tile"), [(1, 64), (8, 64), (28, 56), (32, 64), (33, 33), (64, 64), (100, 100)]
)
def test_sixteen_images_are_four_by_four_and_small_ones_are_enlarged(side, tile):
    picture = draw_samples(torch.rand(16, 1, side, side))
    assert picture.size == (4 * tile + 3 * 2,) * 2 and picture.mode == "L"


def test_every_pixel_of_every_image_is_where_it_belongs():
    samples = torch.rand(5, 3, 4, 6)
    shown = pixels(draw_samples(samples, columns=3, scale=2))
    assert shown.shape == (2 * 8 + 2, 3 * 12 + 2 * 2, 3)
    expected = (samples * 255).round().byte().permute(0, 2, 3, 1).numpy()
    for k in range(5):
        top, left = k // 3 * 10, k % 3 * 14
        for dy in (0, 1):
            for dx in (0, 1):
                assert np.array_equal(shown[top + dy : top + 8 : 2, left + dx : left + 12 : 2], expected[k])
    assert (shown[8:10] == BACKGROUND).all() and (shown[:, 12:14] == BACKGROUND).all()
    assert (shown[10:, 28:] == BACKGROUND).all()  # the place of a sixth image


@pytest.mark.parametrize(
    ("n", "columns", "grid"), [(1, None, (1, 1)), (10, None, (4, 3)), (3, 8, (3, 1)), (6, 2, (2, 3))]
)
def test_columns_and_rows(n, columns, grid):
    width, height = draw_samples(torch.rand(n, 1, 64, 64), columns=columns).size
    assert ((width + 2) / 66, (height + 2) / 66) == grid


def test_values_outside_the_range_are_clamped_and_nan_is_black():
    values = torch.tensor([float("nan"), float("inf"), -float("inf"), -1.0, 2.0, 0.2])
    shown = pixels(draw_samples(values.reshape(1, 1, 1, 6), scale=1))
    assert shown.flatten().tolist() == [0, 255, 0, 0, 255, 51]


def test_samples_with_a_gradient_or_in_other_types_are_drawn():
    samples = torch.rand(4, 1, 8, 8)
    expected = draw_samples(samples).tobytes()
    assert draw_samples(samples.clone().requires_grad_()).tobytes() == expected
    assert draw_samples(samples.double()).tobytes() == expected
    assert draw_samples((samples * 255).round().byte()).tobytes() == expected
    assert draw_samples(torch.randn(4, 2, requires_grad=True).bfloat16()).size == (500, 500)


def colour_share(picture, test):
    r, g, b = (pixels(picture)[..., k].astype(int) for k in range(3))
    return test(r, g, b).mean()


def blue(picture):
    return colour_share(picture, lambda r, g, b: b - r > 40)


def grey(picture):
    return colour_share(picture, lambda r, g, b: (r == g) & (g == b) & (r > 120) & (r < 225))


@pytest.mark.parametrize("name", ["ring8", "grid25", "moons", "paper-mixture"])
def test_vectors_are_drawn_in_colour_over_the_real_in_grey(name, generator):
    data = load_data(name)
    samples, real = data.train.draw(500, generator), data.held_out.draw(500, generator)
    alone, both = draw_samples(samples), draw_samples(samples, real=real)
    assert alone.mode == both.mode == "RGB" and alone.size == both.size == (500, 500)
    assert blue(alone) > 0.002 and blue(both) > 0.002
    far = draw_samples(samples + 1e4, real=real)  # the view is that of the real samples
    assert blue(far) < 0.002 and grey(far) > grey(alone) + 0.002


def test_a_scatter_plot_has_equal_axes(generator):
    angle = torch.rand(4000, generator=generator) * 6.2832
    circle = torch.stack([angle.cos(), angle.sin()], 1)
    shown = pixels(draw_samples(circle)).astype(int)
    rows, columns = np.nonzero(shown[..., 2] - shown[..., 0] > 60)
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=4)


def test_more_than_two_features_are_labelled_as_such():
    flat, deep = torch.rand(50, 2), torch.rand(50, 5)
    deep[:, :2] = flat
    assert draw_samples(flat).tobytes() != draw_samples(deep).tobytes()
    other = deep.clone()
    other[:, 2:] = 9
    assert draw_samples(deep).tobytes() == draw_samples(other).tobytes()


@pytest.mark.parametrize("features", one_fast([2, 1, 3]))
@pytest.mark.parametrize(
    "spoil",
    [
        lambda x: x.fill_(float("nan")),
        lambda x: x.fill_(float("inf")),
        lambda x: x.fill_(3.0),
        lambda x: x.fill_(1e30),
        lambda x: x.mul_(1e38),
        lambda x: x[:0],
        lambda x: x[:1],
        lambda x: x.index_put_(
            (torch.tensor([0, 3]), torch.tensor([0, -1])), torch.tensor([float("nan"), -1e39])
        ),
        lambda x: x.index_fill_(0, torch.tensor([0, 3]), float("nan")),
    ],
)
@pytest.mark.filterwarnings("error")
def test_degenerate_vectors_are_drawn_without_a_crash_or_a_warning(spoil, features):
    samples = spoil(torch.randn(20, features))
    assert draw_samples(samples).size == (500, 500)
    assert draw_samples(samples, real=torch.randn(20, features)).size == (500, 500)
    assert draw_samples(torch.randn(20, features), real=samples).size == (500, 500)


@pytest.mark.parametrize(
    ("samples", "options", "words"),
    [
        (torch.rand(4), {}, r"shape \(4,\)"),
        (torch.rand(4, 8, 8), {}, r"shape \(4, 8, 8\)"),
        (torch.rand(4, 0), {}, r"shape \(4, 0\)"),
        (torch.rand(4, 2, 8, 8), {}, "C = 1 or 3"),
        (torch.rand(0, 1, 8, 8), {}, "C = 1 or 3"),
        (torch.rand(4, 1, 8, 8), {"columns": 0}, "columns must be at least 1; got 0"),
        (torch.rand(4, 1, 8, 8), {"scale": 0}, "scale must be at least 1; got 0"),
        (torch.rand(4, 2), {"real": torch.rand(4, 3)}, r"must have 2 features.*\(4, 3\)"),
    ],
)
def test_shapes_that_cannot_be_drawn_are_refused(samples, options, words):
    with pytest.raises(DataError, match=words):
        draw_samples(samples, **options)


@pytest.mark.parametrize("samples", [torch.rand(9, 3, 8, 8), torch.randn(300, 2), torch.randn(300, 1)])
def test_the_same_samples_give_the_same_bytes_and_no_date_or_version(tmp_path, samples):
    save_picture(draw_samples(samples), tmp_path / "a.png")
    save_picture(draw_samples(samples.clone()), tmp_path / "b.png")
    raw = (tmp_path / "a.png").read_bytes()
    assert raw == (tmp_path / "b.png").read_bytes()
    assert not any(chunk in raw for chunk in (b"tEXt", b"iTXt", b"zTXt", b"tIME"))
    with Image.open(tmp_path / "a.png") as opened:
        assert np.array_equal(pixels(opened), pixels(draw_samples(samples)))


@pytest.mark.slow
def test_another_process_writes_the_same_bytes(tmp_path):
    code = (
        "import sys, torch; from fgan.data import draw_samples, save_picture;"
        "x = torch.linspace(0, 1, 200).reshape(100, 2);"
        "save_picture(draw_samples(x, real=x.flip(1)), sys.argv[1])"
    )
    digests = set()
    for name in ("a.png", "b.png"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=True)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1


def test_saving_makes_the_folder_replaces_and_leaves_nothing_aside(tmp_path):
    path = tmp_path / "deep" / "er" / "x.png"
    save_picture(draw_samples(torch.zeros(1, 1, 8, 8)), path)
    first = path.read_bytes()
    save_picture(draw_samples(torch.ones(1, 1, 8, 8)), str(path))
    assert path.read_bytes() != first
    assert [p.name for p in path.parent.iterdir()] == ["x.png"]


def test_a_failed_write_keeps_the_old_picture(tmp_path, monkeypatch):
    path = tmp_path / "x.png"
    path.write_bytes(b"old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(type(path), "replace", fail)
    with pytest.raises(DataError, match="disk full"):
        save_picture(draw_samples(torch.zeros(1, 1, 8, 8)), path)
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["x.png"]


@pytest.mark.slow
def test_drawing_leaves_matplotlib_as_it_was():
    code = (
        "import matplotlib, sys, torch; from fgan.data import draw_samples;"
        "before = matplotlib.rcParams.copy(); draw_samples(torch.randn(9, 2));"
        "assert matplotlib.rcParams.copy() == before;"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_the_axis_of_densities_is_that_of_the_real_data_and_stands_still():
    """Pictures of training can be leafed through; what does not fit is said."""
    draw = torch.Generator().manual_seed(0)
    real = torch.randn(500, 1, generator=draw)
    wide, narrow = (
        np.asarray(draw_samples(spread * torch.randn(500, 1, generator=draw), real=real))
        for spread in (1, 0.01)
    )
    assert (wide[40:, :45] == narrow[40:, :45]).all(), "numbers of the axis"
    assert (wide[:40] != narrow[:40]).any(), "the legend says up to where the peak goes"
