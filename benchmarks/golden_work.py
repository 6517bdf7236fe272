"""How the cases of golden_cases.py are computed, by the command line and by fgan's own names alone.

Each runs in a folder of its own, beside one that holds the data.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

import fgan
from fgan.cli import main as command_line

Found = dict[str, Any]
OLD_RUN = Path(__file__).resolve().parent.parent / "tests" / "old_run"
"""A run of 40 steps, made before the code was rearranged."""
OLD = {"width": 16, "batch_size": 128, "log_every": 10, "checkpoint_every": 20}
"""Its recipe, besides what `trained` takes."""
OF_THE_SETUP = ("threads", "torch", "recipe")
"""Keys of `state.json` that depend on the machine, or repeat the config."""
FOREIGN = """
import torch
right = (lambda v: v, lambda t: (t - 1).exp())
wrong = (torch.sigmoid, lambda t: (t - 1).exp())
"""


def write_data(folder: Path) -> None:
    """Write small sets of samples of every kind."""
    draw = np.random.default_rng(0)
    folder.mkdir()
    p, q = 0.7 * draw.standard_normal((2, 200, 2))
    np.save(folder / "p.npy", p + np.array([0.5, 0.2]))
    np.save(folder / "q.npy", q)
    x = draw.standard_normal((200, 2))
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", x[:, :1] + 0.7 * draw.standard_normal((200, 1)))
    np.save(folder / "vectors.npy", draw.standard_normal((300, 3)) * [1, 5, 0.1] + [0, 1, 2])
    np.savez(folder / "labelled.npz", x=draw.standard_normal((300, 2)), y=draw.integers(0, 3, 300))
    for name, bright in (("light", 128), ("dark", 90)):
        np.save(folder / f"{name}.npy", draw.integers(0, bright, (100, 8, 8), dtype=np.uint8))
        words = draw.choice(["red", "green", "blue"], 200, p=[0.2, 0.3, 0.5] if name == "light" else None)
        rows = [f"{word},{number:.4f}" for word, number in zip(words, draw.standard_normal(200), strict=True)]
        (folder / f"{name}.csv").write_text("\n".join(["colour,size", *rows]) + "\n")
        (folder / f"{name}-words.csv").write_text("\n".join(["colour", *words]) + "\n")
        (folder / "pictures" / name).mkdir(parents=True)
        for number in range(24):
            picture = draw.integers(0, bright, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(picture).save(folder / "pictures" / name / f"{number}.png")
    (folder / "golden_foreign.py").write_text(FOREIGN)


def fgan_says(line: str, *more: str) -> Found:
    """Run the command line in this process; return what it printed and its exit code."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = command_line([*line.split(), *more])
        except SystemExit as stop:
            code = stop.code
    return {"out": out.getvalue(), "err": err.getvalue(), "code": code}


def fgan_json(line: str, *more: str) -> Found:
    """Run a command that prints JSON; return the object, or what went wrong."""
    said = fgan_says(line, *more)
    return {"json": json.loads(said["out"]), "code": said["code"]} if said["out"] else said


def run_of(folder: str | Path) -> Found:
    """Return everything that a run directory holds of its training."""
    found: Found = {"config": json.loads((Path(folder) / "config.json").read_text())}
    for step in sorted((Path(folder) / "checkpoints").glob("step-*")):
        state = json.loads((step / "state.json").read_text())
        found[f"{step.name}/state"] = {key: value for key, value in state.items() if key not in OF_THE_SETUP}
        for file in sorted(step.glob("*.safetensors")):
            tensors = load_file(file)
            if file.stem.endswith("_optimizer"):  # many, and wrong where the weights are
                tensors = in_one(tensors)
            found |= {f"{step.name}/{file.stem}/{key}": value for key, value in tensors.items()}
    run = fgan.RunDirectory(folder)
    if run.evaluations():
        found |= {"evaluations": run.evaluations(), "best": run.sample(8, seed=1, best=True)}
    return found | {"metrics": run.metrics(), "samples": run.sample(8, seed=1)}


