"""The loop: step, log, evaluate, save."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from core.annotation.errors import TrainingError
from core.maskformer.checkpoint import save_model
from core.maskformer.model import MaskFormer
from core.training.config import TrainingConfig
from core.training.criteria import build_criterion
from core.training.data.batches import BatchKey, StepBatches, iterate_batches
from core.training.journal import Journal
from core.training.labels import LabelCodes
from core.training.optimisation import RunningAverage, build_optimiser, set_rate
from core.training.schedule import Budget, Clock, Schedule
from core.training.state import (
    TrainingState,
    load_model_tensors,
    load_optimiser_tensors,
    model_tensors,
    optimiser_tensors,
)
from core.training.step import StepReport, train_step
from core.training.target import Batch

STATE_NAME = "state.safetensors"
METRICS_NAME = "metrics.jsonl"
LAST_NAME = "last"
BEST_NAME = "best"
LOG_EVERY_STEPS = 20

# From a model to its scores on held-back images, none when there is nothing to judge by; the best model is the one
# with the highest first score.
Evaluate = Callable[[MaskFormer], Mapping[str, float]]
# Told after each step: step number, fraction of the budget, what the step reported.
Watch = Callable[[int, float, StepReport], None]


@dataclass(frozen=True)
class Outcome:
    """How a run ended: steps done, seconds of training, the best score and its step, whether it was stopped early."""

    steps: int
    seconds: float
    best_score: float | None
    best_step: int | None
    interrupted: bool


class Training:
    """A training in the folder `out`: `state.safetensors`, `metrics.jsonl`, and the models `last/` and `best/`."""

    def __init__(
        self,
        *,
        model: MaskFormer,
        batches: StepBatches,
        config: TrainingConfig,
        budget: Budget,
        out: Path,
        evaluate: Evaluate | None,
        lineage: Mapping[str, Any],
    ) -> None:
        self.model = model.train()
        self.batches = batches
        self.config = config
        self.budget = budget
        self.out = out
        self.evaluate = evaluate
        self.lineage = lineage
        self.optimiser = build_optimiser(model, config.optimiser)
        self.average = RunningAverage(model, config.optimiser.average)
        table = LabelCodes(model.label_set).table.to(model.device)
        self.criterion = build_criterion(config.loss, model.config.head, table)
        self.schedule = Schedule(config.stages)
        self.journal = Journal(out / METRICS_NAME)
        self.clock = Clock(budget)
        self.step = 0
        self.stage, self.stage_step = 0, 0
        self.best: tuple[float, int] | None = None
        self.stopping = False

    def run(self, watch: Watch) -> Outcome:
        """Train until the budget is used or a signal (Ctrl-C, SIGTERM) asks to stop, which saves first."""
        self.out.mkdir(parents=True, exist_ok=True)
        evaluated_s = saved_s = self.clock.spent_s
        with _stopped_by_signals(self._stop):
            for batch in iterate_batches(self.batches, self._keys(), workers=self.config.workers):
                fraction = self.clock.fraction(self.step)
                if fraction >= 1:
                    break
                report = self._learn(batch.to(self.model.device), fraction)
                watch(self.step, fraction, report)
                if self.clock.spent_s - evaluated_s > 60 * self.config.evaluate_minutes:
                    self._judge()
                    evaluated_s = self.clock.spent_s
                if self.clock.spent_s - saved_s > 60 * self.config.save_minutes:
                    self.save()
                    saved_s = self.clock.spent_s
                if self.stopping:
                    break
        if not self.stopping:
            self._judge()
        self.save()
        score, step = self.best or (None, None)
        return Outcome(self.step, self.clock.spent_s, score, step, self.stopping)

    def _keys(self) -> Iterator[BatchKey]:
        """What the batches ahead are to be; workers ask for them a few steps before they are due."""
        step = self.step
        while self.clock.fraction(step) < 1:
            stage = self.config.stages[self.schedule.at(self.clock.fraction(step))[0]]
            yield step, stage.crop_px, stage.batch
            step += 1

    def _learn(self, batch: Batch, fraction: float) -> StepReport:
        stage, within = self.schedule.at(fraction)
        if stage != self.stage:
            self.stage, self.stage_step = stage, 0
        rate = self.config.stages[stage].rate_at(within, self.stage_step)
        set_rate(self.optimiser, rate)
        report = train_step(
            self.model,
            self.criterion,
            self.optimiser,
            batch,
            precision=self.config.precision,
            clip=self.config.optimiser.clip,
        )
        self.step += 1
        self.stage_step += 1
        self.average.update(self.model, self.step)
        if self.step % LOG_EVERY_STEPS == 0 or self.step == 1:
            self.journal.write(
                "step", {"step": self.step, "seconds": self.clock.spent_s, "rate": rate, **report.numbers()}
            )
        return report

    def _judge(self) -> None:
        """Score the averaged model, and keep it when none was better."""
        if self.evaluate is None:
            return
        scores = self.evaluate(self.average.model)
        if not scores:
            return
        self.journal.write("scores", {"step": self.step, "seconds": self.clock.spent_s, **scores})
        score = next(iter(scores.values()))
        if self.best is None or score > self.best[0]:
            self.best = score, self.step
            save_model(self.average.model, self.out / BEST_NAME, extra=self._notes() | {"scores": dict(scores)})

    def save(self) -> None:
        """Put the averaged model and all that resuming needs on the disk."""
        save_model(self.average.model, self.out / LAST_NAME, extra=self._notes())
        self.state().write(self.out / STATE_NAME)

    def state(self) -> TrainingState:
        """Everything that the next step depends on."""
        tensors = {
            **model_tensors("model", self.model),
            **model_tensors("average", self.average.model),
            **optimiser_tensors(self.optimiser),
            "random": torch.get_rng_state(),
        }
        position = {"stage": self.stage, "stage_step": self.stage_step, "best": self.best}
        return TrainingState(tensors, self._notes() | position)

    def load_state(self, state: TrainingState) -> None:
        """Go on from `state`. Raises TrainingError when it is of another model or configuration."""
        if state.notes["config"] != _as_json(self.config.to_dict()):
            raise TrainingError("the stored training has another configuration; resume with the one it began with")
        load_model_tensors("model", self.model, state.tensors)
        load_model_tensors("average", self.average.model, state.tensors)
        load_optimiser_tensors(self.optimiser, state.tensors)
        torch.set_rng_state(state.tensors["random"])
        self.step, self.stage, self.stage_step = (state.notes[name] for name in ("step", "stage", "stage_step"))
        self.best = tuple(state.notes["best"]) if state.notes["best"] else None
        self.clock = Clock(self.budget, spent_s=state.notes["seconds"])
        self.journal.cut_after(self.step)

    def _notes(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "seconds": self.clock.spent_s,
            "budget": asdict(self.budget),
            "config": _as_json(self.config.to_dict()),
            "threshold": self.config.threshold,
            **self.lineage,
        }

    def _stop(self) -> None:
        self.stopping = True


def _as_json(values: Any) -> Any:
    """The values as they come back from JSON: tuples as lists."""
    if isinstance(values, Mapping):
        return {name: _as_json(value) for name, value in values.items()}
    return [_as_json(value) for value in values] if isinstance(values, list | tuple) else values


@contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """While the block runs, Ctrl-C and SIGTERM call `stop`; signals reach Python's main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handler(_signal: int, _frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
