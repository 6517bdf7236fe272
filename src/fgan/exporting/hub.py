"""The Hugging Face hub: push a folder, and fetch an exported generator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from fgan.errors import ExportError, first_line
from fgan.exporting.card import NAME
from fgan.exporting.hub_folder import CARD, CONFIG, FILES, WEIGHTS
from fgan.output import Say, to_stderr
from fgan.visible import fgan_command

PREFIX = "hub:"
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
PUSHED = {*FILES, "LICENSE"}
PUSHED_SUFFIXES = {".onnx", ".pt2", ".png", ".jpg", ".md"}
"""What else may lie in a folder that is pushed."""
CODE = {
    ".py",
    ".ipynb",
    ".sh",
    ".so",
    ".dll",
    ".pkl",
    ".pickle",
    ".joblib",
    ".pt",
    ".pth",
    ".bin",
    ".ckpt",
    ".npy",
}
"""Files that run, or run something when they are unpickled."""
LOG_IN = "Log in with `hf auth login`, or set HF_TOKEN."


def is_hub_name(name: str | Path) -> bool:
    """Whether a name is that of a generator on the hub.

    >>> is_hub_name("hub:user/name"), is_hub_name("runs/mine")
    (True, False)
    """
    return str(name).startswith(PREFIX)


def push(folder: str | Path, repo_id: str, *, private: bool = False, say: Say = to_stderr) -> str:
    """Push a folder written by `export(..., to="hub")` to the Hugging Face hub.

    The placeholder USER/NAME in the model card is replaced by the repository's name.

    Args:
        folder: the folder. Only the card, weights, config, pictures, .onnx and .pt2 files are sent.
        repo_id: USER/NAME; the repository is created if it does not exist.
        private: make the repository private.
        say: function that receives the names of files that are not sent.

    Returns:
        The address of the repository.

    Raises:
        ExportError: if the folder is not such an export, or the hub cannot be reached or refuses.
    """
    folder = Path(folder)
    _require_repository(repo_id)
    lacking = [name for name in (WEIGHTS, CONFIG, CARD) if not (folder / name).is_file()]
    if lacking:
        raise ExportError(
            f"{folder} lacks {', '.join(lacking)}. Create it: "
            f"{fgan_command('export', 'RUN', '--to', 'hub', '--out', folder)}"
        )
    sent, left = _sorted_out(folder)
    if left:
        say(
            f"not sent: {', '.join(left)} (only the card, weights, config, pictures, .onnx and .pt2 are sent)"
        )
    hub = _library()
    if not hub.get_token():
        raise ExportError(f"pushing to {repo_id} needs a hub token, and none was found. {LOG_IN}")
    with _speaking(repo_id):
        api = hub.HfApi(library_name="fgan")
        api.create_repo(repo_id, private=private, exist_ok=True)
        if private and not api.model_info(repo_id).private:
            raise ExportError(
                f"{repo_id} exists and is public, but --private was given. Nothing was pushed. Make it private "
                "on the hub first, or choose another name."
            )
        operations = [
            hub.CommitOperationAdd(path_in_repo=path.name, path_or_fileobj=_content(path, repo_id))
            for path in sent
        ]
        api.create_commit(repo_id, operations, commit_message="A generator, exported by fgan")
        return f"{api.endpoint}/{repo_id}"


def _content(path: Path, repo_id: str) -> bytes:
    content = path.read_bytes()
    return content.replace(NAME.encode(), repo_id.encode()) if path.name == CARD else content


def _sorted_out(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the files that are pushed, and the names of those that are not."""
    sent, left = [], []
    for path in sorted(folder.iterdir()):
        if path.is_file() and (path.name in PUSHED or path.suffix in PUSHED_SUFFIXES):
            sent.append(path)
        else:
            left.append(path.name)
    return sent, left


