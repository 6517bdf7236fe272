"""Search for a learning rate and the weight of penalties by Optuna, which ends hopeless runs early.

    pip install "fgan" optuna
    python examples/optuna_prune.py [DATA] [--trials 20] [--steps 3000] [--out runs/optuna]

Every trial is an ordinary run directory, OUT/trial-N. A callback tells Optuna the FID of each evaluation and returns
fgan.STOP where Optuna would prune: the run ends with a checkpoint, and could be gone on with. The best of few trials is
partly luck: repeat it with other seeds before you believe it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import optuna

import fgan


class Prune:
    """Stops a run whose FID is worse than what other trials had at that step."""

    def __init__(self, trial: optuna.Trial) -> None:
        self.trial, self.fid, self.pruned = trial, None, False

    def on_evaluation(self, step, metrics):
        self.fid = metrics["fid"]
        if self.fid is None:  # it could not be measured
            return None
        self.trial.report(self.fid, step)
        self.pruned = self.trial.should_prune()
        return fgan.STOP if self.pruned else None


def objective(trial: optuna.Trial, options: argparse.Namespace) -> float:
    weight = trial.suggest_float("penalty", 0.02, 2, log=True)
    prune = Prune(trial)
    run = fgan.train(
        options.data,
        divergence="kl",
        lr=trial.suggest_float("lr", 1e-4, 1e-2, log=True),
        penalties=f"r1:{weight:.3g},r2:{weight:.3g}",
        steps=options.steps,
        checkpoint_every=options.steps // 10,
        evaluate_every=options.steps // 10,
        evaluate_n=1000,
        out=options.out / f"trial-{trial.number}",
        callbacks=[prune],
        say=lambda line: None,
    )
    if prune.pruned:
        raise optuna.TrialPruned
    if run.stopped_by:  # Ctrl-C
        trial.study.stop()
        raise optuna.TrialPruned
    if run.diverged or prune.fid is None:
        return float("inf")
    return prune.fid


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", default="ring8")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--out", type=Path, default=Path("runs/optuna"))
    options = parser.parse_args()
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=0), pruner=optuna.pruners.MedianPruner(n_startup_trials=3)
    )
    study.optimize(lambda trial: objective(trial, options), n_trials=options.trials, catch=fgan.FganError)
    finished = [trial for trial in study.trials if trial.state == optuna.trial.TrialState.COMPLETE]
    pruned = sum(trial.state == optuna.trial.TrialState.PRUNED for trial in study.trials)
    print(f"{len(finished)} trials finished, {pruned} ended early")
    if finished:
        where = options.out / f"trial-{study.best_trial.number}"
        print(f"best: FID {study.best_value:.4g} with {study.best_params}, in {where}")


if __name__ == "__main__":
    main()
