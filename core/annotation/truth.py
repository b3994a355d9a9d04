"""An image's truth: the segments that people accepted, drew or imported, and what they decided about proposals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.annotation.errors import CorrectionError
from core.annotation.mask import Mask

# Past this an image freezes every tool that opens its export; it is also far past any real photo.
MAX_SEGMENTS = 2_000


class Source(StrEnum):
    """Where a segment's mask came from."""

    PROPOSAL = "proposal"
    DRAWN = "drawn"
    IMPORTED = "imported"
    MERGED = "merged"


class Decision(StrEnum):
    """What a person said of a proposal."""

    UNDECIDED = "undecided"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DEFERRED = "deferred"


class Progress(StrEnum):
    """How far people say an image is: a reviewer approves what is done or sends it back."""

    OPEN = "open"
    DONE = "done"
    APPROVED = "approved"
    SENT_BACK = "sent_back"
    SKIPPED = "skipped"
    DELETED = "deleted"

    @property
    def is_done(self) -> bool:
        """Whether the segments are all of the image's truth, so that what they leave out is void."""
        return self in (Progress.DONE, Progress.APPROVED)


@dataclass(frozen=True)
class Segment:
    """A mask that belongs to an image's truth.

    `id` is unique in its image and never used twice. `category_id` None is an unlabelled segment. Where
    segments overlap, the higher `order` is on top. `proposals` are the ids of the proposals it was made of.
    """

    id: int
    mask: Mask
    category_id: int | None
    order: int
    source: Source
    crowd: bool = False
    proposals: tuple[int, ...] = ()


@dataclass(frozen=True)
class Truth:
    """The truth of one image at one revision; `segments` go from the bottom to the top.

    `decisions` holds the proposals that are no longer undecided. `last_segment_id` only ever grows.
    """

    height: int
    width: int
    revision: int = 0
    segments: tuple[Segment, ...] = ()
    decisions: Mapping[int, Decision] = field(default_factory=dict)
    progress: Progress = Progress.OPEN
    last_segment_id: int = 0

    @property
    def done(self) -> bool:
        """Done or approved."""
        return self.progress.is_done

    def segment(self, segment_id: int) -> Segment:
        """The segment with this id. Raises CorrectionError when the image has none."""
        for segment in self.segments:
            if segment.id == segment_id:
                return segment
        raise CorrectionError(f"the image has no segment {segment_id}; it may have been merged or deleted meanwhile")

    def decision(self, proposal_id: int) -> Decision:
        return self.decisions.get(proposal_id, Decision.UNDECIDED)

    @property
    def top_order(self) -> int:
        """The order of the topmost segment, 0 when there is none."""
        return max((segment.order for segment in self.segments), default=0)
