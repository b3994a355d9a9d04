"""What pages and commands are told of learning: plain values, read anew at each look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from storage.runs import ACTIVE
from storage.tables import RunState

# What a run writes into its folder, besides what core.training.run_folder names.
REQUEST_FILE = "run.json"
COMPARISON_FILE = "comparison.json"
LOG_FILE = "log.txt"
BEFORE_FILE, AFTER_FILE = "before.jpg", "after.jpg"
# The id under which the model that the workspace began with stands among the workspace's own, which count from 1.
BASE_MODEL_ID = 0
# Messages of a run that need no further stop.
STOP_ASKED = "was asked to stop"
COMPARING = "comparing the old model with the new one"
NOT_TO_STOP = (STOP_ASKED, COMPARING)
# Scores that are compared, as core.training.metrics.judge names and defines them.
COMPARED = ("pq", "ap50", "ap50_any", "ar", "r50", "accept_rate", "named", "covered")


@dataclass(frozen=True)
class CategoryUse:
    """Segments of one category: how many would be learned from, on how many images, and how many are held back.

    category: its name; "unlabelled" stands for segments without one, which teach the mask alone.
    """

    category: str
    segments: int
    images: int
    held_back: int


@dataclass(frozen=True)
class Readiness:
    """What a run begun now would use.

    done: images marked done.   learn: images to learn from, those in work included.   held_back: images that judge.
    warnings: what is too little, in words.   problem: why no run can begin, with what to do; None when one can.
    """

    done: int
    learn: int
    held_back: int
    categories: tuple[CategoryUse, ...]
    warnings: tuple[str, ...]
    problem: str | None


@dataclass(frozen=True)
class Comparison:
    """The model before a run (the one in use when it began) and after it, on the held-back images.

    images: how many; 0 when none is held back, and then there are no scores.
    before, after: the names of COMPARED, each from 0 to 1, None where there is nothing to judge.
    before_sha256: of the old model's weights.   *_threshold: the score from which each shows its proposals.
    """

    images: int
    before_name: str
    before: Mapping[str, float | None]
    after: Mapping[str, float | None]
    before_sha256: str
    before_threshold: float
    after_threshold: float


@dataclass(frozen=True)
class RunView:
    """One run. `model_id` names what it made, None while it made none; `folder` holds metrics.jsonl, run.json and the
    pictures. `message`: the state in words; for a failed run what went wrong and what to do."""

    id: int
    state: RunState
    snapshot_id: int
    parent_model: str
    parent_sha256: str
    continued: bool
    minutes: float
    started_at: datetime
    ended_at: datetime | None
    message: str
    folder: Path
    model_id: int | None
    comparison: Comparison | None

    @property
    def active(self) -> bool:
        """Whether it has yet to end."""
        return self.state in ACTIVE

    @property
    def stoppable(self) -> bool:
        """Whether it goes on and neither was asked to stop nor comes to its end by itself."""
        return self.active and self.message not in NOT_TO_STOP


@dataclass(frozen=True)
class ModelView:
    """A model that can be promoted. The base model has the id BASE_MODEL_ID and no parent, snapshot, run or moment.

    parent: the name of the model it began from.   scores: on held-back images when it was made, as `Comparison.after`.
    """

    id: int
    name: str
    sha256: str
    parent: str | None
    snapshot_id: int | None
    run_id: int | None
    scores: Mapping[str, float | None]
    created_at: datetime | None
    promoted: bool
