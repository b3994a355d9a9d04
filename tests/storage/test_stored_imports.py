"""What imports write, on every database: state, log and counts as corrections would have made them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from core.annotation.corrections import Operation, Request
from core.annotation.errors import StorageError
from core.annotation.labels import Category
from core.annotation.mask import Mask
from core.annotation.truth import Segment, Source
from storage.categories import add_category, load_label_set, remove_category
from storage.corrections import history, rebuild
from storage.images import ImageState, NewImage, add_image, list_images
from storage.imports import (
    Inserted,
    StagedImage,
    add_categories,
    check_categories,
    find_known_images,
    insert_staged,
    load_known_categories,
    staged_line,
)
from storage.tables import CategoryCountRow, ImageCategoryRow, SegmentRow
from storage.truths import load_truth
from tests.storage.stored_samples import HEIGHT, WIDTH, box_mask, correct

CAT = Category(0, "Katze ‘ß’ 猫", True, (1, 2, 3))
SKY = Category(9, "sky", False, (4, 5, 6))


def new_image(number: int) -> NewImage:
    return NewImage(f"{number:064x}", f"{number:064x}", "image/png", f"ä {number}.png", WIDTH, HEIGHT, source_id=2**40)


def segments(*category_ids: int | None) -> tuple[Segment, ...]:
    return tuple(
        Segment(10 * place, box_mask(place), category_id, place, Source.IMPORTED, crowd=place == 2)
        for place, category_id in enumerate(category_ids, start=1)
    )


def insert(database, *staged: StagedImage, client: str = "import-1") -> Inserted:
    with database.write() as session:
        if not len(load_label_set(session)):
            add_categories(session, [CAT, SKY])
        return insert_staged(session, map(staged_line, staged), client=client, user="ann")


def recount(session) -> dict[tuple[int, int | None], int]:
    rows = session.execute(
        select(SegmentRow.image_id, SegmentRow.category_id, func.count()).group_by(
            SegmentRow.image_id, SegmentRow.category_id
        )
    )
    return {(image_id, -1 if category_id is None else category_id): count for image_id, category_id, count in rows}


def test_truth_log_and_counts_agree(database):
    inserted = insert(
        database,
        StagedImage(new_image(1), segments(0, 9, None), done=True),
        StagedImage(new_image(2), segments(0), done=False),
        StagedImage(new_image(3), (), done=True),
        StagedImage(new_image(4), None, done=False),
    )
    assert inserted == Inserted(added=4, labelled=3, segments=4)
    with database.read() as session:
        images = list_images(session, limit=9)
        assert [image.state for image in images] == [
            ImageState.DONE,
            ImageState.IN_WORK,
            ImageState.DONE,
            ImageState.NEW,
        ]
        assert images[0].source_id == 2**40
        for image in images:
            truth = load_truth(session, image.id)
            assert truth == rebuild(session, image.id, image.revision)
        assert load_truth(session, images[0].id).segments == segments(0, 9, None)
        assert load_truth(session, images[0].id).last_segment_id == 30
        (line,) = history(session, images[0].id)
        assert (line.operation, line.user, line.client, line.base_revision) == (Operation.IMPORT, "ann", "import-1", 0)
        assert line.created_at <= datetime.now(UTC)
        counted = {(row.image_id, row.category_id): row.segments for row in session.scalars(select(ImageCategoryRow))}
        assert counted == recount(session)
        sums = {row.category_id: (row.segments, row.images) for row in session.scalars(select(CategoryCountRow))}
        assert sums == {0: (2, 2), 9: (1, 1), -1: (1, 1)}


def test_corrections_go_on_from_an_import(database):
    insert(database, StagedImage(new_image(1), segments(0, 9), done=True))
    with database.write() as session:
        (image,) = list_images(session, limit=9)
        truth = correct(session, image.id, Request(Operation.DELETE, segments=(10,)))
        truth = correct(session, image.id, Request(Operation.DRAW, mask=box_mask(3)))
        assert [segment.id for segment in truth.segments] == [20, 21]
        assert rebuild(session, image.id, truth.revision) == load_truth(session, image.id)
        assert {(row.image_id, row.category_id): row.segments for row in session.scalars(select(ImageCategoryRow))} == (
            recount(session)
        )


def test_known_images_get_truth_once(database):
    with database.write() as session:
        image, _ = add_image(session, new_image(1))
    staged = StagedImage(new_image(1), segments(0), done=True)
    assert insert(database, staged) == Inserted(labelled=1, segments=1)
    assert insert(database, staged, client="import-2") == Inserted(kept=1)
    assert insert(database, StagedImage(new_image(1), None, done=False), client="import-3") == Inserted(known=1)
    with database.read() as session:
        (known,) = find_known_images(session, [image.sha256, "f" * 64]).values()
        assert (known.id, known.revision, known.last_segment_id, known.labelled) == (image.id, 1, 10, True)


def test_an_image_that_moved_on_is_left_alone(database):
    with database.write() as session:
        image, _ = add_image(session, new_image(1))
        correct(session, image.id, Request(Operation.DRAW, mask=box_mask(1)))
        correct(session, image.id, Request(Operation.DELETE, segments=(1,)))
    assert insert(database, StagedImage(new_image(1), segments(0), done=True)) == Inserted(kept=1)
    moved = StagedImage(new_image(1), segments(0), done=True, revision=2, last_segment_id=1)
    assert insert(database, moved, client="import-2") == Inserted(labelled=1, segments=1)


def test_many_images_keep_their_order(database):
    staged = [StagedImage(new_image(number), segments(0), done=True) for number in range(1_200, 0, -1)]
    assert insert(database, *staged).added == 1_200
    with database.read() as session:
        assert [image.file_name for image in list_images(session, limit=2_000)] == [
            one.image.file_name for one in staged
        ]


def test_categories_keep_their_ids_and_come_back(database):
    with database.write() as session:
        add_category(session, name="road", is_thing=False)
        add_category(session, name="ghost", is_thing=True)
        remove_category(session, 2)
        add_categories(session, [CAT, Category(2, "ghost", True, (7, 7, 7))])
    with database.read() as session:
        assert [(one.id, one.name) for one in load_label_set(session)] == [(1, "road"), (0, CAT.name), (2, "ghost")]
        assert all(one.in_use for one in load_known_categories(session))


@pytest.mark.parametrize("clashing", [Category(1, "other", True, (0, 0, 0)), Category(5, "road", True, (0, 0, 0))])
def test_categories_that_clash_by_now_are_refused(database, clashing):
    with database.write() as session:
        add_category(session, name="road", is_thing=False)
    with pytest.raises(StorageError, match="changed meanwhile"), database.write() as session:
        add_categories(session, [clashing])
    with pytest.raises(StorageError, match="renamed or removed"), database.write() as session:
        check_categories(session, [Category(1, "street", False, (0, 0, 0))])


def test_a_mask_of_one_pixel_and_a_full_one_come_back(database):
    full = Mask.from_runs(HEIGHT, WIDTH, [0, HEIGHT * WIDTH])
    dot = Mask.from_runs(HEIGHT, WIDTH, [5, 1, HEIGHT * WIDTH - 6])
    both = tuple(Segment(place, mask, 0, place, Source.IMPORTED) for place, mask in enumerate((full, dot), start=1))
    insert(database, StagedImage(new_image(1), both, done=True))
    with database.read() as session:
        assert load_truth(session, list_images(session, limit=1)[0].id).segments == both
