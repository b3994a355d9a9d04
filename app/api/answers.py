"""What the answers under /api/v1 hold; the documentation is made of it, and types check it."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from core.annotation.corrections import Operation
from core.annotation.truth import Decision, Progress, Source
from storage.tables import ImageState

Bbox = Annotated[list[int], Field(description="left, top, width, height, in pixels")]
Counts = Annotated[str, Field(description="the mask as COCO's compressed run lengths, of the image's size")]
Score = Annotated[float, Field(description="from 0 to 1")]
CategoryId = Annotated[int | None, Field(description="null: unlabelled")]


class ErrorJson(TypedDict):
    """Why a request was refused, and what to do."""

    error: str
    revision: NotRequired[Annotated[int, Field(description="with 409: the revision that the image has now")]]


class CategoryJson(TypedDict):
    """A category of the label set."""

    id: int
    name: str
    is_thing: bool
    colour: Annotated[list[int], Field(description="red, green, blue, from 0 to 255")]
    key: Annotated[str | None, Field(description="what is pressed to give it; null: by its place a digit that is left")]


class ModelJson(TypedDict):
    """The model in use; `trouble` is why it cannot propose, or null."""

    name: str
    sha256: str
    trouble: str | None


class WorkspaceJson(TypedDict):
    """The workspace: `total` images, of which `done` are done or approved, without deleted ones. `model` is null where
    none is used."""

    id: str
    name: str
    user: Annotated[str, Field(description="who asks, as the log of corrections names them")]
    categories: list[CategoryJson]
    label_set: Annotated[int, Field(description="the label set's revision")]
    default_threshold: Score
    model: ModelJson | None
    total: int
    done: int


class ImageSummaryJson(TypedDict):
    """An image as lists show it."""

    id: int
    file_name: str
    width: int
    height: int
    state: ImageState
    split: str
    best_score: Annotated[float | None, Field(description="the highest of the newest model's proposals")]
    revision: Annotated[int, Field(description="of its truth; each correction makes the next")]
    note: Annotated[str, Field(description="what was done to the photo when it came in; empty for nothing")]
    thumbnail_url: str


class ImagesJson(TypedDict):
    """A page of images. Of all `total`, `done` are done or approved and `matching` pass the filter."""

    total: int
    done: int
    matching: int
    images: list[ImageSummaryJson]
    next_before: Annotated[int | None, Field(description="`before` of the page in front; null: there is none")]
    next_after: Annotated[int | None, Field(description="`after` of the next page; null: this one is the last")]


class FirstImageJson(TypedDict):
    """Where work goes on: the first image that is new, in work or sent back, and the first at all; null: none."""

    open_id: int | None
    first_id: int | None


class SegmentJson(TypedDict):
    """A segment of the truth; the one with the higher `order` is on top."""

    id: int
    category_id: CategoryId
    order: int
    crowd: bool
    source: Source
    proposals: Annotated[list[int], Field(description="ids of the proposals that it was made of")]
    area: Annotated[int, Field(description="in pixels")]
    bbox: Bbox
    counts: Counts


class ProposalJson(TypedDict):
    """A mask that a model offers."""

    id: int
    query: Annotated[int, Field(description="which of the network's queries made it")]
    score: Score
    category_id: Annotated[int | None, Field(description="null: the label set has no category of that name")]
    name: Annotated[str, Field(description='the model\'s name for it; "region" where it cannot tell')]
    class_scores: Annotated[list[tuple[str, float]], Field(description="names with scores, the best first")]
    decision: Decision
    area: Annotated[int, Field(description="in pixels")]
    bbox: Bbox
    counts: Counts


class ProposingJson(TypedDict):
    """How far the model is with the image."""

    state: Annotated[str, Field(description="ready, waiting, running, failed, or off where no model is used")]
    message: str


class RemarkJson(TypedDict):
    """What a reviewer says of an image that they sent back."""

    user: str
    text: str
    at: Annotated[str, Field(description="ISO 8601")]


class ImageJson(ImageSummaryJson):
    """An image whole: its truth, proposals and place in the list."""

    done: Annotated[bool, Field(description="done or approved")]
    previous_id: int | None
    next_id: int | None
    position: Annotated[int, Field(description="how many images of the list come up to this one, itself included")]
    total: Annotated[int, Field(description="how many images are in the list")]
    photo_url: str
    preview_url: Annotated[str, Field(description="add &edge=1280, &edge=1920 or &edge=2560")]
    segments: list[SegmentJson]
    proposals: Annotated[list[ProposalJson], Field(description="the best score first")]
    proposing: ProposingJson
    can_undo: Annotated[bool, Field(description="whether the asking user has something to undo here")]
    can_redo: bool
    tags: list[str]
    remark: Annotated[RemarkJson | None, Field(description="while it is sent back: why")]


class OutcomeJson(TypedDict):
    """A correction that is saved, and what it changed."""

    seq: int
    revision: int
    segments: Annotated[list[SegmentJson], Field(description="those that are new or changed, as they are now")]
    removed: Annotated[list[int], Field(description="ids of segments that are gone")]
    decisions: Annotated[dict[str, Decision], Field(description="by the proposal's id")]
    done: Annotated[bool, Field(description="done or approved")]
    state: ImageState
    remark: Annotated[RemarkJson | None, Field(description="while the image is sent back: why")]
    can_undo: bool
    can_redo: bool


class TagsJson(TypedDict):
    """The tags of an image, sorted."""

    tags: list[str]


class CountsJson(TypedDict):
    """Images by how far they are; `total` leaves out the deleted ones, which no other number counts either."""

    total: int
    new: int
    in_work: int
    done: int
    approved: int
    sent_back: int
    skipped: int
    deleted: int


class CategoryCountJson(TypedDict):
    """Segments of a category, and how many images have one."""

    id: int
    name: str
    is_thing: bool
    segments: int
    images: int


class PairJson(TypedDict):
    """Segments, and how many images have one."""

    segments: int
    images: int


class StatisticsJson(TypedDict):
    """The workspace in numbers."""

    images: CountsJson
    splits: Annotated[dict[str, CountsJson], Field(description="by the split's name")]
    segments: Annotated[int, Field(description="all of them, unlabelled ones included")]
    categories: Annotated[list[CategoryCountJson], Field(description="in the label set's order")]
    unlabelled: PairJson
    tags: Annotated[dict[str, int], Field(description="images by tag")]


class UsedCategoryJson(CategoryJson):
    """A category, and the truth's segments that have it."""

    segments: int
    images: int
    segments_on_deleted: Annotated[int, Field(description="segments of deleted images, which `segments` leaves out")]


