"""The log of corrections and the state it makes: one transaction writes both, and either gives the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from core.annotation.changes import Change, apply_change, change_from_json, change_to_json
from core.annotation.corrections import LogEntry, Operation
from core.annotation.errors import CorrectionError
from core.annotation.truth import Decision, Segment, Truth
from storage.counts import change_counts
from storage.errors import NotFound, StaleRevision
from storage.evidence import NO_EVIDENCE, Evidence, proposals_from_json, proposals_to_json
from storage.images import state_of
from storage.masks import mask_values
from storage.tables import CategoryRow, CorrectionRow, ImageRow, ProposalRow, SegmentRow
from storage.truths import load_truth

# The table's own statement is a third of the time that the mapped class's takes.
_SEGMENT = cast(Table, SegmentRow.__table__)
_ALTER_SEGMENT = update(_SEGMENT).where(
    _SEGMENT.c.image_id == bindparam("its_image"), _SEGMENT.c.id == bindparam("its_id")
)
_LOG = (
    select(CorrectionRow.revision, CorrectionRow.user, CorrectionRow.operation, CorrectionRow.target)
    .where(CorrectionRow.image_id == bindparam("image"))
    .order_by(CorrectionRow.revision)
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


def find_recorded(session: Session, client: str, seq: int) -> RecordedCorrection | None:
    """The correction that this request of this client made, or None: a request sent twice is done once."""
    row = session.scalar(select(CorrectionRow).where(CorrectionRow.client == client, CorrectionRow.seq == seq))
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
    truth: Truth | None = None,
) -> Truth:
    """Append the correction to the log, make its change to the state, and return the new truth.

    `truth` is the image's present one, where this transaction has loaded it already.
    Raises StaleRevision when the image has moved past `base_revision`, CorrectionError when the change does
    not fit, NotFound for the image; the session's transaction must then be rolled back, as `Database.write` does.
    """
    truth = truth or load_truth(session, image_id)
    if truth.revision != base_revision:
        raise StaleRevision(image_id=image_id, base_revision=base_revision, revision=truth.revision)
    corrected = apply_change(truth, change)
    _check_categories(session, change)
    _check_proposals(session, image_id, [said.proposal_id for said in change.decisions])
    session.execute(
        insert(CorrectionRow).values(
            image_id=image_id,
            revision=corrected.revision,
            base_revision=base_revision,
            user=user,
            client=client,
            seq=seq,
            created_at=datetime.now(UTC),
            operation=operation,
            target=target,
            threshold=evidence.threshold,
            shown_s=evidence.shown_s,
            evidence=proposals_to_json(evidence.proposals),
            change=change_to_json(change),
        )
    )
    _write_segments(session, image_id, change)
    _write_decisions(session, image_id, change)
    state = state_of(corrected.revision, done=corrected.done)
    session.execute(
        update(ImageRow)
        .where(ImageRow.id == image_id)
        .values(
            revision=corrected.revision, done=corrected.done, state=state, last_segment_id=corrected.last_segment_id
        )
    )
    gained = _gained(change)
    if gained or state is not state_of(truth.revision, done=truth.done):
        change_counts(session, {image_id: gained})
    return corrected


def log_entries(session: Session, image_id: int) -> list[LogEntry]:
    """The image's log as undo sees it, in order."""
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


def _gained(change: Change) -> dict[int | None, int]:
    """How many segments of each category the change adds (+) or takes away (−)."""
    gained: Counter[int | None] = Counter()
    for part in change.segments:
        if part.after is not None:
            gained[part.after.category_id] += 1
        if part.before is not None:
            gained[part.before.category_id] -= 1
    return {category_id: number for category_id, number in gained.items() if number}


def _check_categories(session: Session, change: Change) -> None:
    wanted = {
        part.after.category_id
        for part in change.segments
        if part.after is not None and part.after.category_id is not None
    }
    if not wanted:
        return
    in_use = select(CategoryRow.id).where(CategoryRow.id.in_(wanted), CategoryRow.removed_at.is_(None))
    missing = wanted - set(session.scalars(in_use))
    if missing:
        names = session.scalars(select(CategoryRow.name).where(CategoryRow.id.in_(missing)).order_by(CategoryRow.id))
        raise CorrectionError(
            f"the label set has no category {', '.join(names) or sorted(missing)}; "
            "add it there, then repeat the correction"
        )


def _check_proposals(session: Session, image_id: int, proposal_ids: Collection[int]) -> None:
    if not proposal_ids:
        return
    own = select(ProposalRow.id).where(ProposalRow.image_id == image_id, ProposalRow.id.in_(proposal_ids))
    missing = set(proposal_ids) - set(session.scalars(own))
    if missing:
        raise CorrectionError(f"image {image_id} has no proposal {min(missing)}; load its proposals again")


def _write_segments(session: Session, image_id: int, change: Change) -> None:
    removed = [part.segment_id for part in change.segments if part.after is None]
    added = [_values(part.after, image_id) for part in change.segments if part.after and part.before is None]
    altered = [_values(part.after, image_id) for part in change.segments if part.after and part.before]
    if removed:
        session.execute(delete(SegmentRow).where(SegmentRow.image_id == image_id, SegmentRow.id.in_(removed)))
    if added:
        session.execute(insert(SegmentRow), added)
    if altered:
        session.execute(
            _ALTER_SEGMENT, [{"its_image": image_id, "its_id": values["id"], **values} for values in altered]
        )


def _write_decisions(session: Session, image_id: int, change: Change) -> None:
    by_decision: dict[Decision, list[int]] = {}
    for said in change.decisions:
        by_decision.setdefault(said.after, []).append(said.proposal_id)
    for decision, proposal_ids in by_decision.items():
        session.execute(update(ProposalRow).where(ProposalRow.id.in_(proposal_ids)).values(decision=decision))


def _values(segment: Segment, image_id: int) -> dict[str, object]:
    return {
        "image_id": image_id,
        "id": segment.id,
        "category_id": segment.category_id,
        "order": segment.order,
        "source": segment.source,
        "crowd": segment.crowd,
        "proposals": list(segment.proposals),
        **mask_values(segment.mask),
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
    )