def fetched(name: str, say: Say = to_stderr) -> Path:
    """Download the weights of `hub:USER/NAME` or `hub:USER/NAME@REVISION` into the hub's cache, and return their path.

    Only the weights and their config are downloaded.

    Raises:
        ExportError: if there is no such repository, no fgan generator in it, or the hub cannot be reached.
    """
    repo_id, _, revision = name.removeprefix(PREFIX).partition("@")
    _require_repository(repo_id)
    api = _library().HfApi(library_name="fgan")
    with _speaking(repo_id):
        names = _names(api, repo_id, revision or None, say)
        code = [one for one in names or [] if PurePosixPath(one).suffix.lower() in CODE]
        if code:
            say(f"{name} also contains {', '.join(code[:5])}; fgan neither downloads nor runs it")
        if names is not None and WEIGHTS not in names:
            raise ExportError(
                f"{name} has no {WEIGHTS}, so it is not a generator exported by fgan. fgan loads only "
                "safetensors, because "
                "other formats can run code."
            )
        wanted = {"repo_id": repo_id, "revision": revision or None, "local_files_only": names is None}
        if names and CONFIG in names:  # by which the hub counts downloads
            api.hf_hub_download(filename=CONFIG, **wanted)
        return Path(api.hf_hub_download(filename=WEIGHTS, **wanted))


def _names(api: Any, repo_id: str, revision: str | None, say: Say) -> list[str] | None:  # noqa: ANN401
    """Return the files of a repository; None where the hub cannot be reached."""
    try:
        info = api.model_info(repo_id, revision=revision)
    except Exception as error:
        if not _is_unreachable(error):
            raise
        say(f"cannot reach the hub ({_reason(error)}); looking for {repo_id} in the local cache")
        return None
    return [one.rfilename for one in info.siblings or []]


def _require_repository(repo_id: str) -> None:
    if not REPOSITORY.fullmatch(repo_id):
        raise ExportError(f'a hub repository must be USER/NAME, such as hub:ada/my-digits; got "{repo_id}".')


def _library() -> Any:  # noqa: ANN401 - the package may be absent
    try:
        import huggingface_hub
    except ImportError as error:
        raise ExportError(
            f'the hub needs huggingface_hub, which cannot be imported ({error}). Run: pip install "fgan[hub]".'
        ) from error
    return huggingface_hub


@contextmanager
def _speaking(repo_id: str) -> Iterator[None]:
    """Turn what goes wrong between us and the hub into an error that says what to do."""
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise ExportError(f"{repo_id} is gated. Request access on the hub first. {LOG_IN}") from error
    except errors.RepositoryNotFoundError as error:
        raise ExportError(
            f"the hub has no repository {repo_id} that you can access. Check the name. If it is private: "
            f"{LOG_IN}"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise ExportError(f"{repo_id} has no such revision. Leave @REVISION out for the newest.") from error
    except errors.LocalEntryNotFoundError as error:
        raise ExportError(
            f"cannot reach the hub, and {repo_id} is not in the local cache.\nTry again online, or copy its "
            f"{WEIGHTS} here and "
            "load that file."
        ) from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        mend = LOG_IN if status in (401, 403) else "Try again later."
        refused = "The token is missing or lacks permission. " if status in (401, 403) else ""
        raise ExportError(f"the hub refused {repo_id} ({_reason(error)}). {refused}{mend}") from error
    except errors.HFValidationError as error:
        raise ExportError(f"{repo_id} is not a valid repository name ({_reason(error)}).") from error
    except Exception as error:
        if not _is_unreachable(error):
            raise
        raise ExportError(
            f"cannot reach the hub ({_reason(error)}). Try again when you are online."
        ) from error


def _is_unreachable(error: Exception) -> bool:
    """Whether an error is that of the connection: the HTTP library behind huggingface_hub changes with its version."""
    from huggingface_hub.errors import HfHubHTTPError

    library = type(error).__module__.partition(".")[0]
    return not isinstance(error, HfHubHTTPError) and (
        isinstance(error, ConnectionError | TimeoutError)
        or library in ("httpx", "httpx2", "requests", "urllib3")
    )


def _reason(error: Exception) -> str:
    return first_line(error).rstrip(".") or type(error).__name__
