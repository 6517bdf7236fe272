"""Time of real_term + fake_term, forward and backward, beside that of one softplus on as many values.

    python benchmarks/terms.py [--names NAME ...] [--count 1000000] [--device cpu] [--threads N]

Every entry under each of its links, and for each the same f written down by a user ("derived"). The figures are
ratios: medians of interleaved repeats in one process.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
import torch.nn.functional as F

import fgan
from fgan.divergences import EXAMPLES, divergence
from fgan.divergences.expression import parse

CLOSED, DERIVED = 3.0, 25.0  # the most that each may cost
# Their own activations have no closed form for f*.
BY_NEWTON = {("jeffreys", "paper"), ("symmetric-chi2", "paper")}


def seconds(term, v: torch.Tensor) -> float:
    synchronize = torch.cuda.synchronize if v.is_cuda else lambda: None
    synchronize()
    start = time.perf_counter()
    v.grad = None
    term(v).backward()
    synchronize()
    return time.perf_counter() - start


def both_terms(d: fgan.Divergence):
    return lambda v: d.fake_term(v).sum() - d.real_term(v).sum()


def candidates(names: list[str]) -> dict[tuple[str, str], object]:
    found = {}
    for name in names:
        for link in divergence(name).links:
            d = divergence(name, link)
            if d.smooth or link == "paper":
                found[name, link] = both_terms(d)
        if divergence(name).smooth:
            entry = divergence(name)
            written = fgan.Divergence.from_f(
                parse(entry.formulas.f, "u", entry.formulas.constants), name=name
            )
            found[name, "derived"] = both_terms(written)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", nargs="+", default=list(EXAMPLES))
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    v = (2 * torch.randn(arguments.count, device=arguments.device)).requires_grad_()

    def softplus(v):
        return F.softplus(v).sum()

    for _ in range(10):
        seconds(softplus, v)
    print(f"{arguments.count:,} float32 values on {arguments.device}, {arguments.threads} threads")
    print(f"{'divergence':<32} {'link':<10} {'times a softplus':>16}")
    too_slow = 0
    for (name, link), term in candidates(arguments.names).items():
        seconds(term, v)
        pairs = [(seconds(term, v), seconds(softplus, v)) for _ in range(arguments.repeats)]
        ours, plain = (statistics.median(column) for column in zip(*pairs, strict=True))
        most = DERIVED if link == "derived" or (name, link) in BY_NEWTON else CLOSED
        too_slow += ours / plain > most
        mark = "" if ours / plain <= most else f"  more than {most:g}"
        print(f"{name:<32} {link:<10} {ours / plain:>16.2f}{mark}", flush=True)
    print("all within the limits" if not too_slow else f"{too_slow} beyond the limits")


if __name__ == "__main__":
    main()
