"""Corrections: what a person asks for, worked out as a change of the image's truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from core.annotation.changes import Change, DecisionChange, SegmentChange
from core.annotation.errors import CorrectionError
from core.annotation.mask import Mask
from core.annotation.truth import Decision, Segment, Source, Truth


class Operation(StrEnum):
    """The kinds of correction."""

    ACCEPT = "accept"
    REJECT = "reject"
    DEFER = "defer"
    RELABEL = "relabel"
    MERGE = "merge"
    DELETE = "delete"
    REORDER = "reorder"
    DRAW = "draw"
    IMPORT = "import"
    DONE = "done"
    UNDO = "undo"
    REDO = "redo"


@dataclass(frozen=True)
class Offer:
    """A stored proposal as a correction sees it: its mask, and its category in the workspace's label set
    (None when the model's best name is "region" or stands for no category there)."""

    id: int
    mask: Mask
    category_id: int | None


@dataclass(frozen=True)
class Request:
    """A correction as asked for. Which fields an operation reads:

    accept, reject, defer: proposals. relabel: segments and proposals (these are accepted with the label),
    category_id (None makes unlabelled). merge: two or more of segments and proposals, in the order of
    selection; category_id when given, else the first labelled one's. delete: segments. reorder: segments,
    to_top. draw: mask, category_id. done: done.
    """

    operation: Operation
    proposals: tuple[int, ...] = ()
    segments: tuple[int, ...] = ()
    category_id: int | None = None
    to_top: bool = True
    done: bool = True
    mask: Mask | None = None


def plan(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    """The change that a request asks for; undo and redo are planned from the log instead.

    `offers` holds the image's proposals by id. Raises CorrectionError, with the remedy, when the
    request does not fit the truth.
    """
    if len(set(request.proposals)) < len(request.proposals) or len(set(request.segments)) < len(request.segments):
        raise CorrectionError(f"a {request.operation} names something twice: {request.proposals} {request.segments}")
    return _PLANS[request.operation](truth, request, offers)


def _chosen(request: Request, offers: Mapping[int, Offer]) -> list[Offer]:
    missing = [number for number in request.proposals if number not in offers]
    if missing:
        raise CorrectionError(f"the image has no proposal {missing[0]}; load its proposals again")
    return [offers[number] for number in request.proposals]


def _decide(truth: Truth, numbers: Iterable[int], after: Decision) -> tuple[DecisionChange, ...]:
    """The proposals become `after`; one whose mask is already truth must be deleted there first."""
    changes = []
    for number in numbers:
        before = truth.decision(number)
        if before is Decision.ACCEPTED:
            raise CorrectionError(f"proposal {number} is accepted already; delete or relabel its segment instead")
        if before is not after:
            changes.append(DecisionChange(number, before, after))
    return tuple(changes)


def _need(found: object, operation: Operation, what: str) -> None:
    if not found:
        raise CorrectionError(f"{operation} needs {what}; select one first")


def _accepted(truth: Truth, offers: Iterable[Offer], label: Callable[[Offer], int | None]) -> Change:
    """New segments on top, larger ones below smaller ones, so that none hides another whole."""
    ranked = sorted(offers, key=lambda offer: (-offer.mask.area, offer.id))
    segments = tuple(
        SegmentChange(
            None,
            Segment(
                id=truth.last_segment_id + step,
                mask=offer.mask,
                category_id=label(offer),
                order=truth.top_order + step,
                source=Source.PROPOSAL,
                proposals=(offer.id,),
            ),
        )
        for step, offer in enumerate(ranked, start=1)
    )
    return Change(segments, _decide(truth, (offer.id for offer in ranked), Decision.ACCEPTED))


def _accept(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    _need(request.proposals, request.operation, "a proposal")
    return _accepted(truth, _chosen(request, offers), lambda offer: offer.category_id)


def _reject(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    _need(request.proposals, request.operation, "a proposal")
    return Change(decisions=_decide(truth, (offer.id for offer in _chosen(request, offers)), Decision.REJECTED))


def _defer(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    _need(request.proposals, request.operation, "a proposal")
    return Change(decisions=_decide(truth, (offer.id for offer in _chosen(request, offers)), Decision.DEFERRED))


def _relabel(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    _need(request.segments or request.proposals, request.operation, "a segment or proposal")
    accepted = _accepted(truth, _chosen(request, offers), lambda _: request.category_id)
    relabelled = tuple(
        SegmentChange(segment, replace(segment, category_id=request.category_id))
        for segment in map(truth.segment, request.segments)
        if segment.category_id != request.category_id
    )
    return Change(relabelled + accepted.segments, accepted.decisions)


def _merge(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    segments = [truth.segment(number) for number in request.segments]
    chosen = _chosen(request, offers)
    if len(segments) + len(chosen) < 2:
        raise CorrectionError("merge needs two or more masks; shift-click adds one to the selection")
    labels = [segment.category_id for segment in segments] + [offer.category_id for offer in chosen]
    merged = Segment(
        id=truth.last_segment_id + 1,
        mask=Mask.union([segment.mask for segment in segments] + [offer.mask for offer in chosen]),
        category_id=next((label for label in (request.category_id, *labels) if label is not None), None),
        order=max((segment.order for segment in segments), default=truth.top_order + 1),
        source=Source.MERGED,
        crowd=any(segment.crowd for segment in segments),
        proposals=tuple(number for segment in segments for number in segment.proposals) + request.proposals,
    )
    return Change(
        (*(SegmentChange(segment, None) for segment in segments), SegmentChange(None, merged)),
        _decide(truth, request.proposals, Decision.ACCEPTED),
    )


def _delete(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    """Deleting says that the proposals it was made of were wrong, so they do not come back as undecided."""
    _need(request.segments, request.operation, "a segment")
    removed = [truth.segment(number) for number in request.segments]
    used = sorted({number for segment in removed for number in segment.proposals})
    return Change(
        tuple(SegmentChange(segment, None) for segment in removed),
        tuple(DecisionChange(number, truth.decision(number), Decision.REJECTED) for number in used),
    )


def _reorder(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    _need(request.segments, request.operation, "a segment")
    moved = sorted(map(truth.segment, request.segments), key=lambda segment: segment.order)
    bottom = min((segment.order for segment in truth.segments), default=0)
    first = truth.top_order + 1 if request.to_top else bottom - len(moved)
    return Change(
        tuple(SegmentChange(segment, replace(segment, order=first + step)) for step, segment in enumerate(moved))
    )


def _draw(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    if request.mask is None or request.mask.shape != (truth.height, truth.width) or request.mask.area == 0:
        shape = None if request.mask is None else request.mask.shape
        raise CorrectionError(
            f"draw needs a mask of the image's size {(truth.height, truth.width)} with a pixel in it, got {shape}"
        )
    drawn = Segment(truth.last_segment_id + 1, request.mask, request.category_id, truth.top_order + 1, Source.DRAWN)
    return Change((SegmentChange(None, drawn),))


def _done(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    return Change(done=(truth.done, request.done))


def _import(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    raise CorrectionError("an import is no correction of one image; import the data set")


def _from_log(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    raise AssertionError("undo and redo are planned from the log")


_PLANS: dict[Operation, Callable[[Truth, Request, Mapping[int, Offer]], Change]] = {
    Operation.ACCEPT: _accept,
    Operation.REJECT: _reject,
    Operation.DEFER: _defer,
    Operation.RELABEL: _relabel,
    Operation.MERGE: _merge,
    Operation.DELETE: _delete,
    Operation.REORDER: _reorder,
    Operation.DRAW: _draw,
    Operation.IMPORT: _import,
    Operation.DONE: _done,
    Operation.UNDO: _from_log,
    Operation.REDO: _from_log,
}


@dataclass(frozen=True)
class LogEntry:
    """One line of an image's log, as undo sees it; `target` is the revision that an undo or redo concerns."""

    revision: int
    user: str
    operation: Operation
    target: int | None = None


def undo_and_redo(log: Iterable[LogEntry], user: str) -> tuple[int | None, int | None]:
    """The revisions that this user's next undo and next redo concern, or None. `log` is in order.

    Undo is a person's own: other people's corrections are never taken back by it.
    """
    done: list[int] = []
    undone: list[int] = []
    for entry in log:
        if entry.user != user:
            continue
        if entry.operation is Operation.UNDO:
            undone.append(done.pop())
        elif entry.operation is Operation.REDO:
            done.append(undone.pop())
        else:
            done.append(entry.revision)
            undone.clear()
    return (done[-1] if done else None, undone[-1] if undone else None)
