"""Train, draw and tabulate what docs/guides/choose.md shows: what does the divergence that a generator follows do?

    python benchmarks/guide.py [--parts blobs outliers ring mnist] [--seeds 3] [--out runs/guide]

Each part trains one critic's game (GAN). The generator follows one divergence or another by the critic's log-ratio, so
nothing else differs. Then it prints a table, writes it into the page, and draws the part's pictures.

- blobs: two Gaussians, 70% and 30%; the generator can only make one Gaussian. Beside each run stands the best Gaussian
  by quadrature. Once with the default penalties, once without penalties.
- outliers: the same for one Gaussian with 3% outliers.
- ring: eight modes, and a generator of 16 hidden units, too few for them. With and without penalties.
- mnist: the network sizes of the classic script, judged by the digit classifier. Needs $FGAN_DATA.

Finished runs are not trained or judged again: the same command draws the pictures again.
"""

from __future__ import annotations

import argparse
import math
import re
import statistics
from collections.abc import Sequence
from pathlib import Path

import guide_pictures as pictures
from guide_toys import BLOBS, FOLLOWED, OUTLIERS, PENALTIES, SHARES, Fits, Mixture, near, outlier_curves

import fgan
from fgan.evaluation.jackknife import student
from fgan.experiments.compare import compare_members
from fgan.experiments.comparison import plan
from fgan.experiments.result import Comparison

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "docs/guides/choose.md", ROOT / "docs/zh/guides/choose.md"]
RING = ("precision", "recall", "modes", "within-3-sigma")
MNIST = ("fid", "precision", "recall", "coverage", "modes-kl")


def text(values: Sequence[float], digits: int = 2) -> str:
    """Return a mean over seeds with the half width of its 95% interval."""
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    mean = statistics.fmean(values)
    half = student(len(values) - 1, 0.95) * statistics.stdev(values) / math.sqrt(len(values))
    return f"{mean:.{digits}f} ± {half:.{digits}f}"


def gaussian(fit: statistics.NormalDist | None) -> str:
    return "infinite" if fit is None else f"{fit.mean:.2f}, {fit.stdev:.2f}"


