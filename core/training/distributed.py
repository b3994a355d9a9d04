"""Several processes that learn together, as torchrun starts them; one alone is a team of one.

torchrun tells each process its rank, their number (RANK, WORLD_SIZE, LOCAL_RANK) and where to meet. Gradients are
averaged by torch's DistributedDataParallel; here is what else they must agree on.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import torch
import torch.distributed as dist

from core.annotation.errors import TrainingError

# The others wait while the first evaluates and saves, which may take long on large sets.
WAIT = timedelta(hours=4)


@dataclass(frozen=True)
class Team:
    """This process among those that learn together.

    rank: from 0; the first writes, evaluates and prints.   size: how many they are.   device: for what they exchange.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def leads(self) -> bool:
        """Whether this process writes, evaluates and prints."""
        return self.rank == 0

    def places(self, batch: int) -> range:
        """The places of a batch that this process makes."""
        return range(self.rank, batch, self.size)

    def summed(self, numbers: Sequence[float]) -> list[float]:
        """Sums over all processes; all of them wait for each other here."""
        if self.size == 1:
            return list(numbers)
        # nccl and gloo both sum float64, which is exact for counts.
        values = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        dist.all_reduce(values)
        found: list[float] = values.tolist()
        return found


class SharedClock:
    """Seconds as the first process counts them, so that all decide alike what is due; it moves on in `agree` alone."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self._now = time.monotonic()
        if team.size > 1:
            self.agree([])

    def __call__(self) -> float:
        """The time; in a team of one it always moves on."""
        return time.monotonic() if self.team.size == 1 else self._now

    def agree(self, numbers: Sequence[float]) -> list[float]:
        """Sums of numbers over all processes, and one time for all."""
        mine = time.monotonic() if self.team.leads else 0.0
        self._now, *sums = self.team.summed([mine, *numbers])
        return sums


@contextmanager
def join_team(device: torch.device) -> Iterator[Team]:
    """The team that torchrun's environment tells of, or a team of one, for as long as the block runs.

    device: where this process learns; CUDA processes exchange through nccl, all others through gloo.
    Raises TrainingError when the environment makes no sense.
    """
    size = _number("WORLD_SIZE", 1)
    if size == 1:
        yield Team()
        return
    rank, cuda = _number("RANK", 0), device.type == "cuda"
    dist.init_process_group("nccl" if cuda else "gloo", timeout=WAIT, device_id=device if cuda else None)
    try:
        yield Team(rank, size, device if cuda else torch.device("cpu"))
    finally:
        # What still refers to the group, in a cycle perhaps, would keep its threads until the interpreter has gone.
        gc.collect()
        dist.destroy_process_group()


def own_device(asked: str | None) -> str | None:
    """The device of this process where each has a GPU of its own; otherwise what was asked for."""
    if asked not in (None, "cuda") or _number("WORLD_SIZE", 1) == 1 or not torch.cuda.is_available():
        return asked
    return f"cuda:{_number('LOCAL_RANK', 0)}"


def leads() -> bool:
    """Whether this process is the one that writes and prints: the only one, or the first that torchrun started."""
    return _number("RANK", 0) == 0


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdecimal():
        raise TrainingError(f"{name} is a whole number that torchrun sets, got {text!r}; unset it, or use torchrun")
    return int(text)
