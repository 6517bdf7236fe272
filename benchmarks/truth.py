"""Estimates against known truths and against peers, same samples, same run: the tables of docs/benchmarks/.

    python benchmarks/truth.py [divergences information staircase batches] [--n 10000] [--repeats 3]
        [--methods NAME ...] [--laws normal cubed] [--stairs NATS ...] [--critics separable joint]

divergences: KL by `fgan.estimate` (auto), by nearest neighbours (Wang et al. 2009) and by a plain neural estimator (a
perceptron trained on Donsker and Varadhan's bound, which reports the bound of its last training batches, as public
ones do). information: mutual information of tasks that are not normal, by auto, KSG, scikit-learn's
mutual_info_regression (of single coordinates) and the plain neural estimator. staircase: 2 to 10 nats in 20 dimensions
from n samples, normal and cubed, by every method. batches: the same staircase on a stream of fresh batches of 64, as in
the papers (separable or joint critic, 4,000 steps a stair). A cell is mean ± standard deviation over the repeats,
of batches over the last half of a stair's steps.

    python benchmarks/truth.py coverage | table FILE | weights | separated | peers  [--help]

Each of these explains itself and has a file of its own, truth_*.py.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import math
import os
import statistics
import sys
from collections.abc import Callable, Iterable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from sklearn.feature_selection import mutual_info_regression
from torch import Tensor, nn

import fgan
from fgan.errors import FganError
from fgan.estimation import INFORMATION_METHODS
from fgan.estimation.published.objectives import PUBLISHED, of

Pair = tuple[Tensor, Tensor]
Task = tuple[str, float, Callable[[int, torch.Generator], Pair]]
STAIRS = (2.0, 4.0, 6.0, 8.0, 10.0)
DIMENSION = 20
LAWS = ("normal", "cubed")
LAST = 200


def uniform(n: int, d: int, random: torch.Generator) -> Tensor:
    return torch.rand(n, d, generator=random, dtype=torch.float64)


def normal(n: int, d: int, random: torch.Generator) -> Tensor:
    return torch.randn(n, d, generator=random, dtype=torch.float64)


def student(n: int, d: int, freedom: int, random: torch.Generator) -> Tensor:
    return normal(n, d, random) * (freedom / normal(n, freedom, random).square().sum(1, keepdim=True)).sqrt()


def integral(p: Callable[[Tensor], Tensor], q: Callable[[Tensor], Tensor], far: float = 60.0) -> float:
    """Return KL of two log-densities of one variable."""
    x = torch.linspace(-far, far, 2_000_001, dtype=torch.float64)
    log_p, log_q = p(x), q(x)
    return float((log_p.exp() * (log_p - log_q)).sum() * (x[1] - x[0]))


def log_normal(x: Tensor, mean: float = 0.0, spread: float = 1.0) -> Tensor:
    return -(((x - mean) / spread) ** 2) / 2 - math.log(spread * math.sqrt(2 * math.pi))


def log_student(x: Tensor, freedom: float) -> Tensor:
    constant = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
    return constant - (freedom + 1) / 2 * (x**2 / freedom).log1p()


def log_mixture(x: Tensor, far: float) -> Tensor:
    return torch.stack([log_normal(x, -far), log_normal(x, far)]).logsumexp(0) - math.log(2)


def divergence_tasks() -> list[Task]:
    def gauss(d: int, kl: float) -> Task:
        shift = math.sqrt(2 * kl / d)
        return f"normal, d = {d}", kl, lambda n, r: (shift + normal(n, d, r), normal(n, d, r))

    def scaled(d: int, spread: float) -> Task:
        exact = d * (math.log(1 / spread) + (spread**2 - 1) / 2)
        return (
            f"normal, other scale, d = {d}",
            exact,
            lambda n, r: (spread * normal(n, d, r), normal(n, d, r)),
        )

    return [
        *(gauss(d, 1.0) for d in (1, 2, 5, 20, 50, 100)),
        gauss(20, 5.0),
        scaled(5, 0.5),
        (
            "exponential, rates 1 and ½", math.log(2) - 0.5,
            lambda n, r: (-uniform(n, 1, r).log(), -2 * uniform(n, 1, r).log()),
        ),
        (
            "Student t (3) and normal, × 2", integral(lambda x: log_student(x, 3), lambda x: log_normal(x, 0.0, 2.0)),
            lambda n, r: (student(n, 1, 3, r), 2 * normal(n, 1, r)),
        ),
        (
            "two blobs and one", integral(lambda x: log_mixture(x, 2.0), lambda x: log_normal(x, 0.0, 5**0.5)),
            lambda n, r: (
                normal(n, 1, r) + 4 * (uniform(n, 1, r) < 0.5).double() - 2, 5**0.5 * normal(n, 1, r)
            ),
        ),
        (
            "uniform on [0, 1]⁵ and [0, 1.2]⁵", 5 * math.log(1.2),
            lambda n, r: (uniform(n, 5, r), 1.2 * uniform(n, 5, r)),
        ),
        (
            "20 categories, shares 1 and 1 to 20", math.log(210 / 20) - math.lgamma(21) / 20,
            lambda n, r: (
                torch.randint(20, (n,), generator=r),
                torch.multinomial(torch.arange(1.0, 21.0), n, replacement=True, generator=r),
            ),
        ),
    ]  # fmt: skip


def information_tasks() -> list[Task]:
    def additive(noise: float) -> Task:
        exact = 1 / (4 * noise) if noise > 0.5 else noise - math.log(2 * noise)

        def draw(n: int, r: torch.Generator) -> Pair:
            x = uniform(n, 1, r)
            return x, x + noise * (2 * uniform(n, 1, r) - 1)

        return f"uniform + uniform noise ± {noise}", exact, draw

    def tails(freedom: int, d: int, rho: float) -> Task:
        def part(x: float) -> float:
            return math.lgamma(x / 2) - x / 2 * float(torch.special.digamma(torch.tensor(x / 2)))

        exact = -d / 2 * math.log(1 - rho**2) + part(freedom) + part(freedom + 2 * d) - 2 * part(freedom + d)

        def draw(n: int, r: torch.Generator) -> Pair:
            x, y = normal(n, d, r), normal(n, d, r)
            factor = (freedom / normal(n, freedom, r).square().sum(1, keepdim=True)).sqrt()
            return factor * x, factor * (rho * x + math.sqrt(1 - rho**2) * y)

        return f"Student t ({freedom}), {d} + {d} dimensions, ρ = {rho}", exact, draw

    def wave(n: int, r: torch.Generator) -> Pair:
        x = 2 * math.pi * uniform(n, 1, r)
        return x, (2 * x).sin() + 0.3 * normal(n, 1, r)

    def label(n: int, r: torch.Generator) -> Pair:
        x = (uniform(n, 1, r) < 0.5).long()
        return x, 2.0 * x + normal(n, 1, r)

    phase = torch.linspace(0, 2 * math.pi, 2001, dtype=torch.float64)[:-1]
    y = torch.linspace(-3, 3, 2001, dtype=torch.float64)
    p = (log_normal(y[None] - (2 * phase).sin()[:, None], 0.0, 0.3)).exp().mean(0)
    of_wave = -float(torch.xlogy(p, p).sum() * (y[1] - y[0])) - math.log(
        0.3 * math.sqrt(2 * math.pi * math.e)
    )
    z = torch.linspace(-8, 10, 8001, dtype=torch.float64)
    p = (log_normal(z).exp() + log_normal(z, 2.0).exp()) / 2
    of_label = -float(torch.xlogy(p, p).sum() * (z[1] - z[0])) - math.log(math.sqrt(2 * math.pi * math.e))
    independent: Task = (
        "independent, 10 + 10 dimensions",
        0.0,
        lambda n, r: (normal(n, 10, r), normal(n, 10, r)),
    )
    return [
        additive(0.1), additive(0.75), ("sine with noise", of_wave, wave), tails(1, 1, 0.0), tails(2, 5, 0.5),
        ("label and number", of_label, label), independent,
    ]  # fmt: skip


def staircase(nats: float, law: str) -> Callable[[int, torch.Generator], Pair]:
    rho = math.sqrt(1 - math.exp(-2 * nats / DIMENSION))

    def draw(n: int, random: torch.Generator) -> Pair:
        x = normal(n, DIMENSION, random)
        y = rho * x + math.sqrt(1 - rho**2) * normal(n, DIMENSION, random)
        return x, y**3 if law == "cubed" else y

    return draw


def plain_neural(p: Tensor, q: Tensor, steps: int = 2000) -> float | None:
    """Return the mean bound of the last batches that trained a perceptron on Donsker and Varadhan's bound."""
    if p.ndim == 1:  # categories
        return None
    torch.manual_seed(0)
    p, q = p.float(), q.float()
    spread = torch.cat([p, q]).std(0)
    p, q = p / spread, q / spread
    network = nn.Sequential(
        nn.Linear(p.shape[1], 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 1)
    )
    adam = torch.optim.Adam(network.parameters(), lr=1e-3)

    def bound(p: Tensor, q: Tensor) -> Tensor:
        return network(p).mean() - network(q).flatten().logsumexp(0) + math.log(len(q))

    seen = []
    for _ in range(steps):
        rows_p, rows_q = torch.randint(len(p), (256,)), torch.randint(len(q), (256,))
        adam.zero_grad()
        value = bound(p[rows_p], q[rows_q])
        (-value).backward()
        adam.step()
        seen.append(float(value.detach()))
    return statistics.fmean(seen[-LAST:])


