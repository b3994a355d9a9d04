"""Corrections: asked for on the page, checked against the truth, saved with their log line in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.annotation.changes import Change, OvertakenError
from core.annotation.corrections import Offer, Operation, Request, plan
from core.annotation.errors import CorrectionError
from core.annotation.labels import LabelSet
from core.annotation.truth import Truth
from core.annotation.undo import LogEntry, undo_and_redo
from storage.categories import load_label_set
from storage.corrections import (
    RecordedCorrection,
    Remark,
    change_at,
    find_recorded,
    later_step,
    load_remark,
    log_entries,
    record,
)
from storage.errors import StaleRevision
from storage.evidence import Evidence, ProposalEvidence
from storage.images import progress_of, state_of
from storage.proposals import StoredProposal, get_proposals
from storage.tables import ImageState
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
    """What a saved correction changed; it is returned after the commit only. remark: why the image is sent back."""

    revision: int
    change: Change
    state: ImageState
    remark: Remark | None
    can_undo: bool
    can_redo: bool

    @property
    def done(self) -> bool:
        return progress_of(self.state).is_done


def correct(workspace: Workspace, submission: Submission) -> Outcome:
    """Save one correction. Raises StaleRevision when the image has moved on since `base_revision`, and
    CorrectionError when the request does not fit; then nothing was changed."""
    with workspace.database.write() as session:
        saved = find_recorded(session, submission.client, submission.seq)
        truth = load_truth(session, submission.image_id)
        if saved is not None:
            return _repeated(session, submission, truth, saved)
        if truth.revision != submission.base_revision:
            raise StaleRevision(
                image_id=submission.image_id, base_revision=submission.base_revision, revision=truth.revision
            )
        if submission.request.operation in (Operation.UNDO, Operation.REDO):
            return _undo_or_redo(session, submission, truth)
        proposals = get_proposals(session, submission.image_id, _concerned(truth, submission.request))
        change = plan(truth, submission.request, _offers(session, submission.request, proposals))
        evidence = tuple(proposal.evidence() for proposal in proposals)
        later = _record(session, submission, truth, change, proposals=evidence)
        # A new correction is the next that undo takes, and ends what redo would bring back.
        return _outcome(session, submission.image_id, later, later.revision, change, (True, False))


def _repeated(session: Session, submission: Submission, truth: Truth, saved: RecordedCorrection) -> Outcome:
    if saved.image_id != submission.image_id:
        raise CorrectionError(
            f"seq {submission.seq} of client {submission.client!r} was used for image {saved.image_id}; "
            "count seq up for each correction"
        )
    undo_redo = _can(log_entries(session, submission.image_id), submission.user)
    return _outcome(session, submission.image_id, truth, saved.revision, saved.change, undo_redo)


def _undo_or_redo(session: Session, submission: Submission, truth: Truth) -> Outcome:
    operation, log = submission.request.operation, log_entries(session, submission.image_id)
    undoable, redoable = undo_and_redo(log, submission.user)
    target = undoable if operation is Operation.UNDO else redoable
    if target is None:
        raise CorrectionError(f"there is nothing to {operation} on this image")
    change = change_at(session, submission.image_id, target)
    if operation is Operation.UNDO:
        change = change.inverse()
    try:
        later = _record(session, submission, truth, change, target=target)
    except OvertakenError as error:
        raise _overtaken(session, submission, target, error) from error
    log.append(LogEntry(later.revision, submission.user, operation, target))
    undo_redo = _can(log, submission.user)
    return _outcome(session, submission.image_id, later, later.revision, change, undo_redo)


def _overtaken(session: Session, submission: Submission, target: int, error: OvertakenError) -> CorrectionError:
    """The error with the name of whose step came later, and what it did."""
    step = later_step(session, submission.image_id, target, error)
    if step is None:
        return error
    if error.segment_id is not None:
        what = f"segment {error.segment_id}"
    else:
        what = "the image" if error.proposal_id is None else f"proposal {error.proposal_id}"
    own = step.user == submission.user
    remedy = "change it by hand" if own else f"ask {step.user} or change it by hand"
    return CorrectionError(f"{what} {_SINCE[step.operation]} by {'you' if own else step.user} since; {remedy}")


def _record(
    session: Session,
    submission: Submission,
    truth: Truth,
    change: Change,
    *,
    target: int | None = None,
    proposals: tuple[ProposalEvidence, ...] = (),
) -> Truth:
    return record(
        session,
        image_id=submission.image_id,
        client=submission.client,
        seq=submission.seq,
        user=submission.user,
        base_revision=submission.base_revision,
        operation=submission.request.operation,
        target=target,
        change=change,
        evidence=Evidence(submission.threshold, submission.shown_s, proposals),
        comment=submission.request.comment,
        truth=truth,
    )


def _concerned(truth: Truth, request: Request) -> tuple[int, ...]:
    """The proposals a request speaks of: those it names and those its segments were made of."""
    made_of = (number for segment_id in request.segments for number in truth.segment(segment_id).proposals)
    return tuple(dict.fromkeys((*request.proposals, *made_of)))


def _offers(session: Session, request: Request, proposals: Sequence[StoredProposal]) -> dict[int, Offer]:
    if not request.proposals:
        return {}
    label_set = load_label_set(session)
    return {proposal.id: offer(proposal, label_set) for proposal in proposals}


def offer(proposal: StoredProposal, label_set: LabelSet) -> Offer:
    """The proposal with its category in this workspace, by name; None when the set has no such name."""
    category = label_set.named(proposal.name)
    return Offer(proposal.id, proposal.mask, None if category is None else category.id)


def _can(log: Sequence[LogEntry], user: str) -> tuple[bool, bool]:
    undoable, redoable = undo_and_redo(log, user)
    return undoable is not None, redoable is not None


def _outcome(
    session: Session, image_id: int, truth: Truth, revision: int, change: Change, undo_redo: tuple[bool, bool]
) -> Outcome:
    state = state_of(truth.revision, truth.progress)
    remark = load_remark(session, image_id) if state is ImageState.SENT_BACK else None
    return Outcome(revision, change, state, remark, *undo_redo)


# What a later step did to a segment, a proposal or the image, as a refused undo says it.
_SINCE = {
    Operation.ACCEPT: "was accepted",
    Operation.REJECT: "was rejected",
    Operation.DEFER: "was deferred",
    Operation.RELABEL: "was relabelled",
    Operation.MERGE: "was merged",
    Operation.DELETE: "was deleted",
    Operation.REORDER: "was raised or lowered",
    Operation.EDIT: "was edited",
    Operation.FILL: "was filled",
    Operation.SLICE: "was sliced",
    Operation.SPLIT: "was split",
    Operation.DRAW: "was drawn",
    Operation.IMPORT: "was imported",
    Operation.DONE: "was marked done or open",
    Operation.APPROVE: "was approved",
    Operation.SEND_BACK: "was sent back",
    Operation.SKIP: "was skipped",
    Operation.DELETE_IMAGE: "was deleted",
    Operation.REOPEN: "was reopened",
    Operation.UNDO: "was changed by an undo",
    Operation.REDO: "was changed by a redo",
}
