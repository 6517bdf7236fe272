"""What golden.py records: cases by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import golden_work as work
from golden_work import Found, ensemble, evaluated, fgan_json, fgan_says, paper, trained

SMALL = [
    *("train/original", "train/default", "train/tight", "train/gp"),
    *("train/conditional", "train/resnet", "old-run/*", "ensemble/seeds"),
    *("estimate/logistic", "estimate/ulsif", "estimate/knn", "estimate/shares", "mi/ksg", "mi/infonce"),
    *("ratio/logistic", "evaluate/run", "verify/kl", "verify/foreign", "loss/gan", "errors/*"),
]
OBJECTIVES = ("tight", "relativistic", "reweighted", "wasserstein", "hinge", "least-squares")
PENALTIES = ("r1", "r2", "gp", "gp-one-sided", "dragan", "noise", "lecam")
ESTIMATES = (
    "logistic",
    "plain",
    "tight",
    "nwj",
    "dv",
    "telescoping",
    "ulsif",
    "rulsif",
    "kliep",
    "gaussian",
    "knn",
)
INFORMATION = (
    *("logistic", "plain", "tight", "telescoping", "nwj", "dv", "mine", "infonce", "js", "smile", "flo"),
    *("ksg", "copula"),
)


def runs() -> dict[str, Callable[[], Found]]:
    """Return the cases that train."""
    settings: dict[str, dict[str, Any]] = {name: {"objective": name} for name in OBJECTIVES}
    settings |= {name: {"penalties": f"{name}:0.3"} for name in PENALTIES}
    settings |= {
        "lazy": {"penalties": "r1:0.1:every=4:fade=5,gp:1:every=2"},
        "saturating": {"generator_loss": "saturating"},
        "relativistic-kl": {"objective": "relativistic", "divergence": "kl", "generator_loss": "saturating"},
        "reweighted-pearson": {"objective": "reweighted", "divergence": "pearson"},
        "tight-kl": {"objective": "tight", "divergence": "kl", "generator_loss": "saturating"},
        "soft-hinge": {"divergence": "total-variation"},
        "log-ratio": {"divergence": "kl", "link": "log-ratio"},
        "mixture": {"divergence": "0.5*kl + 0.5*reverse-kl"},
        "written": {"divergence": "f(u)=(u-1)**4"},
        "followed": {"generator_divergence": "kl"},
        "clamp": {"critic_clamp": 2.0, "penalties": "r1:0.2"},
        "clip": {"gradient_clip": 0.05},
        "no-ema": {"ema": 0.0},
        "lr-fade": {"lr_fade": 10.0},
        "single-step": {"single_step": True},
        "n-critic": {"n_critic": 2},
        "tanh": {
            "activation": "tanh",
            "init": "orthogonal",
            "spectral_norm": True,
            "depth": 3,
            "critic_depth": 1,
        },
        "judged": {
            "checkpoint_every": 10,
            "evaluate_every": 10,
            "evaluate_n": 200,
            "evaluate_metrics": "fid",
        },
    }
    found = {name: lambda changes=changes: trained("ring8", **changes) for name, changes in settings.items()}
    small, pictures = {"steps": 6, "width": 8, "log_every": 2, "batch_size": 8}, "../data/pictures"
    return found | {
        "default": lambda: trained("ring8", seed=3),
        "original": lambda: trained("digits", "original"),
        "mnist-dcgan": lambda: trained("digits", "mnist-dcgan", **small),
        "cifar-resnet": lambda: trained(pictures, "cifar-resnet", image_size=16, **small),
        "stacked-dcgan": lambda: trained(pictures, "stacked-mnist", image_size=16, **small),
        "resnet": lambda: trained("digits", network="resnet", **small | {"steps": 3}),
        "vectors": lambda: trained("../data/vectors.npy"),
        "conditional": lambda: trained("../data/labelled.npz", conditional=True),
        "conditional-resnet": lambda: trained("digits", network="resnet", conditional=True, **small),
        "stopped": work.stopped_and_resumed,
        "diverged": work.diverged,
        "command": lambda: work.trained_by_command(
            "moons --steps 10 --width 16 --log-every 5 --divergence js"
        ),
    }


def measurements() -> dict[str, Callable[[], Found]]:
    """Return the cases that estimate and evaluate."""
    two, both = "estimate ../data/p.npy ../data/q.npy --folds 2", "mi ../data/x.npy ../data/y.npy --folds 2"
    tables, words = (f"estimate ../data/light{one}.csv ../data/dark{one}.csv" for one in ("", "-words"))
    lines = {f"estimate/{name}": f"{two} --method {name}" for name in ESTIMATES}
    lines |= {f"mi/{name}": f"{both} --method {name}" for name in INFORMATION}
    lines |= {
        "estimate/auto": "estimate ../data/p.npy ../data/q.npy --permutations 50 --curve --divergence kl,js,pearson",
        "estimate/all": f"{two} --method gaussian --divergence all",
        "estimate/discrete": f"{words} --divergence all --permutations 20",
        "estimate/shares": f"{words} --permutations 20",
        "estimate/table": f"{tables} --folds 2",
        "estimate/column": f"{tables} --columns size --folds 3 --method knn --divergence kl,js",
        "estimate/images": "estimate ../data/light.npy ../data/dark.npy --folds 2",
        "estimate/names": "estimate ring8 moons --n 150 --folds 2 --seed 4",
        "mi/auto": "mi ../data/x.npy ../data/y.npy --permutations 20 --divergence kl,js",
        "mi/discrete": "mi ../data/light.csv --x colour --y size --folds 2",
        "mi/all": f"{both} --method copula --divergence all",
    }
    cases = {name: lambda line=line: fgan_json(f"{line} --device cpu --json") for name, line in lines.items()}
    return cases | {
        "estimate/by-name": work.estimate_by_name,
        "mi/by-name": work.information_by_name,
        **{
            f"ratio/{name}": lambda name=name: work.ratio(name)
            for name in ("logistic", "ulsif", "telescoping")
        },
        "evaluate/run": lambda: evaluated("ring8", "--metrics fid,kid,prdc,modes,kde"),
        "evaluate/all": lambda: evaluated("../data/vectors.npy", ""),
        "evaluate/images": lambda: evaluated("digits", "", network="dcgan", steps=4),
        "evaluate/by-name": work.evaluated_by_name,
        "sample/images": lambda: work.drawn("--n 10 --seed 2"),
        "sample/class": lambda: work.drawn("--n 6 --label 7", conditional=True),
        "sample/vectors": lambda: work.drawn("--n 30", "ring8"),
        "report": work.reported,
    }


def facts() -> dict[str, Callable[[], Found]]:
    """Return the cases that only look things up, check them or fail."""
    names = [one["name"] for one in fgan_json("divergences --json")["json"]]
    data = ("ring8", "grid25", "moons", "paper-mixture", "digits", "../data/labelled.npz", "../data/pictures")
    mistakes = {
        "verb": "nonsense",
        "data": "train nosuch",
        "divergence": "train ring8 --divergence klx",
        "penalty": "train ring8 --penalties r9:1",
        "baseline": "train ring8 --objective wasserstein --generator-divergence kl",
        "kink": "train ring8 --divergence total-variation --penalties noise:1",
        "steps": "train ring8 --steps 0",
        "preset": "train ring8 --preset orginal",
        "method": "estimate ring8 moons --method knm",
        "file": "estimate missing.csv ring8",
        "few": "estimate ring8 moons --n 10",
        "one-side": "mi ring8",
        "evaluate": "evaluate nothing",
        "module": "verify nosuch:thing",
        "cite": "cite klx",
        "run": "sample nowhere",
    }
    return {
        **{f"terms/{name}": lambda name=name: work.terms_of(name) for name in names},
        **{f"loss/{name}": lambda name=name: work.losses_of(name) for name in names},
        **{f"data/{name.removeprefix('../data/')}": lambda name=name: work.data_of(name) for name in data},
        **{f"errors/{name}": lambda line=line: fgan_says(line) for name, line in mistakes.items()},
        "errors/config": work.another_config,
        "usage/number": lambda: fgan_says("train ring8 --lr abc"),
        "catalogue": lambda: fgan_json("divergences --json"),
        "list": lambda: fgan_says("divergences"),
        **{f"card/{name}": lambda name=name: fgan_says("divergences", name) for name in ("js", "alpha:0.3")},
        "cite": lambda: fgan_says("cite js pearson"),
        "verify/all": lambda: fgan_json("verify --json"),
        "verify/kl": lambda: fgan_json("verify kl --json"),
        "verify/foreign": lambda: work.foreign("right"),
        "verify/wrong": lambda: work.foreign("wrong"),
    }


def all_cases() -> dict[str, Callable[[], Found]]:
    """Return every case by its name."""
    several = "--divergences gan,kl --seeds 2"
    few = "--steps 4 --width 8 --metrics fid"
    return {
        **{f"train/{name}": case for name, case in runs().items()},
        "old-run/read": lambda: work.old_run(40),
        "old-run/resumed": lambda: work.old_run(60),
        "old-run/from-scratch": lambda: trained("ring8", steps=60, **work.OLD),
        "ensemble/seeds": lambda: ensemble(f"{several} --metrics fid"),
        "ensemble/penalties": lambda: ensemble(
            f"{several} --penalties gp:1,lecam:0.1 --generators kl,saturating"
        ),
        "ensemble/tight": lambda: ensemble(f"{several} --objective tight --penalties dragan:1,lecam:0.1"),
        "ensemble/plain": lambda: ensemble(f"{several} --penalties r1:0.1:every=3:fade=5,noise:0.1 --ema 0"),
        "ensemble/relativistic": lambda: ensemble(
            f"{several} --objective relativistic --n-critic 2 --single-step"
        ),
        "ensemble/clamp": lambda: ensemble(f"{several} --critic-clamp 3 --gradient-clip 0.1 --lr-fade 9"),
        "ensemble/dcgan": lambda: ensemble(f"{several} --network dcgan {few}", "digits"),
        "ensemble/resnet": lambda: ensemble(
            f"{several} --network resnet --norm group --conditional {few}", "digits"
        ),
        "paper/toy": lambda: paper("toy --divergences kl,js --steps 20 --n 2000"),
        "paper/mnist": lambda: paper(
            "mnist --data digits --divergences kl,js --steps 10 --n 300 --out all --device cpu"
        ),
        **measurements(),
        **facts(),
    }
