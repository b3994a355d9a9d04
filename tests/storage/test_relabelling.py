from __future__ import annotations

from sqlalchemy import func, select

from core.annotation.corrections import Operation, Request
from storage.categories import remove_category
from storage.corrections import history, rebuild
from storage.engine import Database
from storage.images import add_image
from storage.imports import StagedImage, insert_staged, staged_line
from storage.relabelling import relabel_everywhere, unrelabel
from storage.tables import CorrectionRow, ImageState
from storage.truths import load_truth
from tests.storage.stored_samples import (
    box_mask,
    correct,
    filled_image,
    new_image,
    recounted,
    stored_counts,
)


def test_each_image_gets_its_line_of_the_log(database: Database) -> None:
    with database.write() as session:
        both, other, deleted = (filled_image(session, name) for name in "abc")
        correct(session, both, Request(Operation.DRAW, masks=(box_mask(1), box_mask(2)), category_id=1))
        correct(session, both, Request(Operation.DRAW, mask=box_mask(3), category_id=2))
        correct(session, other, Request(Operation.DRAW, mask=box_mask(3), category_id=2))
        correct(session, deleted, Request(Operation.DRAW, mask=box_mask(4), category_id=1))
        correct(session, deleted, Request(Operation.DELETE_IMAGE))
        assert relabel_everywhere(session, user="ben", client="m", from_id=1, to_id=3) == ((both, 3), (deleted, 3))
        remove_category(session, 1)
        assert stored_counts(session) == recounted(session)
        assert [one.category_id for one in load_truth(session, both).segments] == [3, 3, 2]
        for image_id in (both, other, deleted):
            truth = load_truth(session, image_id)
            assert rebuild(session, image_id, truth.revision) == truth
        step = history(session, both)[-1]
        assert (step.user, step.operation, step.base_revision) == ("ben", Operation.RELABEL, 2)
        assert correct(session, deleted, Request(Operation.REOPEN)).segments[0].category_id == 3


def test_what_was_changed_since_stays(database: Database) -> None:
    with database.write() as session:
        first, second = (filled_image(session, name) for name in "ab")
        for image_id in (first, second):
            correct(session, image_id, Request(Operation.DRAW, masks=(box_mask(1), box_mask(2)), category_id=1))
        merged = relabel_everywhere(session, user="ben", client="m", from_id=1, to_id=3)
        correct(session, first, Request(Operation.RELABEL, segments=(1,), category_id=2))
        correct(session, second, Request(Operation.DELETE, segments=(1,)))
        correct(session, second, Request(Operation.EDIT, segments=(2,), mask=box_mask(9)))
        assert unrelabel(session, user="ben", client="u", images=merged) == (((first, 4),), 3)
        assert [one.category_id for one in load_truth(session, first).segments] == [2, 1]
        assert [one.category_id for one in load_truth(session, second).segments] == [3]
        assert stored_counts(session) == recounted(session)


def test_thousands_of_images_change_together(database: Database) -> None:
    """More of them than are written at once, and ids that do not begin at one."""
    with database.write() as session:
        add_image(session, new_image("before"))
        filled_image(session)
        segments = correct(session, 2, Request(Operation.DRAW, mask=box_mask(1), category_id=1)).segments
        staged = (StagedImage(new_image(f"{number}"), segments, done=True) for number in range(1_000))
        insert_staged(session, map(staged_line, staged), client="an import", user="ann")
        merged = relabel_everywhere(session, user="ann", client="m", from_id=1, to_id=2)
        assert len(merged) == len(set(merged)) == 1_001
        assert stored_counts(session) == recounted(session)
        lines = session.scalar(select(func.count()).where(CorrectionRow.operation == Operation.RELABEL))
        assert lines == 1_001
        assert unrelabel(session, user="ann", client="u", images=merged)[1] == 0
        assert load_truth(session, 2).segments == segments
        assert stored_counts(session) == recounted(session)
        assert stored_counts(session)[0][-1][2] is ImageState.DONE