def tabulate(pages: Sequence[Path], name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, and put it between its two marks in each page."""
    lines = ["| " + " | ".join(row) + " |" for row in (columns, *rows)]
    lines.insert(1, "|---" * len(columns) + "|")
    table = "\n".join(lines)
    print(f"\n{table}")
    marks = re.compile(rf"(<!-- table {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    for page in pages:
        filled = marks.sub(lambda found: f"{found[1]}{table}\n{found[2]}", page.read_text("utf-8"))
        page.write_text(filled, "utf-8")


def compared(out: Path, data: fgan.data.Dataset, seeds: int, judging: dict, **changes) -> Comparison:
    """Train and judge the runs of every followed divergence and seed; what is finished stays."""
    config = fgan.preset("default", data.name, sample_every=0, device="cpu", **changes)
    members = plan(config, ["gan"], FOLLOWED, seeds)
    return compare_members(members, data, out, resume=out.exists(), **judging)


def runs_of(found: Comparison, name: str, seeds: int) -> list[fgan.Run]:
    return [found.runs[f"gan_{name}-seed{seed}"] for seed in range(seeds)]


def fitted(law: Mixture, out: Path, seeds: int) -> dict[str, Fits]:
    """Return the Gaussians along x of the trained generators, by penalties and followed divergence."""
    data = fgan.load_data(str(law.save(out / f"{law.name}.npy")))
    judging = {"metrics": ("prdc",), "rank_by": "recall", "n": 1000}
    fits: dict[str, Fits] = {}
    for recipe, changes in PENALTIES.items():
        found = compared(
            out / f"{law.name}-{recipe}", data, seeds, judging, depth=0, latent=2, critic_width=64, critic_depth=2,
            steps=6000, lr_fade=1000.0, **changes,
        )  # fmt: skip
        fits[recipe] = {
            name: [
                statistics.NormalDist(float(x.mean()), float(x.std()))
                for x in (run.sample(20_000, seed=1)[:, 0] for run in runs_of(found, name, seeds))
            ]
            for name in FOLLOWED
        }
    return fits


def best_of(law: Mixture) -> dict[str, statistics.NormalDist | None]:
    return {name: law.best(name) for name in FOLLOWED}


def part_blobs(arguments: argparse.Namespace) -> None:
    fits, best = fitted(BLOBS, arguments.out, arguments.seeds), best_of(BLOBS)
    columns = ["follows", "best", "best near both blobs"]
    columns += [
        f"{recipe}: {what}" for recipe in fits for what in ("mean", "spread", "in the large", "in the small")
    ]
    rows = []
    for name in FOLLOWED:
        row = [f"`{name}`", gaussian(best[name]), gaussian(BLOBS.best(name, wide=True))]
        for fit in (by_name[name] for by_name in fits.values()):
            row += [text([one.mean for one in fit]), text([one.stdev for one in fit])]
            row += [text([near(one, center) for one in fit]) for center in BLOBS.centers]
        rows.append(row)
    tabulate(arguments.pages, "blobs", columns, rows)
    pictures.densities(BLOBS, fits, best, arguments.pictures / "blobs.png")
    pictures.claims_of_blobs(fits, best, arguments.pictures)


def part_outliers(arguments: argparse.Namespace) -> None:
    fits, best = fitted(OUTLIERS, arguments.out, arguments.seeds), best_of(OUTLIERS)
    curves = outlier_curves()
    columns = ["follows", *(f"best, {share:.0%}" for share in (0.01, 0.03, 0.05))]
    columns += [f"{recipe}: {what}" for recipe in fits for what in ("mean", "spread")]
    rows = []
    for name in FOLLOWED:
        row = [f"`{name}`", *(gaussian(curves[name][SHARES.index(share)]) for share in (0.01, 0.03, 0.05))]
        for fit in (by_name[name] for by_name in fits.values()):
            row += [text([one.mean for one in fit]), text([one.stdev for one in fit])]
        rows.append(row)
    tabulate(arguments.pages, "outliers", columns, rows)
    pictures.densities(OUTLIERS, fits, best, arguments.pictures / "outliers.png")
    pictures.claim_of_outliers(curves, fits, arguments.pictures)


def cells(found: Comparison, name: str, metrics: Sequence[str]) -> list[str]:
    place = next(place for place in found.places if place.group == f"gan {name}")
    return [place.metrics[metric].text() if metric in place.metrics else "–" for metric in metrics]


def part_ring(arguments: argparse.Namespace) -> None:
    data = fgan.load_data("ring8")
    judging = {"metrics": ("modes", "within-3-sigma", "modes-kl", "prdc"), "rank_by": "recall", "n": 5000}
    samples, found = {}, {}
    for recipe, changes in PENALTIES.items():
        found[recipe] = compared(
            arguments.out / f"ring-{recipe}", data, arguments.seeds, judging, width=16, depth=1, latent=2,
            critic_width=64, critic_depth=2, steps=6000, **changes,
        )  # fmt: skip
        samples[recipe] = {name: runs_of(found[recipe], name, 1)[0].sample(1000, seed=1) for name in FOLLOWED}
    rows = [
        [f"`{name}`", *(cell for one in found.values() for cell in cells(one, name, RING))]
        for name in FOLLOWED
    ]
    tabulate(arguments.pages, "ring", ["follows", *(f"{r}: {m}" for r in found for m in RING)], rows)
    pictures.rings(samples, arguments.pictures / "ring.png")


def part_mnist(arguments: argparse.Namespace) -> None:
    judging = {"metrics": ("fid", "prdc", "modes-kl"), "rank_by": "fid", "n": 10_000}
    data = fgan.load_data("mnist")
    found = compared(
        arguments.out / "mnist", data, arguments.seeds, judging, steps=6000, latent=10, width=128, depth=1
    )
    rows = [[f"`{name}`", *cells(found, name, MNIST)] for name in FOLLOWED]
    tabulate(arguments.pages, "mnist", ["follows", *MNIST], rows)
    samples = {name: runs_of(found, name, 1)[0].sample(14, seed=1) for name in FOLLOWED}
    pictures.digits(samples, arguments.pictures / "mnist-samples.png")
    places = {place.group.split()[-1]: place.metrics for place in found.places}
    pictures.intervals(places, MNIST[:4], arguments.pictures / "mnist.png")


PARTS = {"blobs": part_blobs, "outliers": part_outliers, "ring": part_ring, "mnist": part_mnist}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("runs/guide"), help="folder of the runs")
    parser.add_argument(
        "--pages", nargs="*", type=Path, default=PAGES, help="pages whose tables are rewritten"
    )
    parser.add_argument("--pictures", type=Path, default=ROOT / "docs/images/guide")
    arguments = parser.parse_args()
    arguments.pictures.mkdir(parents=True, exist_ok=True)
    for name in arguments.parts:
        print(f"\n## {name}")
        PARTS[name](arguments)


if __name__ == "__main__":
    main()
