"""Where users' networks are defined: files and modules, how they are imported, and which this user has named before."""

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

from fgan.errors import FganError, did_you_mean
from fgan.files import cache_folder, replace_durably

DIGITS = 16
"""Of a hash in a recipe."""
HANDED_OVER = "handed over"
"""Where a network is said to be that has no place to be found again, such as a class of a notebook."""
LOADED = "fgan_own_"
"""What the names of modules begin with that were loaded from a file."""
_importing: ContextVar[str] = ContextVar("importing", default="")


@dataclass(frozen=True)
class Source:
    """Where a network is defined.

    Args:
        where: the import path of a module, or the absolute path of a file.
        file: that holds it.
    """

    where: str
    file: Path

    @property
    def is_module(self) -> bool:
        """Whether it is found by an import path."""
        return not self.where.endswith(".py")


def parts_of(text: str) -> tuple[str, str, str]:
    """Return where a text says that a network is, its name there, and the hash of the source.

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
    """Return the beginning of the SHA-256 of what a file defines: its imports, classes, functions and assignments.

    What it does besides, such as to train below `if __name__ == "__main__":`, decides no network.

    Raises:
        FganError: for a file that is no Python.
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
    """Return the line that a statement begins on, with its decorators."""
    return min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])


def require_no_import(player: str) -> None:
    """Refuse to begin a run while the file that defines its network is being imported.

    Raises:
        FganError: with how to mend that.
    """
    if file := _importing.get():
        raise FganError(
            f"{file} starts a run when it is imported for its {player}. Move the training below "
            'if __name__ == "__main__":, and keep the networks above.'
        )


def of_module(module: ModuleType | None) -> Source | None:
    """Return where a module is defined; None where no file holds it."""
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
    """Whether that is the object of this name in a source, so that it can be found again."""
    if not all(part.isidentifier() for part in name.split(".")):
        return False
    module: Any = _loaded(source.file)
    for part in name.split("."):
        module = getattr(module, part, None)
    return module is found


def located(where: str, player: str) -> Source:
    """Return where a file or module that the user named lies.

    Raises:
        FganError: where it does not.
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
    """Return the object of that name in a source, which is imported if it is not yet.

    Raises:
        FganError: where importing raises, or there is no such name.
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
    """Return the module that was made of a file, also as the script that runs."""
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
    """Run users' code: what it prints is no result, what it raises is said."""
    token = _importing.set(file)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except (Exception, SystemExit) as error:  # whatever the user's code may raise
        raise FganError(f"importing {what} raised {type(error).__name__}: {error}") from error
    finally:
        _importing.reset(token)


def remember(reference: str) -> None:
    """Note that this user has named that code on this machine, so that folders which name it may have it run."""
    where, _, digest = parts_of(reference)
    if where == HANDED_OVER or not digest:
        return
    module = None if where.endswith(".py") else sys.modules.get(where)
    file = Path(where) if where.endswith(".py") else Path(str(getattr(module, "__file__", "")))
    if not file.is_file():
        return
    entry = _entry(reference)
    content = json.dumps({"where": where, "file": str(file.absolute())}).encode()
    # Where nothing can be kept, the user has to name it again, and is told so.
    with contextlib.suppress(OSError):
        if not entry.is_file() or entry.read_bytes() != content:
            entry.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_durably(entry, content)


def remembered(reference: str) -> Source | None:
    """Return where code lies that this user has named before; None of other code."""
    try:
        values = json.loads(_entry(reference).read_bytes())
        return Source(values["where"], Path(values["file"]))
    except (OSError, ValueError, KeyError):
        return None


def _entry(reference: str) -> Path:
    """Return the file that says where code lies, by its name and content: it may have moved since."""
    _, name, digest = parts_of(reference)
    return (
        cache_folder() / "networks" / f"{hashlib.sha256(f'{name}@{digest}'.encode()).hexdigest()[:32]}.json"
    )
