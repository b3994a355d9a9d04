"""The JSON between page and server: what each answer holds, and how a correction is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.api.answers import (
    CategoryJson,
    CountsJson,
    ImageJson,
    ImageSummaryJson,
    OutcomeJson,
    ProposalJson,
    ProposingJson,
    RemarkJson,
    SegmentJson,
    StatisticsJson,
)
from app.jobs import Proposing
from app.workflows.correct import Outcome
from core.annotation.changes import Change
from core.annotation.corrections import MAX_COMMENT_LENGTH, Operation, Request
from core.annotation.labels import Category, LabelSet
from core.annotation.mask import Mask, measure
from core.annotation.truth import MAX_SEGMENTS, Segment, Truth
from storage.corrections import LABEL_SET_CLIENT, Remark
from storage.images import ImageRecord
from storage.proposals import StoredProposal
from storage.queue import Neighbours
from storage.statistics import Statistics
from storage.tables import ImageState

# Five digits after the point are finer than any slider and keep the answer small.
SCORE_DIGITS = 5

# What a database's integer holds.
MAX_ID = 2**63 - 1
Id = Annotated[int, Field(ge=0, le=MAX_ID)]
# No database takes a zero character in a text.
_TEXT = r"^[^\x00]*$"
Ids = Annotated[list[Id], Field(max_length=MAX_SEGMENTS)]


def _own_client(name: str) -> str:
    # SQLite, asked for a beginning, takes it in any case.
    if name.lower().startswith(LABEL_SET_CLIENT):
        raise ValueError(f"{LABEL_SET_CLIENT!r} begins the names that the label set's own steps have; choose another")
    return name


def version_of(
    v: Annotated[
        str | None, Query(max_length=64, description="another one asks for the file anew; any will do")
    ] = None,
) -> None:
    """A browser keeps a picture under its whole address, so the page's addresses say which state they show."""


class MaskBody(BaseModel):
    """A mask as COCO's run lengths."""

    model_config = ConfigDict(extra="forbid")

    size: Annotated[tuple[int, int], Field(description="height and width, the image's")]
    counts: Annotated[str, Field(description="compressed run lengths")]


class CorrectionBody(BaseModel):
    """A correction of one image.

    `accept`, `reject` and `defer` take proposals. `relabel` takes segments, and proposals, which are accepted with the
    label. `merge` takes two or more segments and proposals; its category is the given one, else that of the first that
    has one. `delete` takes segments. `reorder` takes segments, and puts them on top or below all. `draw` takes a mask.
    `edit` and `fill` take one segment or proposal and the mask it is to have; a proposal is accepted with it. `slice`
    and `split` take one segment or proposal and the masks of its parts, which together are its mask and share no pixel;
    the largest keeps the segment's id. `draw` may have several masks instead of one, a segment each.
    `done` says whether the image is done; `approve`, `send_back` with a comment, `skip`, `delete_image` and `reopen`
    say how far it is, too. `undo` and `redo` take nothing and concern the user's own corrections.
    """

    model_config = ConfigDict(extra="forbid")

    workspace: Annotated[str, Field(max_length=64, description="the id of the workspace whose image was corrected")]
    user: Annotated[
        str | None,
        Field(max_length=64, description="who made it, as the workspace's answer said; from anyone else it is refused"),
    ] = None
    client: Annotated[
        str,
        Field(min_length=8, max_length=64, description="the sender's own name for itself, such as a random one"),
        AfterValidator(_own_client),
    ]
    seq: Annotated[
        int, Field(ge=0, le=2**53, description="counts the client's corrections; one sent again is not done twice")
    ]
    base_revision: Annotated[int, Field(ge=0, le=2**31, description="the image's revision that was corrected")]
    operation: Operation
    proposals: Ids = []
    segments: Ids = []
    category_id: Annotated[Id | None, Field(description="for relabel, merge and draw; null: unlabelled")] = None
    to_top: Annotated[bool, Field(description="for reorder")] = True
    done: Annotated[bool, Field(description="for done")] = True
    mask: Annotated[MaskBody | None, Field(description="for draw, edit and fill")] = None
    masks: Annotated[list[MaskBody], Field(max_length=MAX_SEGMENTS, description="for draw, slice and split")] = []
    crowd: Annotated[bool, Field(description="for draw: each segment is a crowd")] = False
    comment: Annotated[
        str | None,
        Field(max_length=MAX_COMMENT_LENGTH, pattern=_TEXT, description="for send_back; any other may have one"),
    ] = None
    threshold: Annotated[
        float | None, Field(ge=0, le=1, description="for the log: the least score that proposals were shown with")
    ] = None
    shown_s: Annotated[
        float | None, Field(ge=0, allow_inf_nan=False, description="for the log: seconds since the image was shown")
    ] = None

    @property
    def has_masks(self) -> bool:
        return self.mask is not None or bool(self.masks)

    def request(self, size: tuple[int, int] | None) -> Request:
        """The correction asked for; masks must have the image's size, (height, width), None where there are none."""
        mask = None if self.mask is None else Mask.from_coco(self.mask.model_dump(), size=size)
        return Request(
            operation=self.operation,
            proposals=tuple(self.proposals),
            segments=tuple(self.segments),
            category_id=self.category_id,
            to_top=self.to_top,
            done=self.done,
            mask=mask,
            masks=tuple(Mask.from_coco(mask.model_dump(), size=size) for mask in self.masks),
            crowd=self.crowd,
            comment=(self.comment or "").strip() or None,
        )


