"""The log of corrections and the state it makes: one transaction writes both, and either gives the other."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from core.annotation.changes import (
    Change,
    OvertakenError,
    apply_change,
    change_from_json,
    change_to_json,
    check_proposals_stand,
)
from core.annotation.corrections import Operation
from core.annotation.errors import CorrectionError
from core.annotation.truth import Decision, Segment, Truth
from core.annotation.undo import LogEntry, undone_revisions
from storage.counts import change_counts
from storage.errors import NotFound, StaleRevision
from storage.evidence import NO_EVIDENCE, Evidence, proposals_from_json, proposals_to_json
from storage.images import state_of
from storage.masks import mask_values
from storage.person_counts import count_corrections, new_segments
from storage.tables import CategoryRow, CorrectionRow, ImageRow, ProposalRow, SegmentRow
from storage.truths import load_truth

# What a change of the label set writes to the images' logs has a client of this kind; it is taken back there alone.
LABEL_SET_CLIENT = "labels:"

# A step holds masks: a long log is read a few at a time.
_STEPS_AT_ONCE = 50

# The table's own statement is a third of the time that the mapped class's takes.
_SEGMENT = cast(Table, SegmentRow.__table__)
_ALTER_SEGMENT = update(_SEGMENT).where(
    _SEGMENT.c.image_id == bindparam("its_image"), _SEGMENT.c.id == bindparam("its_id")
)
_LOG = (
    select(CorrectionRow.revision, CorrectionRow.user, CorrectionRow.operation, CorrectionRow.target)
    .where(
        CorrectionRow.image_id == bindparam("image"),
        ~CorrectionRow.client.startswith(LABEL_SET_CLIENT, autoescape=True),
    )
    .order_by(CorrectionRow.revision)
)
_SENT = select(CorrectionRow).where(CorrectionRow.client == bindparam("client"), CorrectionRow.seq == bindparam("seq"))
_APPEND = insert(cast(Table, CorrectionRow.__table__))
_ALTER_IMAGE = update(cast(Table, ImageRow.__table__)).where(ImageRow.id == bindparam("its_id"))
_KNOWN_CATEGORIES = select(CategoryRow.id).where(
    CategoryRow.id.in_(bindparam("wanted", expanding=True)), CategoryRow.removed_at.is_(None)
)
_OWN_PROPOSALS = select(ProposalRow.id).where(
    ProposalRow.image_id == bindparam("image"), ProposalRow.id.in_(bindparam("wanted", expanding=True))
)


@dataclass(frozen=True)
class RecordedCorrection:
    """One step of an image's log. `target` is the revision that an undo or redo concerns, else None.

    `client` and `seq` name the request that made it, once: a page's own id and its counter.
    """

    image_id: int
    revision: int
    base_revision: int
    user: str
    client: str
    seq: int
    created_at: datetime
    operation: Operation
    target: int | None
    change: Change
    evidence: Evidence
    comment: str | None = None


@dataclass(frozen=True)
class Remark:
    """What a reviewer says of an image that they sent back."""

    user: str
    text: str
    at: datetime


def find_recorded(session: Session, client: str, seq: int) -> RecordedCorrection | None:
    """The correction that this request of this client made, or None: a request sent twice is done once."""
    row = session.scalar(_SENT, {"client": client, "seq": seq})
    return None if row is None else _recorded(row)


def record(
    session: Session,
    *,
    image_id: int,
    client: str,
    seq: int,
    user: str,
    base_revision: int,
    operation: Operation,
    change: Change,
    target: int | None = None,
    evidence: Evidence = NO_EVIDENCE,
    comment: str | None = None,
    truth: Truth | None = None,
) -> Truth:
    """Append the correction to the log, make its change to the state, and return the new truth.

    `truth` is the image's present one, where this transaction has loaded it already.
    Raises StaleRevision when the image has moved past `base_revision`, OvertakenError when the change does not fit the
    truth, CorrectionError for what the label set or the image's proposals lack, NotFound for the image; the session's
    transaction must then be rolled back, as `Database.write` does.
    """
    truth = truth or load_truth(session, image_id)
    if truth.revision != base_revision:
        raise StaleRevision(image_id=image_id, base_revision=base_revision, revision=truth.revision)
    corrected = apply_change(truth, change)
    check_proposals_stand(truth, change, corrected)
    _check_categories(session, change)
    _check_proposals(session, image_id, [said.proposal_id for said in change.decisions])
    now = datetime.now(UTC)
    session.execute(
        _APPEND,
        {
            "image_id": image_id,
            "revision": corrected.revision,
            "base_revision": base_revision,
            "user": user,
            "client": client,
            "seq": seq,
            "created_at": now,
            "operation": operation,
            "target": target,
            "threshold": evidence.threshold,
            "shown_s": evidence.shown_s,
            "evidence": proposals_to_json(evidence.proposals),
            "change": change_to_json(change),
            "comment": comment,
        },
    )
    _write_segments(session, image_id, change)
    _write_decisions(session, image_id, change)
    before, state = (state_of(one.revision, one.progress) for one in (truth, corrected))
    session.execute(
        _ALTER_IMAGE,
        {
            "its_id": image_id,
            "revision": corrected.revision,
            "done": corrected.done,
            "state": state,
            "last_segment_id": corrected.last_segment_id,
        },
    )
    gained = change.labels_gained()
    if gained or state is not before:
        change_counts(session, {image_id: gained})
    count_corrections(session, user, operation, corrections=1, segments=new_segments(operation, change), at=now)
    return corrected


def log_entries(session: Session, image_id: int) -> list[LogEntry]:
    """The image's log as undo sees it, in order: without what changes of the label set did."""
    rows = session.execute(_LOG, {"image": image_id})
    return [LogEntry(revision, user, operation, target) for revision, user, operation, target in rows]


