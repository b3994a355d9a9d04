"""The loop: step, log, evaluate, save."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch

from core.annotation.errors import TrainingError
from core.maskformer.checkpoint import save_model
from core.maskformer.model import MaskFormer
from core.training.config import TrainingConfig
from core.training.counts import Counts
from core.training.criteria import build_criterion
from core.training.data.batches import BatchKey, StepBatches, iterate_batches
from core.training.distributed import SharedClock, Team
from core.training.journal import Journal
from core.training.labels import LabelCodes
from core.training.optimisation import RunningAverage, build_optimiser, set_rate
from core.training.progress import Progress
from core.training.run_folder import BEST_NAME, LAST_NAME, METRICS_NAME, STATE_NAME
from core.training.schedule import Budget, Clock, Schedule
from core.training.state import (
    TrainingState,
    load_model_tensors,
    load_optimiser_tensors,
    model_tensors,
    optimiser_tensors,
)
from core.training.step import Learner, StepReport
from core.training.target import Batch

logger = logging.getLogger(__name__)

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
    """A training in the folder `out`: `state.safetensors`, `metrics.jsonl`, and the models `last/` and `best/`.

    team: the processes that learn together, each of which makes one of these; the first alone evaluates and writes.
    judged: called after each evaluation, when its scores are in the journal.
    """

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
        team: Team | None = None,
        judged: Callable[[], None] = lambda: None,
    ) -> None:
        self.team = team or Team()
        _check_batches(config, self.team)
        self.model = model.train()
        self.batches = batches
        self.config = config
        self.budget = budget
        self.out = out
        self.evaluate = evaluate
        self.judged = judged
        self.lineage = lineage
        self.optimiser = build_optimiser(model, config.optimiser)
        self.average = RunningAverage(model, config.optimiser.average)
        table = LabelCodes(model.label_set).table.to(model.device)
        self.learner = Learner(
            model=model,
            criterion=build_criterion(config.loss, model.config.head, table),
            optimiser=self.optimiser,
            precision=config.precision,
            clip=config.optimiser.clip,
            accumulate=config.optimiser.accumulate,
            team=self.team,
        )
        self.schedule = Schedule(config.stages)
        self.journal = Journal(out / METRICS_NAME)
        self.time = SharedClock(self.team)
        self.clock = Clock(budget, now=self.time)
        self.progress = Progress(images_a_pass=batches.mixture.size)
        self.step = 0
        self.stage, self.stage_step = 0, 0
        self.best: tuple[float, int] | None = None
        self.stopping = False
        self._asked_to_stop = False
        self._seed_followers()

    def run(self, watch: Watch) -> Outcome:
        """Train until the budget is used or a signal (Ctrl-C, SIGTERM) asks to stop, which saves first; further
        signals change nothing until it is saved.

        A disk that is full while the training goes on costs what could not be written, and no more. Raises
        TrainingError when the end cannot be saved; what was saved before is as it was.
        """
        if self.team.leads:
            self.out.mkdir(parents=True, exist_ok=True)
        evaluated_s = saved_s = self.clock.spent_s
        self.progress.rest(evaluated_s)
        with _stopped_by_signals(self._stop):
            for batch in iterate_batches(self.batches, self._keys(), workers=self.config.workers):
                whole = self._agree(self.learner.count(batch))
                fraction = self.clock.fraction(self.step)
                if fraction >= 1 or self.stopping:
                    break
                report = self._learn(batch, whole, fraction)
                watch(self.step, fraction, report)
                if self.clock.spent_s - evaluated_s > 60 * self.config.evaluate_minutes:
                    self._judge()
                    evaluated_s = self.clock.spent_s
                if self.clock.spent_s - saved_s > 60 * self.config.save_minutes:
                    self._save_meanwhile()
                    saved_s = self.clock.spent_s
            self._agree(Counts())
            if not self.stopping:
                if self.evaluate is not None:
                    # What was learned is not lost where judging fails.
                    self._save_meanwhile()
                self._judge()
                if self.progress.images:
                    self._record("pass", self.progress.end_pass())
            self._save_at_the_end()
        self.learner.leave_team()
        score, step = self.best or (None, None)
        return Outcome(self.step, self.clock.spent_s, score, step, self.stopping)

    def _keys(self) -> Iterator[BatchKey]:
        """What the batches ahead are to be; workers ask for them a few steps before they are due."""
        step = self.step
        while self.clock.fraction(step) < 1:
            stage = self.config.stages[self.schedule.at(self.clock.fraction(step))[0]]
            yield step, stage.crop_px, self.team.places(stage.batch)
            step += 1

    def _agree(self, counts: Counts) -> Counts:
        """The counts of all processes' shares of a batch; and whether any of them was asked to stop."""
        stop, *sums = self.time.agree([self._asked_to_stop, *astuple(counts)])
        self.stopping = stop > 0
        return Counts(*sums)

    def _learn(self, batch: Batch, whole: Counts, fraction: float) -> StepReport:
        stage, within = self.schedule.at(fraction)
        if stage != self.stage:
            self.stage, self.stage_step = stage, 0
        rate = self.config.stages[stage].rate_at(within, self.stage_step)
        set_rate(self.optimiser, rate)
        report = self.learner.learn(batch, whole)
        self.step += 1
        self.stage_step += 1
        self.average.update(self.model, self.step)
        self.progress.take(report)
        if self.progress.due(self.step, self.clock.spent_s):
            shown = self.progress.record(self.step, report, self.clock.spent_s)
            self._record("step", {**self._outlook(), "rate": rate, **shown})
        if self.progress.passed:
            self._record("pass", self.progress.end_pass())
        return report

    def _outlook(self) -> dict[str, float | None]:
        return {"fraction": self.clock.fraction(self.step), "remaining_s": self.clock.remaining_s(self.step)}

    def _record(self, kind: str, values: Mapping[str, Any]) -> None:
        if not self.team.leads:
            return
        try:
            self.journal.write(kind, {"step": self.step, "seconds": self.clock.spent_s, **values})
        except OSError as error:
            logger.warning("%s: a record is left out (%s)", self.journal.path, error.strerror)

    def _judge(self) -> None:
        """Score the averaged model, and keep it when none was better."""
        if self.evaluate is not None and self.team.leads:
            scores = self.evaluate(self.average.model)
            if scores:
                self._keep_best(scores)
                self.judged()
        self._agreed_pause()

    def _keep_best(self, scores: Mapping[str, float]) -> None:
        self._record("scores", scores)
        score = next(iter(scores.values()))
        if self.best is not None and score <= self.best[0]:
            return
        notes = self._notes() | {"scores": dict(scores)}
        with self._survived(BEST_NAME):
            save_model(self.average.model, self.out / BEST_NAME, extra=notes)
            self.best = score, self.step

    def _save_meanwhile(self) -> None:
        if self.team.leads:
            with self._survived(STATE_NAME):
                self.save()
        self._agreed_pause()

    def _save_at_the_end(self) -> None:
        if self.team.leads:
            try:
                self.save()
            except OSError as error:
                raise TrainingError(
                    f"{self.out}: the training's end cannot be saved ({error.strerror}); what was saved before is as "
                    "it was: make room and go on from there with --resume"
                ) from error
        self._agreed_pause()

    def _agreed_pause(self) -> None:
        """The others wait here for the first, and none counts the pause as learning."""
        self.time.agree([])
        self.progress.rest(self.clock.spent_s)

    @contextmanager
    def _survived(self, name: str) -> Iterator[None]:
        """The training goes on when something cannot be written; what was there before is as it was."""
        try:
            yield
        except OSError as error:
            message = f"{name} cannot be saved ({error.strerror}); the training goes on, make room for it"
            logger.warning("%s: %s", self.out, message)
            self._record("problem", {"message": message})

    def save(self) -> None:
        """Put the averaged model and all that resuming needs on the disk. Raises OSError when it is full."""
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
        position = {
            "stage": self.stage,
            "stage_step": self.stage_step,
            "best": self.best,
            "progress": self.progress.state_dict(),
            "scaler": self.learner.scaler.state_dict(),
            "categories_by_id": _categories_by_id(self.model),
        }
        return TrainingState(tensors, self._notes() | position)

    def load_state(self, state: TrainingState) -> None:
        """Go on from `state`, with the lineage that it began with.

        Raises TrainingError when it is of another model, configuration or label set, or of other data: where the
        lineage tells of "data" by the sets' names, each of them must be what it was.
        """
        notes = state.notes
        if notes.get("config") != _as_json(self.config.to_dict()):
            raise TrainingError("the stored training has another configuration; resume with the one it began with")
        self._check_data(notes)
        self.lineage = {name: notes.get(name, value) for name, value in self.lineage.items()}
        load_model_tensors("model", self.model, state.tensors)
        load_model_tensors("average", self.average.model, state.tensors)
        load_optimiser_tensors(self.optimiser, state.tensors)
        self.learner.scaler.load_state_dict(notes["scaler"])
        torch.set_rng_state(state.tensors["random"])
        self.step, self.stage, self.stage_step = (notes[name] for name in ("step", "stage", "stage_step"))
        self.best = tuple(notes["best"]) if notes["best"] else None
        self.clock = Clock(self.budget, spent_s=notes["seconds"], now=self.time)
        self.progress.load_state_dict(notes["progress"])
        self.progress.rest(self.clock.spent_s)
        if self.team.leads:
            self.journal.cut_after(self.step)
        self._seed_followers()

    def _check_data(self, notes: Mapping[str, Any]) -> None:
        stored, given = notes.get("data", {}), _as_json(self.lineage.get("data", {}))
        other = sorted(name for name in {*stored, *given} if stored.get(name) != given.get(name))
        if other:
            raise TrainingError(
                f"the stored training learns from other images of {', '.join(other)}; resume with the sets it began "
                "with, or start anew in another folder"
            )
        if notes.get("categories_by_id") != _as_json(_categories_by_id(self.model)):
            raise TrainingError(
                "the stored training has another label set; resume with the sets as they were, or start anew"
            )

    def _seed_followers(self) -> None:
        """Dropout differs from process to process; the first keeps torch's random state, which is the one saved."""
        if not self.team.leads:
            (seed,) = np.random.SeedSequence([self.config.seed, self.step, self.team.rank]).generate_state(1)
            torch.manual_seed(int(seed))

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
        self._asked_to_stop = True


def _check_batches(config: TrainingConfig, team: Team) -> None:
    """Raises TrainingError unless every process has a photo for every part of every batch."""
    least, parts = min(stage.batch for stage in config.stages), team.size * config.optimiser.accumulate
    if least < parts:
        raise TrainingError(
            f"a batch of {least} cannot be divided into {config.optimiser.accumulate} parts on each of {team.size} "
            f"processes; give every stage a batch of at least {parts}"
        )


def _categories_by_id(model: MaskFormer) -> list[list[Any]]:
    return [[category.id, category.name, category.is_thing] for category in model.label_set]


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
