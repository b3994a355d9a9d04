from __future__ import annotations

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from core.annotation.corrections import Operation, Request
from core.annotation.errors import LabelSetError, StorageError
from core.annotation.label_edits import LabelEdit
from core.annotation.labels import Category, LabelSet
from storage.categories import (
    add_category,
    load_label_set,
    remove_category,
    reorder_categories,
    seed_label_set,
    update_category,
    write_label_set,
)
from storage.engine import Database
from storage.label_changes import (
    label_set_revision,
    last_undoable,
    list_label_changes,
    record_label_change,
    undo_label_change,
)
from storage.relabelling import relabel_everywhere
from storage.tables import LabelChangeRow
from storage.truths import load_truth
from tests.storage.stored_samples import LABELS, correct, filled_image, proposal_ids, recounted, stored_counts


def add(session: Session, name: str) -> Category:
    before = load_label_set(session)
    made = add_category(session, name=name, is_thing=True)
    record_label_change(session, user="ann", kind=LabelEdit.ADD, before=before)
    return made


def rename(session: Session, category_id: int, name: str) -> None:
    before = load_label_set(session)
    category = before.get(category_id)
    update_category(session, Category(category_id, name, category.is_thing, category.colour, category.key))
    record_label_change(session, user="ben", kind=LabelEdit.CHANGE, before=before)


def merge(session: Session, from_id: int, to_id: int) -> None:
    before = load_label_set(session)
    images = relabel_everywhere(session, user="ann", client="step-1", from_id=from_id, to_id=to_id)
    remove_category(session, from_id)
    record_label_change(session, user="ann", kind=LabelEdit.MERGE, before=before, images=images, target=to_id)


def undo(session: Session) -> int:
    return undo_label_change(session, user="ann", client=f"undo-{label_set_revision(session)}")[1]


def labelled_images(session: Session) -> list[int]:
    """Three images with a dog, a patch of grass and a region each, all accepted."""
    ids = [filled_image(session, name) for name in ("a", "b", "c")]
    for image_id in ids:
        chosen = tuple(proposal_ids(session, image_id)[:3])
        correct(session, image_id, Request(Operation.ACCEPT, proposals=chosen))
    return ids


def labels_of(session: Session, image_id: int) -> list[int | None]:
    return [segment.category_id for segment in load_truth(session, image_id).segments]


def test_each_step_has_the_next_revision_and_says_who_did_what(database: Database) -> None:
    with database.write() as session:
        seed_label_set(session, LABELS)
        assert label_set_revision(session) == 0
        made = add(session, "bird")
        rename(session, made.id, "owl")
    with database.read() as session:
        assert label_set_revision(session) == 2
        newest, first = list_label_changes(session, limit=9)
        assert (newest.user, newest.kind, newest.undone) == ("ben", LabelEdit.CHANGE, False)
        assert first.before == LABELS
        assert first.after == newest.before
        assert newest.after.get(made.id).name == "owl"
        assert list_label_changes(session, limit=1) == (newest,)


def test_steps_are_undone_the_newest_first_until_none_is_left(database: Database) -> None:
    with database.write() as session:
        seed_label_set(session, LABELS)
        made = add(session, "bird")
        rename(session, 1, "hound")
        with_both = load_label_set(session)
        undo(session)
        assert load_label_set(session).get(1) == LABELS.get(1)
        rename(session, 2, "lawn")
        for _ in range(2):
            undo(session)
        assert load_label_set(session) == LABELS
        assert last_undoable(session) is None
        with pytest.raises(LabelSetError, match="no change of the label set is left to undo"):
            undo(session)
        kinds = [(change.kind, change.undone) for change in list_label_changes(session, limit=9)]
        assert kinds.count((LabelEdit.UNDO, False)) == 3
        assert (LabelEdit.ADD, True) in kinds
        again = add_category(session, name="bird", is_thing=True)
        assert again.id == made.id == with_both.named("bird").id


def test_names_and_keys_may_change_hands_in_one_step(database: Database) -> None:
    swapped = LabelSet.of(
        [
            Category(3, "dog", True, (1, 1, 1), "1"),
            Category(1, "cat", True, (2, 2, 2), "2"),
            Category(2, "grass", False, (3, 3, 3)),
        ]
    )
    with database.write() as session:
        seed_label_set(session, LABELS)
        write_label_set(session, swapped)
        assert load_label_set(session) == swapped
        alone = LabelSet.of([Category(1, "dog", True, (2, 2, 2), "1")])
        for wanted in (alone, swapped, LabelSet(()), LABELS):
            write_label_set(session, wanted)
            assert load_label_set(session) == wanted


def test_a_merge_is_undone_where_nobody_changed_the_segments_since(database: Database) -> None:
    with database.write() as session:
        first, second, third = labelled_images(session)
        before = {image_id: labels_of(session, image_id) for image_id in (first, second, third)}
        merge(session, 1, 3)
        assert load_label_set(session).find(1) is None
        assert all(1 not in labels_of(session, image_id) for image_id in before)
        (dog,) = [s.id for s in load_truth(session, second).segments if s.category_id == 3]
        correct(session, second, Request(Operation.RELABEL, segments=(dog,), category_id=2), user="ben")
        (gone,) = [s.id for s in load_truth(session, third).segments if s.category_id == 3]
        correct(session, third, Request(Operation.DELETE, segments=(gone,)), user="ben")
        assert undo(session) == 2
        assert load_label_set(session) == LABELS
        assert labels_of(session, first) == before[first]
        assert sorted(labels_of(session, second), key=str) == [2, 2, None]
        assert sorted(labels_of(session, third), key=str) == [2, None]
        assert stored_counts(session) == recounted(session)


def test_a_category_that_segments_have_by_now_is_not_taken_back(database: Database) -> None:
    with database.write() as session:
        (image_id, *_) = labelled_images(session)
        made = add(session, "bird")
        segment = load_truth(session, image_id).segments[0]
        correct(session, image_id, Request(Operation.RELABEL, segments=(segment.id,), category_id=made.id))
        before = load_label_set(session)
        with pytest.raises(LabelSetError, match="1 segments are labelled 'bird'"):
            undo(session)
        assert load_label_set(session) == before


def test_the_order_comes_back_too(database: Database) -> None:
    with database.write() as session:
        seed_label_set(session, LABELS)
        before = load_label_set(session)
        reorder_categories(session, [3, 1, 2])
        record_label_change(session, user="ann", kind=LabelEdit.REORDER, before=before)
        undo(session)
        assert load_label_set(session) == LABELS


def test_what_came_with_a_data_set_is_passed_over(database: Database) -> None:
    with database.write() as session:
        seed_label_set(session, LABELS)
        rename(session, 1, "hound")
        before = load_label_set(session)
        add_category(session, name="imported", is_thing=True)
        record_label_change(session, user="ann", kind=LabelEdit.IMPORT, before=before)
        undo(session)
        assert [item.name for item in load_label_set(session)] == ["dog", "grass", "cat", "imported"]


@pytest.mark.parametrize("meddling", [update(LabelChangeRow).values(user="eve"), delete(LabelChangeRow)])
def test_the_log_cannot_be_changed(database: Database, meddling: object) -> None:
    with database.write() as session:
        seed_label_set(session, LABELS)
        add(session, "bird")
    with pytest.raises(StorageError, match="only ever appended to"), database.write() as session:
        session.execute(meddling)  # type: ignore[call-overload]
