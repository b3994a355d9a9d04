"""The JSON between page and server: what each answer holds, and how a correction is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.jobs import Proposing
from app.workflows.correct import Outcome
from core.annotation.changes import Change
from core.annotation.corrections import Operation, Request
from core.annotation.labels import Category, LabelSet
from core.annotation.mask import Mask
from core.annotation.truth import MAX_SEGMENTS, Segment, Truth
from storage.images import ImageRecord, Neighbours
from storage.proposals import StoredProposal

# Five digits after the point are finer than any slider and keep the answer small.
SCORE_DIGITS = 5

# What a database's integer holds.
MAX_ID = 2**63 - 1
Id = Annotated[int, Field(ge=0, le=MAX_ID)]
Ids = Annotated[list[Id], Field(max_length=MAX_SEGMENTS)]


class MaskBody(BaseModel):
    """A COCO RLE as a client sends it."""

    model_config = ConfigDict(extra="forbid")

    size: tuple[int, int]
    counts: str


class CorrectionBody(BaseModel):
    """A correction as a client sends it; see core.annotation.corrections.Request for what each operation reads.

    `workspace` is the id of the workspace whose image the person saw: another one may be served by now.
    """

    model_config = ConfigDict(extra="forbid")

    workspace: Annotated[str, Field(max_length=64)]
    client: Annotated[str, Field(min_length=8, max_length=64)]
    seq: Annotated[int, Field(ge=0, le=2**53)]
    base_revision: Annotated[int, Field(ge=0, le=2**31)]
    operation: Operation
    proposals: Ids = []
    segments: Ids = []
    category_id: Id | None = None
    to_top: bool = True
    done: bool = True
    mask: MaskBody | None = None
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    shown_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None

    def request(self, height: int, width: int) -> Request:
        """The correction asked for; a mask must have the image's size."""
        mask = None if self.mask is None else Mask.from_coco(self.mask.model_dump(), size=(height, width))
        return Request(
            operation=self.operation,
            proposals=tuple(self.proposals),
            segments=tuple(self.segments),
            category_id=self.category_id,
            to_top=self.to_top,
            done=self.done,
            mask=mask,
        )


def category_json(category: Category) -> dict[str, Any]:
    return {
        "id": category.id,
        "name": category.name,
        "is_thing": category.is_thing,
        "colour": list(category.colour),
    }


def image_summary_json(image: ImageRecord) -> dict[str, Any]:
    return {
        "id": image.id,
        "file_name": image.file_name,
        "width": image.width,
        "height": image.height,
        "state": image.state.value,
        "revision": image.revision,
        "note": image.note,
    }


def segment_json(segment: Segment) -> dict[str, Any]:
    return {
        "id": segment.id,
        "category_id": segment.category_id,
        "order": segment.order,
        "crowd": segment.crowd,
        "source": segment.source.value,
        "proposals": list(segment.proposals),
        "area": segment.mask.area,
        "bbox": list(segment.mask.bbox),
        "counts": segment.mask.counts,
    }


def proposal_json(proposal: StoredProposal, label_set: LabelSet) -> dict[str, Any]:
    category = label_set.named(proposal.name)
    return {
        "id": proposal.id,
        "query": proposal.query,
        "score": round(proposal.score, SCORE_DIGITS),
        "category_id": None if category is None else category.id,
        "name": proposal.name,
        "class_scores": [[item.name, round(item.score, SCORE_DIGITS)] for item in proposal.class_scores],
        "decision": proposal.decision.value,
        "area": proposal.mask.area,
        "bbox": list(proposal.mask.bbox),
        "counts": proposal.mask.counts,
    }


def image_json(
    image: ImageRecord,
    truth: Truth,
    proposals: Sequence[StoredProposal],
    label_set: LabelSet,
    neighbours: Neighbours,
    proposing: Proposing,
    undo_redo: tuple[int | None, int | None],
) -> dict[str, Any]:
    """All that the page needs to show one image."""
    return {
        **image_summary_json(image),
        "revision": truth.revision,
        "done": truth.done,
        "previous_id": neighbours.previous_id,
        "next_id": neighbours.next_id,
        "position": neighbours.position,
        "total": neighbours.total,
        "photo_url": f"/api/v1/images/{image.id}/photo?v={image.display_sha256[:16]}",
        "segments": [segment_json(segment) for segment in truth.segments],
        "proposals": [proposal_json(proposal, label_set) for proposal in proposals],
        "proposing": proposing_json(proposing),
        "can_undo": undo_redo[0] is not None,
        "can_redo": undo_redo[1] is not None,
    }


def proposing_json(proposing: Proposing) -> dict[str, str]:
    return {"state": proposing.state.value, "message": proposing.message}


def outcome_json(seq: int, outcome: Outcome) -> dict[str, Any]:
    """A saved correction: the segments as they are now, the ids that are gone, the decisions made."""
    change: Change = outcome.change
    return {
        "seq": seq,
        "revision": outcome.revision,
        "segments": [segment_json(part.after) for part in change.segments if part.after is not None],
        "removed": [part.segment_id for part in change.segments if part.after is None],
        "decisions": {str(said.proposal_id): said.after.value for said in change.decisions},
        "done": outcome.done,
        "can_undo": outcome.can_undo,
        "can_redo": outcome.can_redo,
    }
