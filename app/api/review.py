"""Review under /api/v1: what was done to an image and by whom, and what each person has done."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.answers import CorrectionJson, PersonJson, StandJson
from app.api.errors import ABSENT, REFUSED
from app.api.queue import ImageId, Running
from app.api.wire import MAX_ID
from core.annotation.changes import SegmentChange
from core.annotation.mask import measure
from core.annotation.truth import Segment
from core.annotation.undo import undone_revisions
from storage.corrections import RecordedCorrection, history_page, log_entries
from storage.images import get_image
from storage.person_counts import PersonCount, load_person_counts

router = APIRouter(prefix="/api/v1", tags=["Review"])

# As many as a person looks through; a log of years is read a part at a time.
MAX_STEPS = 1000


@router.get("/images/{image_id}/history", summary="Read an image's history", responses=ABSENT | REFUSED)
def read_history(
    image_id: ImageId,
    running: Running,
    segment_id: Annotated[int | None, Query(ge=0, le=MAX_ID, description="only what changed this segment")] = None,
    before: Annotated[int | None, Query(ge=0, le=MAX_ID, description="go on before this revision")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_STEPS)] = MAX_STEPS,
) -> list[CorrectionJson]:
    """The corrections of the image, the newest first."""
    with running.workspace.database.read() as session:
        get_image(session, image_id)
        steps = history_page(session, image_id, segment_id=segment_id, before=before, limit=limit)
        undone = undone_revisions(log_entries(session, image_id))
    measure([segment.mask for step in steps for part in step.change.segments for segment in _sides(part)])
    return [correction_json(step, undone=step.revision in undone) for step in steps]


@router.get("/statistics/people", summary="Read what people have done", responses=REFUSED)
def read_people(running: Running) -> list[PersonJson]:
    """Everybody whom the log of corrections names, by name."""
    with running.workspace.database.read() as session:
        return [person_json(count) for count in load_person_counts(session)]


def correction_json(step: RecordedCorrection, *, undone: bool) -> CorrectionJson:
    change = step.change
    made_of = (number for part in change.segments for segment in _sides(part) for number in segment.proposals)
    return {
        "revision": step.revision,
        "at": step.created_at.isoformat(),
        "user": step.user,
        "operation": step.operation,
        "target": step.target,
        "comment": step.comment,
        "undone": undone,
        "segments": [
            {"id": part.segment_id, "was": _stand_json(part.before), "is": _stand_json(part.after)}
            for part in change.segments
        ],
        "proposals": list(dict.fromkeys(made_of)),
        "decisions": {str(said.proposal_id): said.after for said in change.decisions},
        "progress": None if change.progress is None else change.progress[1],
    }


def person_json(count: PersonCount) -> PersonJson:
    return {
        "user": count.user,
        "corrections": {operation.value: number for operation, number in count.corrections.items()},
        "segments_made": count.segments_made,
        "images_done": count.images_done,
        "last_at": count.last_at.isoformat(),
    }


def _sides(part: SegmentChange) -> tuple[Segment, ...]:
    return tuple(segment for segment in (part.before, part.after) if segment is not None)


def _stand_json(segment: Segment | None) -> StandJson | None:
    if segment is None:
        return None
    return {"category_id": segment.category_id, "area": segment.mask.area, "bbox": list(segment.mask.bbox)}
