"""How far a training is, and what each moment of it asks for: crop size, batch size, learning rate."""

from __future__ import annotations

import math
import time
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from core.annotation.errors import TrainingError

Fall = Literal["cosine", "poly", "step", "constant"]


@dataclass(frozen=True)
class StageConfig:
    """A stretch of a training: `share` of it, on crops of `crop_px`², `batch` at a time.

    rate: the peak learning rates are scaled by this.   warm_up: steps over which the rate rises.
    flat: the share of the stage before the rate falls.
    fall: how it falls over the rest. "cosine": along half a wave to 0. "poly": (1 − the share of the rest)^power, to 0.
        "step": times `step_factor` at each of `step_at`, shares of the rest. "constant": not at all.
    """

    share: float = 1.0
    crop_px: int = 256
    batch: int = 8
    rate: float = 1.0
    warm_up: int = 100
    flat: float = 0.3
    fall: Fall = "cosine"
    power: float = 0.9
    step_at: tuple[float, ...] = (0.9, 0.95)
    step_factor: float = 0.1

    def __post_init__(self) -> None:
        if not self.share > 0 or self.rate <= 0 or self.warm_up < 0 or not 0 <= self.flat < 1:
            raise TrainingError(f"a stage has share and rate above 0, warm_up from 0, flat in 0..1, got {self}")
        if self.crop_px < 32 or self.crop_px % 32 or self.batch < 1:
            raise TrainingError(
                f"crop_px is a multiple of 32 and batch at least 1, got {self.crop_px} and {self.batch}"
            )
        if self.fall not in typing.get_args(Fall):
            raise TrainingError(f"fall is one of {', '.join(typing.get_args(Fall))}, got {self.fall!r}")
        if self.power <= 0 or not 0 < self.step_factor <= 1 or not all(0 <= at <= 1 for at in self.step_at):
            raise TrainingError(f"power is above 0, step_factor at most 1 and step_at shares of 0..1, got {self}")

    def rate_at(self, fraction: float, steps: int) -> float:
        """The learning rate's factor at a fraction 0..1 of the stage, `steps` after its start."""
        warm = min(1.0, (steps + 1) / (self.warm_up + 1))
        return self.rate * warm * self._fallen(min(1.0, max(0.0, fraction - self.flat) / (1 - self.flat)))

    def _fallen(self, share: float) -> float:
        """What is left of the rate at a share 0..1 of its fall."""
        if self.fall == "cosine":
            return 0.5 * (1 + math.cos(math.pi * share))
        if self.fall == "poly":
            return math.pow(1 - share, self.power)
        passed = sum(share >= at for at in self.step_at) if self.fall == "step" else 0
        return self.step_factor**passed


@dataclass(frozen=True)
class Schedule:
    """Stages one after the other."""

    stages: tuple[StageConfig, ...]

    def at(self, fraction: float) -> tuple[int, float]:
        """The stage's index and the fraction 0..1 of that stage, at a fraction 0..1 of the training."""
        total = sum(stage.share for stage in self.stages)
        done = min(max(fraction, 0.0), 1.0) * total
        for index, stage in enumerate(self.stages):
            if done < stage.share or index == len(self.stages) - 1:
                return index, min(1.0, done / stage.share)
            done -= stage.share
        raise AssertionError("a schedule has at least one stage")


@dataclass(frozen=True)
class Budget:
    """How long to train: a number of steps, or minutes of wall time. Exactly one is given."""

    steps: int | None = None
    minutes: float | None = None

    def __post_init__(self) -> None:
        given = [value for value in (self.steps, self.minutes) if value is not None]
        if len(given) != 1 or not given[0] > 0:
            raise TrainingError(
                f"give either steps or minutes, above 0; got steps {self.steps}, minutes {self.minutes}"
            )


class Clock:
    """How much of a budget is used; `spent_s` carries over from an interrupted run."""

    def __init__(self, budget: Budget, *, spent_s: float = 0.0, now: Callable[[], float] = time.monotonic) -> None:
        self.budget = budget
        self._now = now
        self._start = now() - spent_s

    @property
    def spent_s(self) -> float:
        """Seconds of training so far, all runs together."""
        return self._now() - self._start

    def fraction(self, step: int) -> float:
        """The share of the budget used before step number `step`; 1 or more when it is used up."""
        if self.budget.steps is not None:
            return step / self.budget.steps
        assert self.budget.minutes is not None
        return self.spent_s / (60 * self.budget.minutes)

    def remaining_s(self, step: int) -> float | None:
        """Seconds until the budget is used, if the rest goes as fast as what is done; None before the first step."""
        fraction = self.fraction(step)
        return max(0.0, self.spent_s * (1 / fraction - 1)) if fraction > 0 else None
