"""Corrections: what a person asks for, worked out as a change of the image's truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from core.annotation.changes import Change, DecisionChange, SegmentChange
from core.annotation.errors import CorrectionError
from core.annotation.mask import Mask
from core.annotation.truth import Decision, Progress, Segment, Source, Truth

# A remark of a page or so; more is a document, and no list could show it.
MAX_COMMENT_LENGTH = 2_000


class Operation(StrEnum):
    """The kinds of correction."""

    ACCEPT = "accept"
    REJECT = "reject"
    DEFER = "defer"
    RELABEL = "relabel"
    MERGE = "merge"
    DELETE = "delete"
    REORDER = "reorder"
    EDIT = "edit"
    FILL = "fill"
    SLICE = "slice"
    SPLIT = "split"
    DRAW = "draw"
    IMPORT = "import"
    DONE = "done"
    APPROVE = "approve"
    SEND_BACK = "send_back"
    SKIP = "skip"
    DELETE_IMAGE = "delete_image"
    REOPEN = "reopen"
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
    to_top. edit, fill: one of segments and proposals, mask. slice, split: one of segments and proposals, masks.
    draw: mask or masks, category_id, crowd. done: done. send_back: comment, which any other may have too.
    """

    operation: Operation
    proposals: tuple[int, ...] = ()
    segments: tuple[int, ...] = ()
    category_id: int | None = None
    to_top: bool = True
    done: bool = True
    mask: Mask | None = None
    masks: tuple[Mask, ...] = ()
    crowd: bool = False
    comment: str | None = None


_Plan = Callable[[Truth, Request, Mapping[int, Offer]], Change]


def plan(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    """The change that a request asks for; undo and redo are planned from the log instead.

    `offers` holds the image's proposals by id. Raises CorrectionError, with the remedy, when the
    request does not fit the truth.
    """
    if len(set(request.proposals)) < len(request.proposals) or len(set(request.segments)) < len(request.segments):
        raise CorrectionError(f"a {request.operation} names something twice: {request.proposals} {request.segments}")
    if request.comment is not None and len(request.comment) > MAX_COMMENT_LENGTH:
        raise CorrectionError(
            f"a comment has at most {MAX_COMMENT_LENGTH} characters, got {len(request.comment)}; shorten it"
        )
    return _PLANS[request.operation](truth, request, offers)


def _chosen(request: Request, offers: Mapping[int, Offer]) -> list[Offer]:
    missing = [number for number in request.proposals if number not in offers]
    if missing:
        raise CorrectionError(f"the image has no proposal {missing[0]}; load its proposals again")
    return [offers[number] for number in request.proposals]


def _decide(truth: Truth, numbers: Iterable[int], after: Decision) -> tuple[DecisionChange, ...]:
    """The proposals become `after`; one whose mask is already truth must be deleted there first."""
    made_of = {number for segment in truth.segments for number in segment.proposals}
    changes = []
    for number in numbers:
        before = truth.decision(number)
        if before is Decision.ACCEPTED or number in made_of:
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
        proposals=tuple(
            dict.fromkeys((*(number for segment in segments for number in segment.proposals), *request.proposals))
        ),
    )
    return Change(
        (*(SegmentChange(segment, None) for segment in segments), SegmentChange(None, merged)),
        _decide(truth, request.proposals, Decision.ACCEPTED),
    )


