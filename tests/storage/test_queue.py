from __future__ import annotations

import dataclasses
import itertools
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.annotation.corrections import Operation, Request
from storage.categories import seed_label_set
from storage.engine import Database
from storage.errors import NotFound
from storage.images import add_image, get_image
from storage.proposals import save_proposals
from storage.queue import (
    EVERY_IMAGE,
    OPEN_STATES,
    ImageFilter,
    Order,
    count_matching,
    first_open_image,
    list_page,
    neighbours,
)
from storage.queue import passes as stored_passes
from storage.tables import UNLABELLED, ImageRow, ImageState
from storage.tags import set_tags
from tests.storage.stored_samples import LABELS, MODEL, box_mask, correct, new_image, proposals

IMAGES = 24
# Some of them labelled, tagged and in either split.
JUDGED = {
    4: (Operation.SEND_BACK, ImageState.SENT_BACK),
    5: (Operation.APPROVE, ImageState.APPROVED),
    6: (Operation.SKIP, ImageState.SKIPPED),
    **dict.fromkeys((0, 7, 10, 13), (Operation.DELETE_IMAGE, ImageState.DELETED)),
}


@dataclass(frozen=True)
class Known:
    """What is true of an image, told apart from the database's own columns."""

    id: int
    state: ImageState
    categories: frozenset[int]
    score: float | None
    split: str
    name: str
    tags: frozenset[str]


def fill(session: Session) -> list[Known]:
    """Images that differ in all that a filter asks, one not like the other."""
    seed_label_set(session, LABELS)
    return [_add(session, number) for number in range(IMAGES)]


def _add(session: Session, number: int) -> Known:
    split = "val" if number % 5 == 0 else "train"
    name = f"{'Straße' if number % 3 else 'Café_100%'}/{number:02}.JPG"
    image, _ = add_image(session, dataclasses.replace(new_image(name), split=split))
    score = None
    if number % 4:
        best = proposals(9)[number % 9 :]
        save_proposals(session, image.id, MODEL, "default", best)
        score = best[0].score
    category_id = (None, 1, 2, 3)[number % 4]
    if number % 3:
        correct(session, image.id, Request(Operation.DRAW, mask=box_mask(number), category_id=category_id))
    if number % 3 == 2:
        correct(session, image.id, Request(Operation.DONE))
    state = (ImageState.NEW, ImageState.IN_WORK, ImageState.DONE)[number % 3]
    if number in JUDGED:
        operation, state = JUDGED[number]
        correct(session, image.id, Request(operation, comment="again"))
    tags = frozenset({"hard"} if number % 6 == 1 else ())
    set_tags(session, image.id, tags)
    categories = frozenset({UNLABELLED if category_id is None else category_id} if number % 3 else ())
    return Known(image.id, state, categories, score, split, name, tags)


def in_order(session: Session, known: list[Known], order: Order) -> list[Known]:
    """By name as the database itself compares texts, which is its own affair."""
    if order is Order.ADDED:
        return known
    ids = session.scalars(select(ImageRow.id).order_by(ImageRow.search_name, ImageRow.id)).all()
    return sorted(known, key=lambda image: ids.index(image.id))


def passes(wanted: ImageFilter, image: Known) -> bool:
    conditions: list[tuple[object, Callable[[], bool]]] = [
        (True, lambda: (image.state is wanted.state) if wanted.state else image.state is not ImageState.DELETED),
        (wanted.category_id, lambda: wanted.category_id in image.categories),
        (wanted.min_score, lambda: image.score is not None and image.score >= (wanted.min_score or 0)),
        (wanted.max_score, lambda: image.score is not None and image.score <= (wanted.max_score or 0)),
        (wanted.split, lambda: image.split == wanted.split),
        (wanted.text, lambda: (wanted.text or "").casefold() in image.name.casefold()),
        (wanted.tag, lambda: wanted.tag in image.tags),
    ]
    return all(holds() for asked, holds in conditions if asked is not None)


# All combinations are 576; a step that divides none of their factors takes some of every pair.
FILTERS = [
    ImageFilter(state, category_id, *scores, split, text, tag)
    for state, category_id, scores, split, text, tag in itertools.product(
        (None, ImageState.IN_WORK, ImageState.DONE, ImageState.DELETED),
        (None, 1, UNLABELLED),
        ((None, None), (0.95, None), (0.92, 0.96)),
        (None, "val"),
        (None, "STRASSE"),
        (None, "hard"),
    )
][::7]


@pytest.mark.parametrize("order", Order)
def test_every_filter_finds_what_it_asks_for_page_by_page(database: Database, order: Order) -> None:
    with database.write() as session:
        known = in_order(session, fill(session), order)
        found_some = 0
        for wanted in FILTERS:
            expected = [image.id for image in known if passes(wanted, image)]
            found: list[int] = []
            while page := list_page(session, wanted, order=order, after=found[-1] if found else None, limit=4):
                found += [image.id for image in page]
            assert found == expected, wanted
            assert count_matching(session, wanted) == len(expected)
            found_some += bool(expected)
        assert found_some > 10


