"""Which columns of a table have drifted, how far, and how sure is that?

    python examples/drift.py now.csv before.csv [--columns age,income,city]
    python examples/drift.py --demo

Every column alone and then all of them together, by total variation: the share of rows that would have to change to
make the two alike. "at least" holds with 95% confidence whatever the classifier's quality; p is of a permutation test,
times the number of columns, since the smallest of many is small by chance. The last lines say which rows of the new
table are least like the old one.

--demo writes two tables first: measurements of 442 diabetes patients that scikit-learn ships, under 50 and over 50.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import fgan
from fgan.data.tables import read_table

PERMUTATIONS = 999


def write_demo(folder: Path) -> tuple[Path, Path]:
    from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=False)
    names = [name for name in data.feature_names if name != "age"]
    age, rows = data.data[:, 0], data.data[:, 1:]
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "older.csv", folder / "younger.csv"
    for path, chosen in zip(paths, (age >= 50, age < 50), strict=True):
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([names, *rows[chosen].tolist()])
    print(f"wrote {paths[0]} and {paths[1]}\n")
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", nargs="*", type=Path, help="the new one, then the old one")
    parser.add_argument("--columns", default="")
    parser.add_argument("--demo", action="store_true")
    options = parser.parse_args()
    paths = write_demo(Path("runs/drift")) if options.demo else options.tables
    if len(paths) != 2:
        parser.error("give two tables, or --demo")
    columns = tuple(name for name in options.columns.split(",") if name)
    try:
        new, old = (read_table(path, columns) for path in paths)
        report(new, old)
    except fgan.FganError as error:
        parser.exit(2, f"{error}\n")


def report(new: dict, old: dict) -> None:
    alone = {}
    for name in new:
        if name in old:
            alone[name] = fgan.estimate(
                {name: new[name]}, {name: old[name]}, "total-variation", permutations=PERMUTATIONS
            )
    width = max(map(len, [*alone, "all together"]))
    print(f"{'':{width}}  {'differs':>8}  {'at least':>8}  {'p':>6}")
    together = fgan.estimate(new, old, "total-variation", permutations=PERMUTATIONS)
    ranked = sorted(alone.items(), key=lambda one: -one[1].value)
    for name, found in [*ranked, ("all together", together)]:
        p_value = found.p_value if found is together else min(1.0, found.p_value * len(alone))
        print(f"{name:{width}}  {found.value:>8.1%}  {found.lower_bound:>8.1%}  {p_value:>6.3f}")
    if together.value < ranked[0][1].value:
        print(
            f"\nAll columns together differ at least as much as {ranked[0][0]} alone. That less is seen shows that "
            f"{len(new)} columns are harder to learn from {together.n_p} rows."
        )
    ratio = together.log_ratio(new)
    print(
        "\nrows of the new table that are least like the old one, and how many times as frequent such rows are, by\n"
        "classifiers most of which were trained on them:"
    )
    for row in ratio.topk(min(3, len(ratio))).indices.tolist():
        values = ", ".join(f"{name} {new[name][row]}" for name in new)
        print(f"  {ratio[row].exp():5.1f} x  {values}")


if __name__ == "__main__":
    main()
