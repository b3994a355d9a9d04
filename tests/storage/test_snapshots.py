from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from core.annotation.corrections import Operation, Request
from core.annotation.errors import StorageError
from core.annotation.labels import Category
from storage.categories import add_category, load_label_set, update_category
from storage.corrections import rebuild
from storage.engine import Database
from storage.errors import NotFound
from storage.snapshots import SnapshotImage, add_snapshot, load_snapshot
from storage.tables import Part, SnapshotImageRow, SnapshotRow
from storage.truths import load_truth
from tests.storage.stored_samples import correct, filled_image, proposal_ids


def test_a_snapshot_keeps_truth_and_label_set_whatever_comes_later(database: Database) -> None:
    with database.write() as session:
        first, second = filled_image(session, "1"), filled_image(session, "2")
        number = proposal_ids(session, first)[0]
        correct(session, first, Request(Operation.RELABEL, proposals=(number,), category_id=3))
        then, labels = load_truth(session, first), load_label_set(session)
        taken = add_snapshot(
            session, [SnapshotImage(second, 0, Part.CHECK), SnapshotImage(first, then.revision, Part.LEARN)]
        )
        correct(session, first, Request(Operation.DELETE, segments=(1,)))
        add_category(session, name="bird", is_thing=True)
        update_category(session, Category(3, "lynx", True, (9, 9, 9)))
    with database.read() as session:
        stored = load_snapshot(session, taken.id)
        assert stored == taken
        assert stored.label_set == labels
        assert [image.image_id for image in stored.images] == [first, second]
        assert [image.image_id for image in stored.part(Part.LEARN)] == [first]
        assert rebuild(session, first, stored.images[0].revision) == then


def test_an_unknown_snapshot_is_named_with_those_there_are(database: Database) -> None:
    with database.write() as session:
        with pytest.raises(NotFound, match="no snapshot 4: there is none yet"):
            load_snapshot(session, 4)
        image = filled_image(session)
        add_snapshot(session, [SnapshotImage(image, 0, Part.LEARN)])
        with pytest.raises(NotFound, match="no snapshot 4: there are 1"):
            load_snapshot(session, 4)


def test_nobody_changes_a_snapshot(database: Database) -> None:
    with database.write() as session:
        add_snapshot(session, [SnapshotImage(filled_image(session), 0, Part.LEARN)])
    for statement in (
        update(SnapshotImageRow).values(part=Part.CHECK),
        delete(SnapshotImageRow),
        update(SnapshotRow).values(categories=[]),
        delete(SnapshotRow),
    ):
        with pytest.raises(StorageError, match="never changed"), database.write() as session:
            session.execute(statement)


def test_a_snapshot_of_an_image_that_is_not_there_is_refused(database: Database) -> None:
    with pytest.raises(StorageError), database.write() as session:
        add_snapshot(session, [SnapshotImage(99, 0, Part.LEARN)])
