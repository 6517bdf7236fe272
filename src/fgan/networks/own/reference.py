"""References to custom networks: a string for `config.json`, which may hold the network itself."""

from __future__ import annotations

import copy
import sys
from typing import Any, cast

import cloudpickle
from torch import nn

from fgan.errors import FganError
from fgan.networks.own import sources
from fgan.networks.own.sources import HANDED_OVER, parts_of


class Recorded(str):
    """The text of a reference from a file, which may come from someone else."""

    __slots__ = ()


class Reference(str):
    """FILE.py:NAME@HASH, package.module:NAME@HASH or "handed over:NAME", as in a recipe.

    HASH is the beginning of the SHA-256 of the code in the defining file.

    Args:
        text: that text.
        given: the module, class or function itself; None if it must be imported.
    """

    given: Any

    def __new__(cls, text: str, given: object = None) -> Reference:
        """Create the text and keep the object that it names."""
        self = super().__new__(cls, text)
        self.given = given
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Reference:
        """Return itself, since it is immutable."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as text if the other process can import the network, otherwise with the code itself."""
        module = getattr(self.given, "__module__", None)
        if self.given is None or (not self.startswith(HANDED_OVER) and module != "__main__"):
            return Reference, (str(self),)
        try:
            return _unpacked, (str(self), cloudpickle.dumps(self.given))
        except Exception as error:  # user objects may raise anything
            raise FganError(
                f"{self} cannot be pickled for runs in other processes: {error}. Define its class at the top level of "
                "a module, and pass the class or a function that creates it."
            ) from error

    def found(self, player: str) -> Any:  # noqa: ANN401 - a module, or what makes one
        """Return the module, class or function, and import it if necessary, as the user requested.

        Raises:
            FganError: if it cannot be imported.
        """
        if self.given is None:
            where, name, _ = parts_of(self)
            self.given = sources.imported(sources.located(where, player), name)
        sources.remember(self)
        return self.given


def _unpacked(text: str, given: bytes) -> Reference:
    return Reference(text, cloudpickle.loads(given))


def refer_to(value: object, player: str) -> str:
    """Return the reference to a network that a user passed or named; recorded texts are returned unchanged.

    Args:
        value: "FILE.py:NAME", "package.module:NAME", a module, or a class or function that returns one; "" for none.
        player: "generator" or "critic".

    Raises:
        FganError: for anything else, and for a file or module that does not exist.
    """
    sources.require_no_import(player)
    if isinstance(value, Reference | Recorded) or value == "":
        return cast(str, value)
    if isinstance(value, str):
        where, name, _ = parts_of(value)
        if not name:
            raise FganError(
                f"--{player} must be FILE.py:NAME or package.module:NAME, where NAME is a class, a function that "
                f'returns a network, or a network; got "{value}".'
            )
        source = sources.located(where, player)
        return Reference(f"{source.where}:{name}@{sources.hash_of(source.file)}")
    if isinstance(value, nn.Module):
        try:
            start = copy.deepcopy(value)
        except Exception as error:  # user classes may raise anything
            raise FganError(
                f"{player}= must be a network that can be copied; copying the {type(value).__name__} raised "
                f"{type(error).__name__}: {error}. Pass its class instead, or a function that creates it."
            ) from error
        return Reference(_text(type(value), instance=True), start)
    if callable(value):
        return Reference(_text(value), value)
    raise FganError(
        f"{player}= must be an nn.Module, a class or function that returns one, or a string FILE.py:NAME or "
        f"package.module:NAME; got {value!r} ({type(value).__name__})."
    )


def _text(maker: Any, *, instance: bool = False) -> str:  # noqa: ANN401 - a class or function
    """Return the text for a class or function, or for an instance, which only the user can create again."""
    name = getattr(maker, "__qualname__", type(maker).__name__)
    source = sources.of_module(sys.modules.get(getattr(maker, "__module__", None) or ""))
    digest = f"@{sources.hash_of(source.file)}" if source and not source.where.startswith("torch.") else ""
    if instance or source is None or not sources.is_named(maker, source, name):
        plain = name.rpartition(".")[2].strip("<>")
        return f"{HANDED_OVER}:{plain}{digest}"
    return f"{source.where}:{name}{digest}"


def recorded(text: str, player: str) -> Any:  # noqa: ANN401 - a module, or what makes one
    """Return the object that a text in a folder names, if the user has named the same code on this machine before.

    A folder may come from someone else: sampling from it must not run code just because the folder names it.

    Raises:
        FganError: if the user has not, or if the source has changed or is missing.
    """
    where, name, digest = parts_of(text)
    whose = f"the {player} of this run is {name} of {where}"
    if player == "generator":
        opening, verbs, first = (
            "fgan.load(path, generator=...), ",
            "sample, evaluate, export, train and compare --worker",
            "sample RUN",
        )
    else:
        opening, verbs, first = "", "train and compare --worker", "train DATA --resume"
    handing = (
        f"{opening}fgan.train(..., resume=True, {player}=...), or on the command line --{player} FILE.py:NAME of "
        f"{verbs}"
    )
    if where == HANDED_OVER:
        raise FganError(
            f"the {player} of this run is {name}, which was passed in Python and is not defined in a file by that "
            f"name. Pass it again: {handing}."
        )
    source = sources.remembered(text)
    if source is None:
        raise FganError(
            f"{whose}. fgan does not run code just because a folder names it, and you have not named this code on "
            f"this machine before. If you trust it, name it once: "
            f"`fgan {first} --{player} FILE.py:{name}`. Or use {handing}."
        )
    if not source.file.is_file():
        raise FganError(f"{whose}, but {source.file} no longer exists. Restore it, or use {handing}.")
    if sources.hash_of(source.file) != digest:
        raise FganError(
            f"{whose}, but the code in {source.file} has changed since. Restore the old code, or use the new code with "
            f"{handing}."
        )
    return sources.imported(source, name)
