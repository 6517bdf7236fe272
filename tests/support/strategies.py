"""Random points for the laws."""

import torch
from hypothesis import strategies as st

from fgan.verification.points import Pairs, Points

FEW = {"min_size": 2, "max_size": 10}
# In thousandths: between nearer neighbours a function may fall by its rounding. A kink lies at p = q, where a slope is
# one of two.
log_ratios = st.integers(-6000, 6000).filter(bool).map(lambda number: number / 1000)
outputs = st.integers(-8000, 8000).map(lambda number: number / 1000)


def numbers(values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@st.composite
def weights(draw) -> tuple[torch.Tensor, torch.Tensor]:
    """Of P and Q on 2 to 6 atoms, either of which may miss some of them."""
    atoms = draw(st.integers(2, 6))
    side = st.lists(st.one_of(st.just(0.0), st.floats(0.05, 1.0)), min_size=atoms, max_size=atoms)
    return numbers(draw(side.filter(any))), numbers(draw(side.filter(any)))


pairs = st.lists(weights(), min_size=1, max_size=4).map(Pairs.of_weights)


@st.composite
def points(draw) -> Points:
    """Draw where to check the laws."""
    on = draw(pairs)
    atoms = len(on.p)
    critics = draw(st.lists(st.floats(-10, 10), min_size=atoms, max_size=3 * atoms))
    return Points(
        numbers(draw(st.lists(log_ratios, **FEW))),
        numbers(draw(st.lists(outputs, **FEW))),
        on,
        numbers(critics[: len(critics) // atoms * atoms]).reshape(-1, atoms),
    )
