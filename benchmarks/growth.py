"""How seconds and memory grow with members, batch, width, rows of data and classes, and where that is not linear.

    python benchmarks/growth.py [--parts members batch width rows classes] [--most-rows 10000000] [--json FILE]

One thread; seconds are of the processor, the least of several blocks, so that a busy machine changes little. The memory
of steps is counted exactly: the tensors at the fullest moment, with parameters and moments. That of loading is the peak
of what the process holds, less what it held before. An exponent b says that the figure grows as size^b: a straight line
fitted to the logarithms of the last three sizes, where what does not grow matters least. It is marked where it is more
than 0.2 above what must be: 1, and 2 for the width, as a layer has that many squared weights.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

import fgan
from fgan.data import Dataset
from fgan.training.ensemble import Ensemble
from fgan.training.memory import bytes_of_steps
from fgan.training.trainer import Trainer

MUST = {"width": 2.0}
"""Exponents that cannot be less, where they are not 1."""
NOISE = 0.2
"""By so much more a figure may seem to grow, as where a cache no longer holds it all."""
DIVERGENCES = ("kl", "js", "gan", "reverse-kl", "pearson", "squared-hellinger", "jeffreys", "alpha:0.5")
Figures = dict[str, float]
SIZES = {
    "members": (1, 2, 4, 8, 16, 32, 64),
    "batch": (64, 256, 1024, 4096, 16384),
    "width": (64, 128, 256, 512, 1024),
    "rows": (10**3, 10**4, 10**5, 10**6, 10**7),
    "classes": (2, 10, 100, 1000),
}
COLUMNS = 8
SAMPLES = 100_000
"""Of the data whose classes grow."""


def processor_seconds(work: Callable[[], object], blocks: int = 5, least: float = 0.1) -> float:
    """Return the seconds of a call: the least of several blocks, each of as many calls as take a moment."""
    calls, found = 1, math.inf
    while (taken := _block(work, calls)) < least:
        calls = max(2 * calls, math.ceil(calls * least / max(taken, 1e-6)))
    for _ in range(blocks if taken < 5 * least else 2):
        found = min(found, _block(work, calls) / calls)
    return found


def _block(work: Callable[[], object], calls: int) -> float:
    began = time.process_time()
    for _ in range(calls):
        work()
    return time.process_time() - began


def peak_bytes(work: Callable[[], object]) -> tuple[float, object]:
    """Return how many bytes more the process held at the fullest moment of a call, and what the call returned.

    Linux can begin the count anew; elsewhere it is the peak of the whole life, which grows with sizes too.
    """
    clear = Path("/proc/self/clear_refs")
    before = 0.0
    if clear.exists():
        clear.write_text("5")
        before = _most_held()
    result = work()
    return _most_held() - before, result


def _most_held() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def of_steps(configs: Sequence[fgan.TrainConfig], data: Dataset) -> Figures:
    """Return what a step of these runs as one ensemble takes."""
    held = bytes_of_steps(configs, data)
    ensemble = Ensemble([Trainer(config, data) for config in configs])
    ensemble.step()
    return {"s a step": processor_seconds(ensemble.step), "MB a step": held / 1e6}


def members(count: int, folder: Path) -> Figures:
    configs = [
        fgan.TrainConfig(data="ring8", divergence=DIVERGENCES[k % 8], seed=k // 8, device="cpu")
        for k in range(count)
    ]
    return of_steps(configs, fgan.load_data("ring8"))


def batch(size: int, folder: Path) -> Figures:
    return of_steps([fgan.TrainConfig(data="ring8", batch_size=size, device="cpu")], fgan.load_data("ring8"))


def width(size: int, folder: Path) -> Figures:
    return of_steps([fgan.TrainConfig(data="ring8", width=size, device="cpu")], fgan.load_data("ring8"))


def rows(count: int, folder: Path) -> Figures:
    path = folder / "rows.npy"
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(count, COLUMNS))
    random = np.random.default_rng(0)
    for first in range(0, count, 2**18):
        part = array[first : first + 2**18]
        part[:] = random.normal(size=part.shape)
    array.flush()
    del array
    loaded: list[Dataset] = []
    began = time.process_time()
    peak, _ = peak_bytes(lambda: loaded.append(fgan.load_data(path, say=silent)))
    taken, data = time.process_time() - began, loaded[0]
    config = fgan.TrainConfig(data=str(path), device="cpu")
    found = {
        "s to load": taken,
        "MB to load": peak / 1e6,
        "s of fingerprint": processor_seconds(data.train.fingerprint, blocks=2),
        "s a step": of_steps([config], data)["s a step"],
        "s to evaluate": evaluation_seconds(data),
    }
    path.unlink()
    return found


def evaluation_seconds(data: Dataset) -> float:
    samples = torch.randn(1000, COLUMNS)
    began = time.process_time()
    fgan.evaluate(samples, data, metrics=("prdc", "kid"), n=1000, device="cpu", say=silent)
    return time.process_time() - began


def classes(count: int, folder: Path) -> Figures:
    path = folder / "classes.npz"
    random = np.random.default_rng(0)
    labels = np.arange(SAMPLES) % count
    centers = random.normal(size=(count, COLUMNS)) * 3
    np.savez(path, x=(centers[labels] + random.normal(size=(SAMPLES, COLUMNS))).astype(np.float32), y=labels)
    loaded: list[Dataset] = []
    began = time.process_time()
    peak, _ = peak_bytes(lambda: loaded.append(fgan.load_data(path, say=silent)))
    taken = time.process_time() - began
    config = fgan.TrainConfig(data=str(path), conditional=True, device="cpu")
    return {"s to load": taken, "MB to load": peak / 1e6, **of_steps([config], loaded[0])}


def silent(line: str) -> None:
    pass


PARTS: dict[str, Callable[[int, Path], Figures]] = {
    "members": members,
    "batch": batch,
    "width": width,
    "rows": rows,
    "classes": classes,
}


def exponents(sizes: Sequence[int], curve: Sequence[Figures]) -> dict[str, float]:
    """Return the slope of each figure's logarithm against that of the size, over the last three sizes."""
    x = np.log(np.array(sizes[-3:], dtype=float))
    return {
        name: float(np.polyfit(x, np.log([max(point[name], 1e-9) for point in curve[-3:]]), 1)[0])
        for name in curve[-1]
    }


