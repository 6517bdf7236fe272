"""However a run ends, it leaves its numbers, its last picture and how it ended; and it follows its data by content."""

import dataclasses
import json
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cases import one_fast

import fgan
from fgan.cli import main
from fgan.errors import DataError, DivergedError, RunError
from fgan.training.run_directory import RunDirectory
from fgan.training.status import Status, blown_up, far_share
from fgan.training.trainer import Trainer

SMALL: dict[str, Any] = {
    "batch_size": 8,
    "width": 8,
    "depth": 1,
    "latent": 2,
    "device": "cpu",
    "say": lambda line: None,
}


def steps_of(run: Path) -> list[int]:
    return [line["step"] for line in RunDirectory(run).metrics()]


def pictures_of(run: Path) -> list[int]:
    return sorted(int(path.stem.removeprefix("step-")) for path in (run / "samples").glob("step-*.png"))


class Stopping:
    """A logger that asks for a stop when it is told of a step, as Ctrl-C would."""

    def __init__(self, step: int) -> None:
        self.step = step

    def log(self, step: int, metrics: object, kind: str) -> None:
        if step == self.step and kind == "metrics":
            signal.raise_signal(signal.SIGINT)

    def images(self, step: int, samples: object, picture: object) -> None: ...

    def close(self) -> None: ...


@pytest.mark.parametrize("steps", one_fast([7, 1, 10]))
def test_a_run_shorter_than_its_log_leaves_its_numbers(tmp_path: Path, steps: int) -> None:
    done = fgan.train("ring8", tmp_path, steps=steps, log_every=10, **SMALL)
    (line,) = RunDirectory(tmp_path).metrics()
    assert (line["step"], line["bound"]) == (steps, done.bound)
    assert line["generator_gradient_norm"] > 0
    assert pictures_of(tmp_path) == [0, steps]
    assert RunDirectory(tmp_path).status() == Status("finished", steps)


