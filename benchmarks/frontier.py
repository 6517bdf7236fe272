"""How often the frontier's pointwise 95% bands hold the true curve, and how it compares with the published PRD code.

    python benchmarks/frontier.py categories [--repeats 200]     # shares known: the exact curve
    python benchmarks/frontier.py laws [--repeats 200] [--n 1000]  # densities known: the curve from 4 million draws
    python benchmarks/frontier.py published PRD_SCORE.py         # the authors' code on the same features

A row counts 19 points of the curve at equal angles. "worst" is the point whose band held the truth least often.
PRD_SCORE.py is prd_score.py of github.com/msmsajjadi/precision-recall-distributions; it needs scikit-learn and
matplotlib.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
from collections.abc import Callable
from pathlib import Path

import torch
from many import in_parallel
from torch import Tensor
from torch.distributions import Categorical, Independent, Laplace, MixtureSameFamily, Normal, StudentT

import fgan
from fgan.estimation import Estimate
from fgan.estimation.frontier import frontier_of
from fgan.estimation.trade_off.curve import rays
from fgan.output import aligned

POINTS = 19
SPREADS = {"far": 1.0, "near": 0.1, "equal": 0.0}
"""Standard deviation of log(p/q) over categories."""
CATEGORIES = [
    (k, n, kind)
    for k, n in ((3, 300), (10, 1000), (10, 10_000), (50, 1000), (50, 10_000))
    for kind in SPREADS
]


def shares(k: int, kind: str) -> tuple[Tensor, Tensor]:
    """Return the shares of k categories under P and under Q."""
    random = torch.Generator().manual_seed(k)
    p = 0.05 + torch.rand(k, generator=random).double()
    q = p * (SPREADS[kind] * torch.randn(k, generator=random).double()).exp()
    return p / p.sum(), q / q.sum()


def independent(d: int, of: torch.distributions.Distribution) -> Independent:
    return Independent(of.expand((d,)), 1)


def mixture(at: float) -> Independent:
    parts = Normal(torch.tensor([-at, at]), torch.tensor([0.5, 1.0]))
    return independent(1, MixtureSameFamily(Categorical(torch.ones(2)), parts))


LAWS: dict[str, Callable[[], tuple[Independent, Independent]]] = {
    "equal normals, d = 5": lambda: (independent(5, Normal(0.0, 1.0)), independent(5, Normal(0.0, 1.0))),
    "normals, d = 1": lambda: (independent(1, Normal(0.0, 1.0)), independent(1, Normal(1.0, 1.0))),
    "normals, d = 5": lambda: (independent(5, Normal(0.0, 1.0)), independent(5, Normal(0.3, 1.2))),
    "normals, d = 20": lambda: (independent(20, Normal(0.0, 1.0)), independent(20, Normal(0.2, 1.0))),
    "mixtures, d = 1": lambda: (mixture(2.0), mixture(1.5)),
    "Laplace, d = 1": lambda: (independent(1, Laplace(0.0, 1.0)), independent(1, Laplace(1.0, 1.0))),
    "Laplace, d = 8": lambda: (independent(8, Laplace(0.0, 1.0)), independent(8, Laplace(0.4, 1.0))),
    "Student t, ν = 5": lambda: (independent(1, StudentT(5.0)), independent(1, StudentT(5.0, 1.0, 1.0))),
}


def true_curve(p: Independent, q: Independent, slope: Tensor, draws: int = 4_000_000) -> Tensor:
    """Return ∫ min(λp, q), as the mean of min(λp, q) / ½(p + q) over draws from both."""
    torch.manual_seed(0)
    total, block = torch.zeros(len(slope), dtype=torch.float64), 100_000
    for _ in range(draws // (2 * block)):
        for side in (p, q):
            x = side.sample((block,))
            ratio = (p.log_prob(x) - q.log_prob(x)).double()
            total += (
                torch.minimum(slope[:, None] * ratio.exp(), torch.ones(())) * 2 / (1 + ratio.exp())
            ).sum(1)
    return torch.minimum(total / draws, slope.clamp(max=1.0))  # never above that, but by the chance in draws


def draw(job: tuple[str, int, int, int]) -> dict[str, Tensor]:
    """Return the points of one repeat."""
    name, k, n, seed = job
    torch.manual_seed(10_000 + seed)
    if k:
        p, q = (torch.multinomial(one, n, replacement=True) for one in shares(k, name))
    else:
        p, q = (one.sample((n,)).double() for one in LAWS[name]())
    found = fgan.estimate(p, q, "js", seed=seed, kinds="category" if k else "number")
    assert isinstance(found, Estimate), "one divergence was asked for"
    curve = frontier_of(found, POINTS)
    return {one: getattr(curve, one) for one in ("precision", "low", "high")}


def row_of(found: list[dict[str, Tensor]], truth: Tensor) -> tuple[str, ...]:
    """Return a row's coverage, the errors of both ends, bias and width."""
    value, low, high = (torch.stack([one[name] for one in found]) for name in ("precision", "low", "high"))
    slack = 1e-9
    above, below = low > truth + slack, high < truth - slack
    held = (~above & ~below).double().mean(0)
    width, middle = (high - low).mean(0), POINTS // 2
    # Beside the band's width, as a standard error would be.
    bias = ((value.mean(0) - truth) / (width / 3.92))[middle]
    return (
        f"{held.mean():.1%}",
        f"{held.min():.1%}",
        f"{below.double().mean():.1%}",
        f"{above.double().mean():.1%}",
        f"{bias:+.2f}",
        f"{width[middle]:.3f}",
    )


