"""`--to hub`: a folder ready to be pushed to the Hugging Face hub."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

from fgan.data import draw_samples
from fgan.errors import ExportError
from fgan.evaluation.result import Evaluation
from fgan.exporting.card import card_of
from fgan.exporting.description import description_of
from fgan.exporting.safetensors_file import safetensors_bytes
from fgan.exporting.torch_program import torch_bytes
from fgan.exporting.trained import TrainedGenerator
from fgan.files import in_the_way, sweep, sync_folder, write_durably
from fgan.owner import owner_name

WEIGHTS, CONFIG, CARD, PICTURE = "generator.safetensors", "config.json", "README.md", "samples.png"
FILES = (WEIGHTS, CONFIG, CARD, PICTURE)
PROGRAM = "generator.pt2"
"""The program that goes with the weights of a custom network."""
DRAWN = 64


def hub_files(
    trained: TrainedGenerator, license: str | None, evaluation: Evaluation | None, notes: list[str]
) -> tuple[dict[str, bytes], str]:
    """Return the files of the folder by name, and what was found when the weights were read back."""
    weights, found = safetensors_bytes(trained)
    config = json.dumps(description_of(trained), indent=2, ensure_ascii=False, allow_nan=False)
    picture = io.BytesIO()
    draw_samples(trained.sampler().sample(DRAWN)).save(picture, format="PNG")
    card = card_of(trained, license, evaluation, notes)
    contents = (weights, f"{config}\n".encode(), card.encode(), picture.getvalue())
    files: dict[str, bytes] = dict(zip(FILES, contents, strict=True))
    if trained.architecture is None:  # nobody else has the network's code
        files[PROGRAM] = torch_bytes(trained)[0]
    return files, found


def write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Write files aside, then give the folder all of them; other files in it stay.

    Raises:
        ExportError: where the system refuses; what was there is there still.
    """
    aside = folder.with_name(f".{folder.name}.{owner_name()}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        sweep(folder.parent, folder.name)
        aside.mkdir()
        for name, content in files.items():
            write_durably(aside / name, content)
        sync_folder(aside)
        if folder.is_dir():
            for name in files:
                (aside / name).replace(folder / name)
        else:
            aside.rename(folder)
        sync_folder(folder.parent)
    except OSError as error:
        why = in_the_way(error) or f"{error.strerror or error}. Choose another folder, or free some space."
        raise ExportError(f"cannot write to {folder}: {why}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def require_free(folder: Path, force: bool) -> None:
    """Refuse a folder that holds something else, or an export unless that may be replaced.

    Raises:
        ExportError: where it may not be written to.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ExportError(f"--to hub writes a folder; {folder} is a file. Choose another --out.")
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if names and WEIGHTS not in names:
        raise ExportError(
            f"{folder} is not empty and is not an export ({', '.join(names[:5])}). Choose another --out."
        )
    if names and not force:
        raise ExportError(
            f"{folder} already holds an exported generator. Pass --force to overwrite it, or choose another "
            "--out."
        )
