"""Several processes (ranks) that train one run: each computes its part of every batch, and all take the same steps.

Rank r of N holds the whole state and draws the random numbers of the whole batch, as a single process would, but
computes only the r-th of N equal slices. One all-reduce per player and step averages the gradients. A run therefore
does not depend on the number of ranks, up to rounding, and can be resumed with a different number.
"""

from __future__ import annotations

import atexit
import dataclasses
import datetime
import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from fgan import torchrun
from fgan.data import Shard, Source
from fgan.errors import FganError, RankError, ToldElsewhereError
from fgan.objectives.part import Part
from fgan.training.config import TrainConfig

PATIENCE = datetime.timedelta(hours=1)
"""How long ranks wait for each other, for example while rank 0 evaluates; a rank that ends is noticed at once."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)

T = TypeVar("T")


class Ranks(Part):
    """A process that trains alone: its part of every batch is the whole."""

    def shard(self, source: Source) -> Source:
        """Return a source that draws this rank's part of what another draws."""
        return source

    def averaged(self, gradients: tuple[Tensor, ...], noted: Tensor | None = None) -> tuple[Tensor, ...]:
        """Return the gradients averaged over all ranks; average the numbers `noted` in place."""
        return gradients

    def heeded(self, noted: signal.Signals | None) -> signal.Signals | None:
        """Return the stop request that all ranks act on now, given the one received by this process."""
        return noted

    def tell(self, call: Callable[[], T]) -> T:
        """Return what the call returns on rank 0, this one, or raise what it raises; the others hear it."""
        return call()

    def hear(self) -> Any:  # noqa: ANN401 - whatever can be pickled
        """Return what rank 0 tells."""
        raise AssertionError("a process that trains alone hears nobody")

    def agreed(self, prepare: Callable[[], tuple[T, Mapping[str, object]]]) -> T:
        """Return what `prepare` makes on this rank, where all ranks succeed and are alike.

        Args:
            prepare: returns the object and a dict of facts that must be the same on all ranks.

        Raises:
            FganError: on all ranks, if `prepare` raises on any of them, or if the facts differ.
        """
        return prepare()[0]


ALONE = Ranks()


@dataclass(frozen=True)
class Failure:
    """An error of one rank, as sent to the others."""

    text: str
    exit_code: int

    @staticmethod
    def of(error: FganError) -> Failure:
        """Return it."""
        return Failure(str(error), error.exit_code)

    def error(self) -> ToldElsewhereError:
        """Return the error that the other ranks raise."""
        return ToldElsewhereError(self.text, self.exit_code)


