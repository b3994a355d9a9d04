"""Corrections: asked for on the page, checked against the truth, saved with their log line in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.annotation.changes import Change
from core.annotation.corrections import Offer, Operation, Request, plan, undo_and_redo
from core.annotation.errors import CorrectionError
from core.annotation.labels import LabelSet
from core.annotation.truth import Truth
from storage.categories import load_label_set
from storage.corrections import change_at, find_recorded, log_entries, record
from storage.errors import StaleRevision
from storage.evidence import Evidence
from storage.proposals import StoredProposal, get_proposals
from storage.truths import load_truth
from storage.workspace import Workspace


@dataclass(frozen=True)
class Submission:
    """A correction as it comes from a client.

    (`client`, `seq`) names it for ever: sent again, it is answered again and not done twice.
    `base_revision` is the revision the person saw; `threshold` and `shown_s` are the slider's value and the
    seconds since the image was shown, at that moment.
    """

    image_id: int
    client: str
    seq: int
    user: str
    base_revision: int
    request: Request
    threshold: float | None = None
    shown_s: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What a saved correction changed; it is returned after the commit only."""

    revision: int
    change: Change
    done: bool
    can_undo: bool
    can_redo: bool


def correct(workspace: Workspace, submission: Submission) -> Outcome:
    """Save one correction. Raises StaleRevision when the image has moved on since `base_revision`, and
    CorrectionError or LabelSetError when the request does not fit; then nothing was changed."""
    with workspace.database.write() as session:
        saved = find_recorded(session, submission.client, submission.seq)
        if saved is not None:
            if saved.image_id != submission.image_id:
                raise CorrectionError(
                    f"seq {submission.seq} of client {submission.client!r} was used for image {saved.image_id}; "
                    "count seq up for each correction"
                )
            truth = load_truth(session, submission.image_id)
            return _outcome(session, submission, truth, saved.revision, saved.change)
        truth = load_truth(session, submission.image_id)
        if truth.revision != submission.base_revision:
            raise StaleRevision(
                image_id=submission.image_id, base_revision=submission.base_revision, revision=truth.revision
            )
        label_set = load_label_set(session)
        proposals = get_proposals(session, submission.image_id, _concerned(truth, submission.request))
        change, target = _plan(session, truth, submission, label_set, proposals)
        later = record(
            session,
            image_id=submission.image_id,
            client=submission.client,
            seq=submission.seq,
            user=submission.user,
            base_revision=submission.base_revision,
            operation=submission.request.operation,
            target=target,
            change=change,
            evidence=Evidence(
                submission.threshold, submission.shown_s, tuple(proposal.evidence() for proposal in proposals)
            ),
            truth=truth,
        )
        return _outcome(session, submission, later, later.revision, change)


def _concerned(truth: Truth, request: Request) -> tuple[int, ...]:
    """The proposals a request speaks of: those it names and those its segments were made of."""
    made_of = (number for segment_id in request.segments for number in truth.segment(segment_id).proposals)
    return tuple(dict.fromkeys((*request.proposals, *made_of)))


def _plan(
    session: Session,
    truth: Truth,
    submission: Submission,
    label_set: LabelSet,
    proposals: Sequence[StoredProposal],
) -> tuple[Change, int | None]:
    request = submission.request
    if request.operation in (Operation.UNDO, Operation.REDO):
        undoable, redoable = undo_and_redo(log_entries(session, submission.image_id), submission.user)
        target = undoable if request.operation is Operation.UNDO else redoable
        if target is None:
            raise CorrectionError(f"there is nothing to {request.operation} on this image")
        change = change_at(session, submission.image_id, target)
        return (change.inverse() if request.operation is Operation.UNDO else change), target
    if request.category_id is not None:
        label_set.get(request.category_id)
    return plan(truth, request, {proposal.id: offer(proposal, label_set) for proposal in proposals}), None


def offer(proposal: StoredProposal, label_set: LabelSet) -> Offer:
    """The proposal with its category in this workspace, by name; None when the set has no such name."""
    category = label_set.named(proposal.name)
    return Offer(proposal.id, proposal.mask, None if category is None else category.id)


def _outcome(session: Session, submission: Submission, truth: Truth, revision: int, change: Change) -> Outcome:
    undoable, redoable = undo_and_redo(log_entries(session, submission.image_id), submission.user)
    return Outcome(revision, change, truth.done, undoable is not None, redoable is not None)