def change_at(session: Session, image_id: int, revision: int) -> Change:
    """The change that made this revision of the image; its inverse undoes it. Raises NotFound."""
    value = session.scalar(
        select(CorrectionRow.change).where(CorrectionRow.image_id == image_id, CorrectionRow.revision == revision)
    )
    if value is None:
        raise NotFound(f"the log of image {image_id} has no revision {revision}; load the image again")
    return change_from_json(value)


def history(session: Session, image_id: int) -> tuple[RecordedCorrection, ...]:
    """The image's whole log, in order."""
    rows = session.scalars(
        select(CorrectionRow).where(CorrectionRow.image_id == image_id).order_by(CorrectionRow.revision)
    )
    return tuple(map(_recorded, rows))


def history_page(
    session: Session, image_id: int, *, segment_id: int | None = None, before: int | None = None, limit: int
) -> tuple[RecordedCorrection, ...]:
    """The newest steps of the image's log first: at most `limit`, those before the revision `before` where one is
    named, those that changed the segment where one is."""
    query = select(CorrectionRow).where(CorrectionRow.image_id == image_id).order_by(CorrectionRow.revision.desc())
    if before is not None:
        query = query.where(CorrectionRow.revision < before)
    if segment_id is None:
        query = query.limit(limit)
    found = []
    for row in session.scalars(query.execution_options(yield_per=_STEPS_AT_ONCE)):
        step = _recorded(row)
        if segment_id is None or any(part.segment_id == segment_id for part in step.change.segments):
            found.append(step)
        if len(found) == limit:
            break
    return tuple(found)


def later_step(session: Session, image_id: int, revision: int, error: OvertakenError) -> RecordedCorrection | None:
    """The newest step after the revision that changed what the error is about."""
    query = (
        select(CorrectionRow)
        .where(CorrectionRow.image_id == image_id, CorrectionRow.revision > revision)
        .order_by(CorrectionRow.revision.desc())
    )
    steps = map(_recorded, session.scalars(query.execution_options(yield_per=_STEPS_AT_ONCE)))
    return next((step for step in steps if error.concerns(step.change)), None)


def load_remark(session: Session, image_id: int) -> Remark | None:
    """Why the image was sent back the last time that undo has not taken back; None when it never was."""
    row = CorrectionRow
    rows = session.execute(
        select(row.revision, row.user, row.comment, row.created_at)
        .where(row.image_id == image_id, row.operation == Operation.SEND_BACK)
        .order_by(row.revision.desc())
    ).all()
    undone = undone_revisions(log_entries(session, image_id)) if len(rows) > 1 else frozenset()
    standing = (Remark(user, comment or "", at) for revision, user, comment, at in rows if revision not in undone)
    return next(standing, None)