class JoinedRanks(Ranks):
    """One of several processes in a process group of torch.distributed."""

    def __init__(self) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self._wanted: signal.Signals | None = None
        self._heard: signal.Signals | None = None
        self._asked: dict[object, Tensor] = {}
        self._under_way: tuple[Tensor, torch.cuda.Event] | None = None

    def shard(self, source: Source) -> Source:
        """Return a source that draws this rank's part of what another draws."""
        return Shard(source, self.of)

    def gather(self, part: Tensor, dim: int = 0) -> Tensor:
        """Return the whole batch's values, in order, from this rank's part of them along a dimension."""
        return _Gather.apply(part, dim, self)  # pyright: ignore[reportReturnType]

    def gathered(self, part: Tensor, dim: int) -> Tensor:
        """Do so without gradients."""
        part = part.detach().contiguous()
        parts = [torch.empty_like(part) for _ in range(self.size)]
        with _connected():
            dist.all_gather(parts, part)
        return torch.cat(parts, dim)

    def averaged(self, gradients: tuple[Tensor, ...], noted: Tensor | None = None) -> tuple[Tensor, ...]:
        """Return the gradients averaged over all ranks, in one message that also carries stop requests."""
        like = gradients[0]
        numbers = like.new_empty(0) if noted is None else noted.to(like.dtype)
        parts = [*gradients, numbers, self._asking(self._wanted, like)]
        flat = torch.cat([part.reshape(-1) for part in parts])
        with _connected():
            dist.all_reduce(flat)
        flat /= self.size
        *means, numbers, asked = flat.split([part.numel() for part in parts])
        if noted is not None:
            noted.copy_(numbers.view_as(noted))
        self._hear(asked)
        return tuple(mean.view_as(gradient) for mean, gradient in zip(means, gradients, strict=True))

    def _asking(self, wanted: signal.Signals | None, like: Tensor) -> Tensor:
        """Return a stop request as numbers, copied to a GPU only once."""
        key = wanted, like.dtype, like.device
        if key not in self._asked:
            self._asked[key] = like.new_tensor([float(wanted == one) for one in SIGNALS])
        return self._asked[key]

    def _hear(self, asked: Tensor) -> None:
        """Record a stop request; on a GPU that of the previous message, so that no step waits for the GPU."""
        if not asked.is_cuda:
            self._note(asked)
            return
        if self._under_way:
            before, arrived = self._under_way
            arrived.synchronize()
            self._note(before)
        copy = torch.empty(asked.shape, dtype=asked.dtype, pin_memory=True).copy_(asked, non_blocking=True)
        self._under_way = copy, torch.cuda.Event()
        self._under_way[1].record()

    def _note(self, asked: Tensor) -> None:
        self._heard = next((one for one, by in zip(SIGNALS, asked.tolist(), strict=True) if by > 0), None)

    def heeded(self, noted: signal.Signals | None) -> signal.Signals | None:
        """Return the stop request known to all ranks since the last step; a new one is sent with the next step."""
        self._wanted = noted
        return self._heard

    def tell(self, call: Callable[[], T]) -> T:
        """Return what the call returns on rank 0, this one, or raise what it raises; the others hear it."""
        try:
            value = call()
        except FganError as error:
            self._broadcast(Failure.of(error))
            raise
        return self._broadcast(value)

    def hear(self) -> Any:  # noqa: ANN401 - whatever can be pickled
        """Return what rank 0 tells."""
        word = self._broadcast(None)
        if isinstance(word, Failure):
            raise word.error()
        return word

    def _broadcast(self, value: Any) -> Any:  # noqa: ANN401 - whatever can be pickled
        values = [value]
        with _connected():
            dist.broadcast_object_list(values, 0)
        return values[0]

    def agreed(self, prepare: Callable[[], tuple[T, Mapping[str, object]]]) -> T:
        """Return what `prepare` makes on this rank, where all ranks succeed and are alike."""
        made: T | None = None
        failure: FganError | None = None
        try:
            made, facts = prepare()
            report: object = dict(facts)
        except FganError as error:
            failure, report = error, Failure.of(error)
        reports: list[Any] = [None] * self.size
        with _connected():
            dist.all_gather_object(reports, report)
        for rank, other in enumerate(reports):
            if isinstance(other, Failure):
                self._raise(failure, Failure(f"rank {rank}: {other.text}", other.exit_code))
        for rank, other in enumerate(reports):
            if differing := [name for name in reports[0] if reports[0][name] != other.get(name)]:
                name = differing[0]
                self._raise(None, Failure(_difference(name, rank, reports[0][name], other.get(name)), 2))
        return made  # pyright: ignore[reportReturnType]

    def _raise(self, own: FganError | None, said: Failure) -> None:
        """Raise an error on all ranks; only the first one reports it."""
        if self.rank:
            raise said.error()
        raise own or RankError(said.text)


def _difference(name: str, rank: int, first: object, other: object) -> str:
    return (
        f"all ranks of a training must agree; {name} is {first!r} on rank 0 and {other!r} on rank {rank}. "
        "Start all ranks with the same command, versions and data."
    )


class _Gather(torch.autograd.Function):
    """Differentiable `gathered`: each rank computes the whole loss, so its gradient is N times its share."""

    @staticmethod
    def forward(ctx: Any, part: Tensor, dim: int, ranks: JoinedRanks) -> Tensor:  # noqa: ANN401
        ctx.dim, ctx.ranks, ctx.n = dim, ranks, part.shape[dim]
        return ranks.gathered(part, dim)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        own = slopes[0].narrow(ctx.dim, ctx.ranks.rank * ctx.n, ctx.n)
        return own * ctx.ranks.size, None, None