HEAD = (
    "points held",
    "worst",
    "upper end too low",
    "lower end too high",
    "bias at λ = 1, in se",
    "width there",
)


def covered(rows: list[tuple[str, int, int]], repeats: int, jobs: int | None) -> None:
    """Print how often bands hold the true curve."""
    slope = rays(POINTS)
    table = [("", *HEAD)]
    for name, k, n in rows:
        if k:
            p, q = shares(k, name)
            truth = torch.minimum(slope[:, None] * p, q).sum(1)
        else:
            truth = true_curve(*LAWS[name](), slope)
        found = [one for _, one in in_parallel(draw, [(name, k, n, seed) for seed in range(repeats)], jobs)]
        what = f"{k} categories, {name}" if k else name
        table.append((f"{what}, n = {n:,}", *row_of(found, truth)))
        print("\n".join(aligned([table[0], table[-1]])), flush=True)
    print(f"\n{repeats} repeats\n")
    print("\n".join(f"| {' | '.join(row)} |" for row in [table[0], ("---",) * len(table[0]), *table[1:]]))


def published(path: Path) -> None:
    """Print what the authors' code finds, and what fgan finds, on the same shares and on the same features."""
    import numpy as np

    spec = importlib.util.spec_from_file_location("prd_score", path)
    assert spec is not None and spec.loader is not None
    prd = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(prd)
    p, q = shares(10, "far")
    random = np.random.default_rng(0)
    counts = [random.multinomial(2000, one.numpy()) for one in (p, q)]
    samples = [np.repeat(np.arange(10), one) for one in counts]
    theirs = prd.compute_prd(*(one / 2000 for one in counts[::-1]))
    ours = fgan.frontier(*samples, kinds="category")
    exact = prd.compute_prd(q.numpy(), p.numpy())
    table = [("", "F_8", "F_1/8")]
    table.append(("10 categories, the distributions", *_pair(prd, exact)))
    table.append(("2,000 samples: PRD code", *_pair(prd, theirs)))
    table.append(("2,000 samples: fgan.frontier", str(ours.f_score(8)), str(ours.f_score(1 / 8))))
    for name in ("normals, d = 5", "equal normals, d = 5", "normals, d = 20"):
        torch.manual_seed(1)
        x, y = (one.sample((2000,)).double() for one in LAWS[name]())
        slope = torch.linspace(1e-3, math.pi / 2 - 1e-3, 201).double().tan()
        curve = true_curve(*LAWS[name](), slope)
        np.random.seed(0)
        theirs = prd.compute_prd_from_embedding(y.numpy(), x.numpy())
        ours = fgan.frontier(x, y)
        table.append((f"{name}: the distributions", *_pair(prd, (curve.numpy(), (curve / slope).numpy()))))
        table.append(("2,000 samples: PRD code, 20 clusters", *_pair(prd, theirs)))
        table.append(("2,000 samples: fgan.frontier", str(ours.f_score(8)), str(ours.f_score(1 / 8))))
    print("\n".join(f"| {' | '.join(row)} |" for row in [table[0], ("---",) * 3, *table[1:]]))


def _pair(prd: object, curve: tuple[object, object]) -> tuple[str, ...]:
    return tuple(f"{float(one):.4g}" for one in prd.prd_to_max_f_beta_pair(*curve))  # pyright: ignore[reportAttributeAccessIssue]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["categories", "laws", "published"])
    parser.add_argument("code", type=Path, nargs="?")
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--only", default="", help="laws whose name holds this")
    parser.add_argument("--jobs", type=int, default=None)
    arguments = parser.parse_args()
    if arguments.part == "published":
        published(arguments.code)
    elif arguments.part == "categories":
        covered([(kind, k, n) for k, n, kind in CATEGORIES], arguments.repeats, arguments.jobs)
    else:
        covered(
            [(name, 0, arguments.n) for name in LAWS if arguments.only in name],
            arguments.repeats,
            arguments.jobs,
        )


if __name__ == "__main__":
    main()