def plain_information(x: Tensor, y: Tensor) -> float | None:
    x, y = x.double(), y.double()
    return plain_neural(torch.cat([x, y], 1), torch.cat([x, y[torch.randperm(len(y))]], 1))


def cell(value: Callable[[Tensor, Tensor], float | None], pairs: list[Pair]) -> str:
    try:
        found = [value(*pair) for pair in pairs]
    except FganError:
        return "–"
    if any(one is None for one in found):
        return "–"
    numbers = [one for one in found if one is not None]
    spread = f" ± {statistics.stdev(numbers):.3f}" if len(numbers) > 1 else ""
    return f"{statistics.fmean(numbers):.3f}{spread}"


def table(title: str, tasks: list[Task], columns: dict[str, Callable], n: int, repeats: int) -> None:
    print(
        f"\n{title}, n = {n}\n\n| | truth | {' | '.join(columns)} |\n|---|---|{'---|' * len(columns)}",
        flush=True,
    )
    for name, truth, draw in tasks:
        pairs = [draw(n, torch.Generator().manual_seed(seed)) for seed in range(repeats)]
        cells = [cell(value, pairs) for value in columns.values()]
        print(f"| {name} | {truth:.3f} | {' | '.join(cells)} |", flush=True)


def by(method: str) -> Callable[[Tensor, Tensor], float]:
    return lambda p, q: fgan.estimate(p, q, method=method).value  # pyright: ignore[reportAttributeAccessIssue]


