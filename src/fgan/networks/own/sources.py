"""The files and modules that define custom networks: importing them, and remembering which the user has named."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib
import importlib.util
import json
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from fgan.errors import DataError, FganError, did_you_mean
from fgan.files import cache_folder, replace_durably
from fgan.json_files import read_json, shaped

DIGITS = 16
"""Length of a hash in a recipe."""
HANDED_OVER = "handed over"
"""The location of a network that cannot be imported again, such as a class defined in a notebook."""
LOADED = "fgan_own_"
"""Prefix of the names of modules loaded from a file."""
_importing: ContextVar[str] = ContextVar("importing", default="")


@dataclass(frozen=True)
class Source:
    """Where a network is defined.

    Args:
        where: the import path of a module, or the absolute path of a file.
        file: the file that contains it.
    """

    where: str
    file: Path

    @property
    def is_module(self) -> bool:
        """Whether it is given by an import path."""
        return not self.where.endswith(".py")


def parts_of(text: str) -> tuple[str, str, str]:
    """Split a text into location, name and hash of the source.

    >>> parts_of("/home/me/nets.py:Critic@0123456789abcdef")
    ('/home/me/nets.py', 'Critic', '0123456789abcdef')
    >>> parts_of("package.nets:Critic")
    ('package.nets', 'Critic', '')
    """
    target, at, digest = text.rpartition("@")
    if not at or len(digest) != DIGITS:
        target, digest = text, ""
    where, _, name = target.rpartition(":")
    return where, name if where and all(part.isidentifier() for part in name.split(".")) else "", digest


def hash_of(file: Path) -> str:
    """Return the beginning of the SHA-256 of a file's definitions: imports, classes, functions and assignments.

    Other code, such as training below `if __name__ == "__main__":`, does not affect the networks.

    Raises:
        FganError: if the file is not valid Python.
    """
    try:
        text = file.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (OSError, ValueError, SyntaxError) as error:
        raise FganError(f"{file} is not valid Python: {error}") from error
    lines = text.splitlines()
    defining = (
        "\n".join(lines[_first_line(node) - 1 : node.end_lineno])
        for node in tree.body
        if not isinstance(node, ast.Expr | ast.If)
        or (isinstance(node, ast.If) and "__name__" not in ast.unparse(node.test))
    )
    return hashlib.sha256("\n".join(defining).encode()).hexdigest()[:DIGITS]


def _first_line(node: ast.stmt) -> int:
    """Return the first line of a statement, including decorators."""
    return min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])


def require_no_import(player: str) -> None:
    """Refuse to start a run while the file that defines its network is being imported.

    Raises:
        FganError: with advice.
    """
    if file := _importing.get():
        raise FganError(
            f"{file} starts a run when it is imported for its {player}. Move the training below "
            'if __name__ == "__main__":, and keep the networks above.'
        )


def of_module(module: ModuleType | None) -> Source | None:
    """Return where a module is defined; None if it has no file."""
    file = getattr(module, "__file__", None)
    if module is None or file is None or not Path(file).is_file():
        return None
    path, spec = Path(file).absolute(), getattr(module, "__spec__", None)
    if module.__name__.startswith(LOADED) or (
        module.__name__ in ("__main__", "__mp_main__") and spec is None
    ):
        return Source(str(path), path)
    return Source(spec.name if module.__name__ == "__main__" and spec else module.__name__, path)


def is_named(found: object, source: Source, name: str) -> bool:
    """Whether this is the object with this name in the source, so that it can be found again."""
    if not all(part.isidentifier() for part in name.split(".")):
        return False
    module: Any = _loaded(source.file)
    for part in name.split("."):
        module = getattr(module, part, None)
    return module is found


def located(where: str, player: str) -> Source:
    """Return the source for a file or module that the user named.

    Raises:
        FganError: if it does not exist.
    """
    if where.endswith(".py"):
        file = Path(where).expanduser().absolute()
        if not file.is_file():
            raise FganError(
                f"--{player}: there is no file {file}. Pass FILE.py:NAME, relative to this folder."
            )
        return Source(str(file), file)
    if not all(part.isidentifier() for part in where.split(".")):
        raise FganError(
            f'--{player} must be FILE.py:NAME or package.module:NAME; got "{where}" before the name.'
        )
    with _on_path(Path.cwd()), _running(where, f"--{player} {where}"):
        spec = importlib.util.find_spec(where)  # imports the packages around it
    if spec is None or not spec.origin or not Path(spec.origin).is_file():
        raise FganError(
            f'--{player}: there is no module "{where}" in this folder or among the installed packages. For a file, '
            "pass FILE.py:NAME."
        )
    return Source(where, Path(spec.origin).absolute())


def imported(source: Source, name: str) -> Any:  # noqa: ANN401 - whatever it is
    """Return the object with this name in a source, importing the source if necessary.

    Raises:
        FganError: if importing raises, or there is no such name.
    """
    with _running(source.where, source.where):
        module: Any = _loaded(source.file) or _load(source)
    found = module
    for part in name.split("."):
        if not hasattr(found, part):
            known = [one for one, value in getattr(found, "__dict__", {}).items() if callable(value)]
            raise FganError(f'there is no "{part}" in {source.where}.{did_you_mean(part, known)}')
        found = getattr(found, part)
    return found


def _loaded(file: Path) -> ModuleType | None:
    """Return the module already loaded from a file, including the running script."""
    for module in list(sys.modules.values()):
        held = getattr(module, "__file__", None)
        if isinstance(held, str) and Path(held).absolute() == file:
            return module
    return None


def _load(source: Source) -> ModuleType:
    if source.is_module:
        parts = len(source.where.split(".")) - (source.file.name != "__init__.py")
        with _on_path(source.file.parents[parts]):
            return importlib.import_module(source.where)
    name = f"{LOADED}{source.file.stem}_{hashlib.sha256(str(source.file).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, source.file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with _on_path(source.file.parent):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextlib.contextmanager
def _on_path(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


@contextlib.contextmanager
def _running(file: str, what: str) -> Iterator[None]:
    """Run user code: redirect its output away from results, and report its errors."""
    token = _importing.set(file)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except (Exception, SystemExit) as error:  # user code may raise anything
        raise FganError(f"importing {what} raised {type(error).__name__}: {error}") from error
    finally:
        _importing.reset(token)


def remember(reference: str) -> None:
    """Record that the user has named this code on this machine, so that folders that refer to it may run it."""
    where, _, digest = parts_of(reference)
    if where == HANDED_OVER or not digest:
        return
    module = None if where.endswith(".py") else sys.modules.get(where)
    file = Path(where) if where.endswith(".py") else Path(str(getattr(module, "__file__", "")))
    if not file.is_file():
        return
    entry = _entry(reference)
    content = json.dumps({"where": where, "file": str(file.absolute())}).encode()
    # If nothing can be stored, the user has to name it again; an error says so.
    with contextlib.suppress(OSError):
        if not entry.is_file() or entry.read_bytes() != content:
            entry.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_durably(entry, content)


def remembered(reference: str) -> Source | None:
    """Return the source of code that the user has named before, or None."""
    try:
        values = shaped(read_json(_entry(reference)), dict[str, str], "the record")
        return Source(values["where"], Path(values["file"]))
    except (DataError, KeyError):
        return None


def _entry(reference: str) -> Path:
    """Return the record for code by its name and content; the code itself may have moved."""
    _, name, digest = parts_of(reference)
    return (
        cache_folder() / "networks" / f"{hashlib.sha256(f'{name}@{digest}'.encode()).hexdigest()[:32]}.json"
    )