def category_json(category: Category) -> CategoryJson:
    return {
        "id": category.id,
        "name": category.name,
        "is_thing": category.is_thing,
        "colour": list(category.colour),
        "key": category.key,
    }


def image_summary_json(image: ImageRecord) -> ImageSummaryJson:
    return {
        "id": image.id,
        "file_name": image.file_name,
        "width": image.width,
        "height": image.height,
        "state": image.state,
        "split": image.split,
        "best_score": None if image.best_score is None else round(image.best_score, SCORE_DIGITS),
        "revision": image.revision,
        "note": image.note,
        "thumbnail_url": _picture_url(image, "thumbnail"),
    }


def _picture_url(image: ImageRecord, picture: str) -> str:
    return f"/api/v1/images/{image.id}/{picture}?v={image.display_sha256[:16]}"


def segment_json(segment: Segment) -> SegmentJson:
    return {
        "id": segment.id,
        "category_id": segment.category_id,
        "order": segment.order,
        "crowd": segment.crowd,
        "source": segment.source,
        "proposals": list(segment.proposals),
        "area": segment.mask.area,
        "bbox": list(segment.mask.bbox),
        "counts": segment.mask.counts,
    }


def segments_json(segments: Sequence[Segment]) -> list[SegmentJson]:
    measure([segment.mask for segment in segments])
    return [segment_json(segment) for segment in segments]


def proposals_json(proposals: Sequence[StoredProposal], label_set: LabelSet) -> list[ProposalJson]:
    measure([proposal.mask for proposal in proposals])
    return [proposal_json(proposal, label_set) for proposal in proposals]


def proposal_json(proposal: StoredProposal, label_set: LabelSet) -> ProposalJson:
    category = label_set.named(proposal.name)
    return {
        "id": proposal.id,
        "query": proposal.query,
        "score": round(proposal.score, SCORE_DIGITS),
        "category_id": None if category is None else category.id,
        "name": proposal.name,
        "class_scores": [(item.name, round(item.score, SCORE_DIGITS)) for item in proposal.class_scores],
        "decision": proposal.decision,
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
    tags: Sequence[str],
    remark: Remark | None,
) -> ImageJson:
    """All that the page needs to show one image."""
    return {
        **image_summary_json(image),
        "revision": truth.revision,
        "done": truth.done,
        "previous_id": neighbours.previous_id,
        "next_id": neighbours.next_id,
        "position": neighbours.position,
        "total": neighbours.total,
        "photo_url": _picture_url(image, "photo"),
        "preview_url": _picture_url(image, "preview"),
        "segments": segments_json(truth.segments),
        "proposals": proposals_json(proposals, label_set),
        "proposing": proposing_json(proposing),
        "can_undo": undo_redo[0] is not None,
        "can_redo": undo_redo[1] is not None,
        "tags": list(tags),
        "remark": remark_json(remark),
    }


def remark_json(remark: Remark | None) -> RemarkJson | None:
    return None if remark is None else {"user": remark.user, "text": remark.text, "at": remark.at.isoformat()}


def proposing_json(proposing: Proposing) -> ProposingJson:
    return {"state": proposing.state.value, "message": proposing.message}


def outcome_json(seq: int, outcome: Outcome) -> OutcomeJson:
    """A saved correction: the segments as they are now, the ids that are gone, the decisions made."""
    change: Change = outcome.change
    return {
        "seq": seq,
        "revision": outcome.revision,
        "segments": segments_json([part.after for part in change.segments if part.after is not None]),
        "removed": [part.segment_id for part in change.segments if part.after is None],
        "decisions": {str(said.proposal_id): said.after for said in change.decisions},
        "done": outcome.done,
        "state": outcome.state,
        "remark": remark_json(outcome.remark),
        "can_undo": outcome.can_undo,
        "can_redo": outcome.can_redo,
    }


def statistics_json(statistics: Statistics) -> StatisticsJson:
    segments, images = statistics.unlabelled
    return {
        "images": _counts_json(statistics.by_state),
        "splits": {split: _counts_json(counts) for split, counts in statistics.by_split.items()},
        "segments": statistics.segments,
        "categories": [
            {
                "id": count.category.id,
                "name": count.category.name,
                "is_thing": count.category.is_thing,
                "segments": count.segments,
                "images": count.images,
            }
            for count in statistics.categories
        ],
        "unlabelled": {"segments": segments, "images": images},
        "tags": dict(statistics.tags),
    }


def _counts_json(counts: Mapping[ImageState, int]) -> CountsJson:
    return {
        "total": sum(counts.values()) - counts[ImageState.DELETED],
        "new": counts[ImageState.NEW],
        "in_work": counts[ImageState.IN_WORK],
        "done": counts[ImageState.DONE],
        "approved": counts[ImageState.APPROVED],
        "sent_back": counts[ImageState.SENT_BACK],
        "skipped": counts[ImageState.SKIPPED],
        "deleted": counts[ImageState.DELETED],
    }