def rebuild(session: Session, image_id: int, revision: int) -> Truth:
    """The image's truth at an earlier or the present revision, from the log alone. Raises NotFound."""
    size = session.execute(select(ImageRow.height, ImageRow.width).where(ImageRow.id == image_id)).one_or_none()
    if size is None:
        raise NotFound(f"the workspace has no image {image_id}; choose one of its list")
    truth = Truth(size.height, size.width)
    changes = session.scalars(
        select(CorrectionRow.change)
        .where(CorrectionRow.image_id == image_id, CorrectionRow.revision <= revision)
        .order_by(CorrectionRow.revision)
    )
    for value in changes:
        truth = apply_change(truth, change_from_json(value))
    if truth.revision != revision:
        raise NotFound(f"image {image_id} has the revisions 0 to {truth.revision}, not {revision}")
    return truth


def _check_categories(session: Session, change: Change) -> None:
    wanted = {
        part.after.category_id
        for part in change.segments
        if part.after is not None and part.after.category_id is not None
    }
    if not wanted:
        return
    missing = wanted - set(session.scalars(_KNOWN_CATEGORIES, {"wanted": list(wanted)}))
    if missing:
        names = session.scalars(select(CategoryRow.name).where(CategoryRow.id.in_(missing)).order_by(CategoryRow.id))
        gone = ", ".join(names)
        if not gone:
            raise CorrectionError(f"no category has the id {min(missing)}; choose one of the label set")
        raise CorrectionError(f"the label set has no category {gone}; add it there, then repeat the correction")


def _check_proposals(session: Session, image_id: int, proposal_ids: Collection[int]) -> None:
    if not proposal_ids:
        return
    own = session.scalars(_OWN_PROPOSALS, {"image": image_id, "wanted": list(proposal_ids)})
    missing = set(proposal_ids) - set(own)
    if missing:
        raise CorrectionError(f"image {image_id} has no proposal {min(missing)}; load its proposals again")


def _write_segments(session: Session, image_id: int, change: Change) -> None:
    removed = [part.segment_id for part in change.segments if part.after is None]
    added = [_values(part.after, image_id) for part in change.segments if part.after and part.before is None]
    altered: dict[bool, list[dict[str, object]]] = {True: [], False: []}
    for part in change.segments:
        if part.after and part.before:
            redrawn = part.after.mask != part.before.mask
            values = _values(part.after, image_id) if redrawn else _plain_values(part.after, image_id)
            altered[redrawn].append({"its_image": image_id, "its_id": part.segment_id, **values})
    if removed:
        session.execute(delete(SegmentRow).where(SegmentRow.image_id == image_id, SegmentRow.id.in_(removed)))
    if added:
        session.execute(insert(SegmentRow), added)
    for rows in filter(None, altered.values()):
        session.execute(_ALTER_SEGMENT, rows)


def _write_decisions(session: Session, image_id: int, change: Change) -> None:
    by_decision: dict[Decision, list[int]] = {}
    for said in change.decisions:
        by_decision.setdefault(said.after, []).append(said.proposal_id)
    for decision, proposal_ids in by_decision.items():
        session.execute(update(ProposalRow).where(ProposalRow.id.in_(proposal_ids)).values(decision=decision))


def _values(segment: Segment, image_id: int) -> dict[str, object]:
    return {**_plain_values(segment, image_id), **mask_values(segment.mask)}


def _plain_values(segment: Segment, image_id: int) -> dict[str, object]:
    """All but the mask, which takes a while to measure."""
    return {
        "image_id": image_id,
        "id": segment.id,
        "category_id": segment.category_id,
        "order": segment.order,
        "source": segment.source,
        "crowd": segment.crowd,
        "proposals": list(segment.proposals),
    }


def _recorded(row: CorrectionRow) -> RecordedCorrection:
    return RecordedCorrection(
        image_id=row.image_id,
        revision=row.revision,
        base_revision=row.base_revision,
        user=row.user,
        client=row.client,
        seq=row.seq,
        created_at=row.created_at,
        operation=row.operation,
        target=row.target,
        change=change_from_json(row.change),
        evidence=Evidence(row.threshold, row.shown_s, proposals_from_json(row.evidence)),
        comment=row.comment,
    )