class LabelChangeJson(TypedDict):
    """A step in the label set's log."""

    id: int
    at: Annotated[str, Field(description="ISO 8601")]
    user: str
    told: Annotated[str, Field(description="what was done, in words")]
    undone: bool


class LabelSetJson(TypedDict):
    """The label set as its editor shows it."""

    workspace: str
    revision: Annotated[int, Field(description="the base of the next change")]
    categories: list[UsedCategoryJson]
    changes: Annotated[list[LabelChangeJson], Field(description="the newest first")]
    undoable: Annotated[LabelChangeJson | None, Field(description="what an undo would take back")]


class LabelSetChangedJson(TypedDict):
    """A saved change of the label set."""

    revision: int
    id: Annotated[int | None, Field(description="of the category that it is about")]
    told: Annotated[str, Field(description="what was done, in words")]


class WarmJson(TypedDict):
    """What helps at this image: a model's embeddings, or colours alone."""

    by_model: bool


class WandJson(TypedDict):
    """How unlike the clicked pixel all others are."""

    width: int
    height: int
    distances: Annotated[
        str, Field(description="base64 of width × height bytes, row by row, stretched over the photo; 0: alike")
    ]
    tolerance: Annotated[int, Field(description="a distance to cut the region at, to begin with")]
    by_model: Annotated[bool, Field(description="by a model's embeddings and colours; false: by colours alone")]


class PathJson(TypedDict):
    """A line along edges."""

    corners: Annotated[list[tuple[int, int]], Field(description="x and y where four pixels meet, both ends included")]


class MaskJson(TypedDict):
    """A mask as COCO's run lengths."""

    size: Annotated[tuple[int, int], Field(description="height and width")]
    counts: Annotated[str, Field(description="compressed run lengths")]


class LabelScoreJson(TypedDict):
    """How likely a mask shows a category of the label set."""

    category_id: int
    name: str
    score: Score


class LabelScoresJson(TypedDict):
    """The label set's categories that the model knows by name, the likeliest first."""

    labels: list[LabelScoreJson]


class StandJson(TypedDict):
    """A segment at one moment."""

    category_id: CategoryId
    area: Annotated[int, Field(description="in pixels")]
    bbox: Bbox


# A field is called "is", which no class's body can say.
ChangedSegmentJson = TypedDict(
    "ChangedSegmentJson",
    {
        "id": int,
        "was": Annotated[StandJson | None, Field(description="null: it is new")],
        "is": Annotated[StandJson | None, Field(description="null: it is gone")],
    },
)


class CorrectionJson(TypedDict):
    """A step of an image's log."""

    revision: Annotated[int, Field(description="the one that it made")]
    at: Annotated[str, Field(description="ISO 8601")]
    user: str
    operation: Operation
    target: Annotated[int | None, Field(description="for undo and redo: the revision that they concern")]
    comment: str | None
    undone: Annotated[bool, Field(description="an undo has taken it back")]
    segments: list[ChangedSegmentJson]
    proposals: Annotated[list[int], Field(description="ids of the proposals that its segments were made of")]
    decisions: Annotated[dict[str, Decision], Field(description="by the proposal's id")]
    progress: Annotated[Progress | None, Field(description="what it made of the image; null: nothing")]


class PersonJson(TypedDict):
    """What somebody has done in the workspace."""

    user: str
    corrections: Annotated[dict[str, int], Field(description="by operation")]
    segments_made: Annotated[int, Field(description="new ones, less those that undo took back")]
    images_done: Annotated[int, Field(description="images that they marked done and that are done or approved")]
    last_at: Annotated[str, Field(description="ISO 8601: their last correction")]
