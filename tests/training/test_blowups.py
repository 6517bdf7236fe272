"""Blow-ups are no success, and what the diagnosis advises helps: each piece is tried on the case that leads to it."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from cases import one_fast

import fgan
from fgan.cli import main
from fgan.data import Dataset
from fgan.errors import DivergedError, FganError, MemoryLimitError
from fgan.experiments.listing import list_runs
from fgan.experiments.run import Run
from fgan.training.config import TrainConfig
from fgan.training.diagnosis import advice
from fgan.training.ensemble import Ensemble
from fgan.training.run_directory import RunDirectory
from fgan.training.status import Status
from fgan.training.symptoms import Compared, have_collapsed, share_beyond_most, warnings_of
from fgan.training.trainer import Trainer

SMALL: dict[str, Any] = {
    "steps": 200,
    "width": 32,
    "log_every": 20,
    "checkpoint_every": 100,
    "sample_every": 0,
    "sample_count": 0,
    "device": "cpu",
    "compile": "off",
    "say": lambda line: None,
}
UNTAMED = {"penalties": "none", "lr": 1.0}
# What leads to each piece of advice, and words of it. Some are only tried together with another one.
LEADS: dict[str, tuple[dict[str, Any], str]] = {
    "rate": ({"lr": 10.0}, "What to try: --lr 0.001."),
    "critic rate": ({"critic_lr": 10.0}, "What to try: --critic-lr 0.001."),
    "weights": ({"penalties": "r1:1e10,r2:1e10"}, "--penalties r1:0.2,r2:0.2 instead of r1:1e10,r2:1e10"),
    "infinite weights": ({"penalties": "r1:1e30"}, "--penalties r1:0.2,r2:0.2 instead of r1:1e30"),
    "no penalty": (UNTAMED, "give the critic a penalty, such as --penalties r1:0.2,r2:0.2; and --lr 0.001."),
    "link": ({"divergence": "neyman", "link": "log-ratio", **UNTAMED}, "without --link log-ratio"),
    "saturating": ({"generator_loss": "saturating", "divergence": "js", **UNTAMED}, "--generator-loss non-saturating"),
    "batch": ({"batch_size": 2, "lr": 1.0}, "--lr 0.001; and --batch-size 128"),
    "width": ({"width": 1}, "What to try: wider networks, without --width."),
}  # fmt: skip


def normal(n: int = 500) -> torch.Tensor:
    return torch.randn(n, 3, generator=torch.Generator().manual_seed(0))


def ended(data: torch.Tensor, out: Path, **changes: Any) -> tuple[Run | None, str]:
    """Train, and return the run unless it failed, and what was said at its end."""
    try:
        run = fgan.train(data, out, **{**SMALL, **changes})
    except DivergedError as error:
        return None, str(error)
    return run, run.diverged or run.warning or ""


@pytest.mark.parametrize("name", one_fast(LEADS))
def test_advice_helps_where_it_is_given(tmp_path: Path, name: str) -> None:
    changes, words = LEADS[name]
    _, said = ended(normal(), tmp_path / "before", **changes)
    assert words in said
    status = RunDirectory(tmp_path / "before").status()
    assert status and status.reason == said, "the status says the same"
    advised: dict[str, Any] = {}
    for one in advice(RunDirectory(tmp_path / "before").config()):
        assert one.text in said
        advised |= one.changes
    after, said = ended(normal(), tmp_path / "after", **{**changes, **advised})
    assert after and said == ""


def test_data_in_units_of_their_own_is_advised(tmp_path: Path) -> None:
    data = 1e20 * normal()
    failed, said = ended(data, tmp_path / "before", standardize=False)
    assert failed is None and "without --no-standardize" in said
    assert ended(data, tmp_path / "after")[1] == ""


def test_all_other_settings_go_back_to_the_defaults_or_the_rate_is_lowered() -> None:
    (one,) = advice(TrainConfig(data="x", beta2=0.5, n_critic=7))
    assert one.changes == {"n_critic": 1, "beta2": 0.99}
    assert one.text == "the default settings, without --n-critic --beta2"
    (one,) = advice(TrainConfig(data="x"))
    assert one.changes == {"lr": 1e-4}


@pytest.mark.slow
def test_outliers_are_named_and_without_them_it_ends_well(tmp_path: Path) -> None:
    data = normal()
    data[::100, 1] = 1e9
    _, said = ended(data, tmp_path / "before")
    assert "remove or clip the outliers of the data. Of number 2" in said
    assert ended(data.clip(-10, 10), tmp_path / "after")[1] == ""


@pytest.mark.slow
def test_data_of_an_extreme_scale_are_named_and_divided_they_end_well(tmp_path: Path) -> None:
    _, said = ended(1e37 * normal(), tmp_path / "before")
    assert "divide the data by their scale" in said
    assert ended(1e37 * normal() / 1e37, tmp_path / "after")[1] == ""


EVEN: dict[str, torch.Tensor] = {
    "1e20": 1e20 * normal(),
    "1e-30": 1e-30 * normal(),
    "a constant column": normal() * torch.tensor([1.0, 0.0, 1.0]) + 5,
    "two samples": normal(2),
    "equal rows": torch.ones(500, 3),
    "few rows": normal(10),
}


@pytest.mark.parametrize("name", one_fast(EVEN))
def test_odd_data_end_well(tmp_path: Path, name: str) -> None:
    run, said = ended(EVEN[name], tmp_path / "run")
    assert run and said == ""


def test_one_sample_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(FganError, match="at least 2 samples"):
        ended(normal(1), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_last_line_the_status_the_report_and_the_list_say_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = "--steps 40 --log-every 10 --width 1 --sample-every 0 --sample-count 0 --device cpu --compile off"
    assert main(["train", "ring8", "--out", str(tmp_path / "run"), *flags.split()]) == 0
    reason = json.loads((tmp_path / "run" / "status.json").read_text())["reason"]
    assert reason.startswith("warning: the gradient of the generator is exactly 0")
    captured = capsys.readouterr()
    assert captured.err.splitlines()[-1] == f"fgan: {reason}"
    assert list_runs(tmp_path).runs[0].reason == reason
    assert main(["runs", str(tmp_path)]) == 0
    assert reason in capsys.readouterr().out
    report = fgan.report(tmp_path / "run", out=tmp_path / "report.html", say=lambda line: None)
    assert "The run finished with a warning: the gradient of the generator" in report.read_text(
        encoding="utf-8"
    )


def compared(now: torch.Tensor, *, real: torch.Tensor | None = None, is_picture: bool = False) -> Compared:
    real = normal() if real is None else real
    return Compared(real.double(), 0.3 * normal().double(), now.double(), is_picture)


def test_samples_that_are_all_the_same_have_collapsed() -> None:
    assert have_collapsed(compared(torch.ones(500, 3)))
    assert have_collapsed(compared(torch.ones(500, 3), is_picture=True))
    assert not have_collapsed(compared(0.1 * normal()))
    assert not have_collapsed(compared(torch.ones(500, 3), real=torch.ones(500, 3))), (
        "the data are constant too"
    )


def test_one_usual_value_of_the_data_is_no_collapse() -> None:
    """Of 95% equal rows a generator may learn these first: a warning, no failure."""
    real = torch.cat([torch.zeros(475, 2), torch.ones(25, 2)]).double()
    before, now = torch.randn(500, 2).double(), torch.zeros(500, 2).double()
    found = Compared(real, before, now, is_picture=False)
    assert not have_collapsed(found)
    assert have_collapsed(Compared(torch.randn(500, 2).double(), before, now, is_picture=False))


def test_outliers_do_not_hide_samples_that_are_far_away() -> None:
    data = normal()
    data[0, 0] = 1e9
    assert share_beyond_most(compared(1e4 * normal(), real=data)) > 0.9
    assert share_beyond_most(compared(normal(), real=data)) < 0.1


FINE = {
    "critic_loss": 1.38, "generator_loss": 0.7, "bound": -1.38, "true_positive_rate": 0.7, "false_positive_rate": 0.4,
    "log_ratio_real": 0.1, "log_ratio_fake": -0.1, "critic_gradient_norm": 1.0, "generator_gradient_norm": 1.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, None),
        ({"true_positive_rate": 1.0, "false_positive_rate": 0.0}, None),
        (
            {
                "true_positive_rate": 1.0,
                "false_positive_rate": 0.0,
                "log_ratio_real": 9.0,
                "log_ratio_fake": -9.0,
            },
            "distinguishes nearly all",
        ),
        ({"generator_gradient_norm": 0.0}, "exactly 0"),
        ({"critic_gradient_norm": 1e6}, "exploded"),
        ({"critic_gradient_norm": None}, "of the critic is not finite"),
        ({"critic_loss": 1e3}, "penalties overwhelm"),
        (dict.fromkeys(FINE), "no finite number"),
    ],
)
def test_the_last_lines_of_the_log_show_what_went_wrong(changes: dict[str, Any], words: str | None) -> None:
    trainer = Trainer(TrainConfig(data="ring8", width=8, device="cpu"), fgan.load_data("ring8"))
    found = compared(normal())
    said = warnings_of(trainer, found, [{**FINE, **changes}] * 2)
    assert (words is None and not said) or (words is not None and words in "; ".join(said))
    assert not warnings_of(trainer, found, [FINE, {**FINE, **changes}]), "one line alone is no sign"


def test_out_of_memory_is_an_error_with_a_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def step(self: Ensemble) -> None:
        if self.trainers[0].steps_done == 30:
            raise RuntimeError(
                "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1e9"
            )
        take(self)

    take = Ensemble.step
    ways: dict[str, Any] = {**SMALL, "checkpoint_every": 20, "width": 8}
    monkeypatch.setattr(Ensemble, "step", step)
    with pytest.raises(MemoryLimitError, match=r"Training ran out of memory .*Reduce --batch-size"):
        fgan.train("ring8", tmp_path / "run", **ways)
    assert RunDirectory(tmp_path / "run").checkpoints().steps() == [20]
    status = RunDirectory(tmp_path / "run").status()
    assert status and status.state == "failed" and "ran out of memory" in status.reason
    monkeypatch.setattr(Ensemble, "step", take)
    fgan.train("ring8", tmp_path / "run", resume=True, **ways)
    assert RunDirectory(tmp_path / "run").status() == Status("finished", 200)


def test_networks_too_large_for_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Trainer, config: TrainConfig, dataset: Dataset, *more: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(Trainer, "__init__", full)
    with pytest.raises(MemoryLimitError, match="Reduce --batch-size, --width"):
        fgan.train("ring8", tmp_path / "run", **SMALL)
    assert not (tmp_path / "run").exists()
