from __future__ import annotations

import pytest

from core.annotation.corrections import Operation, Request
from core.annotation.errors import CorrectionError, LabelSetError
from core.annotation.labels import Category, LabelSet
from storage.categories import (
    add_category,
    count_segments,
    load_label_set,
    remove_category,
    reorder_categories,
    seed_label_set,
    update_category,
)
from storage.engine import Database
from storage.truths import load_truth
from tests.storage.stored_samples import LABELS, correct, filled_image, proposal_ids


def test_seeding_keeps_ids_and_order_and_happens_once(database: Database) -> None:
    given = LabelSet((Category(90, "b", True, (0, 1, 255)), Category(0, "${alert(1)}", False, (9, 9, 9))))
    with database.write() as session:
        assert seed_label_set(session, given)
        assert not seed_label_set(session, LABELS)
    with database.read() as session:
        assert load_label_set(session) == given


def test_a_label_set_that_was_emptied_is_not_seeded_again(database: Database) -> None:
    with database.write() as session:
        seed_label_set(session, LabelSet((LABELS.get(1),)))
        remove_category(session, 1)
        assert not seed_label_set(session, LABELS)
        assert len(load_label_set(session)) == 0


def test_a_new_category_stands_last_with_the_next_id(database: Database) -> None:
    with database.write() as session:
        seed_label_set(session, LABELS)
        added = add_category(session, name="bird", is_thing=True, colour=(1, 2, 3))
        assert added == Category(4, "bird", True, (1, 2, 3))
        assert list(load_label_set(session)) == [*LABELS, added]
        assert add_category(session, name="owl", is_thing=True).colour != added.colour


def test_the_first_category_of_an_empty_workspace_has_id_1(database: Database) -> None:
    with database.write() as session:
        assert add_category(session, name="first", is_thing=False).id == 1


def test_the_id_of_a_removed_category_is_never_given_to_another(database: Database) -> None:
    with database.write() as session:
        seed_label_set(session, LABELS)
        remove_category(session, 3)
        assert add_category(session, name="bird", is_thing=True).id == 4


def test_a_removed_name_comes_back_with_its_id(database: Database) -> None:
    with database.write() as session:
        seed_label_set(session, LABELS)
        remove_category(session, 1)
        back = add_category(session, name="dog", is_thing=False, colour=(5, 5, 5))
        assert back == Category(1, "dog", False, (5, 5, 5))
        assert [category.id for category in load_label_set(session)] == [2, 3, 1]


def test_a_name_may_be_taken_from_a_removed_category(database: Database) -> None:
    with database.write() as session:
        seed_label_set(session, LABELS)
        remove_category(session, 1)
        update_category(session, Category(3, "dog", True, (7, 7, 7)))
        assert load_label_set(session).get(3) == Category(3, "dog", True, (7, 7, 7))


@pytest.mark.parametrize("name", ["dog", "", " dog", "a\nb", "x" * 121])
def test_a_name_that_clashes_or_cannot_be_is_refused(database: Database, name: str) -> None:
    with database.write() as session:
        seed_label_set(session, LABELS)
        with pytest.raises(LabelSetError):
            add_category(session, name=name, is_thing=True)
        with pytest.raises(LabelSetError):
            update_category(session, Category(2, name, False, (1, 1, 1)))
        assert load_label_set(session) == LABELS


def test_an_unknown_category_cannot_be_updated_or_removed(database: Database) -> None:
    with database.write() as session:
        seed_label_set(session, LABELS)
        with pytest.raises(LabelSetError, match="no category has the id 8"):
            update_category(session, Category(8, "bird", True, (1, 1, 1)))
        with pytest.raises(LabelSetError, match="no category has the id 8"):
            remove_category(session, 8)


def test_an_order_names_every_category_once(database: Database) -> None:
    with database.write() as session:
        seed_label_set(session, LABELS)
        reorder_categories(session, [3, 1, 2])
        assert [category.id for category in load_label_set(session)] == [3, 1, 2]
        for wrong in ([3, 1], [3, 1, 2, 2], [3, 1, 9]):
            with pytest.raises(LabelSetError, match="names every category once"):
                reorder_categories(session, wrong)


def test_a_category_in_use_is_not_removed_and_the_count_is_said(database: Database) -> None:
    with database.write() as session:
        for name in ("1", "2"):
            image_id = filled_image(session, name)
            correct(session, image_id, Request(Operation.ACCEPT, proposals=(proposal_ids(session, image_id)[0],)))
        assert count_segments(session, 1) == 2
        with pytest.raises(LabelSetError, match="2 segments are labelled 'dog'"):
            remove_category(session, 1)
        assert load_label_set(session) == LABELS


def test_segments_on_deleted_images_are_named_apart_when_a_category_is_not_removed(database: Database) -> None:
    with database.write() as session:
        for name in ("1", "2"):
            image_id = filled_image(session, name)
            correct(session, image_id, Request(Operation.ACCEPT, proposals=(proposal_ids(session, image_id)[0],)))
        correct(session, image_id, Request(Operation.DELETE_IMAGE))
        with pytest.raises(LabelSetError, match="2 segments are labelled 'dog', 1 of them on deleted images"):
            remove_category(session, 1)


def test_undoing_to_a_removed_category_asks_for_it_back(database: Database) -> None:
    with database.write() as session:
        image_id = filled_image(session)
        accepted = correct(
            session, image_id, Request(Operation.ACCEPT, proposals=(proposal_ids(session, image_id)[0],))
        )
        correct(session, image_id, Request(Operation.DELETE, segments=(1,)))
        remove_category(session, 1)
        with pytest.raises(CorrectionError, match="no category dog; add it there"):
            correct(session, image_id, Request(Operation.UNDO))
        add_category(session, name="dog", is_thing=True)
        correct(session, image_id, Request(Operation.UNDO))
        assert load_truth(session, image_id).segments == accepted.segments


def test_a_segment_of_a_category_that_never_was_is_refused(database: Database) -> None:
    with database.write() as session:
        image_id = filled_image(session)
        proposal_id = proposal_ids(session, image_id)[0]
        with pytest.raises(CorrectionError, match="no category has the id 77"):
            correct(session, image_id, Request(Operation.RELABEL, proposals=(proposal_id,), category_id=77))
        assert load_truth(session, image_id).revision == 0
