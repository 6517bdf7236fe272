"""Which data the user has trained on here: only these are read because a run directory names them.

A run directory may come from someone else. The path in its `config.json` would be followed on this machine, and
`fgan report` would put pictures of this disk into a page that is passed on.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path

from fgan.data import Dataset, absolute_name
from fgan.data.load import BUILDERS, PASSED
from fgan.errors import DataError, RunError
from fgan.files import cache_folder, replace_durably
from fgan.training.config import TrainConfig
from fgan.training.run_directory import RunDirectory


def remember_data(config: TrainConfig, fingerprint: str) -> None:
    """Record that the user has trained on these data on this machine."""
    if _is_built_in(config):
        return
    mark = _mark(config, fingerprint)
    # If nothing can be stored, the user has to name the data again; an error says so.
    with contextlib.suppress(OSError):
        if not mark.exists():
            mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_durably(mark, b"")


def is_own_data(run: RunDirectory, config: TrainConfig) -> bool:
    """Whether the data of a run are built in, or the user has trained on them here: by their path and content."""
    try:
        return _is_own(run, config)
    except RunError:
        return False


def _is_own(run: RunDirectory, config: TrainConfig) -> bool:
    if _is_built_in(config) or config.data.startswith(PASSED):  # the latter leads to no file
        return True
    state = run.checkpoints().newest_description()
    with contextlib.suppress(OSError):
        return _mark(config, str(state["data"])).exists()
    return False


def require_own_data(run: RunDirectory, config: TrainConfig, how: str) -> None:
    """Refuse to read data only because a folder names them.

    Args:
        run: the run.
        config: its recipe.
        how: to name the data, as an imperative sentence.

    Raises:
        DataError: if the user has not trained on them here.
        RunError: if no checkpoint says which data they were, or the recipe was edited.
    """
    run.checkpoints().newest_description()
    if not _is_own(run, config):
        raise DataError(
            f"{run.path} names the data {config.data}, but fgan has no record that you trained on them on this "
            f"machine, and it reads nothing just because a folder names it. {how}"
        )


def require_trained_on(run: RunDirectory, dataset: Dataset, how: str) -> None:
    """Refuse data that a run's `config.json` leads to now, but that the run was not trained on.

    Args:
        run: the run.
        dataset: the data; a distribution has no content, and its name is part of the recipe in a checkpoint.
        how: to name the data, as an imperative sentence.

    Raises:
        DataError: if their content is another.
        RunError: if no checkpoint says which data they were.
    """
    if dataset.train.fingerprint() and not run.holds_run_on(dataset):
        raise DataError(
            f"{run.path} was trained on other data than {dataset.name}, which {run.config_path.name} names: the file "
            f"was edited, or the data have changed. {how}"
        )


def _is_built_in(config: TrainConfig) -> bool:
    return config.data in BUILDERS and config.data_dir is None


def _mark(config: TrainConfig, fingerprint: str) -> Path:
    folder = config.data_dir and str(Path(config.data_dir).expanduser().absolute())
    key = json.dumps([absolute_name(config.data), folder, fingerprint])
    return cache_folder() / "data-named" / hashlib.sha256(key.encode()).hexdigest()[:32]
