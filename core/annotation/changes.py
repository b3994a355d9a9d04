"""Changes: what one correction did to an image's truth, with old and new values, so it can be undone and replayed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.annotation.errors import CorrectionError
from core.annotation.mask import Mask
from core.annotation.truth import MAX_SEGMENTS, Decision, Segment, Source, Truth


@dataclass(frozen=True)
class SegmentChange:
    """A segment before and after; None before is a new segment, None after a removed one."""

    before: Segment | None
    after: Segment | None

    @property
    def segment_id(self) -> int:
        segment = self.after or self.before
        assert segment is not None
        return segment.id


@dataclass(frozen=True)
class DecisionChange:
    """What was said of a proposal before and after."""

    proposal_id: int
    before: Decision
    after: Decision


@dataclass(frozen=True)
class Change:
    """All that one correction changed; `done` is (before, after) or None."""

    segments: tuple[SegmentChange, ...] = ()
    decisions: tuple[DecisionChange, ...] = ()
    done: tuple[bool, bool] | None = None

    def inverse(self) -> Change:
        """The change that takes this one back."""
        return Change(
            tuple(SegmentChange(change.after, change.before) for change in self.segments),
            tuple(DecisionChange(change.proposal_id, change.after, change.before) for change in self.decisions),
            None if self.done is None else (self.done[1], self.done[0]),
        )


def apply_change(truth: Truth, change: Change) -> Truth:
    """The next revision of the truth. Raises CorrectionError, changing nothing, when the truth is not
    what the change was made from (somebody else corrected the same segments in between)."""
    segments = {segment.id: segment for segment in truth.segments}
    for part in change.segments:
        if segments.get(part.segment_id) != part.before:
            raise CorrectionError(f"segment {part.segment_id} was changed by a later correction; that one comes first")
        if part.after is None:
            del segments[part.segment_id]
        else:
            segments[part.segment_id] = part.after
    decisions = dict(truth.decisions)
    for said in change.decisions:
        if truth.decision(said.proposal_id) is not said.before:
            raise CorrectionError(
                f"proposal {said.proposal_id} was decided by a later correction; that one comes first"
            )
        if said.after is Decision.UNDECIDED:
            del decisions[said.proposal_id]
        else:
            decisions[said.proposal_id] = said.after
    if change.done is not None and truth.done is not change.done[0]:
        raise CorrectionError("the image's done mark was changed by a later correction; that one comes first")
    if len(segments) > MAX_SEGMENTS:
        raise CorrectionError(f"an image holds at most {MAX_SEGMENTS} segments, this would be {len(segments)}")
    return replace(
        truth,
        revision=truth.revision + 1,
        segments=tuple(sorted(segments.values(), key=lambda segment: (segment.order, segment.id))),
        decisions=decisions,
        done=truth.done if change.done is None else change.done[1],
        last_segment_id=max([truth.last_segment_id, *(part.segment_id for part in change.segments)]),
    )


def change_to_json(change: Change) -> dict[str, Any]:
    """Plain JSON values; `change_from_json` reads them back equal."""
    return {
        "segments": [
            {"before": _segment_to_json(part.before), "after": _segment_to_json(part.after)} for part in change.segments
        ],
        "decisions": [[said.proposal_id, said.before.value, said.after.value] for said in change.decisions],
        "done": None if change.done is None else list(change.done),
    }


def change_from_json(value: Mapping[str, Any]) -> Change:
    """The inverse of `change_to_json`; it trusts the log."""
    done = value["done"]
    return Change(
        tuple(
            SegmentChange(_segment_from_json(part["before"]), _segment_from_json(part["after"]))
            for part in value["segments"]
        ),
        tuple(DecisionChange(number, Decision(old), Decision(new)) for number, old, new in value["decisions"]),
        None if done is None else (done[0], done[1]),
    )


def _segment_to_json(segment: Segment | None) -> dict[str, Any] | None:
    if segment is None:
        return None
    return {
        "id": segment.id,
        "mask": segment.mask.to_coco(),
        "category_id": segment.category_id,
        "order": segment.order,
        "source": segment.source.value,
        "crowd": segment.crowd,
        "proposals": list(segment.proposals),
    }


def _segment_from_json(value: Mapping[str, Any] | None) -> Segment | None:
    if value is None:
        return None
    height, width = value["mask"]["size"]
    return Segment(
        id=value["id"],
        mask=Mask(height, width, value["mask"]["counts"]),
        category_id=value["category_id"],
        order=value["order"],
        source=Source(value["source"]),
        crowd=value["crowd"],
        proposals=tuple(value["proposals"]),
    )
