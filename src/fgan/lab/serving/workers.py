"""Workers for pages: one is kept warm, so that the first picture of a page comes at once."""

from __future__ import annotations

import asyncio

from fgan.lab.serving.processes import Worker

TARGET = "fgan.lab.worker:main"
SECONDS_TO_END = 5.0
SECONDS_TO_SETTLE = 3.0


class Workers:
    """Starts workers, and ends all of them.

    Args:
        target: the function that a worker runs: "module:name".
    """

    def __init__(self, target: str = TARGET) -> None:
        self._target = target
        self._spare: asyncio.Task[Worker] | None = None
        self._started: set[Worker] = set()
        self._closed = False

    def prepare(self) -> None:
        """Begin to start the next worker."""
        if self._spare is None and not self._closed:
            self._spare = asyncio.create_task(asyncio.to_thread(self._start))

    async def take(self) -> Worker:
        """Return a worker for a page, and prepare the next.

        Raises:
            OSError, EOFError: if none can be started.
        """
        worker = None
        while worker is None or not worker.alive:
            self.prepare()
            spare, self._spare = self._spare, None
            if spare is None:
                raise EOFError("the server is closing")
            try:
                worker = await asyncio.shield(spare)
            except asyncio.CancelledError:  # the page has gone meanwhile
                spare.add_done_callback(self._unwanted)
                raise
        # Not at once: the page that took this one is about to draw its first picture.
        asyncio.get_running_loop().call_later(SECONDS_TO_SETTLE, self.prepare)
        return worker

    def end(self, worker: Worker) -> None:
        """End a worker."""
        worker.stop()
        self._started.discard(worker)

    def close(self) -> None:
        """End all workers, and wait until they have ended."""
        self._closed = True
        for worker in self._started:
            worker.stop()
        for worker in self._started:
            worker.join(SECONDS_TO_END)

    def _unwanted(self, spare: asyncio.Task[Worker]) -> None:
        if not spare.cancelled() and spare.exception() is None:
            self.end(spare.result())

    def _start(self) -> Worker:
        worker = Worker(self._target)
        self._started.add(worker)
        if self._closed:
            worker.stop()
        return worker
