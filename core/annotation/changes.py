"""Changes: what one correction did to an image's truth, with old and new values, so it can be undone and replayed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.annotation.errors import CorrectionError
from core.annotation.mask import Mask
from core.annotation.truth import MAX_SEGMENTS, Decision, Progress, Segment, Source, Truth


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
    """All that one correction changed; `progress` is (before, after) or None."""

    segments: tuple[SegmentChange, ...] = ()
    decisions: tuple[DecisionChange, ...] = ()
    progress: tuple[Progress, Progress] | None = None

    def inverse(self) -> Change:
        """The change that takes this one back."""
        return Change(
            tuple(SegmentChange(change.after, change.before) for change in self.segments),
            tuple(DecisionChange(change.proposal_id, change.after, change.before) for change in self.decisions),
            None if self.progress is None else (self.progress[1], self.progress[0]),
        )

    def labels_gained(self) -> dict[int | None, int]:
        """How many segments of each category it adds (+) or takes away (−)."""
        gained: Counter[int | None] = Counter()
        for part in self.segments:
            if part.after is not None:
                gained[part.after.category_id] += 1
            if part.before is not None:
                gained[part.before.category_id] -= 1
        return {category_id: number for category_id, number in gained.items() if number}


class OvertakenError(CorrectionError):
    """A later correction changed what the change was made from: the segment, else the proposal, else the progress."""

    def __init__(self, what: str, *, segment_id: int | None = None, proposal_id: int | None = None) -> None:
        super().__init__(f"{what} by a later correction; that one comes first")
        self.segment_id = segment_id
        self.proposal_id = proposal_id

    def concerns(self, change: Change) -> bool:
        """Whether the change could be that later one."""
        if self.segment_id is not None:
            return any(part.segment_id == self.segment_id for part in change.segments)
        if self.proposal_id is not None:
            return any(said.proposal_id == self.proposal_id for said in change.decisions)
        return change.progress is not None


def apply_change(truth: Truth, change: Change) -> Truth:
    """The next revision of the truth. Raises OvertakenError, changing nothing, when the truth is not what the change
    was made from (somebody else corrected the same segments in between), and CorrectionError past MAX_SEGMENTS."""
    segments = _changed_segments(truth, change)
    decisions = _changed_decisions(truth, change)
    if change.progress is not None and truth.progress is not change.progress[0]:
        raise OvertakenError("the image's state was changed")
    return replace(
        truth,
        revision=truth.revision + 1,
        segments=tuple(sorted(segments.values(), key=lambda segment: (segment.order, segment.id))),
        decisions=decisions,
        progress=truth.progress if change.progress is None else change.progress[1],
        last_segment_id=max([truth.last_segment_id, *(part.segment_id for part in change.segments)]),
    )


def check_proposals_stand(before: Truth, change: Change, after: Truth) -> None:
    """A proposal is accepted as long as a segment is made of it, and no longer: raises OvertakenError where the change
    would end that, as an undo can when somebody else corrected another part of the same proposal. Where it did not
    hold before, as in older logs, it need not after."""
    said = {decision.proposal_id for decision in change.decisions}
    made_of = {
        number for part in change.segments for each in (part.before, part.after) if each for number in each.proposals
    }
    for number in sorted(said | made_of):
        living = _made_of(after, number)
        if bool(living) is (after.decision(number) is Decision.ACCEPTED):
            continue
        if bool(_made_of(before, number)) is not (before.decision(number) is Decision.ACCEPTED):
            continue
        if living and number in said:
            raise OvertakenError(f"segment {living[0].id} was made of proposal {number}", segment_id=living[0].id)
        raise OvertakenError(f"proposal {number} was decided", proposal_id=number)


def _made_of(truth: Truth, proposal_id: int) -> list[Segment]:
    return [segment for segment in truth.segments if proposal_id in segment.proposals]


def _changed_segments(truth: Truth, change: Change) -> dict[int, Segment]:
    segments = {segment.id: segment for segment in truth.segments}
    for part in change.segments:
        if segments.get(part.segment_id) != part.before:
            raise OvertakenError(f"segment {part.segment_id} was changed", segment_id=part.segment_id)
        if part.after is None:
            del segments[part.segment_id]
        else:
            segments[part.segment_id] = part.after
    if len(segments) > MAX_SEGMENTS:
        raise CorrectionError(
            f"an image holds at most {MAX_SEGMENTS} segments, this would be {len(segments)}; merge or delete some first"
        )
    return segments


def _changed_decisions(truth: Truth, change: Change) -> dict[int, Decision]:
    decisions = dict(truth.decisions)
    for said in change.decisions:
        if truth.decision(said.proposal_id) is not said.before:
            raise OvertakenError(f"proposal {said.proposal_id} was decided", proposal_id=said.proposal_id)
        if said.after is Decision.UNDECIDED:
            del decisions[said.proposal_id]
        else:
            decisions[said.proposal_id] = said.after
    return decisions


def change_to_json(change: Change) -> dict[str, Any]:
    """Plain JSON values; `change_from_json` reads them back equal."""
    return {
        "segments": [
            {"before": _segment_to_json(part.before), "after": _segment_to_json(part.after)} for part in change.segments
        ],
        "decisions": [[said.proposal_id, said.before.value, said.after.value] for said in change.decisions],
        "progress": None if change.progress is None else [progress.value for progress in change.progress],
    }


def change_from_json(value: Mapping[str, Any]) -> Change:
    """The inverse of `change_to_json`; it trusts the log, also older lines, where "done" stands for progress."""
    return Change(
        tuple(
            SegmentChange(_segment_from_json(part["before"]), _segment_from_json(part["after"]))
            for part in value["segments"]
        ),
        tuple(DecisionChange(number, Decision(old), Decision(new)) for number, old, new in value["decisions"]),
        _progress_from_json(value),
    )


def _progress_from_json(value: Mapping[str, Any]) -> tuple[Progress, Progress] | None:
    said = value["progress"] if "progress" in value else value["done"]
    if said is None:
        return None
    before, after = ((Progress.DONE if each else Progress.OPEN) if isinstance(each, bool) else each for each in said)
    return Progress(before), Progress(after)


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