@contextmanager
def _connected() -> Iterator[None]:
    """Turn the loss of another rank into a clear error."""
    try:
        yield
    except RuntimeError as error:
        reason = re.sub(r"^\[[^]]*\]\s*", "", str(error).strip()).split(". ")[0]
        text = (
            f"another rank of this training ended or is unreachable ({reason}). The last checkpoint is saved: "
            "start all ranks again with --resume."
        )
        raise (RankError(text) if _is_first_to_say() else ToldElsewhereError(text, 2)) from error


def _is_first_to_say() -> bool:
    """Whether this rank is the first to report a lost rank, according to torchrun's store."""
    try:
        store = dist.TCPStore(  # pyright: ignore[reportPrivateImportUsage]
            os.environ["MASTER_ADDR"],
            int(os.environ["MASTER_PORT"]),
            is_master=False,
            wait_for_workers=False,
            timeout=datetime.timedelta(seconds=5),
        )
        return store.add(f"fgan/lost/{torchrun.restarts()}", 1) == 1
    except (RuntimeError, KeyError):  # the store is lost too
        return True


def joined() -> Ranks:
    """Connect to the other processes that torchrun started; return `ALONE` without torchrun.

    Raises:
        RankError: if they cannot connect.
    """
    if torchrun.size() == 1:
        return ALONE
    if not dist.is_initialized():
        with _connected():
            store, rank, size = next(rendezvous("env://", timeout=PATIENCE))
            # When torchrun restarts all ranks it may keep its store, with the addresses of the old ones.
            store = dist.PrefixStore(f"fgan/{torchrun.restarts()}", store)  # pyright: ignore[reportPrivateImportUsage]
            dist.init_process_group(store=store, rank=rank, world_size=size, timeout=PATIENCE)
        atexit.register(dist.destroy_process_group)
    return JoinedRanks()


def facts_of(config: TrainConfig) -> Mapping[str, object]:
    """Return what must agree on all ranks: versions, devices, and the recipe except for paths of data."""
    device = torch.cuda.get_device_name() if config.device == "cuda" else config.device
    recipe = {
        name: value for name, value in dataclasses.asdict(config).items() if name not in ("data", "data_dir")
    }
    return {"fgan": metadata.version("fgan"), "torch": torch.__version__} | recipe | {"device": device}


def fitted(ranks: Ranks, config: TrainConfig, *, resume: bool = False) -> TrainConfig:
    """Return the recipe for several ranks: uncompiled, and with one GPU per rank, which is selected.

    Args:
        ranks: the processes that train the run together; for a single one the recipe is unchanged.
        config: the recipe, on a device that exists.
        resume: whether a run is resumed, whose recipe may say "on" because it was compiled before.

    Raises:
        FganError: if the batch is not a multiple of the ranks, if there are fewer GPUs than ranks, if processes cannot
            share the device, or if a new run should be compiled.
    """
    if ranks.size == 1:
        return config
    batch_size, device = config.batch_size, config.device
    if config.compile == "on" and not resume:
        raise FganError(
            f"--compile on works with a single process; got {ranks.size} ranks. "
            "Use --compile off, or start a single process."
        )
    if batch_size % ranks.size:
        lower = batch_size // ranks.size * ranks.size
        near = f"{lower} or {lower + ranks.size}" if lower else str(ranks.size)
        raise FganError(
            f"--batch-size is the batch of all ranks together, so it must be a multiple of {ranks.size} (ranks); got "
            f"{batch_size}. Use {near}."
        )
    if device == "mps":
        raise FganError("--device mps works with a single process; got several ranks. Use --device cpu.")
    if device == "cuda":
        there, wanted = torch.cuda.device_count(), torchrun.local_size()
        if wanted > there:
            raise FganError(
                f"--device cuda needs one GPU per rank; this machine has {there}, and torchrun started {wanted} ranks "
                f"on it. Use --nproc-per-node {there}, or --device cpu."
            )
        torch.cuda.set_device(torchrun.local_rank())
    return dataclasses.replace(config, compile="off")