def table(part: str, sizes: Sequence[int], curve: Sequence[Figures]) -> Iterator[str]:
    names = list(curve[-1])
    yield f"{part:>12}" + "".join(f"{name:>18}" for name in names)
    for size, point in zip(sizes, curve, strict=True):
        yield f"{size:>12,}" + "".join(f"{point[name]:>18.4g}" for name in names)
    found = exponents(sizes, curve)
    yield f"{'exponent':>12}" + "".join(
        f"{found[name]:>17.2f}{'!' if is_worse(part, found[name]) else ' '}" for name in names
    )


def is_worse(part: str, exponent: float) -> bool:
    return exponent > MUST.get(part, 1.0) + NOISE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--most-rows", type=int, default=10**7)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    print(f"torch {torch.__version__}, 1 thread")
    result = {}
    worse = []
    with tempfile.TemporaryDirectory() as folder:
        for part in arguments.parts:
            sizes = [size for size in SIZES[part] if part != "rows" or size <= arguments.most_rows]
            curve = [PARTS[part](size, Path(folder)) for size in sizes]
            print("\n".join(["", *table(part, sizes, curve)]), flush=True)
            found = exponents(sizes, curve)
            worse += [
                f"{name} by {part} (exponent {b:.2f})" for name, b in found.items() if is_worse(part, b)
            ]
            result[part] = {"sizes": sizes, "curve": curve, "exponents": found}
    print(f"\nworse than must be: {'; '.join(worse) or 'nothing'}")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
