"""What a run is asked to do."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.settings import DEFAULT_MODEL
from core.annotation.errors import TrainingError

# Half a minute teaches twenty images of a new domain.
DEFAULT_MINUTES = 0.5
# A day; longer wishes are slips of the key.
MOST_MINUTES = 24 * 60.0
# What torch takes.
MOST_SEED = 2**63 - 1
# As core.maskformer.device knows them, which would load torch; whether this machine has one is known when it is used.
DEVICE = re.compile(r"(cpu|cuda|mps)(:\d+)?")


@dataclass(frozen=True)
class RunRequest:
    """What a run is asked to do; raises TrainingError for an impossible time, seed or device.

    minutes: wall time from the start to the end of learning.   continued: go on from the promoted model, with what it
    learned before, in place of beginning anew from the base model on all corrections, which forgets nothing.
    base: the base model, as a server's --model.   device: None chooses the best.
    """

    minutes: float = DEFAULT_MINUTES
    continued: bool = False
    base: str = DEFAULT_MODEL
    device: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.minutes <= MOST_MINUTES:
            raise TrainingError(f"a run takes more than 0 and at most {MOST_MINUTES:g} minutes, got {self.minutes:g}")
        if not 0 <= self.seed <= MOST_SEED:
            raise TrainingError(f"a seed is a whole number from 0 to {MOST_SEED}, got {self.seed}")
        if self.device is not None and not DEVICE.fullmatch(self.device):
            raise TrainingError(f"no device is called {self.device!r:.80}; choose cpu, cuda, cuda:1 … or mps")

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RunRequest:
        """What `to_json` gave."""
        return cls(**values)
