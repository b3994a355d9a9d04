from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select, text, update

from core.annotation.changes import Change, DecisionChange, OvertakenError
from core.annotation.corrections import Operation, Request
from core.annotation.errors import CorrectionError, StorageError
from core.annotation.truth import Decision, Progress, Truth
from core.annotation.undo import LogEntry
from storage.corrections import change_at, find_recorded, history, log_entries, rebuild, record
from storage.engine import Database
from storage.errors import NotFound, StaleRevision
from storage.evidence import Evidence
from storage.images import get_image
from storage.proposals import get_proposals, load_proposals
from storage.tables import CorrectionRow, SegmentRow
from storage.truths import load_truth
from tests.storage.stored_samples import box_mask, correct, filled_image, halves, proposal_ids

DONE = Change(progress=(Progress.OPEN, Progress.DONE))


def test_a_correction_keeps_who_when_and_what_stood_before_them(database: Database) -> None:
    with database.write() as session:
        image_id = filled_image(session)
        (stored,) = get_proposals(session, image_id, proposal_ids(session, image_id)[:1])
        evidence = Evidence(threshold=0.4, shown_s=2.5, proposals=(stored.evidence(),))
        truth = correct(session, image_id, Request(Operation.ACCEPT, proposals=(stored.id,)), evidence=evidence)
    with database.read() as session:
        (step,) = history(session, image_id)
        assert find_recorded(session, step.client, step.seq) == step
        assert find_recorded(session, step.client, step.seq + 1) is None
        assert find_recorded(session, "other page", step.seq) is None
    assert (step.image_id, step.base_revision, step.revision) == (image_id, 0, 1)
    assert (step.user, step.client, step.operation, step.target) == ("ann", "page", Operation.ACCEPT, None)
    assert step.evidence == evidence
    assert step.created_at.tzinfo is UTC
    assert abs(step.created_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert step.change.segments[0].before is None
    assert step.change.segments[0].after == truth.segments[0]
    assert step.change.decisions == (DecisionChange(stored.id, Decision.UNDECIDED, Decision.ACCEPTED),)


def test_the_new_truth_is_the_stored_one(database: Database) -> None:
    with database.write() as session:
        image_id = filled_image(session)
        ids = proposal_ids(session, image_id)
        correct(session, image_id, Request(Operation.ACCEPT, proposals=tuple(ids[:3])))
        truth = correct(session, image_id, Request(Operation.DRAW, mask=box_mask(50), category_id=2))
    with database.read() as session:
        assert load_truth(session, image_id) == truth
        assert get_image(session, image_id).revision == truth.revision == 2
        rows = session.scalars(select(SegmentRow).order_by(SegmentRow.order)).all()
        assert [row.area for row in rows] == [segment.mask.to_array().sum() for segment in truth.segments]


def test_rejected_and_deferred_proposals_keep_their_masks(database: Database) -> None:
    with database.write() as session:
        image_id = filled_image(session)
        before = {one.id: one.mask for one in load_proposals(session, image_id)}
        rejected, deferred, *_ = before
        correct(session, image_id, Request(Operation.REJECT, proposals=(rejected,)))
        correct(session, image_id, Request(Operation.DEFER, proposals=(deferred,)))
        assert {one.id: one.mask for one in load_proposals(session, image_id)} == before
        assert load_truth(session, image_id).decisions == {rejected: Decision.REJECTED, deferred: Decision.DEFERRED}


def test_an_undo_parts_no_segment_from_what_is_said_of_its_proposal(database: Database) -> None:
    """Two people, each with a part of one proposal: it is accepted as long as one of the parts is there."""
    delete_first, delete_second = (Request(Operation.DELETE, segments=(number,)) for number in (1, 2))
    undo, redo = Request(Operation.UNDO), Request(Operation.REDO)
    with database.write() as session:
        image_id = filled_image(session)
        (stored,) = get_proposals(session, image_id, proposal_ids(session, image_id)[:1])
        parts = tuple(halves(stored.mask))
        correct(session, image_id, Request(Operation.SLICE, proposals=(stored.id,), masks=parts), user="ann")

        def says(request: Request, user: str, decision: Decision) -> None:
            assert correct(session, image_id, request, user=user).decision(stored.id) is decision

        says(delete_first, "ann", Decision.ACCEPTED)
        says(delete_second, "ben", Decision.REJECTED)
        with pytest.raises(OvertakenError, match=f"proposal {stored.id} was decided"):
            correct(session, image_id, undo, user="ann")
        says(undo, "ben", Decision.ACCEPTED)
        says(undo, "ann", Decision.ACCEPTED)
        with pytest.raises(OvertakenError, match="segment 1 was made"):
            correct(session, image_id, redo, user="ben")
        says(delete_second, "ben", Decision.ACCEPTED)
        with pytest.raises(OvertakenError, match=f"proposal {stored.id} was decided"):
            correct(session, image_id, redo, user="ann")
        says(delete_first, "ann", Decision.REJECTED)


@pytest.mark.parametrize("base_revision", [0, 2])
def test_a_correction_made_from_another_revision_is_refused(database: Database, base_revision: int) -> None:
    with database.write() as session:
        image_id = filled_image(session)
        truth = correct(session, image_id, Request(Operation.DRAW, mask=box_mask(1)))
    with pytest.raises(StaleRevision, match="load the image again") as refused, database.write() as session:
        record(
            session,
            image_id=image_id,
            client="late",
            seq=1,
            user="ben",
            base_revision=base_revision,
            operation=Operation.DONE,
            change=DONE,
        )
    assert refused.value.revision == 1
    with database.read() as session:
        assert load_truth(session, image_id) == truth
        assert find_recorded(session, "late", 1) is None


def test_a_request_number_is_used_once(database: Database) -> None:
    with database.write() as session:
        image_id = filled_image(session)

    def send(change: Change) -> Truth:
        with database.write() as session:
            base = load_truth(session, image_id).revision
            return record(
                session,
                image_id=image_id,
                client="page 2",
                seq=5,
                user="ann",
                base_revision=base,
                operation=Operation.DONE,
                change=change,
            )

    truth = send(DONE)
    with pytest.raises(StorageError):
        send(DONE.inverse())
    with database.read() as session:
        assert load_truth(session, image_id) == truth


def test_what_fails_in_the_block_leaves_neither_log_nor_state(database: Database) -> None:
    with database.write() as session:
        image_id = filled_image(session)

    def fail_after_the_change() -> None:
        with database.write() as session:
            correct(session, image_id, Request(Operation.DRAW, mask=box_mask(1)))
            raise RuntimeError("after the change")

    with pytest.raises(RuntimeError, match="after the change"):
        fail_after_the_change()
    with database.read() as session:
        assert load_truth(session, image_id) == Truth(height=12, width=16)
        assert history(session, image_id) == ()


def test_a_proposal_of_another_image_is_refused(database: Database) -> None:
    with database.write() as session:
        first, second = filled_image(session, "1"), filled_image(session, "2")
        foreign = proposal_ids(session, second)[0]
        change = Change(decisions=(DecisionChange(foreign, Decision.UNDECIDED, Decision.REJECTED),))
        with pytest.raises(CorrectionError, match=f"no proposal {foreign}"):
            record(
                session,
                image_id=first,
                client="page",
                seq=-1,
                user="ann",
                base_revision=0,
                operation=Operation.REJECT,
                change=change,
            )
        assert load_truth(session, second).decisions == {}


def test_images_do_not_share_segments(database: Database) -> None:
    with database.write() as session:
        first, second = filled_image(session, "1"), filled_image(session, "2")
        kept = correct(session, second, Request(Operation.DRAW, mask=box_mask(2), category_id=3))
        correct(session, first, Request(Operation.DRAW, mask=box_mask(1), category_id=1))
        correct(session, first, Request(Operation.RELABEL, segments=(1,), category_id=2))
        correct(session, first, Request(Operation.DELETE, segments=(1,)))
        assert load_truth(session, second) == kept
        assert load_truth(session, first).segments == ()


def test_the_log_reads_as_undo_needs_it(database: Database) -> None:
    with database.write() as session:
        image_id = filled_image(session)
        correct(session, image_id, Request(Operation.DRAW, mask=box_mask(1)), user="ann")
        correct(session, image_id, Request(Operation.DONE), user="ben")
        correct(session, image_id, Request(Operation.UNDO), user="ann")
        assert log_entries(session, image_id) == [
            LogEntry(1, "ann", Operation.DRAW),
            LogEntry(2, "ben", Operation.DONE),
            LogEntry(3, "ann", Operation.UNDO, 1),
        ]
        assert change_at(session, image_id, 3) == change_at(session, image_id, 1).inverse()
        with pytest.raises(NotFound, match="no revision 4"):
            change_at(session, image_id, 4)


def test_only_revisions_that_were_can_be_rebuilt(database: Database) -> None:
    with database.write() as session:
        image_id = filled_image(session)
        truth = correct(session, image_id, Request(Operation.DONE))
        assert rebuild(session, image_id, 0) == Truth(height=12, width=16)
        assert rebuild(session, image_id, 1) == truth
        for revision in (-1, 2):
            with pytest.raises(NotFound, match="revisions"):
                rebuild(session, image_id, revision)
        with pytest.raises(NotFound, match="no image 99"):
            rebuild(session, 99, 0)
        with pytest.raises(NotFound, match="no image 99"):
            load_truth(session, 99)


@pytest.mark.parametrize(
    "statement",
    [
        update(CorrectionRow).values(user="somebody else"),
        delete(CorrectionRow),
        text("INSERT INTO correction SELECT * FROM correction WHERE true ON CONFLICT (id) DO UPDATE SET image_id = 1"),
    ],
    ids=["update", "delete", "upsert"],
)
def test_the_log_refuses_to_be_changed(database: Database, statement: object) -> None:
    with database.write() as session:
        image_id = filled_image(session)
        correct(session, image_id, Request(Operation.DONE))
        before = history(session, image_id)
    with pytest.raises(StorageError, match="only ever appended to"), database.write() as session:
        session.execute(statement)  # type: ignore[call-overload]
    with database.read() as session:
        assert history(session, image_id) == before


def test_sqlite_does_not_replace_in_the_log(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        correct(session, filled_image(session), Request(Operation.DONE))
    with pytest.raises(StorageError, match="only ever appended to"), sqlite_database.write() as session:
        session.execute(text("INSERT OR REPLACE INTO correction SELECT * FROM correction"))


def test_rows_that_refer_to_nothing_are_refused(database: Database) -> None:
    with pytest.raises(StorageError, match=r"(?i)foreign key"), database.write() as session:
        session.execute(
            insert(CorrectionRow).values(
                image_id=404,
                revision=1,
                base_revision=0,
                user="ann",
                client="page",
                seq=1,
                created_at=datetime.now(UTC),
                operation=Operation.DONE,
                evidence=[],
                change={},
            )
        )