def in_one(tensors: dict[str, torch.Tensor]) -> Found:
    """Return tensors as their names and one long vector."""
    names = sorted(tensors)
    return {"names": names, "all": torch.cat([tensors[name].flatten().double() for name in names])}


def trained(data: str, preset: str = "default", **changes: Any) -> Found:
    """Train for a moment by the Python names; return the run."""
    usual = {"steps": 20, "log_every": 5, "checkpoint_every": 20, "sample_every": 0, "device": "cpu"}
    if preset in ("default", "original"):
        usual |= {"width": 16, "batch_size": 32}
    fgan.train(fgan.preset(preset, data, **usual | changes), "run", say=lambda line: None, lines=False)
    return run_of("run")


def stopped_and_resumed() -> Found:
    """Stop a run by a signal in its middle, and go on."""
    config = fgan.preset("default", "ring8", steps=20, width=16, log_every=5, sample_every=0, device="cpu")

    def stop(line: str) -> None:
        if line.startswith("step 10 "):
            signal.raise_signal(signal.SIGTERM)

    fgan.train(config, "run", say=stop, lines=True)
    before = fgan.RunDirectory("run").metrics()
    fgan.train(config, "run", resume=True, say=lambda line: None, lines=False)
    return {"before": before, **run_of("run")}


def old_run(steps: int) -> Found:
    """Go on with a run of long ago, or only read it where it has done as many steps."""
    shutil.copytree(OLD_RUN, "run")
    if steps > 40:
        config = fgan.preset("default", "ring8", **OLD, steps=steps, sample_every=0, device="cpu")
        fgan.train(config, "run", resume=True, say=lambda line: None, lines=False)
    return run_of("run")


def trained_by_command(line: str) -> Found:
    said = fgan_json(f"train {line} --out run --sample-every 0 --device cpu --json")
    return {f"said/{key}": value for key, value in said.items()} | run_of("run")


def diverged() -> Found:
    """Train with a learning rate that no network survives."""
    said = fgan_says(
        "train ring8 --out run --steps 20 --width 16 --lr 1e20 --log-every 5 --sample-every 0 --device cpu"
    )
    return said | {"metrics": fgan.RunDirectory("run").metrics()}


def ensemble(line: str, data: str = "ring8") -> Found:
    """Train several as one ensemble in a process of its own, which computes on as many threads as it may use cores."""
    usual = "--steps 12 --width 16 --batch-size 32 --log-every 12 --jobs 1 --n 200 --sample-every 0 --json"
    with one_core():
        found = fgan_json(f"compare {data} --out all --device cpu {usual} {line}")
    for config in sorted(Path("all").glob("*/config.json")):
        found |= {f"{config.parent.name}/{key}": value for key, value in run_of(config.parent).items()}
    return found


def paper(line: str) -> Found:
    with one_core():
        return fgan_json(f"paper {line} --jobs 1 --json")