def informed_by(method: str) -> Callable[[Tensor, Tensor], float]:
    return lambda x, y: fgan.mutual_information(x, y, method=method).value  # pyright: ignore[reportAttributeAccessIssue]


def least(x: Tensor, y: Tensor) -> float:
    return fgan.mutual_information(x, y).lower_bound  # pyright: ignore


def of_sklearn(x: Tensor, y: Tensor) -> float | None:
    if x.shape[1] > 1 or y.shape[1] > 1:
        return None
    discrete = not x.is_floating_point()
    return float(
        mutual_info_regression(x.numpy(), y[:, 0].numpy(), discrete_features=discrete, random_state=0)[0]
    )


WIDTH, EMBEDDING = 256, 32
"""Of the papers' critics."""


def perceptron(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(inputs, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU(),
        nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, outputs),
    )  # fmt: skip


class Separable(nn.Module):
    """Scores g(x) · h(y) of every x beside every y."""

    def __init__(self) -> None:
        super().__init__()
        self.g, self.h = perceptron(DIMENSION, EMBEDDING), perceptron(DIMENSION, EMBEDDING)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.g(x) @ self.h(y).T


class Joint(nn.Module):
    """Scores v(x, y) of every x beside every y."""

    def __init__(self) -> None:
        super().__init__()
        self.v = perceptron(2 * DIMENSION, 1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        n = len(x)
        pairs = torch.cat([x[:, None].expand(n, n, -1), y[None].expand(n, n, -1)], 2)
        return self.v(pairs)[..., 0]


CRITICS = {"separable": Separable, "joint": Joint}


def of_batches(name: str, kind: str, law: str, steps: int, batch: int) -> list[str]:
    """Return what a published estimator says, at the end of each stair, of batches that have not trained it yet."""
    named = PUBLISHED[name]
    torch.manual_seed(0)
    critic, second, random = CRITICS[kind](), perceptron(2 * DIMENSION, 1), torch.Generator().manual_seed(1)
    adam = torch.optim.Adam([*critic.parameters(), *(second.parameters() if named.two else ())], lr=5e-4)
    objective = named.train()
    cells = []
    for stair in STAIRS:
        draw, seen = staircase(stair, law), []
        for step in range(steps):
            x, y = (side.float() for side in draw(batch, random))
            means = of(critic(x, y))
            u = [second(torch.cat([x, y], 1))[:, 0] - means.on_joint] if named.two else []
            if step >= steps // 2:
                with torch.no_grad():
                    seen.append(float(named.value(means, *u)))
            adam.zero_grad()
            (-objective(means, *u)).backward()
            adam.step()
        cells.append(f"{statistics.fmean(seen):.2f} ± {statistics.stdev(seen):.2f}")
    return cells


def batches(
    names: Iterable[str], kinds: Iterable[str], laws: Iterable[str], steps: int, batch: int = 64
) -> None:
    heads = " | ".join(f"{stair:g}" for stair in STAIRS)
    for law, kind in itertools.product(laws, kinds):
        print(
            f"\n{law}, {kind} critic, batches of {batch}, {steps} steps a stair, the last half of each\n\n"
            f"| | {heads} |\n|---|{'---|' * len(STAIRS)}",
            flush=True,
        )
        for name in names:
            cells = of_batches(name, kind, law, steps, batch)
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


APART = {
    "coverage": "truth_coverage:main",
    "table": "truth_coverage:print_table",
    "separated": "truth_separated:main",
    "weights": "truth_weights:main",
    "peers": "truth_peers:main",
}
"""Parts that have a file and flags of their own."""


def main() -> None:
    if sys.argv[1:] and sys.argv[1] in APART:
        module, _, name = APART[sys.argv[1]].partition(":")
        return getattr(importlib.import_module(module), name)(sys.argv[2:])
    return compare_all()


def compare_all() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = ("divergences", "information", "staircase", "batches")
    parser.add_argument("parts", nargs="*", default=parts)
    parser.add_argument("--n", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", type=int, default=4000, help="of a stair, for batches")
    parser.add_argument(
        "--methods", nargs="+", choices=INFORMATION_METHODS, help="for staircase and batches; all unless told"
    )
    parser.add_argument("--stairs", nargs="+", type=float, default=STAIRS, help="nats, for staircase")
    parser.add_argument("--laws", nargs="+", default=LAWS, choices=LAWS, help="for staircase and batches")
    parser.add_argument("--critics", nargs="+", default=["separable"], choices=CRITICS, help="for batches")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if "divergences" in options.parts:
        columns = {"fgan.estimate": by("auto"), "nearest neighbours": by("knn"), "plain neural": plain_neural}
        table("KL", divergence_tasks(), columns, options.n, options.repeats)
    if "information" in options.parts:
        columns = {
            "fgan.mutual_information": informed_by("auto"), "at least": least, "KSG": informed_by("ksg"),
            "scikit-learn": of_sklearn, "plain neural": plain_information,
        }  # fmt: skip
        table("Mutual information", information_tasks(), columns, options.n, options.repeats)
    if "staircase" in options.parts:
        every = [name for name, one in INFORMATION_METHODS.items() if "vectors" in one.joint]
        columns = {name: informed_by(name) for name in options.methods or every}
        columns["plain neural"] = plain_information
        for law in options.laws:
            tasks: list[Task] = [
                (f"{stair:g} nats", stair, staircase(stair, law)) for stair in options.stairs
            ]
            table(law.capitalize(), tasks, columns, options.n, options.repeats)
    if "batches" in options.parts:
        named = [name for name in options.methods or PUBLISHED if name in PUBLISHED]
        batches(named, options.critics, options.laws, options.steps)


if __name__ == "__main__":
    main()
