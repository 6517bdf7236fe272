"""The process that trains for one page: it takes its messages, steps, and answers."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import torch

from fgan.errors import FganError
from fgan.lab.frames import Latents, PictureView, View
from fgan.lab.gallery import Gallery
from fgan.lab.race import Race, members_of
from fgan.lab.settings import Settings
from fgan.objectives import GANLoss

MEASURING = 0.12
"""Largest share of the time that measuring may take."""
LOOK = 1.0
"""Seconds between two looks at run directories."""
NAMES_OF_PLAYERS = ("both", "critic", "generator")


def main(pipe: Connection) -> None:
    """Serve one page until the pipe closes.

    Args:
        pipe: messages of the page as JSON, one each; answers are JSON, or binary as `frames.encoded` makes them.
    """
    torch.set_num_threads(1)  # the page, and other pages, need the other cores
    torch.set_flush_denormal(True)
    _warm_up()
    try:
        Worker(pipe).serve()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # whoever asked has gone


def _warm_up() -> None:
    """Do once what takes longer the first time, before anybody waits for it."""
    race = Race(Settings(members=("kl", "js"), width=1, critic_width=1, batch=16))
    race.step()
    view = View(race)
    view.measure(race)
    view.frame(race, {})


class Worker:
    """A race, or run directories, with the state of the page that looks at it."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe = pipe
        self.race: Race | None = None
        self.view: View | PictureView | None = None
        self.gallery: Gallery | None = None
        self.runs = 0
        self.playing, self.visible, self.wanted, self.news = False, True, False, False
        self.pace = math.inf
        self.next_step = self.next_measure = self.next_look = 0.0
        self.rate = _Rate()
        self.actions: dict[str, Callable[[dict[str, Any]], None]] = {
            "start": self._start,
            "change": self._change,
            "open": self._open,
            "play": lambda _: self._set_playing(True),
            "pause": lambda _: self._set_playing(False),
            "step": self._step,
            "pace": self._set_pace,
            "frame": self._want,
            "visible": self._set_visible,
            "snippet": self._snippet,
            "latent": self._latent,
            "latents": self._latent,
            "walk": self._latent,
            "class": self._latent,
        }

    def serve(self) -> None:
        """Take messages and steps in turn."""
        self._tell("ready")
        while True:
            while self.pipe.poll(self._patience()):
                self._take(self.pipe.recv_bytes())
            if self._trains() and time.monotonic() >= self.next_step:
                self._train()
            if self.wanted and self.news:
                self._show()

    def _trains(self) -> bool:
        return self.playing and self.visible and self.race is not None

    def _patience(self) -> float | None:
        """Return how long to wait for a message: not at all if there is something to do."""
        if self.wanted and self.news:
            return 0.0
        if self._trains():
            return max(self.next_step - time.monotonic(), 0.0)
        if not (self.gallery and self.visible):
            return None
        if time.monotonic() >= self.next_look:  # not at every message: a slider sends many
            self.news = self.gallery.look() or self.news
            self.next_look = time.monotonic() + LOOK
        return max(self.next_look - time.monotonic(), 0.0)

    def _take(self, message: bytes) -> None:
        """Do what a message says; a mistake is told, and changes nothing."""
        asked = json.loads(message)
        action = str(asked.get("do"))
        try:
            if action not in self.actions:
                raise FganError(f'there is no message "{action[:40]}". There are {", ".join(self.actions)}.')
            self.actions[action](asked)
        except FganError as error:
            self._tell("error", about=action, message=str(error))

    def _train(self) -> None:
        assert self.race
        now, interval = time.monotonic(), 1 / self.pace
        late = now - self.next_step
        # A little late is made up for, so that the pace is kept; more is not, or steps would come in bursts.
        self.next_step = (self.next_step if late < interval else now) + interval
        self.race.step()
        self.rate.count()
        self.news = True

    def _show(self) -> None:
        self.wanted = self.news = False
        state = {"run": self.runs, "playing": self.playing, "steps_per_second": self.rate.value}
        if self.gallery:
            self.pipe.send_bytes(self.gallery.frame(state))
        elif self.race and self.view:
            if isinstance(self.view, View):
                self._measure(self.view, self.race)
            self.pipe.send_bytes(self.view.frame(self.race, state))

    def _measure(self, view: View, race: Race) -> None:
        began = time.monotonic()
        if view.measured == race.steps or (began < self.next_measure and self.playing):
            return
        view.measure(race)
        now = time.monotonic()
        self.next_measure = now + (now - began) / MEASURING

    def _start(self, asked: dict[str, Any]) -> None:
        race = Race(Settings.from_values(asked.get("settings", {})))
        self.race, self.gallery = race, None
        self.view = View(race) if race.target else PictureView(race)
        self.runs += 1
        self.rate, self.next_step, self.next_measure = _Rate(), 0.0, 0.0
        self.playing = asked.get("playing") is not False
        self._tell_settings()
        if isinstance(self.view, View):
            self.pipe.send_bytes(self.view.opening())
        self.news = True

    def _change(self, asked: dict[str, Any]) -> None:
        settings = asked.get("settings")
        if not isinstance(settings, dict):
            raise FganError("a change needs settings, an object of names and values.")
        race = self._running()
        before = members_of(race.settings)
        race.change(**settings)
        if isinstance(self.view, View) and members_of(race.settings) != before:
            self.view.measures = []
        self._tell_settings()
        self.news, self.next_measure = True, 0.0

    def _open(self, asked: dict[str, Any]) -> None:
        paths = asked.get("runs")
        if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
            raise FganError(f"runs must be a list of folders; got {str(paths)[:40]}.")
        self.gallery = Gallery(paths)
        self.runs += 1
        self.race = self.view = None
        self.playing, self.news = False, True
        self._tell("opened", runs=self.gallery.names)

    def _step(self, asked: dict[str, Any]) -> None:
        player, count = asked.get("player", "both"), asked.get("count", 1)
        if player not in NAMES_OF_PLAYERS:
            raise FganError(f'player must be one of {", ".join(NAMES_OF_PLAYERS)}; got "{str(player)[:40]}".')
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= 1000:
            raise FganError(f"count must be a whole number from 1 to 1000; got {str(count)[:40]}.")
        race = self._running()
        self._set_playing(False)
        for _ in range(count):
            race.step(player)
        self.news = True

    def _running(self) -> Race:
        if self.race is None:
            raise FganError("no race has been started.")
        return self.race

    def _set_playing(self, playing: bool) -> None:
        if playing:
            self._running()
        self.playing, self.rate, self.next_step = playing, _Rate(), 0.0
        self.news = True
        self._tell("state", playing=playing)

    def _set_visible(self, asked: dict[str, Any]) -> None:
        self.visible = asked.get("visible") is not False
        self.rate, self.next_step = _Rate(), 0.0

    def _set_pace(self, asked: dict[str, Any]) -> None:
        fastest = asked.get("steps_per_second") is None
        self.pace = math.inf if fastest else _number(asked, "steps_per_second", 0.01, 1e6)
        self.next_step = 0.0

    def _want(self, asked: dict[str, Any]) -> None:
        self.wanted = True

    def _snippet(self, asked: dict[str, Any]) -> None:
        self._tell("snippet", text=self._running().snippet)

    def _latent(self, asked: dict[str, Any]) -> None:
        shown = self.gallery or self.view
        if not isinstance(shown, Gallery | PictureView):
            raise FganError("latents can be set for pictures and run directories only.")
        set_latents(shown.latents, asked)
        self.news = True

    def _tell_settings(self) -> None:
        race = self._running()
        self._tell(
            "settings",
            run=self.runs,
            settings=race.settings.to_values(),
            playing=self.playing,
            members=[described(race, k) for k in range(len(race.trainers))],
            classes=list(race.data.classes) if not race.target else [],
            notes=sorted({note for trainer in race.trainers for note in trainer.notes}),
        )

    def _tell(self, kind: str, **values: Any) -> None:  # noqa: ANN401 - JSON types
        self.pipe.send_bytes(json.dumps({"kind": kind, **values}, allow_nan=False).encode())


