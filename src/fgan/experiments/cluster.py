"""Comparisons on a Ray cluster: each chunk of runs is a task, which restarts elsewhere if its worker dies."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from typing import TYPE_CHECKING, Any, Self

from fgan.errors import FganError
from fgan.experiments.comparison import ComparisonDirectory
from fgan.experiments.members import Chunk, Outcome, left_behind, train_chunk

if TYPE_CHECKING:
    from types import ModuleType

RETRIES = 3
"""How often a chunk restarts after its worker died; its runs continue from their checkpoints."""
SECONDS_TO_ANSWER = 5.0


class Cluster:
    """A connection to a Ray cluster, as a context manager.

    Args:
        address: "local" starts a cluster on this machine that ends with the connection; "auto" joins one that is
            running here; host:port or ray://host:port joins a remote one.
        device: "cpu" or "cuda"; each chunk gets one core or one GPU.

    Raises:
        FganError: if Ray is not installed, or the address does not respond.
    """

    def __init__(self, address: str, device: str) -> None:
        self.address, self.device = address, device
        self.ray = _installed()

    def __enter__(self) -> Self:
        """Connect."""
        ray, options = self.ray, {"log_to_driver": False, "include_dashboard": False}
        if self.address != "local":
            options = {"log_to_driver": False, "address": self.address}
            _require_answer(self.address)
        try:
            ray.init(**options, configure_logging=False)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise FganError(
                f'cannot join the Ray cluster at "{self.address}" ({error}). Start one with `ray start --head`, '
                "or omit the address to start one on this machine."
            ) from error
        # Ray prints messages about its workers on stdout, which is for results.
        self._aside = contextlib.redirect_stdout(sys.stderr)
        self._aside.__enter__()
        return self

    def __exit__(self, *problem: Any) -> None:  # noqa: ANN401 - the three parts of an exception
        """Disconnect."""
        self.ray.shutdown()
        self._aside.__exit__(*problem)

    @property
    def places(self) -> int:
        """The number of chunks that train at once: one per core or GPU."""
        name = "CPU" if self.device == "cpu" else "GPU"
        count = int(self.ray.cluster_resources().get(name, 0))
        if count < 1:
            raise FganError(
                f"the Ray cluster has no {name} to train on. Add hosts that have one, or use another --device."
            )
        return count

    @property
    def neighbours(self) -> int:
        """The number of chunks that may share the memory of a host, if all hosts are like this one."""
        return (os.cpu_count() or 1) if self.device == "cpu" else 1

    def start(self, directory: ComparisonDirectory, chunk: Chunk) -> RayWork:
        """Submit a chunk to the cluster."""
        return RayWork(self.ray, ComparisonDirectory(directory.path.resolve()), chunk, self.device)


class RayWork:
    """A chunk that trains somewhere on the cluster."""

    def __init__(self, ray: ModuleType, directory: ComparisonDirectory, chunk: Chunk, device: str) -> None:
        self.chunk, self._ray, self._directory = chunk, ray, directory
        task = ray.remote(max_retries=RETRIES, num_cpus=1, num_gpus=0 if device == "cpu" else 1)(train_chunk)
        self._result: Any = task.remote(directory, chunk)

    def stop(self) -> None:
        """Interrupt the task; its runs write checkpoints."""
        self._ray.cancel(self._result)

    def wait(self, seconds: float) -> dict[str, Outcome] | None:
        """Return the result of the task; for a lost one, reconstruct it from the files."""
        done, _ = self._ray.wait([self._result], timeout=seconds)
        if not done:
            return None
        try:
            return self._ray.get(self._result)
        except self._ray.exceptions.TaskCancelledError:
            return left_behind(self._directory, self.chunk, Outcome("stopped"))
        except self._ray.exceptions.RayError as error:
            reason = str(error).strip().splitlines()[-1]
            return left_behind(self._directory, self.chunk, Outcome("failed", reason))


def _installed() -> ModuleType:
    try:
        import ray
        import ray.exceptions
    except ImportError:
        raise FganError('--ray needs Ray, which is not installed. Run: pip install "fgan[ray]".') from None
    return ray


def _require_answer(address: str) -> None:
    """Check quickly that the address accepts connections; Ray itself waits long.

    Raises:
        FganError: if it does not.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        if address == "auto":
            return
        raise FganError(f'--ray must be local, auto, host:port or ray://host:port; got "{address}".')
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), SECONDS_TO_ANSWER):
        return
    raise FganError(
        f'no Ray cluster answers at "{address}". Start one there with `ray start --head --port {port}`, or omit '
        "the address to start one on this machine."
    )