@contextlib.contextmanager
def one_core():
    """Let processes that start here use one core only, where the system knows of such a thing."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def evaluated(data: str, more: str, **changes: Any) -> Found:
    trained(data, **changes)
    return fgan_json(f"evaluate run --json --n 300 --device cpu {more}")


def drawn(what: str, data: str = "digits", **changes: Any) -> Found:
    """Draw samples of a run by the command, as an array and as a picture."""
    trained(data, steps=4, **changes)
    found = {f"said/{key}": value for key, value in fgan_says(f"sample run {what} --out drawn.npy").items()}
    fgan_says(f"sample run {what} --out drawn.png")
    return found | {"array": np.load("drawn.npy"), "picture": np.asarray(Image.open("drawn.png"))}


def reported() -> Found:
    """Write the page that shows a run."""
    trained("digits", steps=6, log_every=2)
    fgan_says("evaluate run --metrics fid --n 200 --device cpu")
    Path("run/speed.jsonl").unlink()
    said = fgan_says("report run --out page.html")
    page = Path("page.html").read_text().replace(str(Path.cwd().parent), "PLACE")
    return {**said, "length": len(page), "page": hashlib.sha256(page.encode()).hexdigest()}


def evaluated_by_name() -> Found:
    found = fgan.evaluate("../data/p.npy", fgan.load_data("../data/q.npy"), metrics=("fid", "c2st"), n=100)
    return {"json": json.loads(found.to_json()), "text": found.table()}


def ratio(method: str) -> Found:
    p, q = np.load("../data/p.npy"), np.load("../data/q.npy")
    fitted = fgan.DensityRatio(method, folds=2).fit(p, q)
    return {"log_ratio": fitted.log_ratio(q[:50]), "ratio": fitted.predict(p[:50]), "name": repr(fitted)}


def information_by_name() -> Found:
    x, y = np.load("../data/x.npy"), np.load("../data/y.npy")
    found = fgan.mutual_information(x, y, folds=2)
    return {"json": found.to_dict(), "text": str(found), "log_ratio": found.log_ratio(np.hstack([x, y])[:20])}


def estimate_by_name() -> Found:
    found = fgan.estimate(np.load("../data/p.npy"), np.load("../data/q.npy"), "all", folds=2)
    return {"json": found.to_dict(), "text": str(found)}


def data_of(name: str) -> Found:
    data = fgan.load_data(name, say=lambda line: None)
    draw = torch.Generator().manual_seed(0)
    frame = getattr(data, "frame", data)  # a data set once held these itself
    found: Found = {"facts": [data.shape, frame.value_range, list(data.classes)]}
    # Images have one number for all entries, which was a scalar once.
    units = {name: torch.as_tensor(getattr(frame, name)) for name in ("center", "scale")}
    found |= {name: value.squeeze() if data.is_image else value for name, value in units.items()}
    for part in ("train", "held_out"):
        values, labels = getattr(data, part).draw_labelled(20, draw)
        found |= {part: values} | ({f"{part}_labels": labels} if labels is not None else {})
    return found


def terms_of(name: str) -> Found:
    """Return f, f*, and what each link makes of a critic's outputs."""
    found: Found = {"repr": repr(fgan.divergence(name))}
    v = torch.linspace(-4, 4, 41)
    for link in fgan.divergence(name).links:
        one = fgan.divergence(name).with_link(link)
        for term in ("real_term", "fake_term", "activation", "log_ratio"):
            found[f"{link}/{term}"] = attempt(lambda one=one, term=term: getattr(one, term)(v))
    found["f"] = attempt(lambda: fgan.divergence(name).f(v.exp()))
    found["weight"] = attempt(lambda: fgan.divergence(name).weight(v))
    return found


def losses_of(name: str) -> Found:
    """Return both players' losses and their gradients."""
    found: Found = {}
    draw = torch.Generator().manual_seed(0)
    real, fake = 2 * torch.randn(2, 50, generator=draw)
    ways = [(loss, None) for loss in ("saturating", "non-saturating")] + [("saturating", "js")]
    for generator, followed in ways:
        at = f"{generator}/{followed or ''}"
        game = attempt(
            lambda g=generator, f=followed: fgan.GANLoss(name, generator=g, generator_divergence=f)
        )
        if isinstance(game, str):
            found[at] = game
            continue
        v_real, v_fake = real.clone().requires_grad_(), fake.clone().requires_grad_()
        loss = game.critic(v_real, v_fake)
        found[f"{at}/critic"] = torch.stack([loss.detach(), *torch.autograd.grad(loss, v_real)[0][:5]])
        loss = game.generator(v_fake)
        found[f"{at}/generator"] = torch.stack([loss.detach(), *torch.autograd.grad(loss, v_fake)[0][:5]])
        found[f"{at}/follows"] = game.follows
    return found


def attempt(compute: Callable[[], Any]) -> Any:
    """Return a value, or the text of the mistake that it is to ask for it."""
    try:
        return compute()
    except fgan.FganError as error:
        return f"refused: {error}"


def foreign(name: str) -> Found:
    sys.path.insert(0, str(Path("../data").resolve()))
    try:
        return fgan_json(f"verify golden_foreign:{name} --as kl --json")
    finally:
        sys.path.pop(0)


def another_config() -> Found:
    trained("ring8", steps=5)
    return fgan_says("train ring8 --out run --resume --steps 9 --lr 0.5 --device cpu")
