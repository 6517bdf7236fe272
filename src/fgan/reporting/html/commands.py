"""The commands that made what a report shows, and those that go on from there."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Any

from fgan.reporting.html.gather import Gathered, Run
from fgan.reporting.html.repeat import train_command
from fgan.visible import fgan_command


def repeating(found: Gathered) -> list[str]:
    """Return the commands that make all of it again."""
    if found.repeat:
        parent = folder_of(found)
        return [compare_command(found, parent), fgan_command("report", parent)]
    folders = [str(run.directory.path) for run in found.runs]
    commands = [train_command(run.config, folder) for run, folder in zip(found.runs, folders, strict=True)]
    if any(run.evaluation for run in found.runs):
        commands.append(fgan_command("evaluate", *folders, *_measured(found)))
    return [*commands, fgan_command("report", *folders)]


def compare_command(found: Gathered, out: str, *, seeds: int | None = None, **settings: object) -> str:
    """Return the command of a comparison that a command can plan again, into a folder.

    Args:
        found: what was read of it.
        out: the folder.
        seeds: another number of them.
        settings: of the recipe, that are to be others, such as steps.
    """
    assert found.repeat, "asked for by those who call"
    words = shlex.split(found.repeat)
    for name, value in {**({"seeds": seeds} if seeds else {}), **settings}.items():
        flag = f"--{name.replace('_', '-')}"
        if flag in words:
            words[words.index(flag) + 1] = str(value)
        else:
            words += [flag, str(value)]
    ranked = ["--rank-by", found.ranking.by] if found.ranking else []
    return shlex.join([*words, *ranked, *_measured(found), "--out", out])


def retrained(run: Run, out: str, **settings: Any) -> str:  # noqa: ANN401 - any of TrainConfig's
    """Return the command that trains a run's recipe with other settings, into a folder."""
    return train_command(dataclasses.replace(run.config, **settings), out)


def folder_of(found: Gathered) -> str:
    """Return the folder of a comparison."""
    return str(found.runs[0].directory.path.parent)


def _measured(found: Gathered) -> list[str]:
    judged = next((run.evaluation for run in found.runs if run.evaluation), None)
    asked = judged.asked if judged else {}
    flags = {
        "metrics": ",".join(asked.get("metrics", ())),
        "n": asked.get("n"),
        "reference": asked.get("reference"),
    }
    return [word for flag, value in flags.items() if value for word in (f"--{flag}", str(value))]