@pytest.mark.parametrize("order", Order)
def test_pages_lead_back_to_the_first(database: Database, order: Order) -> None:
    with database.write() as session:
        fill(session)
        wanted = ImageFilter(split="train")
        forth = [image.id for image in list_page(session, wanted, order=order, limit=IMAGES)]
        back: list[int] = []
        before = forth[-1]
        while page := list_page(session, wanted, order=order, before=before, limit=4):
            back = [image.id for image in page] + back
            before = back[0]
        assert back == forth[:-1]
        assert [stored_passes(session, image_id, wanted) for image_id in forth] == [True] * len(forth)
        assert not stored_passes(session, forth[0], ImageFilter(split="val"))
        assert not stored_passes(session, 999)


@pytest.mark.parametrize(
    "wanted",
    [
        EVERY_IMAGE,
        ImageFilter(state=ImageState.DONE),
        ImageFilter(state=ImageState.DELETED),
        ImageFilter(category_id=1),
        ImageFilter(tag="hard", split="val"),
    ],
)
@pytest.mark.parametrize("order", Order)
def test_neighbours_are_those_that_pass(database: Database, wanted: ImageFilter, order: Order) -> None:
    with database.write() as session:
        known = in_order(session, fill(session), order)
        passing = [image.id for image in known if passes(wanted, image)]
        for place, image in enumerate(known):
            stands = neighbours(session, image.id, wanted, order=order)
            before = [other.id for other in known[:place] if other.id in passing]
            after = [other.id for other in known[place + 1 :] if other.id in passing]
            assert stands.previous_id == (before[-1] if before else None)
            assert stands.next_id == (after[0] if after else None)
            assert stands.position == len(before) + (image.id in passing)
            assert stands.total == len(passing)


def test_positions_are_right_where_ids_have_gaps(database: Database) -> None:
    with database.write() as session:
        ids = [add_image(session, new_image(f"{number}"))[0].id for number in range(4)]
        session.execute(delete(ImageRow).where(ImageRow.id == ids[1]))
        assert [neighbours(session, number).position for number in (ids[0], ids[2], ids[3])] == [1, 2, 3]


def test_work_goes_on_at_the_first_image_that_is_not_done(database: Database) -> None:
    with database.write() as session:
        known = fill(session)
        for wanted in (
            EVERY_IMAGE,
            ImageFilter(category_id=1),
            ImageFilter(state=ImageState.DONE),
            ImageFilter(tag="x"),
        ):
            expected = [one.id for one in known if passes(wanted, one) and one.state in OPEN_STATES]
            assert first_open_image(session, wanted) == (expected[0] if expected else None)
            by_name = [one.id for one in in_order(session, known, Order.NAME) if one.id in expected]
            assert first_open_image(session, wanted, order=Order.NAME) == (by_name[0] if by_name else None)


def test_the_text_is_found_however_it_is_written(database: Database) -> None:
    with database.write() as session:
        known = fill(session)
        cafes = [one.id for one in known if "Café" in one.name and one.state is not ImageState.DELETED]
        for text in ("café", "CAFÉ", unicodedata.normalize("NFD", "Café"), "é_100%/"):
            assert [one.id for one in list_page(session, ImageFilter(text=text), limit=99)] == cafes
        for text in ("caf__100", "100_", "%é"):
            assert count_matching(session, ImageFilter(text=text)) == 0, "% and _ are letters like others"


def test_a_name_longer_than_an_index_takes_is_found_by_its_end(database: Database) -> None:
    with database.write() as session:
        name = "ß" * 5_000 + "/the end.jpg"
        image, _ = add_image(session, new_image(name))
        assert get_image(session, image.id).file_name == name
        assert count_matching(session, ImageFilter(text="S/The End")) == 1


def test_the_best_score_is_the_newest_models(database: Database) -> None:
    with database.write() as session:
        image_id = add_image(session, new_image())[0].id
        assert get_image(session, image_id).best_score is None
        save_proposals(session, image_id, MODEL, "default", proposals(3))
        assert get_image(session, image_id).best_score == 1
        save_proposals(session, image_id, "b" * 64, "newer", proposals(9)[5:])
        session.expire_all()
        assert get_image(session, image_id).best_score == 0.95
        save_proposals(session, image_id, "c" * 64, "newest", [])
        session.expire_all()
        assert get_image(session, image_id).best_score is None


def test_an_unknown_image_has_no_neighbours(database: Database) -> None:
    with database.read() as session, pytest.raises(NotFound, match="no image 7"):
        neighbours(session, 7, ImageFilter(state=ImageState.NEW))
