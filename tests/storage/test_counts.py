from __future__ import annotations

import pytest

from core.annotation.corrections import Operation, Request
from core.annotation.truth import Segment, Source
from storage.counts import change_counts
from storage.engine import Database
from storage.images import add_image
from storage.imports import StagedImage, insert_staged, staged_line
from storage.tables import UNLABELLED, ImageState
from storage.truths import count_segments_by_image
from tests.storage.stored_samples import (
    box_mask,
    correct,
    filled_image,
    new_image,
    recounted,
    stored_counts,
)


def test_counts_follow_segments_and_states(database: Database) -> None:
    with database.write() as session:
        first, second = filled_image(session, "1"), filled_image(session, "2")
        for index, category_id in enumerate((1, 1, None)):
            correct(session, first, Request(Operation.DRAW, mask=box_mask(index), category_id=category_id))
        correct(session, second, Request(Operation.DRAW, mask=box_mask(1), category_id=1))
        correct(session, second, Request(Operation.DONE))
        assert stored_counts(session) == (
            [
                (first, UNLABELLED, ImageState.IN_WORK, 1),
                (first, 1, ImageState.IN_WORK, 2),
                (second, 1, ImageState.DONE, 1),
            ],
            [(UNLABELLED, 1, 1), (1, 3, 2)],
        )
        correct(session, first, Request(Operation.DELETE, segments=(1, 2)))
        assert stored_counts(session)[1] == [(UNLABELLED, 1, 1), (1, 1, 1)]
        assert stored_counts(session) == recounted(session)


def test_sums_leave_deleted_images_out_and_take_them_in_again(database: Database) -> None:
    with database.write() as session:
        first, second = filled_image(session, "1"), filled_image(session, "2")
        for image_id in (first, second):
            correct(session, image_id, Request(Operation.DRAW, masks=(box_mask(0), box_mask(1)), category_id=1))
        correct(session, second, Request(Operation.DELETE_IMAGE))
        assert stored_counts(session)[1] == [(1, 2, 1)]
        correct(session, second, Request(Operation.RELABEL, segments=(1,), category_id=2))
        correct(session, second, Request(Operation.DELETE, segments=(2,)))
        assert stored_counts(session) == recounted(session)
        assert stored_counts(session)[1] == [(1, 2, 1)]
        correct(session, second, Request(Operation.REOPEN))
        assert stored_counts(session) == recounted(session)
        assert stored_counts(session)[1] == [(1, 2, 1), (2, 1, 1)]
        assert count_segments_by_image(session)[-1] == (second, 2, 1)


def test_images_that_come_with_truth_are_counted(database: Database) -> None:
    """More of them than are counted at once."""
    with database.write() as session:
        filled_image(session)
        segments = tuple(
            Segment(place, box_mask(place), category_id, place, Source.IMPORTED)
            for place, category_id in ((1, 1), (2, 1), (3, None))
        )
        staged = (StagedImage(new_image(f"{number}"), segments, done=True) for number in range(1_100))
        insert_staged(session, map(staged_line, staged), client="an import", user="ann")
        assert stored_counts(session) == recounted(session)
        assert stored_counts(session)[1] == [(UNLABELLED, 1_100, 1_100), (1, 2_200, 1_100)]


def test_many_images_change_together(database: Database) -> None:
    with database.write() as session:
        ids = [add_image(session, new_image(f"{number}"))[0].id for number in range(3)]
        change_counts(session, {ids[0]: {1: 2, None: 1}, ids[2]: {1: 1, 2: 4}})
        change_counts(session, {ids[0]: {1: -2}, ids[1]: {2: 1}, ids[2]: {2: -3}})
        new = ImageState.NEW
        assert stored_counts(session) == (
            [(ids[0], UNLABELLED, new, 1), (ids[1], 2, new, 1), (ids[2], 1, new, 1), (ids[2], 2, new, 1)],
            [(UNLABELLED, 1, 1), (1, 1, 1), (2, 2, 2)],
        )
        with pytest.raises(AssertionError, match="-1 segments"):
            change_counts(session, {ids[1]: {2: -2}})


def test_segments_to_learn_from_leave_crowds_out(database: Database) -> None:
    with database.write() as session:
        image_id = filled_image(session)
        segments = [
            Segment(place, box_mask(place), category_id, place, Source.IMPORTED, crowd)
            for place, (category_id, crowd) in enumerate([(1, True), (1, False), (2, True), (None, False)], start=1)
        ]
        line = staged_line(StagedImage(new_image("crowded"), tuple(segments), done=False))
        insert_staged(session, [line], client="an import", user="ann")
        assert count_segments_by_image(session) == ((image_id + 1, None, 1), (image_id + 1, 1, 1))
