"""Fine-tuning on a workspace's corrections: what there is to learn from, runs, and the models they make.

Light to import: torch is loaded by the process of a run alone.
"""

from app.workflows.learning.models import models, promote
from app.workflows.learning.readiness import estimate_s, look
from app.workflows.learning.requests import DEFAULT_MINUTES, MOST_MINUTES
from app.workflows.learning.runs import find_run, newest_run, prepare_run, resume_run, runs, start_run, stop_run
from app.workflows.learning.views import (
    BASE_MODEL_ID,
    COMPARED,
    CategoryUse,
    Comparison,
    ModelView,
    Readiness,
    RunView,
)
from storage.tables import RunState

__all__ = [
    "BASE_MODEL_ID",
    "COMPARED",
    "DEFAULT_MINUTES",
    "MOST_MINUTES",
    "CategoryUse",
    "Comparison",
    "ModelView",
    "Readiness",
    "RunState",
    "RunView",
    "estimate_s",
    "find_run",
    "look",
    "models",
    "newest_run",
    "prepare_run",
    "promote",
    "resume_run",
    "runs",
    "start_run",
    "stop_run",
]
