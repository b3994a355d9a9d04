from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from core.annotation.corrections import Operation, Request
from storage.engine import Database
from storage.errors import NotFound
from storage.images import add_image, count_images, get_image, list_images
from storage.queue import Neighbours, first_open_image, neighbours
from storage.tables import ImageState
from tests.storage.stored_samples import correct, filled_image, new_image


def test_an_added_image_reads_back_as_it_was_given(database: Database) -> None:
    given = dataclasses.replace(new_image("füllen ü/..\\<b>.jpg"), note="first frame of 12")
    with database.write() as session:
        record, added = add_image(session, given)
    assert added
    with database.read() as session:
        stored = get_image(session, record.id)
    assert stored == record
    assert {name: getattr(stored, name) for name in dataclasses.asdict(given)} == dataclasses.asdict(given)
    assert (stored.revision, stored.done, stored.state) == (0, False, ImageState.NEW)
    assert stored.added_at.tzinfo is UTC
    assert abs(stored.added_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_the_same_file_is_added_once_whatever_its_name(database: Database) -> None:
    with database.write() as session:
        first, _ = add_image(session, new_image("a.jpg"))
        again, added = add_image(session, dataclasses.replace(new_image("a.jpg"), file_name="copy of a.jpg"))
        assert (again, added) == (first, False)
        assert count_images(session) == (1, 0)


def test_an_unknown_image_is_not_found(database: Database) -> None:
    with database.read() as session:
        with pytest.raises(NotFound, match="no image 7"):
            get_image(session, 7)
        with pytest.raises(NotFound, match="no image 7"):
            neighbours(session, 7)
        assert first_open_image(session) is None


def test_images_are_listed_and_walked_in_the_order_they_came(database: Database) -> None:
    with database.write() as session:
        ids = [add_image(session, new_image(name))[0].id for name in ("z", "a", "m", "b")]
        assert [image.id for image in list_images(session, offset=1, limit=2)] == ids[1:3]
        assert [image.file_name for image in list_images(session, limit=9)] == ["z", "a", "m", "b"]
        assert neighbours(session, ids[0]) == Neighbours(None, ids[1], 1, 4)
        assert neighbours(session, ids[2]) == Neighbours(ids[1], ids[3], 3, 4)
        assert neighbours(session, ids[3]) == Neighbours(ids[2], None, 4, 4)


def test_the_state_follows_the_corrections(database: Database) -> None:
    with database.write() as session:
        first, second = filled_image(session, "1"), filled_image(session, "2")
        correct(session, first, Request(Operation.DONE))
        assert get_image(session, first).state is ImageState.DONE
        assert (count_images(session), first_open_image(session)) == ((2, 1), second)
        correct(session, first, Request(Operation.UNDO))
        assert get_image(session, first).state is ImageState.IN_WORK
        assert (count_images(session), first_open_image(session)) == ((2, 0), first)
