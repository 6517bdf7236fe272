"""From a reference to a trainable custom network: import or copy it, create it, and check it with a trial run."""

from __future__ import annotations

import copy
import inspect
from typing import Any

from torch import nn

from fgan.errors import FganError
from fgan.frame import Frame
from fgan.networks.own.checks import checked_network, tried_critic, tried_generator
from fgan.networks.own.reference import Reference, recorded
from fgan.networks.own.sources import HANDED_OVER
from fgan.networks.own.wrapped import OwnCritic, OwnGenerator


def own_generator(text: str, frame: Frame, latent: int, classes: int, *, wants_latent: bool) -> OwnGenerator:
    """Return a new custom generator, ready to train.

    Args:
        text: the recipe's reference to it.
        frame: of the samples to generate.
        latent: the dimension of z according to the recipe or the data.
        classes: number of classes, 0 for none.
        wants_latent: whether the recipe sets it; otherwise the attribute `latent` of the network is used, if any.

    Raises:
        FganError: if it cannot be found or created, or does not meet the requirements of a generator.
    """
    network = _made(text, "generator", latent=latent, shape=frame.shape, classes=classes)
    own = getattr(network, "latent", None)
    if not wants_latent and isinstance(own, int) and own > 0:
        latent = own
    checked_network(network, "generator")
    tried = tried_generator(network, frame, latent, classes)
    return OwnGenerator(network.train(), latent, classes, tried.notes, tried.draws)


def own_critic(text: str, frame: Frame, classes: int) -> OwnCritic:
    """Return a new custom critic, ready to train; arguments and errors as for `own_generator`."""
    network = _made(text, "critic", shape=frame.shape, classes=classes)
    checked_network(network, "critic")
    tried = tried_critic(network, frame, classes)
    return OwnCritic(network.train(), classes, tried.notes, tried.draws)


def _made(text: str, player: str, **offered: Any) -> nn.Module:  # noqa: ANN401 - keyword arguments of users' code
    """Return a new network: a copy of the named one, or the result of the class or function."""
    named = text.found(player) if isinstance(text, Reference) else recorded(text, player)
    if isinstance(named, nn.Module):
        return copy.deepcopy(named)
    if not callable(named):
        raise FganError(
            f"{text} must be a network, or a class or function that returns one; got an object of type "
            f"{type(named).__name__}."
        )
    try:
        network = named(**_arguments(named, text, player, offered))
    except FganError:
        raise
    except Exception as error:  # user code may raise anything
        raise FganError(
            f"creating the {player} with {text} raised {type(error).__name__}: {error}"
        ) from error
    if not isinstance(network, nn.Module):
        name = text.partition("@")[0].removeprefix(f"{HANDED_OVER}:")
        raise FganError(f"{player}={name} must return an nn.Module; it returned a {type(network).__name__}.")
    return network


def _arguments(maker: Any, text: str, player: str, offered: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """Return those of the offered arguments that the signature asks for."""
    try:
        parameters = inspect.signature(maker).parameters.values()
    except (TypeError, ValueError):  # some builtins have none
        return {}
    plain = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    lacking = [p.name for p in plain if p.default is p.empty and p.name not in offered]
    if lacking:
        raise FganError(
            f"{text} for the {player} needs the argument {', '.join(lacking)}; fgan passes only "
            f"{', '.join(offered)}, if asked for. Pass a function that sets the rest, "
            f"such as {player}=lambda: {text.partition('@')[0].rpartition(':')[2]}({lacking[0]}=...), or a ready "
            "network."
        )
    by_position = [p.name for p in plain if p.kind is p.POSITIONAL_ONLY and p.default is p.empty]
    if by_position:
        raise FganError(
            f"{text} takes {', '.join(by_position)} by position only; fgan passes keyword arguments."
        )
    return {p.name: offered[p.name] for p in plain if p.name in offered}