@pytest.mark.parametrize("killed", [False, True])
def test_a_run_that_was_stopped_leaves_its_picture_and_ends_as_if_it_had_not_been(
    tmp_path: Path, killed: bool
) -> None:
    """Also where it was killed while it stopped: its status is written before its picture."""
    ways = {"steps": 12, "log_every": 4, "sample_every": 6, "checkpoint_every": 6, **SMALL}
    fgan.train("ring8", tmp_path / "whole", **ways)
    stopped = fgan.train("ring8", tmp_path / "parts", loggers=[Stopping(4)], **ways)
    assert stopped.stopped_by == "SIGINT"
    step = stopped.step
    assert stopped.summary.sample == str(RunDirectory(tmp_path / "parts").sample_path(step))
    assert pictures_of(tmp_path / "parts")[-1] == steps_of(tmp_path / "parts")[-1] == step
    if killed:
        RunDirectory(tmp_path / "parts").sample_path(step).unlink()
    fgan.train("ring8", tmp_path / "parts", resume=True, **ways)
    for name in ("metrics.jsonl", "status.json"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert pictures_of(tmp_path / "parts") == pictures_of(tmp_path / "whole") == [0, 6, 12]


@pytest.mark.parametrize("length", one_fast([7, 9]))
def test_a_line_between_two_is_superseded_when_the_run_goes_on(tmp_path: Path, length: int) -> None:
    ways = {"log_every": 5, **SMALL}
    fgan.train("ring8", tmp_path / "parts", steps=length, **ways)
    assert steps_of(tmp_path / "parts") == [5, length]
    before = (tmp_path / "parts" / "metrics.jsonl").read_bytes()
    fgan.train(
        "ring8", tmp_path / "parts", steps=length, resume=True, **ways
    )  # nothing to do changes nothing
    assert (tmp_path / "parts" / "metrics.jsonl").read_bytes() == before
    fgan.train("ring8", tmp_path / "parts", steps=13, resume=True, **ways)
    fgan.train("ring8", tmp_path / "whole", steps=13, **ways)
    assert (tmp_path / "parts" / "metrics.jsonl").read_bytes() == (
        tmp_path / "whole" / "metrics.jsonl"
    ).read_bytes()


def test_a_run_that_left_the_finite_numbers_leaves_a_line_and_its_status(tmp_path: Path) -> None:
    ways = {"lr": 1e30, "penalties": "none", "steps": 20, "log_every": 5, "divergence": "pearson", **SMALL}
    with pytest.raises(DivergedError):
        fgan.train("ring8", tmp_path, generator_loss="saturating", **ways)
    status = RunDirectory(tmp_path).status()
    assert status is not None
    assert status.state == "diverged"
    assert "What to try" in status.reason
    assert steps_of(tmp_path) == [5]


# Siblings of one kind: a learning rate, an f, and a game by which generators leave the data, with finite numbers.
BLOWN_UP: dict[str, dict[str, Any]] = {
    "learning rate": {"lr": 30.0, "penalties": "none"},
    "no penalty, saturating": {
        "lr": 20.0,
        "penalties": "none",
        "generator_loss": "saturating",
        "divergence": "js",
    },
    "least squares": {"lr": 30.0, "penalties": "none", "objective": "least-squares"},
}


@pytest.mark.parametrize("name", BLOWN_UP)
def test_a_training_that_blew_up_is_not_done(tmp_path: Path, name: str) -> None:
    done = fgan.train("moons", tmp_path / "run", steps=60, ema=0.0, **BLOWN_UP[name], **SMALL)
    assert done.diverged is not None
    assert "What to try" in done.diverged
    status = RunDirectory(tmp_path / "run").status()
    assert status == Status("diverged", 60, done.diverged)


def test_the_command_line_says_so_by_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = (
        "--steps 60 --ema 0 --lr 30 --penalties none --batch-size 8 --width 8 --depth 1 --device cpu --json"
    )
    code = main(["train", "moons", "--out", str(tmp_path / "run"), *flags.split()])
    out, err = capsys.readouterr()
    assert code == 3
    assert "training diverged" in err
    assert "training diverged" in json.loads(out)["diverged"]
    report = fgan.report(tmp_path / "run", out=tmp_path / "report.html", say=lambda line: None)
    assert "diverged" in report.read_text(encoding="utf-8")


def test_data_far_from_where_an_untrained_generator_begins_is_no_false_alarm(tmp_path: Path) -> None:
    x = torch.randn(60, 2, generator=torch.Generator().manual_seed(0)) + 1e5
    done = fgan.train(x, tmp_path, steps=2, standardize=False, **SMALL)
    assert done.diverged is None


def test_bounds_far_below_a_constant_critics_are_absurd() -> None:
    trainer = trainer_of()
    assert far_share(trainer) == 0
    assert blown_up(trainer, {"bound": -1.4}, {}) == ""
    assert "-1e+14" in blown_up(trainer, {"bound": -1e14}, {})


# Siblings of one kind: an entry, a custom f, and one whose numbers are all a thousand times as large.
@pytest.mark.parametrize(
    ("name", "fine", "bad"),
    [
        ("tsallis:2", -50.0, -2284.0),
        ("f(u)=(u-1)**4", -50.0, -5000.0),
        ("f(u)=1000*u*log(u)", -5000.0, -1e6),
        ("f(u)=0.01*u*log(u)", -0.5, -20.0),
    ],
)
def test_a_bound_is_held_against_what_is_usual_for_its_f(name: str, fine: float, bad: float) -> None:
    trainer = trainer_of(divergence=name)
    assert blown_up(trainer, {"bound": fine}, {}) == ""
    assert f"the bound fell to {bad:.4g}" in blown_up(trainer, {"bound": bad}, {})
    assert blown_up(trainer, {"bound": -100 * fine}, {}) == ""
    assert "terms exploded" in blown_up(trainer, {"bound": -1e6 * bad}, {})


def test_a_bound_that_came_back_just_before_the_end_is_still_absurd() -> None:
    trainer = trainer_of(divergence="kl")
    trainer.steps_done = 1000
    early = [{"step": step, "bound": -1e13 if step == 700 else 0.1} for step in range(100, 1001, 100)]
    late = [{"step": step, "bound": -1e13 if step == 900 else 0.1} for step in range(100, 1001, 100)]
    unknown: list[dict[str, float | None]] = [{"step": 950, "bound": None}]
    assert blown_up(trainer, {"bound": 0.1}, {}, [*early, *unknown]) == ""
    assert "fell to -1e+13" in blown_up(trainer, {"bound": 0.1}, {}, late)


@pytest.mark.parametrize(
    ("critic", "generator", "dead"), [(0.0, 0.0, True), (0.0, 0.1, False), (None, None, False)]
)
def test_players_without_a_gradient_learn_nothing(
    critic: float | None, generator: float | None, dead: bool
) -> None:
    """A critic alone may have none: of a hinge loss it has none while it is right about every sample."""
    trainer = trainer_of()
    health = {"critic_gradient_norm": critic, "generator_gradient_norm": generator}
    assert ("exactly 0" in blown_up(trainer, {"bound": -1.0}, health)) == dead


def test_a_critic_that_never_moves_again_ends_as_diverged(tmp_path: Path) -> None:
    ways = {"divergence": "neyman", "link": "log-ratio", "generator_loss": "saturating", "penalties": "none"}
    done = fgan.train("ring8", tmp_path, lr=3.0, steps=60, log_every=20, **ways, **SMALL)
    assert done.diverged is not None
    assert RunDirectory(tmp_path).status() == Status("diverged", 60, done.diverged)


def trainer_of(**changes: Any) -> Trainer:
    return Trainer(fgan.TrainConfig(data="moons", device="cpu", width=8, **changes), fgan.load_data("moons"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "here.npy", np.random.default_rng(0).normal(size=(60, 2)))
    fgan.train(str(tmp_path / "here.npy"), tmp_path / "run", steps=4, checkpoint_every=4, **SMALL)
    return tmp_path


WAYS: dict[str, Any] = {"steps": 8, "checkpoint_every": 4, "resume": True}


def test_data_that_moved_are_known_by_their_content(folder: Path) -> None:
    shutil.copytree(folder / "run", folder / "twin")
    fgan.train(str(folder / "here.npy"), folder / "twin", **(WAYS | SMALL))
    (folder / "here.npy").rename(folder / "there.npy")
    with pytest.raises(DataError, match=r"no longer exists.*NEWPATH --resume"):
        fgan.train(RunDirectory(folder / "run").config(), folder / "run", **(WAYS | SMALL))
    said: list[str] = []
    fgan.train(str(folder / "there.npy"), folder / "run", **(WAYS | SMALL | {"say": said.append}))
    assert any("their content is the same" in line for line in said)
    assert RunDirectory(folder / "run").config().data == str(folder / "there.npy")
    assert (folder / "run" / "metrics.jsonl").read_bytes() == (folder / "twin" / "metrics.jsonl").read_bytes()


@pytest.mark.parametrize("passed", one_fast(["array", "tensor", "path"]))
def test_data_in_another_form_are_the_same_data(folder: Path, passed: str) -> None:
    x = np.load(folder / "here.npy")
    forms = {"array": x, "tensor": torch.from_numpy(x), "path": folder / "here.npy"}
    assert fgan.train(forms[passed], folder / "run", **(WAYS | SMALL)).step == 8


@pytest.mark.parametrize("change", ["other values", "other distribution", "fewer"])
def test_other_content_is_refused_and_leaves_the_run_as_it_was(folder: Path, change: str) -> None:
    x = np.load(folder / "here.npy")
    other = {"other values": x + 1, "other distribution": "moons", "fewer": x[1:]}[change]
    before = (folder / "run" / "config.json").read_bytes()
    with pytest.raises(RunError, match="holds different samples"):
        fgan.train(other, folder / "run", **(WAYS | SMALL))
    assert (folder / "run" / "config.json").read_bytes() == before


def test_a_distribution_is_known_by_its_name(tmp_path: Path) -> None:
    fgan.train("ring8", tmp_path, steps=4, **SMALL)
    with pytest.raises(RunError, match="holds different samples"):
        fgan.train("grid25", tmp_path, resume=True, **(SMALL | {"steps": 8}))


def test_another_device_is_a_note(folder: Path) -> None:
    run = RunDirectory(folder / "run")
    run.write_config(dataclasses.replace(run.config(), device="cuda"))
    said: list[str] = []
    done = fgan.train(str(folder / "here.npy"), run.path, **(WAYS | SMALL | {"say": said.append}))
    assert done.step == 8
    assert any("trained on cuda and continues on cpu" in line for line in said)


def test_the_draws_of_another_kind_of_device_become_a_seed() -> None:
    trainer = Trainer(fgan.TrainConfig(data="ring8", device="cpu", width=8), fgan.load_data("ring8"))
    state = trainer.state()
    state["progress"]["random"] = torch.arange(16, dtype=torch.uint8)  # as long as that of a CUDA generator
    trainer.load_state(state)
    first = trainer.draw().latent
    trainer.load_state(state)
    assert torch.equal(trainer.draw().latent, first)
