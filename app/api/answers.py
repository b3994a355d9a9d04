"""What the answers under /api/v1 hold; the documentation is made of it, and types check it."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from core.annotation.truth import Decision, Source
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


class ModelJson(TypedDict):
    """The model in use; `trouble` is why it cannot propose, or null."""

    name: str
    sha256: str
    trouble: str | None


class WorkspaceJson(TypedDict):
    """The workspace: `total` images, of which `done` are done. `model` is null where none is used."""

    id: str
    name: str
    user: Annotated[str, Field(description="who asks, as the log of corrections names them")]
    categories: list[CategoryJson]
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


class ImagesJson(TypedDict):
    """A page of images. Of all `total`, `done` are done and `matching` pass the filter."""

    total: int
    done: int
    matching: int
    images: list[ImageSummaryJson]
    next_after: Annotated[int | None, Field(description="`after` of the next page; null: this one is the last")]


class FirstImageJson(TypedDict):
    """Where work goes on: the first image that is not done, and the first at all; null where there is none."""

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


class ImageJson(ImageSummaryJson):
    """An image whole: its truth, proposals and place in the list."""

    done: bool
    previous_id: int | None
    next_id: int | None
    position: Annotated[int, Field(description="how many images of the list come up to this one, itself included")]
    total: Annotated[int, Field(description="how many images are in the list")]
    photo_url: str
    segments: list[SegmentJson]
    proposals: Annotated[list[ProposalJson], Field(description="the best score first")]
    proposing: ProposingJson
    can_undo: Annotated[bool, Field(description="whether the asking user has something to undo here")]
    can_redo: bool
    tags: list[str]


class OutcomeJson(TypedDict):
    """A correction that is saved, and what it changed."""

    seq: int
    revision: int
    segments: Annotated[list[SegmentJson], Field(description="those that are new or changed, as they are now")]
    removed: Annotated[list[int], Field(description="ids of segments that are gone")]
    decisions: Annotated[dict[str, Decision], Field(description="by the proposal's id")]
    done: bool
    can_undo: bool
    can_redo: bool


class TagsJson(TypedDict):
    """The tags of an image, sorted."""

    tags: list[str]


class CountsJson(TypedDict):
    """Images by how far they are."""

    total: int
    new: int
    in_work: int
    done: int


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