def described(race: Race, k: int) -> dict[str, Any]:
    """Return what a page says about a member."""
    objective = race.trainers[k].objective
    assert isinstance(objective, GANLoss)
    divergence = objective.divergence
    return {
        "name": divergence.name,
        "title": divergence.card.title,
        "follows": objective.follows,
        "link": divergence.link,
        "use": divergence.card.use,
        "avoid": divergence.card.avoid,
    }


def set_latents(latents: Latents, asked: dict[str, Any]) -> None:
    """Set latents as a message says.

    Raises:
        FganError: for a number out of range.
    """
    match asked["do"]:
        case "latent":
            index = _index(asked, "index", latents.dimension)
            latents.set_entry(index, _number(asked, "value", -10, 10))
        case "walk":
            count = len(latents.drawn)
            share = _number(asked, "share", 0, 1)
            latents.walk(_index(asked, "from", count), _index(asked, "to", count), share)
        case "class":
            latents.label = None if asked.get("label") is None else _index(asked, "label", latents.classes)
        case _:
            latents.draw(_index(asked, "seed", 2**31))


def _index(asked: dict[str, Any], name: str, count: int) -> int:
    value = asked.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < count:
        raise FganError(f"{name} must be a whole number from 0 to {count - 1}; got {str(value)[:40]}.")
    return value


def _number(asked: dict[str, Any], name: str, low: float, high: float) -> float:
    value = asked.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise FganError(f"{name} must be a number from {low:g} to {high:g}; got {str(value)[:40]}.")
    return float(value)


class _Rate:
    """Steps a second, over about the last second."""

    def __init__(self) -> None:
        self.began, self.taken, self.value = time.monotonic(), 0, None

    def count(self) -> None:
        """Count a step."""
        self.taken += 1
        passed = time.monotonic() - self.began
        if passed >= 1:
            self.value: float | None = self.taken / passed
            self.began, self.taken = time.monotonic(), 0