def _delete(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    """Deleting says that the proposals it was made of were wrong, so they do not come back as undecided; those that
    other segments are made of too, after a slice, stay as they are."""
    _need(request.segments, request.operation, "a segment")
    removed = [truth.segment(number) for number in request.segments]
    staying = [segment for segment in truth.segments if segment.id not in request.segments]
    kept = {number for segment in staying for number in segment.proposals}
    used = sorted({number for segment in removed for number in segment.proposals} - kept)
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
    masks = _masks(truth, request, least=1)
    return Change(
        tuple(
            SegmentChange(
                None,
                Segment(
                    id=truth.last_segment_id + step,
                    mask=mask,
                    category_id=request.category_id,
                    order=truth.top_order + step,
                    source=Source.DRAWN,
                    crowd=request.crowd,
                ),
            )
            for step, mask in enumerate(masks, start=1)
        )
    )


def _masks(truth: Truth, request: Request, *, least: int) -> tuple[Mask, ...]:
    """The masks that were sent, `mask` or `masks`, each of the image's size and not empty."""
    if request.mask is not None and request.masks:
        raise CorrectionError(f"{request.operation} got both mask and masks; send one of the two")
    masks = request.masks or (() if request.mask is None else (request.mask,))
    if len(masks) < least:
        wanted = "one mask" if least == 1 else f"{least} or more masks"
        raise CorrectionError(f"{request.operation} needs {wanted}, got {len(masks)}; draw the region first")
    for mask in masks:
        if mask.shape != (truth.height, truth.width) or mask.area == 0:
            raise CorrectionError(
                f"{request.operation} needs masks of the image's size {(truth.height, truth.width)} with a pixel in "
                f"them, got {mask.shape} with {mask.area}; draw the region again"
            )
    return masks


def _one(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Segment | Offer:
    """The segment or proposal that the request names, which is exactly one."""
    if len(request.segments) + len(request.proposals) != 1:
        named = len(request.segments) + len(request.proposals)
        raise CorrectionError(f"{request.operation} needs one segment or proposal, got {named}; select just one")
    return truth.segment(request.segments[0]) if request.segments else _chosen(request, offers)[0]


def _edit(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    target = _one(truth, request, offers)
    if len(masks := _masks(truth, request, least=1)) > 1:
        raise CorrectionError(f"{request.operation} needs one mask, got {len(masks)}; slice makes several")
    if isinstance(target, Segment):
        return Change((SegmentChange(target, replace(target, mask=masks[0])),))
    return _accepted(truth, [replace(target, mask=masks[0])], lambda offer: offer.category_id)


def _slice(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    """The largest part keeps the segment's id; all parts of a proposal are new."""
    target = _one(truth, request, offers)
    parts = _masks(truth, request, least=2)
    _check_parts(target.mask, parts, request.operation)
    if isinstance(target, Segment):
        largest = max(range(len(parts)), key=lambda place: parts[place].area)
        kept = SegmentChange(target, replace(target, mask=parts[largest]))
        others = parts[:largest] + parts[largest + 1 :]
        return Change((kept, *_copies(truth, target, others)))
    accepted = _accepted(truth, [target], lambda offer: offer.category_id)
    whole = accepted.segments[0].after
    assert whole is not None
    return replace(accepted, segments=tuple(_copies(truth, whole, parts)))


def _check_parts(whole: Mask, parts: Sequence[Mask], operation: Operation) -> None:
    """Disjoint masks are as large together as their union is."""
    area, together = sum(part.area for part in parts), Mask.union(parts)
    if area != together.area:
        raise CorrectionError(f"the parts of a {operation} share {area - together.area} pixels; each belongs to one")
    if together != whole:
        raise CorrectionError(
            f"the parts of a {operation} have {area} pixels and are not the mask of {whole.area} that is there; "
            "load the image again"
        )


def _copies(truth: Truth, segment: Segment, masks: Iterable[Mask]) -> Iterator[SegmentChange]:
    for number, mask in enumerate(masks, start=truth.last_segment_id + 1):
        yield SegmentChange(None, replace(segment, id=number, mask=mask))


def _done(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    return _progress(truth, Progress.DONE if request.done else Progress.OPEN)


def _progress(truth: Truth, after: Progress) -> Change:
    if truth.progress is Progress.DELETED and after not in (Progress.OPEN, Progress.DELETED):
        raise CorrectionError(f"a deleted image cannot become {after.replace('_', ' ')}; reopen it first")
    return Change(progress=(truth.progress, after))


def _becoming(after: Progress) -> _Plan:
    return lambda truth, request, offers: _progress(truth, after)


def _send_back(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    if not (request.comment or "").strip():
        raise CorrectionError("send_back needs a comment that says what to change; write one")
    return _progress(truth, Progress.SENT_BACK)


def _import(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    raise CorrectionError("an import is no correction of one image; import the data set")


def _from_log(truth: Truth, request: Request, offers: Mapping[int, Offer]) -> Change:
    raise AssertionError("undo and redo are planned from the log")


_PLANS: dict[Operation, _Plan] = {
    Operation.ACCEPT: _accept,
    Operation.REJECT: _reject,
    Operation.DEFER: _defer,
    Operation.RELABEL: _relabel,
    Operation.MERGE: _merge,
    Operation.DELETE: _delete,
    Operation.REORDER: _reorder,
    Operation.EDIT: _edit,
    Operation.FILL: _edit,
    Operation.SLICE: _slice,
    Operation.SPLIT: _slice,
    Operation.DRAW: _draw,
    Operation.IMPORT: _import,
    Operation.DONE: _done,
    Operation.APPROVE: _becoming(Progress.APPROVED),
    Operation.SEND_BACK: _send_back,
    Operation.SKIP: _becoming(Progress.SKIPPED),
    Operation.DELETE_IMAGE: _becoming(Progress.DELETED),
    Operation.REOPEN: _becoming(Progress.OPEN),
    Operation.UNDO: _from_log,
    Operation.REDO: _from_log,
}
