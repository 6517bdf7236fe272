import math

import pytest
import torch

from fgan import divergence
from fgan.reporting.graphs import Curve
from fgan.reporting.terminal import HEIGHT, terminal_graphs
from fgan.reporting.terminal import _panel as panel


def curve(function, low, high):
    x = torch.linspace(-3, 3, 301, dtype=torch.float64)
    return Curve("a curve", x.tolist(), function(x).tolist(), low, high)


def test_a_line_is_drawn_with_its_axes_and_numbers():
    assert panel(curve(lambda x: x, -3.0, 3.0), 11, braille=False) == [
        "a curve",
        "┌───────────┐",
        "│     │   ++│ 3",
        "│     │  ++ │",
        "│     │ ++  │",
        "│     ++    │",
        "│────++─────│",
        "│  ++ │     │",
        "│ ++  │     │",
        "│++   │     │ -3",
        "└───────────┘",
        " -2   0   2",
    ]


@pytest.mark.parametrize("braille", [False, True])
def test_a_jump_is_one_unbroken_line_and_a_pole_leaves_the_frame(braille):
    jump = panel(curve(lambda x: x.sign(), -1.0, 1.0), 15, braille)[2 : 2 + HEIGHT]
    assert all(line[8] not in " │─┼" for line in jump)
    pole = panel(curve(lambda x: torch.where(x > 0, 1 / x, math.inf), -1.0, 1.0), 15, braille)[2 : 2 + HEIGHT]
    assert pole[0][10:12].strip() and not any(line[9].strip(" ─") for line in pole)


def test_what_is_not_finite_is_left_out():
    half = panel(curve(lambda x: torch.where(x < 0, math.inf, x), 0.0, 3.0), 11, braille=False)
    assert all("+" not in line[1:6] for line in half[2 : 2 + HEIGHT])
    assert any("+" in line[6:12] for line in half[2 : 2 + HEIGHT])


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("name", ["kl", "total-variation", "hockey-stick:2"])
def test_they_fit_the_width(name, width):
    for braille in (False, True):
        text = terminal_graphs(divergence(name), width, braille=braille)
        assert max(map(len, text.splitlines())) <= width
        assert any("\u2800" < letter <= "\u28ff" for letter in text) == braille
