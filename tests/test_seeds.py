"""Seeds are whole numbers of any kind; draws come from generators that belong to nobody else."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import fgan
from fgan.draws import DrawnFrom
from fgan.errors import FganError
from fgan.seeds import checked_seed
from fgan.training.run_directory import RunDirectory

GOOD = (3, np.int64(3), np.uint8(3), np.array(3), torch.tensor(3), torch.tensor(3, dtype=torch.uint8))
BAD = (
    None,
    3.0,
    "3",
    True,
    np.True_,
    torch.tensor(True),
    np.float64(3),
    -1,
    2**70,
    [3],
    np.array([3, 4]),
    {},
)

SMALL: dict[str, Any] = {
    "steps": 6,
    "batch_size": 8,
    "width": 8,
    "log_every": 3,
    "checkpoint_every": 6,
    "say": lambda line: None,
}
P, Q = (
    torch.randn(2, 300, 2, generator=torch.Generator().manual_seed(0)) + torch.tensor([[[0.5]], [[0.0]]])
).numpy()
IMAGES = torch.randint(256, (200, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("seed", GOOD, ids=repr)
def test_whole_numbers_of_every_kind_are_seeds(seed: object) -> None:
    found = checked_seed(seed)
    assert found == 3
    assert type(found) is int


DOORS: dict[str, Callable[[Any, Path], object]] = {
    "TrainConfig": lambda seed, out: fgan.TrainConfig(data="ring8", seed=seed),
    "train": lambda seed, out: fgan.train("ring8", out / "new", seed=seed, **SMALL),
    "sample": lambda seed, out: RunDirectory(out / "run").sample(5, seed=seed),
    "evaluate": lambda seed, out: fgan.evaluate(P, "ring8", metrics="kid", n=100, seed=seed),
    "estimate": lambda seed, out: str(fgan.estimate(P, Q, seed=seed, method="gaussian")),
    "mutual_information": lambda seed, out: str(fgan.mutual_information(P, Q, seed=seed, method="copula")),
    "DensityRatio": lambda seed, out: fgan.DensityRatio("logistic", seed=seed).fit(P, Q).predict(P[:3]),
    "compare": lambda seed, out: fgan.compare("ring8", "kl", seed=seed, out=out / "compared", jobs=0),
    "report": lambda seed, out: fgan.report(out / "run", out=out / "report.html", seed=seed),
}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeds")
    fgan.train("ring8", folder / "run", **SMALL)
    return folder


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("seed", BAD, ids=repr)
def test_everything_else_is_an_error_that_says_so(door: str, seed: object, out: Path) -> None:
    with pytest.raises(FganError, match=r"seed|jobs"):
        DOORS[door](seed, out)


@pytest.mark.parametrize("door", [door for door in DOORS if door not in ("train", "compare")])
def test_numpy_and_torch_seeds_give_what_ints_give(door: str, out: Path) -> None:
    np.testing.assert_equal(repr(DOORS[door](np.int64(3), out)), repr(DOORS[door](3, out)))


DRAWING: dict[str, Callable[[Path], object]] = {
    "train": lambda out: fgan.train("ring8", out / "fresh", network="mlp", **SMALL),
    "train, every kind of weight": lambda out: fgan.train(
        "digits", out / "digits", network="dcgan", norm="group", spectral_norm=True, init="orthogonal",
        conditional=True, evaluate_every=6, evaluate_n=60, evaluate_metrics="kid", **SMALL,
    ),
    "resume": lambda out: fgan.train("ring8", out / "run", resume=True, **(SMALL | {"steps": 9})),
    "sample": lambda out: RunDirectory(out / "run").sample(5),
    "evaluate": lambda out: fgan.evaluate(IMAGES, "digits", n=60, cache=False, say=lambda line: None),
    "evaluate vectors": lambda out: fgan.evaluate(P, "ring8", n=100),
    "report": lambda out: fgan.report(out / "run", out=out / "report.html"),
    **{
        f"estimate by {method}": lambda out, method=method: fgan.estimate(P, Q, method=method, permutations=19)
        for method in ("auto", "logistic", "telescoping")
    },
    "estimate of images": lambda out: fgan.estimate(IMAGES[:100], IMAGES[100:], method="logistic", folds=2),
    "estimate of categories": lambda out: fgan.estimate([1, 2] * 50, [1, 2, 2, 2] * 25, permutations=19),
    "mutual information": lambda out: fgan.mutual_information(P[:200], Q[:200], permutations=19),
    "mutual information by mine": lambda out: fgan.mutual_information(P[:200], Q[:200], method="mine", folds=2),
    "DensityRatio": lambda out: fgan.DensityRatio("logistic").fit(P, Q),
    "verify": lambda out: fgan.verify("kl"),
    "load_data": lambda out: fgan.load_data("digits"),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWING)
def test_no_public_function_reads_or_moves_the_global_generators(name: str, out: Path) -> None:
    torch.manual_seed(1)
    np.random.seed(1)
    before = torch.random.get_rng_state(), str(np.random.get_state())
    DRAWING[name](out)
    after = torch.random.get_rng_state(), str(np.random.get_state())
    assert torch.equal(before[0], after[0])
    assert before[1] == after[1]


def test_threads_with_one_seed_give_one_answer() -> None:
    def one(_: int) -> str:
        return str(fgan.estimate(P, Q, method="logistic", folds=2, seed=3))

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(one, range(4)))
    assert found == {one(0)}


def test_threads_with_one_seed_train_one_run(tmp_path: Path) -> None:
    def one(k: int) -> torch.Tensor:
        fgan.train("ring8", tmp_path / str(k), seed=3, **SMALL)
        return RunDirectory(tmp_path / str(k)).sample(5)

    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(one, range(4))
    assert all(torch.equal(first, other) for other in others)


def _everything() -> list[torch.Tensor]:
    """Return what every kind of layer and of draw gives."""
    layers: list[Any] = [
        nn.Linear(5, 7), nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(3, 4, 3), nn.Embedding(4, 3),
        torch.nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4)),
    ]  # fmt: skip
    for fill in (nn.init.orthogonal_, nn.init.xavier_uniform_):
        layers.append(nn.Linear(5, 5))
        fill(layers[-1].weight)
    drawn = [
        torch.rand(3), torch.randn(3, 3), torch.randint(9, (4,)), torch.randint(3, 9, (4,)), torch.randperm(10),
        torch.multinomial(torch.ones(5), 3), torch.bernoulli(torch.ones(4) / 2), torch.normal(0.0, 1.0, (3,)),
    ]  # fmt: skip
    return [value for layer in layers for value in layer.state_dict().values()] + drawn


def test_a_generator_of_its_own_gives_what_the_global_one_gave() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        expected = _everything()
    with DrawnFrom.seeded(7):
        found = _everything()
    assert all(map(torch.equal, expected, found))
