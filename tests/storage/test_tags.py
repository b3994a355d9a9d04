from __future__ import annotations

import pytest

from storage.engine import Database
from storage.errors import NotFound
from storage.images import add_image
from storage.queue import ImageFilter, count_matching
from storage.tags import MAX_TAG_LENGTH, MAX_TAGS, TagError, count_tags, image_tags, set_tags
from tests.storage.stored_samples import new_image


def test_tags_are_set_replaced_and_counted(database: Database) -> None:
    with database.write() as session:
        first, second = (add_image(session, new_image(name))[0].id for name in "12")
        assert set_tags(session, first, [" ünklar ", "hard", "hard"]) == ("hard", "ünklar")
        set_tags(session, second, ["hard"])
        assert count_tags(session) == (("hard", 2), ("ünklar", 1))
        assert set_tags(session, first, []) == image_tags(session, first) == ()
        assert image_tags(session, second) == ("hard",)
        assert count_tags(session) == (("hard", 1),)


def test_a_letter_spelt_in_two_ways_is_one_tag(database: Database) -> None:
    with database.write() as session:
        image_id = add_image(session, new_image())[0].id
        assert set_tags(session, image_id, ["u\u0308nklar", "\u00fcnklar "]) == ("\u00fcnklar",)
        for tag in (" u\u0308nklar", "\u00fcnklar"):
            assert count_matching(session, ImageFilter(tag=tag)) == 1


@pytest.mark.parametrize("tag", ["", "  ", "x" * (MAX_TAG_LENGTH + 1), "two\nlines", "\x00", "\ud800"])
def test_what_is_no_tag_is_refused_and_the_old_ones_stay(database: Database, tag: str) -> None:
    with database.write() as session:
        image_id = add_image(session, new_image())[0].id
        set_tags(session, image_id, ["kept"])
        with pytest.raises(TagError, match="a tag is 1 to 64 printable characters"):
            set_tags(session, image_id, ["new", tag])
        assert image_tags(session, image_id) == ("kept",)


def test_too_many_tags_and_an_unknown_image_are_refused(database: Database) -> None:
    with database.write() as session:
        image_id = add_image(session, new_image())[0].id
        assert len(set_tags(session, image_id, [f"{number}" for number in range(MAX_TAGS)])) == MAX_TAGS
        with pytest.raises(TagError, match="at most 50 tags, these would be 51"):
            set_tags(session, image_id, [f"{number}" for number in range(MAX_TAGS + 1)])
        with pytest.raises(NotFound, match="no image 99"):
            set_tags(session, 99, ["x"])
